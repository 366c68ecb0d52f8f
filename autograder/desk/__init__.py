"""The grading desk: a local page on which staff read and score the written answers of a class.

`class_desk` holds the class, `reader` extracts answers, `server` serves pages on loopback.
"""
