"""Attack the sandbox as a hostile solution would; run in the sandbox like a submission.

The host does not import this file: its self-test (`self_test`) sends the text through the same path
as a student's. Each attempt returns if it succeeded; any exception means it was blocked.
"""

import ctypes
import mmap
import os
import posix
import resource
import socket
from collections.abc import Callable


def attempt(targets: dict) -> dict:
    """Return which attempts on `targets` (paths, ports and process ids by name) succeeded."""
    attempts: dict[str, Callable[[], object]] = {
        "read_file": lambda: _read(targets["secret"]),
        "read_course": lambda: _read(targets["course_file"]),
        "import_course": lambda: __import__(targets["course_module"]),
        "list_folder": lambda: os.listdir(targets["folder"]),
        "stat_file": lambda: os.stat(targets["secret"]),
        "write_file": lambda: _write(targets["folder"] + "/written"),
        "change_mode": lambda: os.chmod(targets["secret"], 0o644),
        "write_tmp": lambda: _write(targets["tmp_file"]),
        "write_shared_memory": lambda: _write(targets["shared_memory_file"]),
        "tcp": lambda: socket.create_connection(("127.0.0.1", targets["tcp_port"]), 1),
        "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(
            b"probe", ("127.0.0.1", targets["udp_port"])
        ),
        "unix_socket": lambda: socket.socket(socket.AF_UNIX).connect(targets["unix_socket"]),
        "signal_host": lambda: os.kill(targets["host"], 0),
        "signal_worker": lambda: os.kill(os.getppid(), 0),
        "limit_host": lambda: resource.prlimit(targets["host"], resource.RLIMIT_CPU),
        "read_host_environment": lambda: _read(f"/proc/{targets['host']}/environ"),
        "read_worker_memory": lambda: _read(f"/proc/{os.getppid()}/mem"),
        "trace_worker": lambda: _c_call("ptrace", 16, os.getppid(), 0, 0),
        "list_processes": lambda: os.listdir("/proc").index(str(targets["host"])),
        "keyring": lambda: _session_keyring(targets["keyctl"]),
        "fork": _fork,
        "execute": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "new_namespace": lambda: _c_call("unshare", 0x10000000),
        "raise_limits": lambda: resource.setrlimit(
            resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        ),
        "much_memory": lambda: mmap.mmap(-1, targets["much_memory"]),
    }
    return {name: _succeeds(action) for name, action in attempts.items()}


def _succeeds(action: Callable[[], object]) -> bool:
    try:
        action()
    except Exception:
        return False
    return True


def _read(path: str) -> None:
    with open(path, "rb", buffering=0) as file:
        if not path.endswith("/mem"):  # opening it is the feat; its first page is never mapped
            file.read(1)


def _write(path: str) -> None:
    # Not by `open`, which keeps in memory what it writes.
    posix.write(posix.open(path, os.O_WRONLY | os.O_CREAT, 0o600), b"probe")


def _fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _c_call(name: str, *arguments: int) -> None:
    if getattr(ctypes.CDLL(None), name)(*arguments) != 0:
        raise OSError(f"{name} was refused")


def _session_keyring(keyctl: int) -> None:
    get_keyring, session = 0, -3
    if ctypes.CDLL(None).syscall(keyctl, get_keyring, session, 1) < 0:
        raise OSError("the keyring was refused")
