"""Three questions per student, from what there is, the same for one secret."""

from dataclasses import replace

import pytest

from autograder.course.audit.audit_finding import Audit, AuditFinding, Kind
from autograder.course.class_folder import UnsafeId
from autograder.engine.corpus import load_mutants
from autograder.engine.oracle import Oracle
from autograder.engine.record import Misconception, Verdict
from autograder.viva.question import Kind as QuestionKind
from autograder.viva.question import Sheet
from autograder.viva.selection import UnknownStudent, select_students
from autograder.viva.sheet import VivaTask, broken_functions, lost_checks, make_sheet
from quantlab.formats.answers import Answers
from quantlab.intake.submission import MODELS, Submission
from tests.class_outputs.people import a_check, a_record, a_report, an_outcome
from tests.viva.conftest import InProcess
from tests.viva.test_from_files import FILES, NO_NUMBERS

SECRET = b"a secret that only tests know"
FLOOR = next(mutant for mutant in load_mutants() if mutant.name == "linear_quantize/floor")


def _sheet(task: VivaTask, oracle: Oracle, secret: bytes = SECRET) -> Sheet:
    return make_sheet(task, InProcess(), oracle, secret, frozenset())


def _kinds(sheet: Sheet) -> list[QuestionKind]:
    return [question.kind for question in sheet.questions]


def test_sheet_asks_about_a_wrong_result_first(oracle: Oracle) -> None:
    submission = Submission("ada", FLOOR.source(oracle.source), models=FILES)
    lost = {"1a.linear_quantize.signed": FLOOR.sentence}
    sheet = _sheet(VivaTask("ada", submission, lost), oracle)
    assert _kinds(sheet) == [QuestionKind.WRONG, QuestionKind.EDIT, QuestionKind.CODES]
    assert sheet.fewer == ""


def test_sheet_of_a_correct_solution_has_three_kinds(oracle: Oracle) -> None:
    submission = Submission("ada", oracle.source, models=FILES)
    sheet = _sheet(VivaTask("ada", submission), oracle)
    assert _kinds(sheet) == [QuestionKind.EDIT, QuestionKind.CODES, QuestionKind.MODEL]


def test_sheet_without_files_has_a_second_question_of_a_kind(oracle: Oracle) -> None:
    sheet = _sheet(VivaTask("ada", Submission("ada", oracle.source)), oracle)
    assert _kinds(sheet) == [QuestionKind.EDIT, QuestionKind.CODES, QuestionKind.CODES]
    assert len(set(sheet.questions)) == 3


def test_sheet_without_a_solution_asks_about_the_files(oracle: Oracle) -> None:
    answers = Answers("ada", "CIFAR-10", bit_widths={"layer1.0.conv1": 4, "fc": 8})
    submission = Submission("ada", None, answers, {MODELS[0]: FILES[MODELS[0]]})
    sheet = _sheet(VivaTask("ada", submission), oracle)
    assert set(_kinds(sheet)) == {QuestionKind.MODEL, QuestionKind.WIDTHS}
    assert sheet.fewer == (f"two questions only: there is no solution.py; {NO_NUMBERS}.")


def test_sheet_draws_which_file_it_asks_about(oracle: Oracle) -> None:
    answers = Answers("ada", "CIFAR-10", bit_widths={"layer1.0.conv1": 4, "fc": 8})
    submission = Submission("ada", oracle.source, answers, {MODELS[0]: FILES[MODELS[0]]})
    sheets = [_sheet(VivaTask(f"s{n}", submission), oracle) for n in range(8)]
    last = {sheet.questions[2].kind for sheet in sheets}
    assert last == {QuestionKind.MODEL, QuestionKind.WIDTHS}


def test_sheet_of_a_stub_says_why_it_is_empty(oracle: Oracle, stub_source: str) -> None:
    sheet = _sheet(VivaTask("ada", Submission("ada", stub_source)), oracle)
    assert sheet.questions == ()
    assert sheet.fewer.startswith("no question: no check of a function lost points; no function of")


