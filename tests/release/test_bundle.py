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


def test_bundle_ignores_the_order_of_its_files(two):
    turned = Bundle("two files", dict(reversed(FILES.items())), frozenset({"a/run"}))
    assert turned.to_zip() == two.to_zip()
    assert turned.digest == two.digest


def test_bundle_to_zip_has_sorted_names_fixed_times_and_modes(two):
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
def test_bundle_digest_changes_with_any_difference(two, other):
    assert other.digest != two.digest
    assert other.to_zip() != two.to_zip()


def test_bundle_write_folder_keeps_files_and_modes(two, tmp_path):
    two.write_folder(tmp_path / "new")
    assert (tmp_path / "new" / "b.txt").read_bytes() == b"two"
    assert os.access(tmp_path / "new" / "a" / "run", os.X_OK)
    assert not (tmp_path / "new" / "b.txt").stat().st_mode & 0o111


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a/../../b", "a\\b", ""])
def test_packing_refuses_a_name_that_leads_outside(name):
    with pytest.raises(BadBundle, match="cannot be the name"):
        Packing("a bundle").add(name, b"")


def test_packing_refuses_the_same_name_twice():
    packing = Packing("a bundle")
    packing.add("a", b"1")
    with pytest.raises(BadBundle, match="contain a twice"):
        packing.add("a", b"2")


def test_packing_names_a_missing_file(tmp_path):
    with pytest.raises(BadBundle, match=r"gone\.txt.*a complete copy of the kit"):
        Packing("a bundle").copy(tmp_path / "gone.txt", "gone.txt")


def test_packing_refuses_a_tree_that_contains_only_caches(tmp_path):
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.py").write_text("")
    with pytest.raises(BadBundle, match="contains no "):
        Packing("a bundle").copy_tree(tmp_path, "tree")
    (tmp_path / "b.py").write_text("")
    packing = Packing("a bundle")
    packing.copy_tree(tmp_path, "tree")
    assert list(packing.pack().files) == ["tree/b.py"]


def test_replace_folder_replaces_the_whole_folder(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    replace_folder(tmp_path / "new", tmp_path / "old")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["new"]
