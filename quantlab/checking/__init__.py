"""Explanations of the public checks: what is wrong, in terms of the equation, and why."""
