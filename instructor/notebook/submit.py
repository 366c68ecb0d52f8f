# %% role="drop"
"""Cells of main.ipynb: the submission.

The attributes of a cell are explained in authoring/build/notebook.py.
"""

# %% [markdown] cell="frontier-text"
# ## Your network beside others
#
# Other methods chose bit widths for the same float network. They also use scales of least squared
# error and estimate batch norm again. Your widths are measured with the symmetric rule. Is your
# network smaller at the same accuracy? If not, which of these steps would gain most?

# %% cell="frontier"
yours = (packed_model.kibibytes(chosen_bits, sizes), final) if chosen_bits else None
display(draw_frontier(yours, session.test.name, len(session.test), FLOOR))

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
