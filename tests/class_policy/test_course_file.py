"""course.toml says what a course decides, and every slip in it is a sentence."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autograder.course.course_file import LatePolicy, Policy, PolicyError, load_policy
from autograder.course.import_settings import ImportSettings
from autograder.course.roster import RosterRow

WHOLE = """
title = "Quantization, autumn"
deadline = 2026-10-30T23:59:00+01:00
roster = "roster.csv"
excused = ["grace"]
reviewed = ["bob"]
publish_unfinished = true
allow_lower = ["eve"]
timezone = "Europe/Zurich"
unknown_time = "on_time"

[late]
grace_minutes = 15
percent_per_day = 10
max_percent = 50
max_days = 7

[extensions]
ada = 2026-11-06T23:59:00+01:00

[submitted]
grace = 2026-10-31T08:00:00+01:00

[repair]
mode = "accept"

[canvas]
assignment = "Quantization (4711)"

[moodle]
maximum_grade = 100

[leaderboard]
show = true
"""
DUE = "deadline = 2026-10-30T23:59:00+01:00\n"


def _load(folder: Path, text: str) -> Policy:
    path = folder / "course.toml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path)


def test_load_policy_reads_every_setting(tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text("student,ID\nada,17\n")
    policy = _load(tmp_path, WHOLE)
    assert policy == Policy(
        title="Quantization, autumn",
        deadline=datetime.fromisoformat("2026-10-30T23:59:00+01:00"),
        late=LatePolicy(15, 10, 50, 7),
        extensions={"ada": datetime.fromisoformat("2026-11-06T23:59:00+01:00")},
        submitted={"grace": datetime.fromisoformat("2026-10-31T08:00:00+01:00")},
        timezone=ZoneInfo("Europe/Zurich"),
        unknown_time="on_time",
        repair_mode="accept",
        excused=frozenset({"grace"}),
        reviewed=frozenset({"bob"}),
        roster=(RosterRow("roster.csv", 2, {"student": "ada", "ID": "17"}),),
        publish_unfinished=True,
        canvas_assignment="Quantization (4711)",
        imports=ImportSettings(maxima={"moodle": 100.0}, allow_lower=frozenset({"eve"})),
        leaderboard=True,
    )


def test_load_policy_of_an_empty_file_returns_the_defaults(tmp_path: Path) -> None:
    assert _load(tmp_path, "") == Policy()


def test_load_policy_names_the_canvas_column_after_the_title(tmp_path: Path) -> None:
    assert _load(tmp_path, 'title = "Autumn"').canvas_assignment == "Autumn"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("dead_line = 1", "dead_line is not a setting; did you mean deadline?"),
        ("[late]\npercent_a_day = 1", "late.percent_a_day is not a setting; did you mean"),
        ("[canvas]\nname = 'x'", "canvas.name is not a setting; choose one of assignment"),
        ("deadline = 2026-10-30T23:59:00", "with its offset from UTC"),
        ('deadline = "2026-10-30T23:59:00+01:00"', "without quotes"),
        ("deadline = 2026-10-30", "deadline must be a time"),
        ("[late]\npercent_per_day = 10", "needs a deadline"),
        ("[extensions]\nada = 2026-10-30T23:59:00Z", "needs a deadline"),
        (DUE + "[late]\npercent_per_day = 110", "from 0 to 100, got 110"),
        (DUE + "[late]\npercent_per_day = -1", "from 0 to 100, got -1"),
        (DUE + "[late]\npercent_per_day = nan", "from 0 to 100, got nan"),
        (DUE + "[late]\npercent_per_day = true", "must be a number from 0 to 100, got True"),
        (DUE + "[late]\nmax_days = 2.5", "a whole number from 0, got 2.5"),
        (DUE + "[extensions]\nada = 3", "extensions.ada must be a time"),
        (DUE + "late = 10", "expected a table for late"),
        ('excused = "ada"', "excused must be a list of ids"),
        ("excused = [1]", "excused must be a list of ids"),
        ("title = 7", "title must be text in quotes"),
        ('title = " "', "title must be text in quotes"),
        ('timezone = "Europe/Zürich"', "not a time zone; did you mean Europe/Zurich?"),
        ('timezone = "europe/zurich"', "did you mean Europe/Zurich?"),
        ('timezone = "Zurich"', "did you mean Europe/Zurich?"),
        ('timezone = "../../etc/passwd"', "is not a time zone"),
        ("timezone = 1", "timezone must be text in quotes"),
        ('unknown_time = "ontime"', 'unknown_time must be "review" or "on_time", got \'ontime\''),
        ("unknown_time = true", 'unknown_time must be "review" or "on_time", got True'),
        ("[submitted]\nada = 2026-10-30T23:59:00Z", "needs a deadline"),
        (DUE + "[submitted]\nada = 2026-10-30", "submitted.ada must be a time"),
        ("publish_unfinished = 1", "must be true or false, got 1"),
        ("[moodle]\nmaximum_grade = 0", "must be more than 0"),
        ('roster = "nobody.csv"', "can't be read: No such file"),
        ("title = ", "is not valid TOML"),
    ],
)
def test_load_policy_refuses_a_slip_in_a_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as refusal:
        _load(tmp_path, text)
    assert sentence in str(refusal.value)
    assert str(tmp_path / "course.toml") in str(refusal.value)


def test_load_policy_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="can't be read: No such file"):
        load_policy(tmp_path / "course.toml")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,points\nada,3\n", "has no column that identifies students"),
        ("student\n\n", "has no students"),
        ("student\nada\nada\n", "lines 2 and 3: both are for ada"),
    ],
)
def test_load_policy_refuses_a_roster_without_unique_students(
    text: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "roster.csv").write_text(text)
    with pytest.raises(PolicyError, match=sentence):
        _load(tmp_path, 'roster = "roster.csv"')
