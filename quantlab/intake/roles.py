"""Define the roles that files have in a submission, and the assignment's names for them."""

from quantlab.formats.submission_files import (
    ANSWERS,
    MODELS,
    OPTIONAL_MODELS,
    REPORTS,
    SOLUTION,
    VARIABLE,
)

WANTED = (SOLUTION, ANSWERS, *MODELS, *OPTIONAL_MODELS, *REPORTS)
REPORT = "report"  # the role of any of `REPORTS`
ROLES = (SOLUTION, ANSWERS, *MODELS, VARIABLE, REPORT)
