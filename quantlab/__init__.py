"""What a student is given: data, network, layers, training and evaluation. Holds no answer."""