@pytest.mark.parametrize("source", ["", "def f(:", "raise ValueError", "linear_quantize = 3"])
def test_sheet_of_any_text_is_a_sheet(source: str, oracle: Oracle) -> None:
    assert _sheet(VivaTask("ada", Submission("ada", source)), oracle).questions == ()


def test_sheet_depends_on_secret_student_and_seed_alone(oracle: Oracle) -> None:
    task = VivaTask("ada", Submission("ada", oracle.source, models=FILES))
    assert _sheet(task, oracle) == _sheet(task, oracle)
    others = [_sheet(replace(task, student="bob"), oracle), _sheet(replace(task, seed=1), oracle)]
    others.append(_sheet(task, oracle, b"another secret of the course"))
    assert all(other.questions != _sheet(task, oracle).questions for other in others)


def test_lost_checks_are_those_of_functions_with_their_mistake() -> None:
    report = a_report(
        "ada",
        **{
            "1a.linear_quantize.signed": a_check(
                "1a.linear_quantize.signed",
                Verdict.WRONG,
                misconception=Misconception("x", "It rounds down."),
            ),
            "1b.A.sym": Verdict.WRONG,
            "2a.STE.gradient": Verdict.GRADER_FAULT,
        },
    )
    assert lost_checks(report) == {"1a.linear_quantize.signed": "It rounds down."}
    assert lost_checks(None) == {}


def test_broken_functions_never_answered_or_ran_out_of_time() -> None:
    report = a_report(
        "ada",
        **{
            "1a.linear_quantize.pure": Verdict.ERROR,
            "1a.get_scale.mean_not_zero": Verdict.TIMEOUT,
            "2a.STE.gradient": Verdict.MISSING,
        },
    )
    assert broken_functions(report) == {"1a.get_scale.", "2a.STE.gradient"}


# Whose sheets ------------------------------------------------------------------------------------

RECORD = a_record(*(an_outcome(a_report(f"s{number:02}")) for number in range(20)))
AUDIT = Audit(
    (
        AuditFinding(Kind.EVERYBODY, "what", "why", ("s03",)),
        AuditFinding(Kind.PAST, "what", "why", ("s17",), past=("s24/kim",)),
        AuditFinding(Kind.SAME_WRONG, "what", "why", ("s05", "s17")),
    )
)


def _students(**choice: object) -> list[str]:
    return [each.student for each in select_students(RECORD, AUDIT, SECRET, **choice)]


def test_select_students_begins_with_the_audit() -> None:
    selected = select_students(RECORD, AUDIT, SECRET)
    assert [(each.student, each.listed) for each in selected[:2]] == [
        ("s17", "similar to a past solution, the same wrong answers"),
        ("s05", "the same wrong answers"),
    ]
    assert [each.student for each in selected[2:]] == sorted(
        {f"s{number:02}" for number in range(20)} - {"s17", "s05"}
    )


def test_select_students_samples_by_secret_and_seed() -> None:
    sample = _students(sample=6, seed=1)
    assert sample[:2] == ["s17", "s05"]
    assert len(set(sample)) == 6
    assert sample == _students(sample=6, seed=1)
    assert sample != _students(sample=6, seed=2)
    assert _students(sample=1) == ["s17"]


def test_select_students_takes_the_named_ones() -> None:
    assert _students(students=("s09", "s01", "s09")) == ["s09", "s01"]
    with pytest.raises(UnknownStudent, match="no submission of s99"):
        _students(students=("s01", "s99"))
    with pytest.raises(UnsafeId, match=r"'\.\./s01' can't be the id"):
        _students(students=("../s01",))


def test_select_students_gives_each_member_of_a_group_a_sheet() -> None:
    group = an_outcome(a_report("team"), members=("kim", "lee"))
    audit = Audit((AuditFinding(Kind.SOLUTION, "what", "why", ("team", "s01")),))
    record = a_record(*RECORD.outcomes, group)
    selected = select_students(record, audit, SECRET)
    assert [each.student for each in selected[:3]] == ["kim", "lee", "s01"]
    assert selected[0].outcome.report == group.report
