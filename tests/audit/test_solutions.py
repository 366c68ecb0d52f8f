"""A copied solution.py is found under new names; right ones written apart are not."""

import builtins
import io
import keyword
import tokenize
from collections.abc import Mapping

import pytest

from autograder.course.audit.audit_finding import Audit, Kind
from autograder.course.audit.past import PastSolution
from autograder.course.audit.solutions import LONGEST, STARTER, SolutionAudit
from autograder.engine.corpus import load_alternatives, load_mutants
from quantlab.intake.submission import Submission

WHOLE = {case.name: case.code for case in load_alternatives() if case.whole}
TERSE, FAMILY = WHOLE["whole_terse"], WHOLE["whole_handout_family"]


def _compared(**texts: str) -> Audit:
    sources = SolutionAudit()
    for student, text in texts.items():
        sources.add(Submission(student, text))
    return sources.compare()


def _with_past(texts: Mapping[str, str], past: Mapping[str, str]) -> Audit:
    sources = SolutionAudit()
    for student, text in texts.items():
        sources.add(Submission(student, text))
    for name, text in past.items():
        sources.add_past(PastSolution(name, text))
    return sources.compare()


def _disguised(text: str) -> str:
    """Every name of one's own renamed, new comments and strings, another layout."""
    tokens = []
    kept = {"torch", "input", "scale", "weight", "forward", "backward", *dir(builtins)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        word = token.string
        if token.type == tokenize.NAME and not keyword.iskeyword(word) and word not in kept:
            word = f"my_{word[::-1]}"
        tokens.append((token.type, word))
    code = tokenize.untokenize(tokens)
    return "# All of this is my own work.\n" + code.replace("\n", "\n\n")


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_solution_audit_names_a_disguised_copy(name: str) -> None:
    texts = {**WHOLE, "copy": _disguised(WHOLE[name])}
    (look,) = _compared(**texts).findings
    assert look.kind is Kind.SOLUTION
    assert look.who == tuple(sorted(("copy", name)))
    assert look.measure is not None
    assert look.measure > 0.7
    assert look.details


def test_solution_audit_ignores_solutions_written_apart(reference_source: str) -> None:
    assert _compared(reference=reference_source, **WHOLE).findings == ()


def test_solution_audit_names_a_partial_copy() -> None:
    half = FAMILY[: len(FAMILY) // 2]
    (look,) = _compared(ada=FAMILY, bob=TERSE, eve=half).findings
    assert look.who == ("ada", "eve")


def test_solution_audit_ignores_the_starter_code(stub_source: str) -> None:
    added = stub_source + "\n\nANSWER = 42\n"
    assert _compared(ada=stub_source, bob=added, eve=stub_source).findings == ()
    assert STARTER.read_text(encoding="utf-8") == stub_source


def test_solution_audit_ignores_shared_starter_with_a_small_change(stub_source: str) -> None:
    mutant = next(case for case in load_mutants() if case.in_solution)
    texts = {"ada": f"{stub_source}\n{mutant.code}", "bob": f"{stub_source}\n{TERSE}"}
    assert _compared(**texts).findings == ()


def test_solution_audit_ignores_code_that_much_of_the_class_shares() -> None:
    texts = {f"s{number}": TERSE for number in range(11)}
    assert _compared(**texts).findings == ()


def _others() -> dict[str, str]:
    """Return solutions of a class that have nothing in common."""
    return {f"s{n}": f"def f{n}(x):\n    return {'+'.join(['x'] * n)}\n" * 9 for n in range(20)}


def test_solution_audit_names_a_ring_once() -> None:
    findings = _compared(**_others(), ring1=FAMILY, ring2=FAMILY, ring3=FAMILY).findings
    (ring,) = (look for look in findings if look.who[0].startswith("ring"))
    assert ring.who == ("ring1", "ring2", "ring3")
    assert ring.what.startswith("3 submissions are similar: ring1, ring2, ring3. ring1 and ring2 ")
    assert ring.details[0].split("\n") == [
        f"{pair}: 100 % and 100 %"
        for pair in ("ring1 and ring2", "ring1 and ring3", "ring2 and ring3")
    ]


def test_solution_audit_connects_two_copies_of_one_past_solution() -> None:
    half, rest = FAMILY[: len(FAMILY) // 2], FAMILY[len(FAMILY) // 2 :]
    assert _compared(ada=half, bob=rest).findings == ()
    (look,) = _with_past({"ada": half, "bob": rest, "eve": TERSE}, {"s24/kim": FAMILY}).findings
    assert look.kind is Kind.PAST
    assert (look.who, look.past) == (("ada", "bob"), ("s24/kim",))
    assert look.what.startswith("2 submissions and 1 past are similar: ada, bob, s24/kim. ")
    assert "repeats the course" in look.why


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_solution_audit_names_a_disguised_copy_of_a_past_solution(name: str) -> None:
    past = {f"family/{other}.py": text for other, text in WHOLE.items()}
    (look,) = _with_past({"ada": _disguised(WHOLE[name])}, past).findings
    assert (look.who, look.past) == (("ada",), (f"family/{name}.py",))
    assert look.what.startswith(f"ada and family/{name}.py share ")
    assert look.measure is not None
    assert look.measure > 0.7


def test_solution_audit_ignores_past_solutions_written_apart(reference_source: str) -> None:
    assert _with_past({"ada": reference_source}, WHOLE).findings == ()


def test_solution_audit_does_not_compare_past_solutions_with_each_other() -> None:
    assert _with_past({"ada": TERSE}, {"s23/kim": FAMILY, "s24/lee": FAMILY}).findings == ()


def test_solution_audit_names_a_past_solution_that_much_of_the_class_copied() -> None:
    class_ = {f"copy{number:02}": FAMILY for number in range(30)}
    assert _compared(**class_).findings == ()  # common in the class
    (look,) = _with_past(class_, {"public.py": FAMILY}).findings
    assert look.who == tuple(class_)
    assert look.what.startswith("30 submissions and 1 past are similar: copy00, ")
    assert "and 19 more. " in look.what


def test_solution_audit_ignores_the_starter_among_past_solutions(stub_source: str) -> None:
    added = f"{stub_source}\n\nANSWER = 42\n"
    assert _with_past({"ada": added}, {"s24/kim": stub_source}).findings == ()


@pytest.mark.parametrize(
    "text", ["", "x", "def f(:", "'''", "\t\n " * 30_000, "\x00", "\ud800", "(" * 5000, "é" * 400]
)
def test_solution_audit_reads_any_text(text: str) -> None:
    assert _compared(ada=text, bob=text, eve=TERSE).findings == ()


def test_solution_audit_notes_a_solution_too_long_to_compare() -> None:
    report = _compared(ada="x = 1\n" * LONGEST, bob=TERSE)
    assert report.findings == ()
    assert report.notes == (f"Not compared, because longer than {LONGEST:,} characters: ada.",)


def test_solution_audit_skips_a_submission_without_solution() -> None:
    sources = SolutionAudit()
    sources.add(Submission("ada", None))
    assert sources.compare() == Audit(())
