"""Which file of a submission is which: the names that the assignment gives them.

The notebook writes these files, the grader reads them. Nothing here is opened.
"""

from quantlab.paths import CELLS, model_file

SOLUTION = "solution.py"
NOTEBOOK = "main.ipynb"
ANSWERS = "answers.json"
ARCHIVE = "submission.zip"
MODELS = tuple(model_file(cell) for cell in CELLS)
VARIABLE = "ResNet20_variable.pt"  # float weights of question 3
PACKED = "ResNet20_variable.packed"  # codes of question 3
OPTIONAL_MODELS = (VARIABLE, PACKED)
WRITTEN_REPORTS = ("report.pdf", "report.md")
REPORTS = (*WRITTEN_REPORTS, NOTEBOOK)  # the first that exists is the report
