"""With `anonymous` no byte tells who anybody is; without it, names are only where they must be."""

import csv
import gc
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course.audit import Audit, SubmissionPool
from autograder.course.audit.solutions import LONGEST
from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.manual_scores import ManualScore, ManualScores
from autograder.course.outputs import write_all
from autograder.course.outputs.anonymous import Pseudonyms, pseudonyms
from autograder.course.policy import Policy, apply_policy
from autograder.engine.record import Verdict
from quantlab.intake.submission import Submission
from tests.class_outputs.people import a_check, a_record, a_report, an_entry

SECRET = b"a secret that only tests know"
STUDENT, OTHER = "quimby-4711", "zaphod_b"
SAID = (
    "Quimby wrote solution_quimby-4711.py for zaphod_b; mail Quimby.Jones@uni.example or "
    "/home/quimby-4711/x, id 4711-0815; or ask a.stranger@else.example."
)
TELLING = (
    *(STUDENT, OTHER, "quimby", "jones", "beeblebrox", "uni.example", "4711-0815", "7654321"),
    *("team-aurora", "a.stranger", "xyzzy"),
)


@pytest.fixture(scope="module")
def telling() -> ClassRecord:
    """A class whose texts hold names wherever a student, or the grader, can put one."""
    evidence = {
        "got": SAID,
        "printed": f"written by Xyzzy, {SAID}",
        "inputs": [["x", SAID]],
        "worst": {"index": [1], "expected": SAID, "got": 2},
    }
    check = a_check("1a.reset.sym", Verdict.WRONG, message=SAID, evidence=evidence)
    report = replace(
        a_report(STUDENT, **{"1a.reset.sym": check}),
        flags=(f"answers.json was made by '{OTHER}' and submitted by {STUDENT}: {SAID}",),
    )
    lms = {"Student": "Jones, Quimby", "ID": "7654321", "SIS Login ID": "Quimby.Jones@uni.example"}
    group = an_entry(
        "team-aurora",
        path="Aurora_Beeblebrox_submission.zip",
        members=(OTHER, "marvin-p"),
        lms={OTHER: {"Student": "Beeblebrox, Zaphod", "ID": "7654322", "Sortable": "4711-0815"}},
    )
    return a_record(
        Outcome(
            an_entry(
                STUDENT,
                path="quimby-4711.zip",
                submitted="2026-10-30T09:41:13Z",
                lms={STUDENT: lms},
            ),
            report,
            problem=f"Look at {SAID}",
        ),
        Outcome(group, replace(report, student="team-aurora")),
        missing={"trillian-m": {"Student": "McMillan, Tricia", "Email": "tm@uni.example"}},
    )


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_write_all_anonymous_contains_no_identity(telling: ClassRecord, tmp_path: Path) -> None:
    source = "# Quimby Jones, quimby-4711\n" + (Path("solution.py").read_text() * 2)
    submissions = SubmissionPool("shapes10")
    for student in (STUDENT, "team-aurora"):
        submissions.add(Submission(student, source))
    manual: ManualScores = {(STUDENT, "1b.explanation"): ManualScore(2, f"Dear Quimby, {SAID}")}
    write_all(
        telling,
        tmp_path,
        Policy(),
        manual,
        anonymous=True,
        previous=telling,
        submissions=submissions,
    )
    files = _files(tmp_path / "anonymous")
    assert len(files) > 9
    gc.collect()  # nbgrader's database is closed with its last session
    for path in files:
        content = path.read_bytes().lower()
        for word in (*TELLING, "zaphod", "mcmillan", "tricia", "trillian", "marvin", "09:41:13"):
            assert word.lower().encode() not in content, f"{word} in {path}"
            assert word.lower() not in str(path.relative_to(tmp_path)).lower()


def test_write_all_anonymous_keeps_the_key_in_the_staff_folder(
    telling: ClassRecord, tmp_path: Path
) -> None:
    write_all(telling, tmp_path, Policy(), {}, anonymous=True)
    key = tmp_path / "staff" / "pseudonyms.csv"
    rows = {row["id"]: row["pseudonym"] for row in csv.DictReader(key.open())}
    assert set(rows) == {STUDENT, OTHER, "marvin-p", "team-aurora", "trillian-m"}
    assert (tmp_path / "anonymous" / "students" / rows[STUDENT] / "report.html").is_file()
    assert key.parent.stat().st_mode & 0o077 == 0
    assert {path.name for path in tmp_path.iterdir()} <= {"anonymous", "staff", "course_secret"}


