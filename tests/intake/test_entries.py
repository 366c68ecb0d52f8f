"""Entries that must not be used: each is named and refused, and the rest is read."""

import os
import stat
import zipfile

import pytest

from quantlab.intake.archive import Limits
from quantlab.intake.submission import read_submission

GOOD = ("answers.json", '{"version": 1, "student": "alice", "dataset": "CIFAR-10"}')


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../solution.py", "leads out of the submission"),
        ("a/../../solution.py", "leads out of the submission"),
        ("..\\solution.py", "leads out of the submission"),
        (".hidden/../solution.py", "leads out of the submission"),
        ("/etc/solution.py", "has an absolute path"),
        ("\\\\server\\solution.py", "has an absolute path"),
        ("C:\\solution.py", "has an absolute path"),
        ("d:work/solution.py", "has an absolute path"),
        ("a/" * 40 + "solution.py", "lies too deep in folders"),
        ("a" * 256 + "/solution.py", "has too long a name"),
    ],
)
def test_a_name_that_leads_elsewhere(make_zip, name, reason):
    submission = read_submission(make_zip((name, "x = 1"), GOOD))
    assert submission.solution is None
    assert reason in submission.problems["solution.py"]
    assert submission.problems["solution.py"] in submission.flags
    assert submission.answers is not None


def test_a_name_that_goes_on_after_a_nul(make_zip):
    path = make_zip(("solution.py?.txt", "x = 1"), GOOD)
    path.write_bytes(path.read_bytes().replace(b"solution.py?", b"solution.py\0"))
    submission = read_submission(path)
    assert submission.solution is None
    assert r"'solution.py\x00.txt' was not used: it has a NUL" in submission.flags[0]


def test_the_rest_is_used_although_one_entry_leads_out(make_zip):
    submission = read_submission(make_zip(("../solution.py", "evil"), ("solution.py", "x = 1")))
    assert submission.solution == "x = 1"
    assert submission.problems == {}
    assert submission.flags == ("'../solution.py' was not used: it leads out of the submission.",)


def test_nothing_is_unpacked(make_zip, tmp_path):
    path = make_zip(("../up.py", "x"), ("solution.py", "x"), ("/tmp/intake-was-here", "x"))
    read_submission(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["alice.zip"]
    assert not os.path.exists("/tmp/intake-was-here")


def test_backslashes_of_windows_programs_are_folders(make_zip):
    path = make_zip(("work?solution.py", "x = 1"))
    path.write_bytes(path.read_bytes().replace(b"work?", b"work\\"))
    assert read_submission(path).solution == "x = 1"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (stat.S_IFLNK, "it is a symbolic link"),
        (stat.S_IFIFO, "it is a named pipe"),
        (stat.S_IFCHR, "it is a device"),
    ],
)
def test_a_special_file_in_a_zip(make_zip, special_member, kind, reason):
    path = make_zip((special_member("solution.py", kind), "/etc/passwd"), GOOD)
    submission = read_submission(path)
    assert submission.solution is None
    assert reason in submission.problems["solution.py"]
    assert submission.answers is not None


def test_a_member_packed_so_that_unpacking_takes_the_memory_it_likes(make_zip):
    submission = read_submission(make_zip(("solution.py", "x = 1"), compression=zipfile.ZIP_LZMA))
    assert "compressed in an unusual way" in submission.problems["solution.py"]


def test_links_in_a_folder_are_not_followed(make_folder, tmp_path):
    (tmp_path / "secret.py").write_text("reference = 1")
    root = make_folder(GOOD)
    (root / "solution.py").symlink_to(tmp_path / "secret.py")
    (root / "elsewhere").symlink_to(tmp_path)
    (root / "ResNet20_W8A8.pt").symlink_to(tmp_path / "nowhere")
    submission = read_submission(root)
    assert submission.solution is None
    assert "it is a symbolic link" in submission.problems["solution.py"]
    assert "it is a symbolic link" in submission.problems["ResNet20_W8A8.pt"]
    assert "'elsewhere' was not used: it is a symbolic link." in submission.flags
    assert submission.answers is not None


def test_a_file_that_turns_into_a_link_after_it_was_listed(make_folder, tmp_path, monkeypatch):
    (tmp_path / "secret.py").write_text("reference = 1")
    root = make_folder(("solution.py", "x = 1"))
    opened = os.open

    def swap_then_open(path, *args, **kwargs):
        (root / "solution.py").unlink()
        (root / "solution.py").symlink_to(tmp_path / "secret.py")
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", swap_then_open)
    assert read_submission(root).solution is None


def test_a_hard_link_and_a_pipe_in_a_folder(make_folder, tmp_path):
    (tmp_path / "secret.py").write_text("reference = 1")
    root = make_folder(GOOD)
    os.link(tmp_path / "secret.py", root / "solution.py")
    os.mkfifo(root / "ResNet20_W8A8.pt")
    submission = read_submission(root)
    assert "it is a hard link" in submission.problems["solution.py"]
    assert "it is a named pipe" in submission.problems["ResNet20_W8A8.pt"]


def test_a_folder_called_solution_py_is_no_solution(make_folder):
    submission = read_submission(make_folder(("solution.py/readme.txt", "x"), GOOD))
    assert submission.solution is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_and_a_folder_that_the_grader_may_not_read(make_folder):
    root = make_folder(("solution.py", "x = 1"), ("more/notes.txt", "x"), GOOD)
    (root / "solution.py").chmod(0)
    (root / "more").chmod(0)
    submission = read_submission(root)
    (root / "more").chmod(stat.S_IRWXU)
    assert "solution.py can't be read by the grader" in submission.problems["solution.py"]
    assert "'more' was not used: it is a folder that can't be listed." in submission.flags


def test_many_refused_entries_are_counted_not_listed(make_zip):
    entries = [(f"../{i:03}.py", "x") for i in range(50)]
    flags = read_submission(make_zip(*entries, GOOD)).flags
    assert len([flag for flag in flags if "leads out" in flag]) == 10
    assert "40 more entries were not used." in flags


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("solution.py", Limits(solution=1000)),
        ("answers.json", Limits(answers=1000)),
        ("ResNet20_W2A2.pt", Limits(model=1000)),
    ],
)
@pytest.mark.parametrize("kind", ["make_folder", "make_zip"])
def test_a_file_too_large_costs_only_itself(request, kind, name, limits):
    make = request.getfixturevalue(kind)
    submission = read_submission(make((name, b"#" * 1001), ("report.md", "#")), limits=limits)
    assert submission.problems[name].startswith(f"{name} is larger than ")
    assert len(submission.problems) == 1
    assert submission.report_file == "report.md"


def test_a_damaged_member_costs_only_itself(make_zip):
    path = make_zip(("solution.py", "x = 1234567"), GOOD, compression=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"x = 1234567", b"x = 7654321"))
    submission = read_submission(path)
    assert "solution.py is damaged or was cut short" in submission.problems["solution.py"]
    assert submission.answers is not None
