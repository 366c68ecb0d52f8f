# %% role="drop"
"""Cells of main.ipynb: the submission.

The attributes of a cell are explained in authoring/build/notebook.py.
"""

# %% [markdown] cell="handin-text"
# ## Submit
#
# Save the notebook, run the cell, read its table, and upload `submission.zip`. The table shows what
# the grader would make of each file. In Colab the archive is downloaded by itself.

# %% role="form" cell="submission"
# @title Make submission.zip { display-mode: "form" }
try:
    display(rehearse_submission(write_submission(session)))
except KitError as problem:
    print(problem)
