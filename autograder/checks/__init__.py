"""All checks of the assignment, one module per question."""

from autograder.checks import q1a, q1b, q2a, q2b, q2c, q2d, q3, written
from autograder.checks.base import Check

ALL_CHECKS: tuple[Check, ...] = (
    *q1a.CHECKS,
    *q1b.CHECKS,
    *q2a.CHECKS,
    *q2b.CHECKS,
    *q2c.CHECKS,
    *q2d.CHECKS,
    *q3.CHECKS,
    *written.CHECKS,
)
