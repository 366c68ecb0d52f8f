# %% role="drop"
"""Cells of main.ipynb: the submission.

The attributes of a cell are explained in authoring/build/notebook.py.
"""

# %% [markdown] cell="handin-text"
# ## Submit
#
# 1. Save the notebook.
# 2. Run the next cell. It writes `submission.zip` and shows what the grader would make of each
#    file. In Colab your browser downloads the archive.
# 3. Read the table. If a file is missing or not usable, the table says why.
# 4. Upload `submission.zip`.

# %% role="form" cell="submission"
# @title Make submission.zip { display-mode: "form" }
try:
    display(rehearse_submission(write_submission(session)))
except KitError as problem:
    print(problem)
