"""Turn cases of the corpus into submissions, as the intake reads them.

Wrong tables and damaged models are written to a folder and read like any other submission, so the
code that refuses them is the code that would refuse a student's.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from autograder.engine.corpus import Alternative, Mutant
from quantlab.intake.submission import MODELS, Submission, read_submission

STUDENT = "known"


@dataclass(frozen=True)
class CorrectSubmission:
    """Hold what every case starts from: the reference, correct tables, correct models."""

    solution: str
    answers: str  # the text of answers.json
    models: Mapping[str, bytes]
    folder: Path  # where submissions may be written

    @cached_property
    def unchanged(self) -> Submission:
        """Return the correct submission."""
        return self._read("right", json.loads(self.answers), self.models)

    def apply(self, case: Mutant | Alternative) -> Submission:
        """Return the submission of `case`."""
        if isinstance(case, Alternative) or case.in_solution:
            return replace(self.unchanged, solution=case.source(self.solution))
        answers, models = json.loads(self.answers), dict(self.models)
        case.change()(answers if case.folder == "answers" else models)
        return self._read(case.name, answers, models)

    def _read(self, name: str, answers: object, models: Mapping[str, bytes]) -> Submission:
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "solution.py").write_text(self.solution, encoding="utf-8")
        (folder / "report.md").write_text("# Report\n", encoding="utf-8")
        (folder / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
        for file, content in models.items():
            (folder / file).write_bytes(content)
        return read_submission(folder, STUDENT)


def load_correct(solution: str, answers: str, models: Path, folder: Path) -> CorrectSubmission:
    """Return the correct submission; `models` is the folder of the reference's saved models."""
    contents = {name: (models / name).read_bytes() for name in MODELS}
    correct = CorrectSubmission(solution, answers, contents, folder)
    correct.unchanged  # noqa: B018 - cached now, before several threads read it
    return correct
