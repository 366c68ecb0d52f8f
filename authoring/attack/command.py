"""The command `attack`: grade hostile submissions on every isolation tier that works here.

What the operating system has to hold back is tried on each tier, all else on the strongest one;
limits and filters, which the third tier shares with the second, on these two.

Cheats must gain nothing, faults must cost their own checks only, and right submissions, however
unusual, must get every point; nothing may be left on the machine afterwards. Exit status 1 where
one of that does not hold.
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

from authoring.attack.leak_check import watch
from authoring.attack.trials import Outcome, Zoo
from authoring.build.stub import STUB
from authoring.examples import MissingModels, right_record
from authoring.verify.folders import STUDENT, right
from authoring.verify.recording import RecordingOracle
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
# Loops end sooner, so that the proof takes minutes; right submissions have all their time.
SHORT = Limits(cpu_seconds=3, wall_seconds=9.0, import_cpu_seconds=3, import_wall_seconds=9.0)
# What the intake, Python or arithmetic decides, whatever the tier: tried on the strongest one only.
SAME_ON_EVERY_TIER = (
    *("alternatives/", "archive/", "checkpoint/", "delegation/", "lookalikes/", "shadow/"),
    *("source/", "tables/", "telling/", "watching/"),
    *("legal/seconds_of_computing", "legal/constants_computed_at_import"),
    "neighbors/naps_in_every_call",
)
# What the third tier holds back by the very same limits and filters as the second.
SAME_BELOW = ("resources/", "tampering/", "legal/compiled_where_that_is_possible")
DATASET = "shapes10"  # its models are measured in seconds; what is tried does not depend on it


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
        return _verify(options, console)
    except (SetupError, BadCorpus, IsolationUnavailable, MissingModels, OSError) as error:
        print(error, file=sys.stderr)
        return USAGE


def _verify(options: AttackOptions, console: Console) -> int:
    cases = chosen(options.cases)
    course = replace(prepare_grading(DATASET, "*"), oracle=RecordingOracle())
    console.print("Making right tables and models.")
    record = right_record(STUDENT, course.evaluator)
    wrong = 0
    for number, tier in enumerate(options.tiers or standing(console)):
        if number:
            same = SAME_ON_EVERY_TIER + (SAME_BELOW if number > 1 else ())
            cases = tuple(case for case in cases if not case.name.startswith(same))
        with tempfile.TemporaryDirectory(prefix="zoo-") as scratch:
            folder = Path(scratch)
            start = right(course.oracle.source, record, reference_models(DATASET), folder)
            # measured anew on every tier, or a model would be opened on the first one only
            evaluator = ModelEvaluator(DATASET, course.oracle)
            zoo = Zoo(start, STUB.read_text(), replace(course, evaluator=evaluator))
            with watch(folder) as leftovers:
                stamp, outcomes = try_all(cases, zoo, tier, options.jobs, console)
        wrong += print_outcomes(stamp, outcomes, leftovers.found, console)
    console.print(
        Text(f"{wrong} to mend.", "bold red") if wrong else Text("Nothing gained.", "bold green")
    )
    return NEEDS_REVIEW if wrong else DONE


def chosen(patterns: Sequence[str]) -> tuple[Case, ...]:
    """The exploits, and as "alternatives/<name>" the right submissions, that match a pattern."""
    named: dict[str, Case] = {exploit.name: exploit for exploit in load_attacks()}
    named.update({f"alternatives/{one.name}": one for one in load_alternatives()})
    families = sorted({f"{name.partition('/')[0]}/*" for name in named})
    found: dict[str, Case] = {}
    for pattern in patterns:
        names = fnmatch.filter(named, pattern)
        if not names:
            raise SetupError(f"No case is called {pattern!r}; there are {', '.join(families)}.")
        found.update({name: named[name] for name in names})
    return tuple(found.values())


def standing(console: Console) -> list[str]:
    """The letters of the tiers that can stand on this machine, the strongest first."""
    found = []
    for tier in tiers.CANDIDATES:
        reason = tiers.why_unavailable(tier)
        if reason is None:
            found.append(tier.letter)
        else:
            console.print(Text(f"Tier {tier.letter} is not tried: {reason}"), soft_wrap=True)
    return found


def try_all(
    cases: Sequence[Case], zoo: Zoo, tier: str, jobs: int, console: Console
) -> tuple[str, list[Outcome]]:
    """The stamp of the tier, and what came of every case there."""
    hostile = [case for case in cases if isinstance(case, AttackCase) and case.kind != "legal"]
    right = [case for case in cases if case not in hostile]
    stamp, found = "", []
    for some, limits, what in ((hostile, SHORT, "hostile"), (right, Limits(), "right")):
        if some:
            title = f"Tier {tier}, {what}"
            stamp, outcomes = _try(some, zoo, tier, jobs, limits, title, console)
            found += outcomes
    return stamp, found


def _try(
    cases: Sequence[Case],
    zoo: Zoo,
    tier: str,
    jobs: int,
    limits: Limits,
    title: str,
    console: Console,
) -> tuple[str, list[Outcome]]:
    free: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()
    with ExitStack() as open_sandboxes:
        for _ in range(jobs):
            free.put(open_sandboxes.enter_context(Sandbox(tier=tier, limits=limits)))

        def outcome(case: Case) -> Outcome:
            sandbox = free.get()
            try:
                return zoo.outcome(case, sandbox)
            finally:
                free.put(sandbox)

        with ThreadPoolExecutor(max_workers=jobs) as pool:
            outcomes = pool.map(outcome, cases)
            shown = track(outcomes, title, len(cases), console=console, transient=True)
            found = list(shown)
        return free.get().isolation, found


def print_outcomes(
    stamp: str, outcomes: Sequence[Outcome], leftovers: Sequence[str], console: Console
) -> int:
    """Prints every complaint and the counts of one tier; returns the number of complaints."""
    console.print()
    console.print(Text(stamp, "bold"))
    for outcome in outcomes:
        for sentence in outcome.wrong:
            console.print(Text(f"  {outcome.case.name}: {sentence}", "red"), soft_wrap=True)
    for left in leftovers:
        console.print(Text(f"  left behind: {left}", "red"), soft_wrap=True)
    cheats, faults = _of(outcomes, "cheat", "refused"), _of(outcomes, "fault")
    legal = [outcome for outcome in outcomes if outcome not in cheats and outcome not in faults]
    console.print(
        f"  cheats stopped {_held(cheats)}/{len(cheats)}, faults survived {_held(faults)}/"
        f"{len(faults)}, false alarms {len(legal) - _held(legal)} (of {len(legal)} right "
        f"submissions), left behind {len(leftovers)}"
    )
    return sum(len(outcome.wrong) for outcome in outcomes) + len(leftovers)


def _of(outcomes: Sequence[Outcome], *kinds: str) -> list[Outcome]:
    return [o for o in outcomes if isinstance(o.case, AttackCase) and o.case.kind in kinds]


def _held(outcomes: Sequence[Outcome]) -> int:
    return sum(not outcome.wrong for outcome in outcomes)
