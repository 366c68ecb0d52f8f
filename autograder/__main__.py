"""The command line: `python -m autograder COMMAND`.

Exit status of every command: 0 done, 1 done but something needs review, 2 it could not start.
"""

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

DATASETS = ("cifar10", "shapes10")  # spelled out: --help must not wait for torch
TIERS = ("A", "B", "C")
LAYOUTS = ("canvas", "moodle", "gradescope", "blackboard", "nbgrader", "folder")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console that lacks a character shows "?"
            stream.reconfigure(errors="replace")
    try:
        return options.command(options)
    except KeyboardInterrupt:
        print("Stopped. What was written before is whole.", file=sys.stderr)
        return 2


def _grade(options: argparse.Namespace) -> int:
    from autograder.grading import GradeOptions, grade

    return grade(
        GradeOptions(
            paths=tuple(options.paths),
            out=options.out,
            student=options.student,
            check=options.check,
            jobs=options.jobs,
            dataset=options.data,
            quick=options.quick,
            replay=options.replay,
            save=options.save,
            allow_unsafe=options.allow_unsafe,
            tier=options.tier,
        )
    )


def _batch(options: argparse.Namespace) -> int:
    if options.apply and not options.regrade:
        return _usage("--apply writes what --regrade shows: give both.")
    if options.fake is not None:
        from autograder.batch.fake_command import FakeOptions, fake

        return fake(
            FakeOptions(
                count=options.fake,
                seed=options.seed,
                out=options.out,
                layout=options.layout,
                dataset=options.data,
                check=options.check,
            )
        )
    if options.export is None:
        return _usage("Give the folder or zip file that the course site exports, or --fake N.")
    from autograder.batch.command import BatchOptions, Settings, batch

    return batch(
        BatchOptions(
            export=options.export,
            out=options.out,
            settings=Settings(
                dataset=options.data,
                check=options.check,
                quick=options.quick,
                tier=options.tier,
                allow_unsafe=options.allow_unsafe,
            ),
            jobs=options.jobs,
            scheduler=options.scheduler,
            regrade=options.regrade,
            apply=options.apply,
            course=options.course,
            manual=tuple(options.manual),
            anonymous=options.anonymous,
        )
    )


