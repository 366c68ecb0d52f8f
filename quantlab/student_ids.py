"""The student's id as everyone enters it: a number, a name or an address, in any script.

`plain_student` is the only rule. The notebook, answers.json, the vectors of question 1b, the
grader, rosters and course files all use it: an id is one text wherever it was typed.
"""

import re
import unicodedata

_WHOLE_NUMBER = re.compile(r"([0-9]+)\.0+")  # a spreadsheet writes 2023001 as 2023001.0
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_LARGEST_EXACT = 2**53  # a float above it may have lost digits


def plain_student(entered: object) -> str:
    """Return an id as text, the same for all ways to enter it; "" if it is not one.

    A whole number becomes its digits. A text is read by these rules:

    - Invisible characters, such as signs of direction, are removed. Spaces are single.
    - Compatibility forms become the usual characters (NFKC): full-width digits and letters, and
      letters with accents in one piece or in two.
    - Decimal digits of every script become 0 to 9: course sites export these.
    - An e-mail address is in lower case: "Ada@uni.edu" and "ada@uni.edu" reach one person. Names
      and logins keep their case: which letters are equal depends on the language (Turkish i, İ, ı,
      I).

    Examples:
        >>> plain_student(2023001), plain_student("2023001.0"), plain_student("２０２３００１")
        ('2023001', '2023001', '2023001')
        >>> plain_student("٢٠٢٣٠٠١"), plain_student("  ada   l. "), plain_student("Ada@Uni.edu")
        ('2023001', 'ada l.', 'ada@uni.edu')
    """
    if isinstance(entered, str):
        return _plain_text(entered)
    if isinstance(entered, float):
        exact = entered.is_integer() and abs(entered) <= _LARGEST_EXACT
        return str(int(entered)) if exact else ""
    if isinstance(entered, bool) or not hasattr(entered, "__index__"):
        return ""
    return str(entered.__index__())


def _plain_text(entered: str) -> str:
    visible = "".join(c for c in entered if unicodedata.category(c) != "Cf")
    usual = unicodedata.normalize("NFKC", visible)
    digits = "".join(str(unicodedata.decimal(c, c)) for c in usual)
    text = " ".join(digits.split())
    if number := _WHOLE_NUMBER.fullmatch(text):
        return number[1]
    if _ADDRESS.fullmatch(text):
        return unicodedata.normalize("NFKC", text.lower())
    return text
