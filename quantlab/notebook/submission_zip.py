"""What a student hands in: one `submission.zip`, put together by the notebook's last cell.

It holds solution.py, the notebook, answers.json, the saved models that are there, and a report
where one was written. Nothing is left out in silence: `hand_in` prints what is in the archive and
what is missing, and a part of the assignment can be handed in as well as all of it.

It can fail with a `CannotHandIn`, one sentence: no student id, or no solution.py.
"""

import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

from quantlab.atomic_files import write_atomically
from quantlab.notebook.session import NOBODY, Session
from quantlab.paths import CELLS

ARCHIVE = "submission.zip"
SOLUTION, NOTEBOOK, ANSWERS = "solution.py", "main.ipynb", "answers.json"
MODELS = tuple(f"ResNet20_{cell}.pt" for cell in CELLS)
OPTIONAL = ("ResNet20_variable.pt", "ResNet20_variable.packed")
REPORTS = ("report.pdf", "report.md")
COLAB_SECONDS = 120  # Colab's page may be slow to give the notebook; its default of 5 is not enough


class CannotHandIn(Exception):
    """There is nothing to hand in, or nobody who does; the message says what is missing."""


def hand_in(session: Session) -> Path:
    """Write `submission.zip` into the student's folder, say what is in it, and return its path.

    Raises `CannotHandIn`.
    """
    if session.student == NOBODY:
        raise CannotHandIn(
            "Nobody hands this in: write your student id into STUDENT at the top, run the setup "
            "cell and then all cells again, because your numbers depend on your id."
        )
    if not (session.folder / SOLUTION).is_file():
        raise CannotHandIn(f"There is no {SOLUTION} in {session.folder}: put yours there.")
    files = _found(session)
    notebook = _notebook(session)
    if notebook is not None:
        files[NOTEBOOK] = notebook
    archive = session.folder / ARCHIVE
    write_atomically(archive, lambda stream: stream.write(_zipped(files)))
    _tell(session, files)
    if session.place == "Colab":
        _offer_download(archive)
    return archive


def _found(session: Session) -> dict[str, bytes]:
    """The content of every file but the notebook, by its name in the archive."""
    places = [(SOLUTION, session.folder)]
    places += [(name, session.results) for name in (ANSWERS, *MODELS, *OPTIONAL)]
    places += [(name, session.folder) for name in REPORTS]
    return {
        name: (folder / name).read_bytes() for name, folder in places if (folder / name).is_file()
    }


def _notebook(session: Session) -> bytes | None:
    """The notebook as it was last saved; in Colab as the page has it. None when out of reach."""
    if session.place == "Colab":
        return _from_colab()
    opened = Path(os.environ.get("JPY_SESSION_NAME", NOTEBOOK)).name
    for name in (opened, NOTEBOOK):
        path = session.folder / name
        if path.suffix == ".ipynb" and path.is_file():
            return path.read_bytes()
    return None


def _from_colab() -> bytes | None:
    """The open notebook, which is no file on the machine that runs it."""
    try:
        from google.colab import _message  # noqa: PLC0415

        answer = _message.blocking_request("get_ipynb", request="", timeout_sec=COLAB_SECONDS)
        return json.dumps(answer["ipynb"], ensure_ascii=False, indent=1).encode()
    except Exception as problem:  # private to Colab: whatever it raises, the rest is handed in
        print(
            f"Colab did not give the notebook ({type(problem).__name__}): choose File > Download > "
            f"Download .ipynb, name it {NOTEBOOK} and hand it in beside {ARCHIVE}."
        )
        return None


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """The same bytes for the same files: the time of day is in no entry."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _tell(session: Session, files: Mapping[str, bytes]) -> None:
    size = sum(map(len, files.values())) / 2**20
    print(f"{ARCHIVE}: {', '.join(sorted(files))} ({size:.1f} MB before packing)")
    missing = [name for name in (ANSWERS, *MODELS, NOTEBOOK) if name not in files]
    if missing:
        print(f"Not in it, because not there: {', '.join(missing)}.")
    try:
        compile(files[SOLUTION], SOLUTION, "exec")
    except (SyntaxError, ValueError) as error:
        print(f"{SOLUTION} cannot be imported ({error}): correct it, it would get no points.")
    if NOTEBOOK in files and session.place != "Colab":
        print("The notebook is in it as last saved: save it, then run this cell once more.")
    if session.fast:
        print("These are FAST results, a rehearsal: set FAST to False for what you hand in.")
    print(f"Student {session.student}, {session.train.name}.")


def _offer_download(archive: Path) -> None:
    try:
        from google.colab import files  # noqa: PLC0415

        files.download(str(archive))
    except Exception as problem:  # a blocked download must not look like a lost archive
        print(
            f"The download did not start ({type(problem).__name__}): take {archive} from the "
            "Files pane on the left."
        )
