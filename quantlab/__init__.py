"""The package that students receive: data, network, training, evaluation, notebook; no answers."""
