"""Compose odd submissions at random: names, copies, junk, archives in archives.

Each role of a submission gets one treatment, and the treatment says what must come of the role.
"""

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePosixPath

import torch

from quantlab.intake.released import graded_functions
from quantlab.intake.roles import ANSWERS, MODELS, REPORT, SOLUTION
from tests.review.submissions import model, reference, stub

Files = Mapping[str, bytes]


def saved(values: object) -> bytes:
    """Return the bytes that `torch.save` writes."""
    stream = io.BytesIO()
    torch.save(values, stream)
    return stream.getvalue()


SOURCE = "".join(
    f"def {name}(*arguments): return 0\n"
    for name in sorted(graded_functions(reference().decode("utf-8")))
).encode()
RECORD = b'{"version": 1, "student": "ada", "dataset": "CIFAR-10", "bit_widths": {"fc": 4}}'
ROLES = (SOLUTION, ANSWERS, *MODELS, REPORT)
CONTENTS: Files = {
    SOLUTION: SOURCE,
    ANSWERS: RECORD,
    REPORT: b"%PDF-1.7 three scales compared",
    **dict.fromkeys(MODELS, model()),
}
OTHER_CONTENTS: Files = {
    SOLUTION: SOURCE + b"# newer\n",
    ANSWERS: RECORD.replace(b"4", b"5"),
    **dict.fromkeys(MODELS, saved({"fc.weight_int": torch.zeros(3, dtype=torch.int8)})),
}


class Outcome(Enum):
    """Say what must come of a role."""

    UNDERSTOOD = "its file is used, and its checks need no review"
    MISSING = "nothing was submitted for it"
    REVIEW = "staff must look"


NAMES = {
    SOLUTION: (
        *("Kopie von solution.py", "Copie de solution.py", "Copia de solution.py", "SOLUTION.PY"),
        *("solution (1).py", "solution - 副本.py", "solution_final.py", "solution-v2.py"),
        *("solution.py.txt", "solution_jan.py", "my solution.py", "solution", "Kopia solution.py"),
        *("solution.txt", "quantization.py", "hw3/lab neu.py", "solution.py.bak", "solution.py "),
        *("solution.python", "solution.py.", "solution,py"),
    ),
    ANSWERS: (
        *("Answers.json", "answers (2).json", "answers_ada.json", "Kopie von answers.json"),
        *("answers.json.txt", "answers", "tables.json", "answers - Copy.json"),
    ),
    REPORT: (
        *("report.md", "Bericht.pdf", "main.html", "Kopie von main.ipynb", "main_ada.ipynb"),
        *("report_final.docx", "abgabe.odt", "text.txt", "README.md", "main.ipynb.json"),
        *("report.jpg", "my report.pptx"),
    ),
}
MODEL_NAMES = (
    *("{stem}.pth", "{stem}.pt.zip", "{stem}.pt.txt", "{dashed}.pt", "{stem}_best.pt", "{stem}"),
    *("Copy of {stem} (3).pt", "checkpoints/{stem}.pt", "{widths}.ckpt", "quantized {stem}.bin"),
    *("{stem}.pth.tar", "{stem}.tar", "{stem}.weights", "{stem}.pkl"),
)
JUNK: Files = {
    "loss.png": b"\x89PNG\r\n\x1a\n",
    "train_log.txt": b"epoch 1",
    "requirements.txt": b"torch",
    "train.log": b"epoch 1",
    "checkpoints/resnet20_cifar10.pt": b"PK\x03\x04",
    "results/checkpoints/W2A2-SAWB-0a1b2c.pt": b"PK\x03\x04",
    "data/cifar-10-python.tar.gz": b"\x1f\x8b\x08",
    "data/cifar-10-batches-py/data_batch_1": b"\x80\x02}",
    "quantlab/network/layers.py": b"def quantize(): ...",
    "venv/lib/python3.12/site-packages/solution.py": b"def get_scale(): ...",
    "__MACOSX/._solution.py": b"\0\5\26\7",
    ".ipynb_checkpoints/solution.py": b"def get_scale(): old",
    "__pycache__/solution.cpython-312.pyc": b"\0",
    ".git/HEAD": b"ref: refs/heads/main",
    "stub/solution.py": stub(),
}


