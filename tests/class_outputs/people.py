"""Classes made without a sandbox: reports as marking writes them, over the rubric's own checks.

`a_class(n)` is a class of n students of different ability, with late, missing and excused ones,
grader faults, groups, named mistakes, models and tables. The same arguments give the same class.
"""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from autograder.checks import ALL_CHECKS
from autograder.course.class_record import ClassRecord, Outcome
from autograder.engine.corpus import load_mutants
from autograder.engine.record import CheckResult, Misconception, ModelResult, Report, Verdict
from autograder.engine.rubric import load_rubric
from autograder.platforms.export_entry import ExportEntry
from quantlab.paths import CELLS

RUBRIC = load_rubric()
TITLES = {check.id: check.title for check in ALL_CHECKS}
SOURCES = {check.id: check.source for check in ALL_CHECKS}
MUTANTS = [mutant for mutant in load_mutants() if mutant.in_solution and mutant.named]
WRITTEN = tuple(check.id for check in ALL_CHECKS if check.source == "person")
AUTOMATIC_POINTS, ALL_POINTS = 121.0, 140.0
FIRST = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Zoë", "小龍", "Niklaus", "Frances")
LAST = (
    "Lovelace",
    "Hopper",
    "Turing",
    "Dijkstra",
    "Liskov",
    "Knuth",
    "Ålund",
    "李",
    "Wirth",
    "Allen",
)
WRONG = (
    Verdict.WRONG,
    Verdict.WRONG,
    Verdict.WRONG,
    Verdict.ERROR,
    Verdict.TIMEOUT,
    Verdict.MISSING,
)


def a_check(id: str, verdict: Verdict = Verdict.CORRECT, **changes: Any) -> CheckResult:
    """A check of the rubric: right, or awaiting staff, unless `changes` say otherwise."""
    item = RUBRIC.items[id]
    if SOURCES[id] == "person" and verdict is Verdict.CORRECT and "points" not in changes:
        verdict = Verdict.AWAITING_MARKING
    points = item.points if verdict is Verdict.CORRECT else 0.0
    check = CheckResult(
        id,
        item.question,
        TITLES[id],
        item.visible,
        SOURCES[id],
        verdict,
        points,
        item.points,
        points,
    )
    check = replace(check, **changes)
    return replace(check, points_alone=max(check.points, check.points_alone))


def a_report(student: str = "ada", **changed: CheckResult | Verdict) -> Report:
    """Every check right and every written answer awaiting staff, but for what is `changed`."""
    checks = []
    for id in RUBRIC.items:
        change = changed.get(id, Verdict.CORRECT)
        checks.append(change if isinstance(change, CheckResult) else a_check(id, change))
    return Report(
        student=student,
        dataset="CIFAR-10",
        isolation="B: Landlock ABI 7 + seccomp + limits",
        checks=tuple(checks),
        question_titles={question.id: question.title for question in RUBRIC.questions},
    )


def an_entry(student: str = "ada", **changes: Any) -> ExportEntry:
    return replace(ExportEntry(student, f"{student}.zip", (student,)), **changes)


def an_outcome(report: Report, **changes: Any) -> Outcome:
    """Of a student alone, submitted by the name of the report; `changes` are of the submission."""
    return Outcome(an_entry(report.student, **changes), report)


def a_record(
    *outcomes: Outcome, missing: Mapping[str, Mapping[str, str]] | None = None
) -> ClassRecord:
    return ClassRecord("folder", "CIFAR-10", outcomes, missing or {})


def canvas_columns(number: int, name: str, login: str) -> Mapping[str, str]:
    return {
        "Student": name,
        "ID": str(number),
        "SIS User ID": f"sis{number}",
        "SIS Login ID": login,
        "Section": "Autumn",
    }


def a_class(count: int, seed: int = 1, source: str = "canvas") -> ClassRecord:
    """A class of `count` people; every 25th is missing, every 40th met a fault of the grader."""
    rng = random.Random(seed)
    outcomes = []
    missing = {}
    for number in range(count):
        student = f"s{seed}{number:05d}"
        name = f"{LAST[number % 10]}, {FIRST[(number // 10) % 10]} {number}"
        columns = canvas_columns(70_000 + number, name, f"{student}@example.org")
        if number % 25 == 24:
            missing[student] = columns
            continue
        report = _random_report(student, rng)
        if number % 40 == 39:
            fault = a_check(
                "2d.model.W2A2", Verdict.GRADER_FAULT, message="The grader failed here."
            )
            checks = tuple(fault if c.id == fault.id else c for c in report.checks)
            report = replace(report, checks=checks)
        hours = rng.choice((-90, -40, -20, -3, -1, -1, 5, 30))
        day, hour = divmod(30 * 24 + 23 + hours, 24)
        entry = an_entry(
            student,
            submitted=f"2026-10-{min(day, 31):02d}T{hour:02d}:10:00+01:00",
            lms={student: columns},
        )
        seconds = {check.id: round(rng.expovariate(8), 3) for check in report.checks}
        outcomes.append(Outcome(entry, report, seconds=seconds))
    return ClassRecord(source, "CIFAR-10", tuple(outcomes), missing)


def _random_report(student: str, rng: random.Random) -> Report:
    ability = min(max(rng.gauss(0.83, 0.16), 0.05), 1.0)
    checks = []
    for number, id in enumerate(RUBRIC.items):
        right = rng.random() < ability ** (0.5 + (number % 7) / 3)
        if SOURCES[id] == "person" or right:
            checks.append(a_check(id))
            continue
        check = a_check(id, rng.choice(WRONG))
        caught = [mutant for mutant in MUTANTS if id in mutant.caught_by]
        if caught and check.verdict is Verdict.WRONG:
            mutant = rng.choice(caught[:3])
            check = replace(check, misconception=Misconception(mutant.name, mutant.sentence))
        checks.append(replace(check, message="The values are not right."))
    report = replace(a_report(student), checks=tuple(checks))
    return _with_numbers(report, ability, rng)


def _with_numbers(report: Report, ability: float, rng: random.Random) -> Report:
    """Tables and models whose numbers lie around the reference's."""
    table = dict(zip(CELLS, (92.3, 83.2, 80.0, 10.6, 9.0), strict=True))
    full = RUBRIC.thresholds["cifar10"]
    size = rng.uniform(45, 180)
    evidence: dict[str, Mapping[str, Any]] = {
        "2c.ptq.SAWB": {"reported": {c: round(v + rng.gauss(0, 1), 2) for c, v in table.items()}},
        "2c.ptq.sym": {
            "reported": {c: round(max(9, v - 3 + rng.gauss(0, 2)), 2) for c, v in table.items()}
        },
        "3.bit_widths.valid": {"kibibytes": round(size, 2)},
    }
    models = []
    for cell in CELLS:
        accuracy = round(full[cell] + rng.gauss(3 * ability - 2, 1), 2)
        name, widths = f"ResNet20_{cell}.pt", (int(cell[1]), int(cell[3]))
        models.append(ModelResult(name, *widths, accuracy, 10_000, full[cell]))
    accuracy = round(92 - 400 / size + rng.gauss(0, 1), 2)
    models.append(ModelResult("variable precision", None, 16, accuracy, 10_000, 85.0))
    return replace(
        report,
        checks=tuple(replace(c, evidence=evidence.get(c.id, c.evidence)) for c in report.checks),
        models=tuple(models),
        bonus=RUBRIC.bonus(size) if accuracy > 85 else 0.0,
    )
