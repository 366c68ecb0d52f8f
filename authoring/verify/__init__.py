"""Prove the checks on submissions whose points are known."""