def zipped(files: Files, compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip that has these names, as other programs would write them."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo("x")
            member.filename = name
            archive.writestr(member, content, compression)
    return stream.getvalue()


def tarred(files: Files) -> bytes:
    """Return a tar archive of these files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def locked(files: Files) -> bytes:
    """Return a zip whose list of members says that a password is needed."""
    content = bytearray(zipped(files))
    place = -1
    while (place := content.find(b"PK\x01\x02", place + 1)) >= 0:
        content[place + 8] |= 1
    return bytes(content)


OPENED: Mapping[str, Callable[[Files], bytes]] = {
    ".zip": zipped,
    ".ZIP": lambda files: zipped(files, zipfile.ZIP_DEFLATED),
    ".bzip2.zip": lambda files: zipped(files, zipfile.ZIP_BZIP2),
    ".lzma.zip": lambda files: zipped(files, zipfile.ZIP_LZMA),
    ".tar": tarred,
    ".tar.gz": lambda files: gzip.compress(tarred(files), 1),
    ".tgz": lambda files: gzip.compress(tarred(files), 1),
    ".tar.bz2": lambda files: bz2.compress(tarred(files), 1),
    ".tar.xz": lambda files: lzma.compress(tarred(files), preset=0),
    "": zipped,
}
NOT_OPENED: Mapping[str, Callable[[Files], bytes]] = {
    ".rar": lambda files: b"Rar!\x1a\x07\x01\x00" + bytes(300),
    ".7z": lambda files: b"7z\xbc\xaf\x27\x1c" + bytes(300),
    ".zip": locked,
    ".tar.gz": lambda files: gzip.compress(tarred(files))[:-40],
    ".tar.zst": lambda files: b"\x28\xb5\x2f\xfd" + bytes(300),
}
PREFIXES = ("", "hw3/", "Übung 3/abgabe/", "/home/ada/", "../", "C:\\Users\\ada\\", "作业/")


@dataclass
class Oddity:
    """Hold an odd submission: an archive's name and bytes, and the outcome of each role."""

    name: str = "ada.zip"
    content: bytes = b""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    has_unopened: bool = False


def compose(draw: random.Random) -> Oddity:
    """Return an odd submission that the numbers of `draw` decide."""
    oddity, files = Oddity(), {}
    archives = 0
    treatments = ("plain", "plain", "name", "name", "copy", "archive", "missing", "lost", "two")
    for role in ROLES:
        treatment = draw.choice(treatments)
        if treatment in ("archive", "lost") and archives >= 2:
            treatment = "name"
        if treatment == "two" and role == REPORT:
            treatment = "plain"
        plain = {"report.pdf" if role == REPORT else role: CONTENTS[role]}
        oddity.outcomes[role] = Outcome.UNDERSTOOD
        if treatment == "missing":
            oddity.outcomes[role] = Outcome.MISSING
            continue
        if treatment == "name":
            plain = {_near_name(draw, role): CONTENTS[role]}
        elif treatment == "copy":
            plain = {**plain, f"copy/{_near_name(draw, role)}": CONTENTS[role]}
        elif treatment == "two":
            rival = _near_name(draw, role, rival=True)
            plain = {**plain, f"other/{rival}": OTHER_CONTENTS[role]}
            oddity.outcomes[role] = Outcome.REVIEW
        elif treatment == "archive":
            archives += 1
            plain = _wrapped(draw, str(archives), plain)
        elif treatment == "lost":
            archives += 1
            kind = draw.choice(sorted(NOT_OPENED))
            name = draw.choice(("abgabe", "hw3.v2", "solution (1)"))
            plain = {f"{archives}/{name}{kind}": NOT_OPENED[kind](plain)}
            oddity.outcomes[role] = Outcome.REVIEW
            oddity.has_unopened = True
        files |= plain
    junk = draw.sample(sorted(JUNK), draw.randrange(6))
    files |= {name: JUNK[name] for name in junk if name not in files}
    prefix = draw.choice(PREFIXES)
    suffix = draw.choice([kind for kind in sorted(OPENED) if kind])
    if prefix in ("/home/ada/", "../", "C:\\Users\\ada\\"):
        # Only the last part of such a name counts; folders would be lost.
        files = {name: content for name, content in files.items() if "/" not in name} | {
            f"hw3/{name}": content for name, content in files.items() if "/" in name
        }
        named = {(name if "/" in name else prefix + name): c for name, c in files.items()}
    else:
        named = {prefix + name: content for name, content in files.items()}
    order = sorted(named)
    draw.shuffle(order)
    oddity.name = f"ada{suffix}"
    oddity.content = OPENED[suffix]({name: named[name] for name in order})
    return oddity


def _near_name(draw: random.Random, role: str, rival: bool = False) -> str:
    """Return a name for a role; that of a rival contains the assignment's name."""
    if role not in MODELS:
        stem = PurePosixPath(role).stem
        return draw.choice([n for n in NAMES[role] if not rival or stem in n.casefold()])
    stem = PurePosixPath(role).stem
    widths = stem.removeprefix("ResNet20_")
    name = draw.choice([name for name in MODEL_NAMES if not rival or "widths" not in name])
    return name.format(stem=stem, dashed=stem.replace("_", "-"), widths=widths)


def _wrapped(draw: random.Random, folder: str, files: Files) -> Files:
    """Return the files in one to three archives, one in the other."""
    for level in range(draw.choice((1, 1, 2, 3))):
        kind = draw.choice(sorted(OPENED))
        files = {f"{folder}/abgabe{level}{kind}": OPENED[kind](files)}
    return files
