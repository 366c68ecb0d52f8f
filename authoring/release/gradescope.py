"""Build the zip that an instructor uploads to Gradescope as autograder.

It contains the grader, the reference, the mutants, the float models and the PTQ table, but no
course secret. `setup.sh` creates one when the image is built, unless the instructor adds a file
`course_secret` to the zip. Only staff can download an autograder.
"""

import json
from pathlib import Path

from authoring.release.bundle import Bundle, Packing
from authoring.release.student import HANDED_OUT, IF_THERE, requirements
from autograder.engine.record import CheckResult, Report, Verdict
from autograder.engine.rubric import Rubric, load_rubric
from autograder.grading.submission import NOT_REACHED, select_checks
from autograder.platforms.gradescope_harness import Settings
from autograder.report.gradescope import render
from quantlab.paths import DATASETS, KIT

TITLE = "the Gradescope autograder"


def gradescope_bundle(settings: Settings, kit: Path = KIT) -> Bundle:
    """Return the contents of the autograder zip. Raises `BadBundle`."""
    packing = Packing(TITLE)
    for name in ("setup.sh", "run_autograder"):
        packing.copy(HANDED_OUT / "gradescope" / name, name, program=True)
    packing.add("gradescope.toml", settings_text(settings))
    packing.add("first_results.json", first_results(load_rubric(), settings))
    packing.add("requirements.txt", requirements(kit, for_the_grader=True))
    for pattern in ("*.py", "*.toml", "*.j2"):
        packing.copy_tree(kit / "autograder", "autograder", pattern)
    packing.copy_tree(kit / "quantlab", "quantlab", "*.py")
    packing.copy(kit / "instructor" / "__init__.py", "instructor/__init__.py")
    packing.copy(kit / "instructor" / "solution.py", "instructor/solution.py")
    for folder in ("corpus/mutants", "stand_ins"):
        packing.copy_tree(kit / "instructor" / folder, f"instructor/{folder}", "*.py")
    for dataset in DATASETS:
        for name in ("ptq_table.json", "quick_images.json"):
            packing.copy(
                kit / "instructor" / "checkpoints" / dataset / name,
                f"instructor/checkpoints/{dataset}/{name}",
            )
        model = f"checkpoints/resnet20_{dataset}.pt"
        packing.copy(kit / model, model)
    packing.copy(kit / "data" / "README.md", "data/README.md")
    for name in IF_THERE:
        if (kit / name).is_file():
            packing.copy(kit / name, name)
    return packing.pack()


def settings_text(settings: Settings) -> str:
    """Return the text of gradescope.toml."""
    explained = (
        ("data", settings.data, "what models are measured on: cifar10 or shapes10"),
        (
            "quick",
            settings.quick,
            "true measures models on 1,000 test images, for provisional points, and is faster",
        ),
        (
            "checks",
            settings.checks,
            "'*' for all; '[12][ab].*' measures no model and takes less memory",
        ),
        (
            "hidden_checks",
            settings.hidden_checks,
            "visible, after_due_date, after_published or hidden; students see no total otherwise",
        ),
    )
    lines = ["# Settings of this autograder. Change them, zip the files again and upload the zip."]
    for name, value, meaning in explained:
        lines += [f"# {meaning}", f"{name} = {json.dumps(value)}"]
    return "\n".join(lines) + "\n"


def first_results(rubric: Rubric, settings: Settings) -> str:
    """Return the results of a submission before grading: every check not reached."""
    report = Report(
        student="unknown",
        dataset=settings.data,
        isolation="No worker was started yet.",
        checks=tuple(
            CheckResult(
                id=check.id,
                question=rubric.items[check.id].question,
                title=check.title,
                visible=rubric.items[check.id].visible,
                source=check.source,
                verdict=Verdict.BLOCKED,
                points=0.0,
                max_points=rubric.items[check.id].points,
                points_alone=0.0,
                message=NOT_REACHED,
            )
            for check in select_checks(rubric, settings.checks)
        ),
        question_titles={question.id: question.title for question in rubric.questions},
        provisional=settings.quick or settings.checks != "*",
    )
    return render(report, settings.hidden_checks, finished=False)
