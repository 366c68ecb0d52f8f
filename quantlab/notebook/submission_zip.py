"""The student's submission as one `submission.zip`, written by the notebook's last cell.

It contains solution.py, the notebook, answers.json, the saved models that exist, and a report if
one was written. `write_submission` prints what is in the archive and what is missing. A part of the
assignment can be submitted, too.
"""

import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

from quantlab.atomic_files import write_atomically
from quantlab.errors import CannotSubmit
from quantlab.formats.submission_files import (
    ANSWERS,
    ARCHIVE,
    MODELS,
    NOTEBOOK,
    OPTIONAL_MODELS,
    SOLUTION,
    WRITTEN_REPORTS,
)
from quantlab.notebook.session import NO_STUDENT, Session

COLAB_SECONDS = 120  # Colab's page may be slow to send the notebook; its default of 5 is too short


def write_submission(session: Session) -> Path:
    """Write `submission.zip` into the student's folder, print its contents, and return its path.

    Raises:
        CannotSubmit: No student id is set, or solution.py does not exist.
    """
    if session.student == NO_STUDENT:
        raise CannotSubmit(
            "No student id is set. Enter yours in STUDENT at the top and rerun all cells: your "
            "numbers depend on your id."
        )
    if not (session.folder / SOLUTION).is_file():
        raise CannotSubmit(f"There is no {SOLUTION} in {session.folder}: put yours there.")
    files = _read_files(session)
    notebook = _notebook(session)
    if notebook is not None:
        files[NOTEBOOK] = notebook
    archive = session.folder / ARCHIVE
    write_atomically(archive, lambda stream: stream.write(_zip(files)))
    _print_contents(session, files)
    if session.place == "Colab":
        _offer_download(archive)
    return archive


def _read_files(session: Session) -> dict[str, bytes]:
    """Return the content of every existing file but the notebook, by its name in the archive."""
    places = [(SOLUTION, session.folder)]
    places += [(name, session.results) for name in (ANSWERS, *MODELS, *OPTIONAL_MODELS)]
    places += [(name, session.folder) for name in WRITTEN_REPORTS]
    return {
        name: (folder / name).read_bytes() for name, folder in places if (folder / name).is_file()
    }


def _notebook(session: Session) -> bytes | None:
    """Return the notebook as last saved, in Colab as the page holds it; None if out of reach."""
    if session.place == "Colab":
        return _notebook_from_colab()
    opened = Path(os.environ.get("JPY_SESSION_NAME", NOTEBOOK)).name
    for name in (opened, NOTEBOOK):
        path = session.folder / name
        if path.suffix == ".ipynb" and path.is_file():
            return path.read_bytes()
    return None


def _notebook_from_colab() -> bytes | None:
    """Return the open notebook; the machine that runs it has no file of it."""
    try:
        from google.colab import _message  # noqa: PLC0415

        answer = _message.blocking_request("get_ipynb", request="", timeout_sec=COLAB_SECONDS)
        return json.dumps(answer["ipynb"], ensure_ascii=False, indent=1).encode()
    except Exception as problem:  # an interface private to Colab, which may raise anything
        print(
            f"Colab did not send the notebook ({type(problem).__name__}): choose File > Download > "
            f"Download .ipynb, name it {NOTEBOOK} and submit it beside {ARCHIVE}."
        )
        return None


def _zip(files: Mapping[str, bytes]) -> bytes:
    """Return an archive without times: the same bytes for the same files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _print_contents(session: Session, files: Mapping[str, bytes]) -> None:
    size = sum(map(len, files.values())) / 2**20
    print(f"{ARCHIVE}: {', '.join(sorted(files))} ({size:.1f} MB before packing)")
    missing = [name for name in (ANSWERS, *MODELS, NOTEBOOK) if name not in files]
    if missing:
        print(f"Missing, not in the archive: {', '.join(missing)}.")
    try:
        compile(files[SOLUTION], SOLUTION, "exec")
    except (SyntaxError, ValueError) as error:
        print(f"{SOLUTION} cannot be imported ({error}): fix it, or it gets no points.")
    if NOTEBOOK in files and session.place != "Colab":
        print("The archive contains the notebook as last saved: save it, then run this cell again.")
    if session.fast:
        print("These are FAST results, a rehearsal: set FAST to False before you submit.")
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
