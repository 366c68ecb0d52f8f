"""Entries that must not be used: each is named and refused, and the rest is read."""

import os
import stat
import zipfile

import pytest

from quantlab.intake.contents import Limits
from quantlab.intake.submission import read_submission

GOOD = ("answers.json", '{"version": 1, "student": "alice", "dataset": "CIFAR-10"}')


@pytest.mark.parametrize(
    "name",
    [
        "../solution.py",
        "a/../../solution.py",
        "..\\solution.py",
        ".hidden/../solution.py",
        "/etc/solution.py",
        "\\\\server\\solution.py",
        "C:\\solution.py",
        "d:work/solution.py",
    ],
)
def test_archive_keeps_only_the_last_part_of_a_name_that_leads_out(make_zip, name):
    submission = read_submission(make_zip((name, "x = 1"), GOOD))
    assert submission.solution == "x = 1"
    assert submission.problems == {}


@pytest.mark.parametrize("name", ["..", "a/..", "/", "C:\\", "../", "a/../../b/"])
def test_archive_ignores_a_name_that_leads_out_and_has_no_last_part(make_zip, name):
    with zipfile.ZipFile(path := make_zip(GOOD), "a") as archive:
        member = zipfile.ZipInfo("x")
        member.filename = name
        archive.writestr(member, "x = 1")
    submission = read_submission(path)
    assert (submission.solution, submission.answers is not None) == (None, True)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a/" * 40 + "solution.py", "is too deep in folders"),
        ("a" * 256 + "/solution.py", "has too long a name"),
    ],
)
def test_archive_refuses_a_name_beyond_the_limits(make_zip, name, reason):
    submission = read_submission(make_zip((name, "x = 1"), GOOD))
    assert submission.solution is None
    assert reason in submission.problems["solution.py"]
    assert submission.problems["solution.py"] in submission.flags
    assert submission.answers is not None


def test_read_submission_refuses_an_entry_with_a_nul_in_its_name(make_zip):
    path = make_zip(("solution.py?.txt", "x = 1"), GOOD)
    path.write_bytes(path.read_bytes().replace(b"solution.py?", b"solution.py\0"))
    submission = read_submission(path)
    assert submission.solution is None
    assert r"'solution.py\x00.txt' was not used: it has a NUL" in submission.flags[0]


def test_file_whose_name_leads_out_competes_like_any_other(make_zip):
    submission = read_submission(make_zip(("../solution.py", "y = 2"), ("solution.py", "x = 1")))
    assert submission.solution is None
    assert "'../solution.py', 'solution.py'" in submission.problems["solution.py"]


def test_read_submission_unpacks_nothing(make_zip, tmp_path):
    path = make_zip(("../up.py", "x"), ("solution.py", "x"), ("/tmp/intake-was-here", "x"))
    read_submission(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["alice.zip"]
    assert not os.path.exists("/tmp/intake-was-here")


def test_read_submission_treats_backslashes_as_folders(make_zip):
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
def test_read_submission_refuses_a_special_file_in_a_zip(make_zip, special_member, kind, reason):
    path = make_zip((special_member("solution.py", kind), "/etc/passwd"), GOOD)
    submission = read_submission(path)
    assert submission.solution is None
    assert reason in submission.problems["solution.py"]
    assert submission.answers is not None


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip_member_may_be_compressed_by_bzip2_or_lzma(make_zip, method):
    source = "def get_scale(input): ...\n" * 1000
    submission = read_submission(make_zip(("solution.py", source), compression=method))
    assert submission.solution == source


def test_zip_member_compressed_in_another_way_is_refused(make_zip):
    path = make_zip(("solution.py", "x = 1"), GOOD, compression=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    central = content.index(b"PK\x01\x02")
    content[central + 10] = 9  # Deflate64
    path.write_bytes(content)
    submission = read_submission(path)
    assert "compressed in an unusual way" in submission.problems["solution.py"]


def test_read_submission_does_not_follow_links_in_a_folder(make_folder, tmp_path):
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


def test_read_submission_does_not_follow_a_file_replaced_by_a_link(
    make_folder, tmp_path, monkeypatch
):
    (tmp_path / "secret.py").write_text("reference = 1")
    root = make_folder(("solution.py", "x = 1"))
    opened = os.open

    def swap_then_open(path, *args, **kwargs):
        (root / "solution.py").unlink()
        (root / "solution.py").symlink_to(tmp_path / "secret.py")
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", swap_then_open)
    assert read_submission(root).solution is None


def test_read_submission_refuses_hard_links_and_pipes_in_a_folder(make_folder, tmp_path):
    (tmp_path / "secret.py").write_text("reference = 1")
    root = make_folder(GOOD)
    os.link(tmp_path / "secret.py", root / "solution.py")
    os.mkfifo(root / "ResNet20_W8A8.pt")
    submission = read_submission(root)
    assert "it is a hard link" in submission.problems["solution.py"]
    assert "it is a named pipe" in submission.problems["ResNet20_W8A8.pt"]


def test_read_submission_ignores_a_folder_named_solution_py(make_folder):
    submission = read_submission(make_folder(("solution.py/readme.txt", "x"), GOOD))
    assert submission.solution is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_read_submission_names_files_and_folders_it_cannot_read(make_folder):
    root = make_folder(("solution.py", "x = 1"), ("more/notes.txt", "x"), GOOD)
    (root / "solution.py").chmod(0)
    (root / "more").chmod(0)
    submission = read_submission(root)
    (root / "more").chmod(stat.S_IRWXU)
    assert "solution.py can't be read by the grader" in submission.problems["solution.py"]
    assert "'more' was not used: it is a folder that can't be listed." in submission.flags


def test_read_submission_counts_many_refused_entries(make_zip):
    entries = [("a/" * 40 + f"{i:03}.py", "x") for i in range(50)]
    flags = read_submission(make_zip(*entries, GOOD)).flags
    assert len([flag for flag in flags if "too deep" in flag]) == 10
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
def test_read_submission_refuses_only_the_file_that_is_too_large(request, kind, name, limits):
    make = request.getfixturevalue(kind)
    submission = read_submission(make((name, b"#" * 1001), ("report.md", "#")), limits=limits)
    assert submission.problems[name].startswith(f"{name} is larger than ")
    assert len(submission.problems) == 1
    assert submission.report_file == "report.md"


def test_read_submission_refuses_only_the_damaged_member(make_zip):
    path = make_zip(("solution.py", "x = 1234567"), GOOD, compression=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"x = 1234567", b"x = 7654321"))
    submission = read_submission(path)
    assert "solution.py is damaged or was cut short" in submission.problems["solution.py"]
    assert submission.answers is not None
