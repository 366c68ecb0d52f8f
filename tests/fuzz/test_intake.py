"""Whatever file is submitted, intake gives a Submission or the one sentence that says why not.

The file formats that the trusted process looks into: an archive (`read_submission`), the outside of
a saved model (`intake.model_file`, without torch; its inside is opened behind the wall only), and
`answers.json`.

A long search: `CASES=1_000_000 python -m pytest tests/fuzz`.
"""

import math
import random
from dataclasses import replace
from pathlib import Path

from quantlab.errors import BadAnswers
from quantlab.formats.answers import (
    LONGEST_NAME,
    MOST_LAYERS,
    MSE_BITS,
    MSE_METHODS,
    TABLE1_METHODS,
    TRAININGS,
    VECTORS,
    Answers,
    to_text,
)
from quantlab.formats.parse_answers import parse
from quantlab.intake import model_file
from quantlab.intake.contents import LIMITS
from quantlab.intake.submission import Submission, UnreadableSubmission, read_submission
from quantlab.paths import CELLS
from tests.fuzz import archives
from tests.fuzz.campaign import Allowance, campaign
from tests.fuzz.mutation import ODD_TEXTS, damaged, edited

ARCHIVES = 5_000
MODELS = 10_000
ANSWERS = 10_000
MEMORY = Allowance(fixed=256 << 10, per_byte=40)  # bytes
# A list of members, and the dictionary of an LZMA member, may claim these lengths; room is made
# before the file turns out to be shorter.
OF_ARCHIVES = Allowance(fixed=LIMITS.directory_bytes + (33 << 20), per_byte=40)


def test_read_submission_reads_or_refuses_a_damaged_archive(tmp_path: Path) -> None:
    path = tmp_path / "ada.zip"

    def read(content: bytes) -> Submission:
        path.write_bytes(content)
        return read_submission(path)

    def check(content: bytes, submission: Submission) -> None:
        assert type(submission) is Submission
        assert submission.student == "ada"
        assert submission.solution is None or type(submission.solution) is str
        assert all(type(model) is bytes for model in submission.models.values())
        for sentence in (*submission.problems.values(), *submission.flags):
            assert sentence.isprintable()
            assert sentence.endswith(".")

    def make(draw: random.Random) -> bytes:
        return archives.hostile(draw, archives.SUBMISSIONS)

    tally = campaign(make, read, check, UnreadableSubmission, ARCHIVES, OF_ARCHIVES)
    print(f"\narchives: {tally}")
    assert list(tmp_path.iterdir()) == [path]
    if tally.tried >= ARCHIVES:
        assert tally.tried // 20 < tally.read < tally.tried
        assert len(tally.reasons) >= 5


def test_problem_is_a_sentence_or_none_for_a_damaged_model_file() -> None:
    class Fault(Exception):
        """What `problem` says of a file that it would not pass on."""

    def read(content: bytes) -> None:
        if (sentence := model_file.problem("ResNet20_W8A8.pt", content)) is not None:
            raise Fault(sentence)

    def check(content: bytes, result: None) -> None:
        assert content.startswith(b"PK")

    def make(draw: random.Random) -> bytes:
        return archives.hostile(draw, archives.MODELS)

    tally = campaign(make, read, check, Fault, MODELS, MEMORY)
    print(f"\nmodel files: {tally}")
    for sentence in tally.reasons:
        assert sentence.startswith("ResNet20_W8A8.pt ")
        assert sentence.isprintable()
        assert sentence.endswith(".")
    if tally.tried >= MODELS:
        assert tally.tried // 100 < tally.read < tally.tried
        assert len(tally.reasons) >= 7


FILLED = to_text(
    Answers(
        student="ada",
        dataset="CIFAR-10",
        mse={v: {m: dict.fromkeys(MSE_BITS, 0.25) for m in MSE_METHODS} for v in VECTORS},
        table1={t: {c: dict.fromkeys(TABLE1_METHODS, 91.5) for c in CELLS} for t in TRAININGS},
        bit_widths={"layer1.0.conv1": 4, "fc": 8},
    )
)
SMALL = to_text(Answers(student="müller", dataset="CIFAR-10"))
PLAIN = '{"version": 1, "student": "ada", "dataset": "CIFAR-10", "bit_widths": {"fc": 4}}'
TEXTS = (FILLED, SMALL, PLAIN)


def hostile_answers(draw: random.Random) -> bytes:
    text = draw.choice(TEXTS)
    match draw.randrange(6):
        case 0:
            return damaged(draw, text.encode(), [other.encode() for other in TEXTS])
        case 1:
            return draw.choice(ODD_TEXTS).encode() + draw.randbytes(draw.randrange(20))
    return edited(draw, text, TEXTS).encode("utf-8", "surrogatepass")


def test_parse_reads_or_refuses_damaged_answers() -> None:
    tally = campaign(hostile_answers, parse, check_answers, BadAnswers, ANSWERS, MEMORY)
    print(f"\nanswers.json: {tally}")
    assert all(reason.isprintable() and reason.endswith(".") for reason in tally.reasons)
    assert all(len(reason) < 600 for reason in tally.reasons)
    if tally.tried >= ANSWERS:
        assert tally.tried // 100 < tally.read < tally.tried // 2
        assert len(tally.reasons) >= 25


def check_answers(content: bytes, answers: Answers) -> None:
    assert parse(to_text(answers).encode("utf-8")) == replace(answers, unread={}, notes=())
    assert len(answers.unread) <= 60
    assert all(len(text) < 600 for text in (*answers.unread.values(), *answers.notes))
    assert all(text.isprintable() for text in (*answers.unread.values(), *answers.notes))
    assert 0 < len(answers.student) <= LONGEST_NAME
    assert 0 < len(answers.dataset) <= LONGEST_NAME
    assert set(answers.mse) == set(VECTORS)
    assert all(set(m) == set(MSE_METHODS) for m in answers.mse.values())
    assert set(answers.table1) == set(TRAININGS)
    assert all(set(cells) == set(CELLS) for cells in answers.table1.values())
    cells = [
        *(row for methods in answers.mse.values() for row in methods.values()),
        *(row for rows in answers.table1.values() for row in rows.values()),
    ]
    for value in (number for row in cells for number in row.values()):
        assert value is None or (type(value) is float and math.isfinite(value))
    assert len(answers.bit_widths) <= MOST_LAYERS
    assert all(type(bits) is int for bits in answers.bit_widths.values())
