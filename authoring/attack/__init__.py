"""Prove the sandbox by submitting hostile, faulty and unusual code."""
