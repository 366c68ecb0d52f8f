"""Stands in for Colab's own package: what the notebook asks of it, as its sources have it."""
