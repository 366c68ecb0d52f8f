"""The command `attack`: grade hostile submissions on every isolation tier that works here.

Cases that the operating system must stop run on each tier, all other cases on the strongest one.
Limits and filters, which the third tier shares with the second, run on these two.

Cheats must gain nothing, faults must affect only their own checks, and correct submissions must get
every point. Nothing may be left on the machine. Exit status 1 if any of this fails.
"""

import fnmatch
import queue
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.text import Text

from authoring.attack.case_runner import TrialResult, Trials
from authoring.attack.leak_check import watch_for_leaks
from authoring.build.stub import STUB
from authoring.examples import MissingModels, correct_answers
from authoring.verify.answer_cache import RecordingOracle
from authoring.verify.case_submissions import STUDENT, load_correct
from autograder.engine.corpus import (
    Alternative,
    AttackCase,
    BadCorpus,
    load_alternatives,
    load_attacks,
)
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.exit_status import DONE, NEEDS_REVIEW, USAGE
from autograder.grading.preparation import SetupError, prepare_grading
from autograder.paths import reference_models
from autograder.sandbox import tiers
from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.self_test import IsolationUnavailable

Case = AttackCase | Alternative
# Loops end sooner, so that the proof takes minutes. Correct submissions have the full limits.
SHORT = Limits(cpu_seconds=3, wall_seconds=9.0, import_cpu_seconds=3, import_wall_seconds=9.0)
# The intake, Python or arithmetic decides these on every tier: run on the strongest one only.
SAME_ON_EVERY_TIER = (
    *("alternatives/", "archive/", "checkpoint/", "delegation/", "lookalikes/", "shadow/"),
    *("source/", "tables/", "telling/", "watching/"),
    *("legal/seconds_of_computing", "legal/constants_computed_at_import"),
    "neighbors/naps_in_every_call",
)
# The third tier stops these by the same limits and filters as the second.
SAME_BELOW = ("resources/", "tampering/", "legal/compiled_where_that_is_possible")
DATASET = "shapes10"  # its models are measured in seconds; no case depends on the data set


@dataclass(frozen=True)
class AttackOptions:
    """Options of `attack`: patterns of cases, and tiers (empty: all that work here)."""

    cases: Sequence[str] = ("*",)  # patterns of names, such as "theft/*"
    jobs: int = 2
    tiers: Sequence[str] = ()


def attack(options: AttackOptions) -> int:
    """Grade every case on every tier and return the exit status."""
    console = Console()
    try:
        return _attack(options, console)
    except (SetupError, BadCorpus, IsolationUnavailable, MissingModels, OSError) as error:
        print(error, file=sys.stderr)
        return USAGE


def _attack(options: AttackOptions, console: Console) -> int:
    cases = select_cases(options.cases)
    course = replace(prepare_grading(DATASET, "*"), oracle=RecordingOracle())
    console.print("Building correct tables and models.")
    answers = correct_answers(STUDENT, course.evaluator)
    failures = 0
    for number, tier in enumerate(options.tiers or available_tiers(console)):
        if number:
            same = SAME_ON_EVERY_TIER + (SAME_BELOW if number > 1 else ())
            cases = tuple(case for case in cases if not case.name.startswith(same))
        with tempfile.TemporaryDirectory(prefix="attack-") as scratch:
            folder = Path(scratch)
            correct = load_correct(course.oracle.source, answers, reference_models(DATASET), folder)
            # A cache shared between tiers would open each model on the first tier only.
            evaluator = ModelEvaluator(DATASET, course.oracle)
            trials = Trials(correct, STUB.read_text(), replace(course, evaluator=evaluator))
            with watch_for_leaks(folder) as leaks:
                stamp, results = run_cases(cases, trials, tier, options.jobs, console)
        failures += print_results(stamp, results, leaks.traces, console)
    console.print(
        Text(f"{failures} to fix.", "bold red")
        if failures
        else Text("No attack gained anything.", "bold green")
    )
    return NEEDS_REVIEW if failures else DONE


