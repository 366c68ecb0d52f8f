"""Fake quantizers, one per file; `base.Quantizer` is their base class."""
