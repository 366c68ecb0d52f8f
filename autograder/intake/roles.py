"""The roles that files have in a submission, and the names that the assignment gives them."""

SOLUTION = "solution.py"
ANSWERS = "answers.json"
MODELS = tuple(f"ResNet20_{bits}.pt" for bits in ("W8A8", "W4A4", "W8A2", "W2A8", "W2A2"))
VARIABLE = "ResNet20_variable.pt"
OPTIONAL_MODELS = (VARIABLE, "ResNet20_variable.packed")
REPORTS = ("report.pdf", "report.md", "main.ipynb")  # the first that is there is the report
WANTED = (SOLUTION, ANSWERS, *MODELS, *OPTIONAL_MODELS, *REPORTS)

REPORT = "report"  # the role of any of `REPORTS`
ROLES = (SOLUTION, ANSWERS, *MODELS, VARIABLE, REPORT)
