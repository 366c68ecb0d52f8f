"""Train ResNet-20: recipe, trainer, augmentation and a state that can be resumed."""
