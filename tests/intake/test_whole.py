"""Submissions of which nothing can be used, and the one sentence that says why."""

import os
import stat
import zipfile

import pytest

from quantlab.intake.contents import Limits
from quantlab.intake.submission import UnreadableSubmission, read_submission


def sentence(path, **kwargs):
    with pytest.raises(UnreadableSubmission) as caught:
        read_submission(path, **kwargs)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


def test_read_submission_refuses_a_missing_path(tmp_path):
    message = sentence(tmp_path / "nobody")
    assert "There is nothing to read at" in message
    assert "nobody' (No such file or directory)" in message


def test_read_submission_refuses_an_invalid_path():
    assert "its path is not valid" in sentence("a\0b")


def test_read_submission_refuses_an_empty_folder(make_folder):
    assert "The submission 'alice' is empty: submit solution.py" in sentence(make_folder())


def test_read_submission_refuses_a_folder_without_files_of_a_student(make_folder):
    root = make_folder((".DS_Store", "x"), ("__MACOSX/._solution.py", "x"))
    (root / "a" / "b").mkdir(parents=True)
    assert "is empty" in sentence(root)


def test_read_submission_refuses_an_empty_zip(make_zip):
    assert "The submission 'alice.zip' is empty" in sentence(make_zip())


def test_read_submission_refuses_a_zip_without_files_of_a_student(make_zip):
    assert "is empty" in sentence(make_zip(("a/", ""), ("a/b\\", ""), ("__MACOSX/._a", "x")))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "has no bytes: the upload failed"),
        (b"print('hello')", "is not an archive that is opened: submit a folder or a zip"),
        (b"Rar!\x1a\x07\x01\x00", "is not an archive that is opened (it is a RAR archive)"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "is not an archive that is opened (it is a 7z archive)"),
        (b"\x1f\x8b\x08\x00", "The gzip file 'alice.zip' is damaged"),
        (
            b"solution.py" + bytes(246) + b"ustar",
            "is not an archive that is opened (it is a tar archive)",
        ),
        (b"\n<!DOCTYPE html><html>", "is not an archive that is opened (it is a web page"),
        (b"PK\x03\x04 and no more", "is damaged or was cut short"),
    ],
)
def test_read_submission_refuses_a_file_that_is_not_a_zip(tmp_path, content, says):
    path = tmp_path / "alice.zip"
    path.write_bytes(content)
    message = sentence(path)
    assert "'alice.zip'" in message
    assert says in message


def test_read_submission_refuses_a_zip_that_was_cut_short(make_zip):
    path = make_zip(("solution.py", "x = 1\n" * 100))
    path.write_bytes(path.read_bytes()[:-30])
    assert "is damaged or was cut short" in sentence(path)


@pytest.mark.parametrize(
    ("offset", "true", "false"),
    [
        (6, b"\x14", b"\x63"),  # needs version 9.9 of the format to be read
        (9, b"\x00", b"\x08"),  # says that its name is UTF-8, which it is not
    ],
)
def test_read_submission_refuses_a_zip_with_an_invalid_directory(make_zip, offset, true, false):
    path = make_zip(("solution.py", "x = 1\n"))
    content = path.read_bytes().replace(b"solution", b"solutio\xff")
    place = content.index(b"PK\x01\x02") + offset
    assert content[place : place + 1] == true
    path.write_bytes(content[:place] + false + content[place + 1 :])
    assert "is damaged or was cut short" in sentence(path)


def test_read_submission_refuses_a_zip_with_a_password(make_zip):
    path = make_zip(("solution.py", "x = 1\n"), compression=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + flags] |= 1
    path.write_bytes(content)
    assert "is protected by a password: make it again without one" in sentence(path)


def test_read_submission_refuses_a_zip_with_too_many_members(make_zip):
    path = make_zip(*((f"{i}.txt", "") for i in range(21)))
    assert "has more than 20 files" in sentence(path, limits=Limits(members=20))
    assert read_submission(path, limits=Limits(members=21)).solution is None


def test_read_submission_refuses_a_folder_with_too_many_files(make_folder):
    root = make_folder(*((f"{i % 3}/{i}.txt", "") for i in range(18)))  # and 3 folders
    assert "has more than 20 files" in sentence(root, limits=Limits(members=20))
    assert read_submission(root, limits=Limits(members=21)).solution is None


def test_read_submission_refuses_a_zip_with_too_long_a_directory(make_zip):
    path = make_zip(*((f"{i}" * 20, "") for i in range(100)))
    assert "is damaged" in sentence(path, limits=Limits(directory_bytes=2_000))


def test_read_submission_refuses_a_zip_with_too_many_bytes(make_zip):
    path = make_zip(("solution.py", "x = 1"), ("data.bin", bytes(3 * 2**20)))
    assert "has more than 2 MiB" in sentence(path, limits=Limits(total_bytes=2 * 2**20))


def test_read_submission_refuses_a_folder_with_too_many_bytes(make_folder):
    root = make_folder(("solution.py", "x = 1"), ("data.bin", bytes(3 * 2**20)))
    assert "has more than 2 MiB" in sentence(root, limits=Limits(total_bytes=2 * 2**20))


def test_read_submission_refuses_a_zip_of_100_times_its_size(make_zip):
    path = make_zip(("zeros.bin", bytes(65 * 2**20)))
    assert path.stat().st_size < 100_000
    assert "would unpack to more than 100 times its size" in sentence(path)


def test_read_submission_does_not_follow_a_link_to_a_submission(make_folder, tmp_path):
    real = make_folder(("solution.py", "x = 1"))
    link = tmp_path / "bob"
    link.symlink_to(real)
    assert "'bob' is a symbolic link, which is not followed" in sentence(link)


def test_read_submission_refuses_a_dangling_link(tmp_path):
    link = tmp_path / "bob.zip"
    link.symlink_to(tmp_path / "nowhere")
    assert "'bob.zip' is a symbolic link" in sentence(link)


def test_read_submission_does_not_wait_for_a_named_pipe(tmp_path):
    os.mkfifo(tmp_path / "bob.zip")
    assert "'bob.zip' is a named pipe" in sentence(tmp_path / "bob.zip")


def test_read_submission_refuses_a_device():
    assert "'null' is a device" in sentence("/dev/null")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_read_submission_refuses_a_path_without_read_permission(make_folder, make_zip, kind):
    files = ("solution.py", "x = 1")
    path = make_folder(files) if kind == "folder" else make_zip(files)
    path.chmod(0)
    try:
        assert "Permission denied" in sentence(path)
    finally:
        path.chmod(stat.S_IRWXU)


def test_read_submission_escapes_a_hostile_name(tmp_path):
    path = tmp_path / "\x1b[31m\u202efdp.zip"
    path.write_bytes(b"nothing")
    message = sentence(path)
    assert r"'\x1b[31m\u202efdp.zip'" in message
    assert message.isprintable()
