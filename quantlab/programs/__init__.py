"""Calls into a student's module, as data: what is asked, how it runs, how it is written to bytes.

The public checks run programs in a notebook; the grader runs the same ones behind its wall.
"""
