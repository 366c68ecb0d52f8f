"""Known submissions as the intake finds them.

Wrong tables and damaged models are written to a folder and read like anybody's submission, so that
whatever refuses them is what would refuse a student's.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from autograder.engine.corpus import Alternative, Mutant
from autograder.intake.submission import MODELS, Submission, read_submission

STUDENT = "known"


@dataclass(frozen=True)
class Right:
    """What every known submission starts from: the reference, right tables, right models."""

    solution: str
    record: str  # the text of answers.json
    models: Mapping[str, bytes]
    folder: Path  # where submissions may be written

    @cached_property
    def unchanged(self) -> Submission:
        """The right submission."""
        return self._read("right", json.loads(self.record), self.models)

    def submission(self, known: Mutant | Alternative) -> Submission:
        """What the intake makes of `known`."""
        if isinstance(known, Alternative) or known.in_solution:
            return replace(self.unchanged, solution=known.source(self.solution))
        record, models = json.loads(self.record), dict(self.models)
        known.change()(record if known.folder == "answers" else models)
        return self._read(known.name, record, models)

    def _read(self, name: str, record: object, models: Mapping[str, bytes]) -> Submission:
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        (place / "solution.py").write_text(self.solution, encoding="utf-8")
        (place / "report.md").write_text("# Report\n", encoding="utf-8")
        (place / "answers.json").write_text(json.dumps(record), encoding="utf-8")
        for file, content in models.items():
            (place / file).write_bytes(content)
        return read_submission(place, STUDENT)


def right(solution: str, record: str, models: Path, folder: Path) -> Right:
    """`models` is the folder of the reference's five saved models."""
    contents = {name: (models / name).read_bytes() for name in MODELS}
    start = Right(solution, record, contents, folder)
    start.unchanged  # noqa: B018 - read now, before several threads ask for it
    return start
