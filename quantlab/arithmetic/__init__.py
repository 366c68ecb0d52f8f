"""Exact integer kernels, and settings of a process: float32, denormals, memory."""
