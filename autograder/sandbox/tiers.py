"""Define the isolation tiers, strongest first, and why one of them is unavailable here.

    A  bubblewrap (own mounts, processes, network, IPC) around all of B; as root also C
    C  as root: B under a user of its own, which owns nothing and has limits of its own
    B  Landlock + seccomp + limits: without root, without Docker, with nothing to install
    E  whatever of B holds, with leaks: only if unsafe grading was allowed

`why_unavailable` is a quick test before a worker is started. What really holds is found by the
self-test (`self_test`).
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, replace
from pathlib import Path

_TRIAL_SECONDS = 120.0  # /bin/true takes 0.01 s, but other checks may have the processors
_OTHERS_MAY_ENTER = 0o001


@dataclass(frozen=True)
class Tier:
    """Hold a letter and the layers of the tier; limits always apply."""

    letter: str
    bubblewrap: bool = False
    own_uid: bool = False
    landlock: bool = True
    seccomp: bool = True

    @property
    def leaks_are_allowed(self) -> bool:
        """Whether a worker is used although attacks of the self-test succeeded."""
        return self.letter == "E"

    def layers(self, landlock_abi: int) -> str:
        """Return the layers by name, the same from run to run on one machine."""
        names = (
            ("bubblewrap", self.bubblewrap),
            ("own uid", self.own_uid),
            (f"Landlock ABI {landlock_abi}", self.landlock and landlock_abi > 0),
            ("seccomp", self.seccomp),
        )
        return " + ".join([*(name for name, stands in names if stands), "limits"])


A, B, C, E = Tier("A", bubblewrap=True), Tier("B"), Tier("C", own_uid=True), Tier("E")
CANDIDATES = (A, C, B)  # strongest first
LETTERS = tuple(tier.letter for tier in (*CANDIDATES, E))


def ways(letter: str | None, allow_unsafe: bool) -> tuple[Tier, ...]:
    """Return what to try in turn for one letter, or for the strongest tier (None).

    Raise `ValueError` for an unknown letter.
    """
    if letter not in (None, *LETTERS):
        raise ValueError(f"there is no tier {letter}; the tiers are {', '.join(LETTERS)}")
    bare = replace(E, landlock=False, seccomp=False)  # where the kernel refuses the filter
    unsafe = (E, bare) if allow_unsafe or letter == E.letter else ()
    result = []
    for tier in (*CANDIDATES, *unsafe):
        if letter in (None, tier.letter):
            if tier is A and os.geteuid() == 0:
                result.append(replace(A, own_uid=True))
            result.append(tier)
    return tuple(result)


def why_unavailable(tier: Tier, python: str = sys.executable) -> str | None:
    """Return what `tier` needs and this machine lacks; None if it is worth a try."""
    if tier.bubblewrap:
        reason = _why_no_bubble()
        if reason:
            return reason
    if tier.own_uid:
        if os.geteuid() != 0:
            return "Only root can run checks under a user of their own."
        if not tier.bubblewrap:  # inside a bubble the folders above what is bound are open
            return _why_closed_to_others(python)
    return None


def _why_no_bubble() -> str | None:
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return "bubblewrap is not installed: apt install bubblewrap, or dnf install bubblewrap."
    namespaces = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts")
    user = () if os.geteuid() == 0 else ("--unshare-user",)
    mounts = ("--ro-bind", "/", "/", "--proc", "/proc", "--size", "4096", "--tmpfs", "/tmp")
    try:
        trial = subprocess.run(
            [bwrap, *user, *namespaces, *mounts, "true"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TRIAL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not run ({error})."
    if trial.returncode == 0:
        return None
    complaint = (trial.stderr.strip().splitlines() or [f"exit status {trial.returncode}"])[0]
    if "--size" in complaint:
        return "bubblewrap is too old to bound what it keeps in memory: install 0.7 or newer."
    return (
        f"bubblewrap may not make namespaces here ({complaint}): in Docker, add --security-opt "
        "seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths="
        "unconfined, and as root --cap-add SYS_ADMIN; on Ubuntu, allow user namespaces to "
        "/usr/bin/bwrap by an AppArmor profile."
    )


def _why_closed_to_others(python: str) -> str | None:
    """Return the first folder that keeps other users from Python or the kit."""
    packages = sysconfig.get_paths()
    needed = [Path(shutil.which(python) or python), Path(__file__)]
    if python == sys.executable:
        needed += [Path(packages["stdlib"]), Path(packages["purelib"])]
    for path in needed:
        for folder in path.resolve().parents:
            try:
                mode = folder.stat().st_mode
            except OSError:
                continue
            if not mode & _OTHERS_MAY_ENTER:
                return (
                    f"Only its owner may enter {folder}, where {path.name} is: install Python and "
                    "the kit where every user can read them, such as below /opt."
                )
    return None
