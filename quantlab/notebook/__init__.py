"""The notebook's tools: session, reloading of solution.py, plots, tables, submission.zip."""
