"""Provide what checks need: rubric, reference, known mistakes, accuracies, the report record."""
