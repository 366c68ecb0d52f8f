"""Accuracy of float, saved and mixed-precision models."""
