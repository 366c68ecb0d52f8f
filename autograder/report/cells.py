"""Make one cell of a table that a spreadsheet or a learning platform opens.

A spreadsheet computes cells that begin like a formula. Such text gets a leading apostrophe; numbers
are written as numbers. Text is sanitized first. Nothing here raises for text and finite numbers.
"""

from quantlab.protocol.sanitize_text import clean

# What spreadsheets take for the start of a formula, full-width forms included (OWASP).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
LONGEST = 2000


def cell(value: str | float, lines: int = 1) -> str | float:
    """Return `value` as a safe cell: sanitized text of at most `lines` lines, or a short number."""
    if isinstance(value, str):
        text = clean(value, LONGEST, lines)
        return f"'{text}" if text.startswith(FORMULA_STARTS) else text
    return int(value) if value == int(value) else round(value, 4)
