"""Calls into a student's module as data: how they run, travel and are compared."""
