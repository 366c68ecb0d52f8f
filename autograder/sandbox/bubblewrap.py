"""Build the bubblewrap command around a worker: a minimal file system, no other processes.

`command` returns what comes before the worker's own command line. Everything is mounted read-only;
what is not mounted does not exist inside, not even its name or size. The only writable place is a
small /tmp for the worker's imports, which Landlock closes to its forks. `OSError` is raised if the
worker's Python cannot report its folders.

`--die-with-parent` is not used: it would end the worker with the thread that started it, and that
may be one of many. The worker ends when the control socket closes, and bubblewrap ends with the
worker.

Source: bwrap(1).
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from quantlab.paths import KIT

_TMP_BYTES = 8 << 20  # matplotlib's list of fonts is 0.15 MB; a tmpfs may else take half the memory
_MOST_LINKS = 40  # as the kernel follows

# Of the kit, what the worker imports; and what Debian's packages of numerics are linked through.
_KIT = tuple(KIT / name for name in ("autograder/__init__.py", "autograder/sandbox"))
_SYSTEM = (Path("/etc/alternatives"),)
_DEVICES, _PROCESSES = Path("/dev"), Path("/proc")

_QUESTION = f"""
import json, sys
sys.path.insert(0, {str(KIT)!r})
from autograder.sandbox.readable_files import readable_files
readable = readable_files()
print(json.dumps({{
    "prefix": [sys.prefix],
    "trees": [str(path) for path in readable.trees],
    "files": [str(path) for path in (*readable.files, *readable.sinks)],
}}))
"""


def command(python: str, flags: Sequence[str], own_uid: bool) -> list[str]:
    """Return bubblewrap and its arguments for a worker run by `python` with `flags`."""
    executable = Path(shutil.which(python) or python)
    readable = _ask(str(executable), flags)
    return [
        shutil.which("bwrap") or "bwrap",
        *_namespaces(own_uid),
        *_mounts(executable, readable),
        *("--chdir", "/"),
        "--",
    ]


def _namespaces(own_uid: bool) -> Iterator[str]:
    yield from ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts")
    yield "--unshare-cgroup-try"
    if os.geteuid() != 0:
        yield "--unshare-user"
        return
    yield from ("--cap-drop", "ALL")
    if own_uid:  # the worker becomes that user before it does anything else
        yield from ("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")


def _mounts(executable: Path, readable: Mapping[str, list[str]]) -> Iterator[str]:
    yield from ("--proc", "/proc")
    yield from ("--perms", "1777", "--size", str(_TMP_BYTES), "--tmpfs", "/tmp")
    trees: list[Path] = []
    for tree in sorted({*map(Path, readable["trees"]), *_SYSTEM, *_KIT}):
        if not _lies_in(tree, trees):
            trees.append(tree)
    files = [*map(Path, readable["files"]), Path(readable["prefix"][0], "pyvenv.cfg")]
    contents = [
        *(("--ro-bind-try", str(tree), tree) for tree in trees),
        *(("--dev-bind-try", str(file), file) for file in files if _lies_in(file, [_DEVICES])),
        *(
            ("--ro-bind-try", str(file), file)
            for file in files
            if not _lies_in(file, [*trees, _DEVICES, _PROCESSES])
        ),
        *_way_to(executable, trees),
    ]
    # Left to itself, bubblewrap closes the folders above a file to all but their owner.
    above = {str(folder) for _, _, place in contents for folder in place.parents[:-1]}
    for folder in sorted(above):
        yield from ("--dir", folder)
    for what, source, place in contents:
        yield from (what, source, str(place))
    yield from ("--remount-ro", "/")


def _way_to(executable: Path, trees: Sequence[Path]) -> Iterator[tuple[str, str, Path]]:
    """Yield the symbolic links to an interpreter as links: it finds its library from its path."""
    for _ in range(_MOST_LINKS):
        if _lies_in(executable, trees):
            return
        if not executable.is_symlink():
            yield "--ro-bind", str(executable), executable
            return
        target = os.readlink(executable)
        yield "--symlink", target, executable
        executable = Path(os.path.normpath(executable.parent / target))


def _lies_in(path: Path, trees: Sequence[Path]) -> bool:
    return any(path.is_relative_to(tree) for tree in trees)


def _ask(python: str, flags: Sequence[str]) -> Mapping[str, list[str]]:
    """Return the folders of `python`, which may differ from those of the grader's Python."""
    asked = subprocess.run(
        [python, *flags, "-c", _QUESTION],
        cwd="/",
        env={},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if asked.returncode != 0:
        complaint = (asked.stderr.strip().splitlines() or [f"exit status {asked.returncode}"])[-1]
        raise OSError(None, f"asked for its folders it says: {complaint}")
    answer: Mapping[str, list[str]] = json.loads(asked.stdout)
    return answer
