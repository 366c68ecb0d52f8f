"""Quantization methods of the literature, and the experiments that compare them."""