def _usage(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2


def _verify(options: argparse.Namespace) -> int:
    if options.exploits:
        from autograder.verify.exploits import ExploitOptions, verify_exploits

        return verify_exploits(ExploitOptions(options.jobs, options.tier, options.cases))
    from autograder.verify.command import VerifyOptions, verify

    return verify(VerifyOptions(options.data, options.jobs, options.out))


def _release(options: argparse.Namespace) -> int:
    try:
        from autograder.release.command import ReleaseOptions, release
    except ModuleNotFoundError as missing:
        print(f"{missing.name} is missing: pip install -e '.[notebook]'.", file=sys.stderr)
        return 2
    return release(
        ReleaseOptions(
            options.out, options.course_id, options.address, options.data, options.cell_timeout
        )
    )


def _isolation(options: argparse.Namespace) -> int:
    from autograder.isolation_command import isolation

    return isolation(options.tier, options.allow_unsafe)


def _positive(text: str) -> int:
    """Return the integer of an option that must be at least 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above zero")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m autograder",
        description="Marks submissions of the quantization assignment.",
        epilog="Exit status: 0 done, 1 done but something needs review, 2 it could not start.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    grade = commands.add_parser(
        "grade",
        help="mark submissions and write a report for each",
        description="Mark submissions, each a folder or a zip file, and write for each student "
        "DIR/<student>/report.html, report.json and run.json, and DIR/summary.csv over all.",
    )
    grade.set_defaults(command=_grade)
    grade.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a folder or a zip file")
    grade.add_argument(
        "--out", type=Path, default=Path("marks"), metavar="DIR", help="default: marks/"
    )
    grade.add_argument("--student", metavar="ID", help="default: the name of the folder or zip")
    grade.add_argument(
        "--check", default="*", metavar="GLOB", help="only these checks, such as '2b.*'"
    )
    grade.add_argument(
        "--jobs", type=_positive, default=1, metavar="N", help="submissions at a time (default: 1)"
    )
    grade.add_argument(
        "--data", choices=DATASETS, default="cifar10", help="what models are measured on"
    )
    grade.add_argument(
        "--quick",
        action="store_true",
        help="measure models on 1,000 images instead of all; the marks are provisional",
    )
    grade.add_argument(
        "--replay",
        metavar="CHECK",
        help="for staff: show exactly what this check called, got and expected; mark nothing",
    )
    grade.add_argument(
        "--save",
        type=Path,
        metavar="DIR",
        help="with --replay: every input, answer and expected answer as DIR/<student>/<check>.npz",
    )
    grade.add_argument(
        "--tier",
        choices=TIERS,
        help="hold student code back in this way only (default: the strongest that holds here)",
    )
    grade.add_argument(
        "--allow-unsafe",
        action="store_true",
        help="mark without isolation; student code then runs with your rights",
    )
    _add_batch(commands)
    verify = commands.add_parser(
        "verify",
        help="prove the checks: right submissions pass, mistakes are caught, cheats gain nothing",
        description="Mark every known right and wrong submission of instructor/ and print the "
        "matrix check x submission. Exit status 1 when a right one loses a point, a wrong one "
        "survives or loses points in what it does not break, a check takes points from nobody, "
        "or a tolerance does not stand between the two. With --exploits: hand in every hostile, "
        "faulty and unusual submission on every tier of isolation that this machine offers; exit "
        "status 1 when one gains, costs more than its own checks, or leaves something behind.",
    )
    verify.set_defaults(command=_verify)
    verify.add_argument(
        "--data",
        choices=DATASETS,
        default="shapes10",
        help="what models are measured on (default: shapes10, which proves the same in less time)",
    )
    verify.add_argument(
        "--jobs", type=_positive, default=2, metavar="N", help="submissions at a time (default: 2)"
    )
    verify.add_argument(
        "--out", type=Path, metavar="DIR", help="keep the folders of wrong tables and models here"
    )
    verify.add_argument(
        "--exploits", action="store_true", help="prove the walls instead, by attacking them"
    )
    verify.add_argument(
        "--tier",
        nargs="+",
        default=[],
        choices=TIERS,
        help="with --exploits: only these tiers (default: all that stand)",
    )
    verify.add_argument(
        "--cases",
        nargs="+",
        default=["*"],
        metavar="GLOB",
        help="with --exploits: only these cases, such as 'theft/*' 'escape/*'",
    )
    release = commands.add_parser(
        "release",
        help="make what is handed out: student bundle, Gradescope autograder, nbgrader course",
        description="Build the student bundle, the Gradescope autograder, the nbgrader course and "
        "the solved notebook, and put them into DIR if every proof holds. Exit status 1 when one "
        "does not; nothing is changed then.",
    )
    release.set_defaults(command=_release)
    release.add_argument(
        "--out", type=Path, default=Path("dist"), metavar="DIR", help="default: dist/"
    )
    release.add_argument(
        "--address",
        default="",
        metavar="URL",
        help="where students' notebooks in Colab will find DIR/colab.zip",
    )
    release.add_argument(
        "--course-id", default="quantization", metavar="ID", help="of the nbgrader course"
    )
    release.add_argument(
        "--data", choices=DATASETS, default="cifar10", help="what the graders measure models on"
    )
    release.add_argument(
        "--cell-timeout",
        type=_positive,
        default=1_800,
        metavar="SECONDS",
        help="limit for each cell of the notebooks (default: 1800)",
    )
    isolation = commands.add_parser(
        "isolation",
        help="say what student code can and cannot reach on this machine",
        description="Attack the sandbox on the strongest tier of isolation that holds here, and "
        "say what student code can and cannot reach, and what a stronger tier needs. "
        "Exit status 2 when student code cannot be held back.",
    )
    isolation.add_argument(
        "--tier", choices=TIERS, help="only this tier (default: the strongest that holds)"
    )
    isolation.add_argument(
        "--allow-unsafe", action="store_true", help="list what gets through instead of refusing"
    )
    isolation.set_defaults(command=_isolation)
    return parser


def _add_batch(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "batch",
        help="mark a whole class from what a course site exports",
        description="Mark everybody's latest hand-in from the folder or zip file that Canvas, "
        "Moodle, Gradescope, Blackboard or nbgrader exports, or from a folder of folders and zip "
        "files, and write DIR/class.html, a page for each student, and tables for the course site. "
        "Stopped at any moment, the same command goes on where it was.",
    )
    parser.set_defaults(command=_batch)
    parser.add_argument(
        "export", nargs="?", type=Path, metavar="EXPORT", help="a folder or a zip file"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("marks"), metavar="DIR", help="default: marks/"
    )
    parser.add_argument(
        "--course",
        type=Path,
        metavar="FILE",
        help="course.toml: deadline, what being late costs, extensions, who is excused",
    )
    parser.add_argument(
        "--manual",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="marks by hand: tables of student,check,points,comment, or nbgrader's gradebook.db",
    )
    parser.add_argument(
        "--anonymous", action="store_true", help="write pseudonyms for ids, everywhere"
    )
    parser.add_argument(
        "--jobs",
        type=_positive,
        metavar="N",
        help="submissions at a time (default: as many as there are cores and memory for)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="mark on the Dask cluster at this address instead, such as tcp://host:8786",
    )
    parser.add_argument(
        "--regrade",
        action="store_true",
        help="after a change of the grader or the rubric: mark again what it can touch, and show "
        "who moves, by how much, on which check; write nothing",
    )
    parser.add_argument(
        "--apply", action="store_true", help="with --regrade: write the marks that it shows"
    )
    parser.add_argument(
        "--check", default="*", metavar="GLOB", help="only these checks, such as '2b.*'"
    )
    parser.add_argument(
        "--data", choices=DATASETS, default="cifar10", help="what models are measured on"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="measure models on 1,000 images instead of all; the marks are provisional",
    )
    parser.add_argument(
        "--tier",
        choices=TIERS,
        help="hold student code back in this way only (default: the strongest that holds here)",
    )
    parser.add_argument(
        "--allow-unsafe",
        action="store_true",
        help="mark without isolation; student code then runs with your rights",
    )
    rehearsal = parser.add_argument_group(
        "a rehearsal", "Make a class of known marks in DIR/export and DIR/expected.json."
    )
    rehearsal.add_argument(
        "--fake", type=_positive, metavar="N", help="of N hand-ins; mark nothing"
    )
    rehearsal.add_argument(
        "--seed", type=int, default=0, metavar="S", help="equal seeds give equal classes"
    )
    rehearsal.add_argument(
        "--layout", choices=LAYOUTS, default="canvas", help="whose export it looks like"
    )


if __name__ == "__main__":
    raise SystemExit(main())
