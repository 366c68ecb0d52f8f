"""Exact integer kernels, and how a process computes: float32, denormals, memory."""
