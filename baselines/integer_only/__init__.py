"""Networks of integers alone, from the pixels to the logits, and their ONNX graphs."""
