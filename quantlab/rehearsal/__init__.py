"""Rehearse grading: read and try a submission as the grader does, on the student's machine."""
