"""Submissions to read: a zip or a folder with the files a test wants in it."""

import io
import stat
import zipfile

import pytest
import torch


@pytest.fixture
def make_zip(tmp_path):
    """Makes tmp_path/<name> of (name inside, content) pairs, in this order and as they are."""

    def make(*files, name="alice.zip", compression=zipfile.ZIP_DEFLATED):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", compression) as archive:
            for inside, content in files:
                archive.writestr(inside, content)
        return path

    return make


@pytest.fixture
def make_folder(tmp_path):
    """Makes the folder tmp_path/<name> of (name inside, content) pairs."""

    def make(*files, name="alice"):
        root = tmp_path / name
        root.mkdir()
        for inside, content in files:
            path = root / inside
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    return make


@pytest.fixture
def special_member():
    """The zip member `name` of a kind that only Unix knows: stat.S_IFLNK, stat.S_IFIFO..."""

    def make(name, kind):
        member = zipfile.ZipInfo(name)
        member.create_system = 3  # Unix
        member.external_attr = (kind | stat.S_IRWXU) << 16
        return member

    return make


@pytest.fixture(scope="session")
def saved_tensors():
    """The bytes of a file that torch.save wrote."""
    stream = io.BytesIO()
    torch.save({"fc.weight_int": torch.ones(3, dtype=torch.int8), "format": "x"}, stream)
    return stream.getvalue()
