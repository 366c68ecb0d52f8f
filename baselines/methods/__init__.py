"""Quantization methods, one module each; `literature` lists the systems of the reading."""
