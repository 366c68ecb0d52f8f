"""What students receive: data, network, training, evaluation, notebook. Contains no answer."""
