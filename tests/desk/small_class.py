"""A small class as `batch` publishes it, made without grading: reports of every kind, figures."""

import base64
import io
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from docx import Document

from autograder.course.class_folder import JOURNAL
from autograder.course.class_record import ClassRecord
from autograder.course.course_file import Policy
from autograder.course.graded_class import BatchNote, write_note
from autograder.course.outputs.class_json import class_json
from autograder.course.policy import apply_policy
from autograder.course.publish import PublishOptions
from autograder.engine.record import Verdict
from quantlab.formats.answers import MSE_BITS, MSE_METHODS, Answers, to_text
from quantlab.paths import CELLS, KIT
from tests.class_outputs.people import WRITTEN, a_record, a_report, an_outcome

ANSWER = "The symmetric range clips nothing: 0.0123 at 4 bits on A, and 0.0999 on B."
QAT = "Training wins 7.5 points at W4A4: 83.2 % against 90.7 %."


def png(width: int = 40, height: int = 24, gray: int = 200) -> bytes:
    """A gray PNG picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes([gray]) * width) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def notebook(answers: Mapping[str, str], keep_metadata: bool = True) -> bytes:
    """The released notebook with written answers, and a picture in each cell of figures."""
    content = json.loads((KIT / "main.ipynb").read_text(encoding="utf-8"))
    picture = base64.b64encode(png()).decode()
    for cell in content["cells"]:
        question = cell.get("id", "").removeprefix("written-")
        if question in answers:
            text = "".join(cell["source"])
            cell["source"] = text.replace("*Write your answer here.*", answers[question])
        if cell.get("id") in ("curves", "bias"):
            data = {"image/png": picture, "text/html": "<script>alert(1)</script>"}
            cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": data}]
        if not keep_metadata:
            cell["metadata"] = {}
            cell.pop("id", None)
    return json.dumps(content).encode()


def docx(text: str) -> bytes:
    """A Word document with one paragraph a line."""
    document = Document()
    for line in text.split("\n"):
        document.add_paragraph(line)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def answers_json(student: str, dataset: str = "CIFAR-10") -> bytes:
    """A filled answers.json, the same numbers for each student."""
    empty = Answers(student, dataset)
    steps = dict(zip(MSE_BITS, (0.00012, 0.0123, 0.31), strict=True))
    percents = dict(zip(CELLS, (92.3, 83.2, 80.0, 10.6, 9.0), strict=True))
    table1 = {
        training: {
            cell: {"SAWB": value + gain, "sym": value - 1} for cell, value in percents.items()
        }
        for training, gain in (("ptq", 0.0), ("qat", 7.5))
    }
    mse = {vector: {method: dict(steps) for method in MSE_METHODS} for vector in empty.mse}
    return to_text(replace(empty, mse=mse, table1=table1)).encode()


def report_text(number: int) -> str:
    """A report with a section for each question."""
    return (
        f"# Report {number}\n\n## 1b. Scales\n\n{ANSWER}\n\n## 1c. Comparison\n\nSAWB is best at 2 "
        f"bits.\n\n## 2d. Training\n\n{QAT}\n"
    )


def files_of(number: int) -> Mapping[str, bytes]:
    """The files of student `number`: notebooks, Markdown, text and docx take turns."""
    own = f"{ANSWER} This is answer {number}."
    reports: tuple[tuple[str, bytes], ...] = (
        ("main.ipynb", notebook({"1b": own, "1c": "SAWB.", "2d": QAT})),
        ("report.md", report_text(number).encode()),
        ("main.ipynb", notebook({"1b": own}, keep_metadata=False)),
        ("report.docx", docx(report_text(number))),
        ("notes of my report.txt", b"I explain nothing by question."),
    )
    name, content = reports[number % len(reports)]
    return {name: content, "answers.json": answers_json(f"student-{number:03d}")}


def make_class(folder: Path, count: int = 5, missing: int = 0) -> Path:
    """Write an export and its published class; return the folder of `batch --out`.

    The last `missing` students submitted no report.
    """
    export, out = folder / "export", folder / "results"
    outcomes = []
    for number in range(count):
        student = f"student-{number:03d}"
        (export / student).mkdir(parents=True)
        without = number >= count - missing
        files = {"solution.py": b"x = 1\n"} if without else files_of(number)
        for name, content in files.items():
            (export / student / name).write_bytes(content)
        changes = dict.fromkeys(WRITTEN, Verdict.MISSING) if without else {}
        outcomes.append(an_outcome(a_report(student, **changes), path=student))
    return publish(export, out, a_record(*outcomes))


def publish(export: Path, out: Path, record: ClassRecord) -> Path:
    """Write class.json, the note of `batch` and an empty journal."""
    (out / JOURNAL).mkdir(parents=True)
    scores = apply_policy(record, Policy(), {})
    (out / "class.json").write_text(class_json(record, scores, Policy()), encoding="utf-8")
    write_note(out, BatchNote(export, PublishOptions()))
    return out
