"""The student's id as everyone enters it: a number, a name or an address, in any script."""

import unicodedata


def plain_student(entered: object) -> str:
    """Return an id as text, the same for all ways to enter it; "" if it is not one.

    A whole number becomes its digits. A text is composed (NFC), without invisible characters, and
    has single spaces.

    Examples:
        >>> plain_student(2023001), plain_student(2023001.0), plain_student("  ada   lovelace ")
        ('2023001', '2023001', 'ada lovelace')
    """
    if isinstance(entered, str):
        visible = "".join(c for c in entered if unicodedata.category(c) != "Cf")
        return " ".join(unicodedata.normalize("NFC", visible).split())
    if isinstance(entered, float) and entered.is_integer():
        return str(int(entered))
    if isinstance(entered, bool) or not hasattr(entered, "__index__"):
        return ""
    return str(entered.__index__())