def select_cases(patterns: Sequence[str]) -> tuple[Case, ...]:
    """Return the exploits and, as "alternatives/<name>", the alternatives that match a pattern.

    Raises:
        SetupError: A pattern matches no case.
    """
    named: dict[str, Case] = {exploit.name: exploit for exploit in load_attacks()}
    named.update({f"alternatives/{case.name}": case for case in load_alternatives()})
    families = sorted({f"{name.partition('/')[0]}/*" for name in named})
    selected: dict[str, Case] = {}
    for pattern in patterns:
        names = fnmatch.filter(named, pattern)
        if not names:
            raise SetupError(f"No case matches {pattern!r}: choose from {', '.join(families)}.")
        selected.update({name: named[name] for name in names})
    return tuple(selected.values())


def available_tiers(console: Console) -> list[str]:
    """Return the letters of the tiers that work on this machine, the strongest first."""
    letters = []
    for tier in tiers.CANDIDATES:
        reason = tiers.why_unavailable(tier)
        if reason is None:
            letters.append(tier.letter)
        else:
            console.print(Text(f"Skipping tier {tier.letter}: {reason}"), soft_wrap=True)
    return letters


def run_cases(
    cases: Sequence[Case], trials: Trials, tier: str, jobs: int, console: Console
) -> tuple[str, list[TrialResult]]:
    """Return the stamp of the tier and the result of every case."""
    hostile = [case for case in cases if isinstance(case, AttackCase) and case.kind != "legal"]
    correct = [case for case in cases if case not in hostile]
    stamp, results = "", []
    for group, limits, kind in ((hostile, SHORT, "hostile"), (correct, Limits(), "correct")):
        if group:
            title = f"Tier {tier}, {kind}"
            stamp, of_group = _run_group(group, trials, tier, jobs, limits, title, console)
            results += of_group
    return stamp, results


def _run_group(
    cases: Sequence[Case],
    trials: Trials,
    tier: str,
    jobs: int,
    limits: Limits,
    title: str,
    console: Console,
) -> tuple[str, list[TrialResult]]:
    free: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()
    with ExitStack() as open_sandboxes:
        for _ in range(jobs):
            free.put(open_sandboxes.enter_context(Sandbox(tier=tier, limits=limits)))

        def run(case: Case) -> TrialResult:
            sandbox = free.get()
            try:
                return trials.run(case, sandbox)
            finally:
                free.put(sandbox)

        with ThreadPoolExecutor(max_workers=jobs) as pool:
            finished = pool.map(run, cases)
            results = list(track(finished, title, len(cases), console=console, transient=True))
        return free.get().isolation, results


def print_results(
    stamp: str, results: Sequence[TrialResult], leaks: Sequence[str], console: Console
) -> int:
    """Print every problem and the counts of one tier; return the number of problems."""
    console.print()
    console.print(Text(stamp, "bold"))
    for result in results:
        for problem in result.problems:
            console.print(Text(f"  {result.case.name}: {problem}", "red"), soft_wrap=True)
    for leak in leaks:
        console.print(Text(f"  left behind: {leak}", "red"), soft_wrap=True)
    cheats, faults = _of_kind(results, "cheat", "refused"), _of_kind(results, "fault")
    legal = [result for result in results if result not in cheats and result not in faults]
    console.print(
        f"  cheats stopped {_count_passed(cheats)}/{len(cheats)}, "
        f"faults survived {_count_passed(faults)}/{len(faults)}, "
        f"false alarms {len(legal) - _count_passed(legal)} (of {len(legal)} correct "
        f"submissions), left behind {len(leaks)}"
    )
    return sum(len(result.problems) for result in results) + len(leaks)


def _of_kind(results: Sequence[TrialResult], *kinds: str) -> list[TrialResult]:
    return [r for r in results if isinstance(r.case, AttackCase) and r.case.kind in kinds]


def _count_passed(results: Sequence[TrialResult]) -> int:
    return sum(not result.problems for result in results)
