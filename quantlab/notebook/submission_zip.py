"""The student's submission as one `submission.zip`, written by the notebook's last cell.

It contains solution.py, the open notebook, answers.json, the saved models that exist, and a report
if one was written. A part of the assignment can be submitted, too. `write_submission` prints what
is in the archive, and `rehearse_submission` shows what the grader would make of it.
"""

import io
import json
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from quantlab.atomic_files import write_atomically
from quantlab.errors import CannotSubmit, UnreadableSubmission
from quantlab.formats.submission_files import (
    ANSWERS,
    ARCHIVE,
    MODELS,
    NOTEBOOK,
    OPTIONAL_MODELS,
    SOLUTION,
    WRITTEN_REPORTS,
)
from quantlab.intake.submission import read_submission
from quantlab.notebook.executed_cells import executed_cells
from quantlab.notebook.open_notebook import SavedNotebook, notebooks_in, open_notebook
from quantlab.notebook.session import NO_STUDENT, Session
from quantlab.rehearsal.rehearse import rehearse
from quantlab.rehearsal.table import RehearsalTable

COLAB_SECONDS = 120  # Colab's page may be slow to send the notebook; its default of 5 is too short


def write_submission(session: Session) -> Path:
    """Write `submission.zip` into the student's folder, print its contents, and return its path.

    Raises:
        CannotSubmit: No student id is set, solution.py does not exist, or the notebook on disk
            lacks cells that ran.
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


def rehearse_submission(archive: Path) -> RehearsalTable:
    """Return the table of what the grader would make of `archive`.

    Raises:
        KitError: The archive cannot be read, or Python cannot be started again.
    """
    print(f"Reading {archive.name} as the grader does. This takes about ten seconds.")
    return RehearsalTable(f"{archive.name}, read as the grader reads it", rehearse(archive))


def _read_files(session: Session) -> dict[str, bytes]:
    """Return the content of every existing file but the notebook, by its name in the archive."""
    places = [(SOLUTION, session.folder)]
    places += [(name, session.results) for name in _results(session.results)]
    places += [(name, session.folder) for name in WRITTEN_REPORTS]
    return {
        name: (folder / name).read_bytes() for name, folder in places if (folder / name).is_file()
    }


def _results(folder: Path) -> Iterator[str]:
    """Yield the names of the results, also of files that the grader takes for a missing one."""
    yield from (ANSWERS, *MODELS, *OPTIONAL_MODELS)
    try:
        read = read_submission(folder)
    except UnreadableSubmission:
        return
    yield from (path for path in read.used if "/" not in path)
    yield from (file.path for file in read.unused if file.path and "/" not in file.path)


def _notebook(session: Session) -> bytes | None:
    """Return the notebook as last saved, in Colab as the page holds it; None if out of reach.

    Raises:
        CannotSubmit: Cells that ran since it was saved are not in it.
    """
    if session.place == "Colab":
        return _notebook_from_colab()
    executed = executed_cells()
    saved = open_notebook(session.folder, executed)
    if saved is None:
        return None
    name = saved.path.name
    if unsaved := saved.unsaved(executed):
        cells = "1 executed cell is" if len(unsaved) == 1 else f"{len(unsaved)} executed cells are"
        raise CannotSubmit(
            f"Save the notebook first: {cells} not in {name}, such as "
            f"{unsaved[0].splitlines()[0][:60]!r}. Then run this cell again."
        )
    _print_choice(session.folder, saved)
    return saved.content


def _print_choice(folder: Path, saved: SavedNotebook) -> None:
    at = time.strftime("%H:%M:%S on %B %d", time.localtime(saved.saved_at))
    name = saved.path.name
    renamed = "" if name == NOTEBOOK else f" as {NOTEBOOK}"
    print(f"{name} is packed{renamed}, as saved at {at}. Newer text is not in it: save first.")
    fuller = [other for other in notebooks_in(folder) if other.unwritten < saved.unwritten]
    for other in fuller:
        if set(other.sources) & set(saved.sources):
            print(
                f"{other.path.name} has more written answers than {name}. If it is yours, open it "
                "and run this cell there."
            )


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