def test_write_all_anonymous_writes_no_table_of_names(telling: ClassRecord, tmp_path: Path) -> None:
    write_all(telling, tmp_path, Policy(), {}, anonymous=True)
    assert not list((tmp_path / "anonymous").rglob("canvas.csv"))
    assert not list((tmp_path / "anonymous").rglob("moodle.csv"))


def test_write_all_contains_names_only_in_tables_for_platforms(
    telling: ClassRecord, tmp_path: Path
) -> None:
    silent = replace(
        telling,
        outcomes=tuple(Outcome(o.entry, a_report(o.entry.student)) for o in telling.outcomes),
    )
    write_all(silent, tmp_path, Policy(publish_unfinished=True), {})
    holding = {
        path.name
        for path in _files(tmp_path)
        if any(name in path.read_bytes() for name in (b"Jones", b"Beeblebrox", b"7654321"))
    }
    assert holding == {"canvas.csv"}


def test_pseudonyms_repeat_for_equal_secrets_and_differ_for_others(
    record: ClassRecord, policy: Policy
) -> None:
    scores = apply_policy(record, policy, {})
    first, again = (pseudonyms(record, scores, SECRET) for _ in range(2))
    other = pseudonyms(record, scores, b"the secret of another term")
    assert first == again
    assert len(set(first.of.values())) == len(first.of)
    assert not set(first.of.values()) & set(other.of.values())


def test_pseudonyms_keep_the_score_of_each_student(record: ClassRecord, policy: Policy) -> None:
    scores = apply_policy(record, policy, {})
    names = pseudonyms(record, scores, SECRET)
    hidden = {score.member: score for score in names.scores(scores)}
    for score in scores:
        hidden_score = hidden[names.of[score.member]]
        assert (hidden_score.total, hidden_score.status, hidden_score.penalty) == (
            score.total,
            score.status,
            score.penalty,
        )


def test_pseudonyms_keep_text_without_names(record: ClassRecord, policy: Policy) -> None:
    names = pseudonyms(record, apply_policy(record, policy, {}), SECRET)
    text = "Expected int32 (5,) [-8, 3, 7, 0, 7], got 12.5 at [3]; linear_quantize(x, 0.1)"
    assert names.text(text) == text


class _CountedIds(dict[str, str]):
    """Counts how often an id is looked for."""

    lookups = 0

    def __contains__(self, id: object) -> bool:
        self.lookups += 1
        return super().__contains__(id)


def test_text_looks_for_ids_a_bounded_number_of_times_per_word() -> None:
    ids: Mapping[str, str] = _CountedIds({"ada-b-c": "p-1", "bob": "p-2"})
    words = 300
    text = Pseudonyms(ids, frozenset()).text("a." * words + "x_ada-b-c.py")
    assert text.endswith("x_p-1.py")
    assert ids.lookups <= 4 * words


def test_text_removes_addresses_from_words_of_any_length() -> None:
    names = Pseudonyms({}, frozenset())
    word = "a" * 2**20  # quadratic work would take hours
    assert names.text(word) == word
    assert names.text(f"{word}@uni.example, b") == "…, b"
    assert names.text("Ask a@b.c+d@e.f. Use x@y") == "Ask …. Use x@y"


def test_audit_notes_contain_no_ids(telling: ClassRecord) -> None:
    submissions = SubmissionPool("shapes10")
    for student in (STUDENT, "b2", "7"):
        submissions.add(Submission(student, "a = 1\n" * (LONGEST // 6 + 1)))
    (note,) = (note for note in submissions.compare().notes if "because longer" in note)
    hidden = Pseudonyms({STUDENT: "p-1", "b2": "p-2", "7": "p-3"}, frozenset())
    assert note.endswith(f": {STUDENT}, b2, 7.")
    (shown,) = hidden.audit(Audit((), (note,))).notes
    assert shown == note.replace(STUDENT, "p-1").replace("b2, 7.", "p-2, p-3.")
