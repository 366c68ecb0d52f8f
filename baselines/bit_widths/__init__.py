"""Searches for the bit width of each layer (question 3)."""
