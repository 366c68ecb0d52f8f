"""The columns of Moodle's grading worksheet, in English and in German."""

from collections.abc import Mapping

from autograder.platforms.moodle import MOODLE_PARTICIPANT

_GERMAN = {
    "ID": "Identifier",
    "Vollständiger Name": "Full name",
    "E-Mail-Adresse": "Email address",
    "Bewertung": "Grade",
    "Bestwertung": "Maximum Grade",
    "Bewertung kann geändert werden": "Grade can be changed",
    "Zuletzt geändert (Abgabe)": "Last modified (submission)",
    "Zuletzt geändert (Bewertung)": "Last modified (grade)",
    "Feedback als Kommentar": "Feedback comments",
}
_GERMAN_PARTICIPANT = "Teilnehmer/in"


def in_english(row: Mapping[str, str]) -> dict[str, str]:
    """Return a row of a German worksheet under its English columns; any other row as it is."""
    number = row.get("ID", "").removeprefix(_GERMAN_PARTICIPANT).strip()
    if "Zuletzt geändert (Abgabe)" not in row or number == row.get("ID"):
        return dict(row)
    return {_GERMAN.get(name, name): value for name, value in row.items()} | {
        "Identifier": MOODLE_PARTICIPANT + number
    }
