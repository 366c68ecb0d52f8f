"""Render a report: HTML, terminal, Gradescope, nbgrader, CSV."""
