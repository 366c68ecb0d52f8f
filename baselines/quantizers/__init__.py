"""Fake quantizers, one a file. `base.Quantizer` is what they share."""
