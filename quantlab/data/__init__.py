"""CIFAR-10, Shapes-10, the student's vectors A and B, and the download."""
