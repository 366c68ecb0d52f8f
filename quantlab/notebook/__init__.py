"""What the notebook uses: session, reloading of solution.py, plots, tables, submission.zip."""
