"""A bundle is its names, contents and modes: nothing of the time or the machine is in its zip."""

import io
import os
import zipfile

import pytest

from authoring.release.bundle import BadBundle, Bundle, Packing, replace_folder

FILES = {"b.txt": b"two", "a/run": b"#!/bin/sh\n"}


@pytest.fixture
def two() -> Bundle:
    return Bundle("two files", FILES, frozenset({"a/run"}))


def test_the_order_in_which_files_came_does_not_show(two):
    turned = Bundle("two files", dict(reversed(FILES.items())), frozenset({"a/run"}))
    assert turned.to_zip() == two.to_zip()
    assert turned.digest == two.digest


def test_a_zip_holds_names_in_order_fixed_times_and_modes(two):
    entries = zipfile.ZipFile(io.BytesIO(two.to_zip())).infolist()
    assert [entry.filename for entry in entries] == ["a/run", "b.txt"]
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert [oct(entry.external_attr >> 16) for entry in entries] == ["0o100755", "0o100644"]


@pytest.mark.parametrize(
    "other",
    [
        Bundle("two files", {**FILES, "b.txt": b"TWO"}, frozenset({"a/run"})),
        Bundle("two files", FILES),
        Bundle("two files", {**FILES, "c": b""}, frozenset({"a/run"})),
    ],
    ids=["content", "mode", "name"],
)
def test_any_difference_changes_the_digest(two, other):
    assert other.digest != two.digest
    assert other.to_zip() != two.to_zip()


def test_a_folder_gets_the_same_files_and_modes(two, tmp_path):
    two.write_folder(tmp_path / "new")
    assert (tmp_path / "new" / "b.txt").read_bytes() == b"two"
    assert os.access(tmp_path / "new" / "a" / "run", os.X_OK)
    assert not (tmp_path / "new" / "b.txt").stat().st_mode & 0o111


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a/../../b", "a\\b", ""])
def test_a_name_that_leads_out_is_refused(name):
    with pytest.raises(BadBundle, match="cannot be the name"):
        Packing("a bundle").add(name, b"")


def test_a_name_is_taken_once():
    packing = Packing("a bundle")
    packing.add("a", b"1")
    with pytest.raises(BadBundle, match="contain a twice"):
        packing.add("a", b"2")


def test_a_missing_file_is_named_with_what_to_do(tmp_path):
    with pytest.raises(BadBundle, match=r"gone\.txt.*a complete copy of the kit"):
        Packing("a bundle").copy(tmp_path / "gone.txt", "gone.txt")


def test_a_tree_without_files_is_refused_and_caches_are_no_files(tmp_path):
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.py").write_text("")
    with pytest.raises(BadBundle, match="contains no "):
        Packing("a bundle").copy_tree(tmp_path, "tree")
    (tmp_path / "b.py").write_text("")
    packing = Packing("a bundle")
    packing.copy_tree(tmp_path, "tree")
    assert list(packing.pack().files) == ["tree/b.py"]


def test_a_folder_is_replaced_whole(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    replace_folder(tmp_path / "new", tmp_path / "old")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["new"]
