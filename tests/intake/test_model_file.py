"""The first look at a model file, without torch: one sentence, or None for the sandbox to go on."""

import io
import pickle
import struct
import subprocess
import sys
import zipfile

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlab.intake import model_file

NAME = "ResNet20_W4A4.pt"


def saved(value, **kwargs):
    stream = io.BytesIO()
    torch.save(value, stream, **kwargs)
    return stream.getvalue()


def archive(*members, compression=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as packed:
        for name, content in members:
            packed.writestr(name, content)
    return stream.getvalue()


def test_problem_is_none_for_a_file_of_torch_save(saved_tensors):
    assert model_file.problem(NAME, saved_tensors) is None


@pytest.mark.parametrize("protocol", [2, 3])
def test_problem_passes_the_format_of_old_torch(protocol):
    options = {"_use_new_zipfile_serialization": False, "pickle_protocol": protocol}
    assert model_file.problem(NAME, saved({"a": torch.ones(2)}, **options)) is None


def test_problem_leaves_a_pickled_module_to_the_sandbox():
    assert model_file.problem(NAME, saved(torch.nn.Linear(2, 2))) is None


def repacked(content):
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        members = [(name, packed.read(name)) for name in packed.namelist()]
    return archive(*members, compression=zipfile.ZIP_DEFLATED)


@pytest.fixture(scope="module")
def torchscript():
    return archive(
        ("m/data.pkl", b"\x80\x02}."),
        ("m/code/__torch__.py", b"op_version_set = 1"),
        ("m/constants.pkl", b"\x80\x02)."),
    )


def test_problem_names_a_torchscript_model(torchscript):
    assert "is a TorchScript model, code and all: save it" in model_file.problem(NAME, torchscript)


DATA = ("model/data.pkl", b"\x80\x02}.")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty: submit it again"),
        (b"  <!DOCTYPE html><html><title>Sign in", "is a web page (a login or download page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", "is a git-lfs pointer"),
        (b"\x89HDF\r\n\x1a\n", "is an HDF5 (Keras) file"),
        (saved({"a": torch.ones(2)})[:-50], "is damaged or was cut short"),
        (saved({"a": torch.ones(2)})[:60], "is damaged or was cut short"),
        (repacked(saved({"a": torch.zeros(2000)})), "was packed again after torch.save"),
        (archive(("weights.txt", b"1 2 3")), "is a zip file that torch.save did not write"),
        (archive(), "is a zip file that torch.save did not write"),
        (pickle.dumps({"a": 1}), "is a pickled object and is not opened: save it with"),
        (pickle.dumps({"a": 1}, protocol=2), "is a pickled object and is not opened"),
        (b"\x80", "is not a file that torch.save wrote"),
        (b"\x00\x01\x02\x03" * 10, "is not a file that torch.save wrote"),
    ],
)
def test_problem_explains_what_is_not_a_saved_model(content, says):
    message = model_file.problem(NAME, content)
    assert message.startswith(f"{NAME} {says}")
    assert message.endswith(".")


def test_problem_refuses_too_many_parts(monkeypatch):
    content = archive(DATA, *((f"model/data/{i}", b"") for i in range(10)))
    assert model_file.problem(NAME, content) is None
    monkeypatch.setattr(model_file, "MOST_MEMBERS", 10)
    assert "has more than 10 parts" in model_file.problem(NAME, content)


def test_problem_refuses_too_long_a_list_of_parts(monkeypatch):
    content = archive(DATA, *((f"model/data/{i}", b"") for i in range(100)))
    monkeypatch.setattr(model_file, "DIRECTORY_BYTES", 1000)
    assert "is damaged" in model_file.problem(NAME, content)


def test_problem_refuses_a_part_that_claims_to_be_larger():
    """Stored, of 16 bytes, and said to unpack to 2 GiB."""
    content = bytearray(archive(DATA, ("model/data/0", bytes(16))))
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", 2**31)
    assert "was packed again after torch.save" in model_file.problem(NAME, bytes(content))


def test_problem_refuses_overlapping_parts():
    content = archive(DATA, ("model/data/0", bytes(1000)))
    entry = content.rindex(b"PK\x01\x02")
    end = content.rindex(b"PK\x05\x06")
    entries = content[entry:end] * 5  # five times the same bytes
    tail = bytearray(content[end:])
    tail[8:12] = struct.pack("<HH", 6, 6)
    directory = content.index(b"PK\x01\x02")
    tail[12:16] = struct.pack("<I", entry - directory + len(entries))
    packed = content[:entry] + entries + bytes(tail)
    assert "has parts that lie over each other" in model_file.problem(NAME, packed)


def test_problem_refuses_a_part_with_a_password():
    content = bytearray(archive(DATA))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert "is protected by a password" in model_file.problem(NAME, bytes(content))


def test_problem_unpickles_nothing(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    for content in (pickle.dumps(Trap()), archive(("model/data.pkl", pickle.dumps(Trap())))):
        model_file.problem(NAME, content)
    assert not (tmp_path / "sprung").exists()


def test_intake_does_not_import_torch(pytestconfig):
    code = "import sys, quantlab.intake.submission; sys.exit('torch' in sys.modules)"
    process = subprocess.run([sys.executable, "-c", code], cwd=pytestconfig.rootpath, check=False)
    assert process.returncode == 0


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_problem_is_none_or_a_sentence_for_any_damage(data, saved_tensors):
    content = bytearray(saved_tensors)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    message = model_file.problem(NAME, bytes(content[data.draw(st.integers(0, 20)) :]))
    assert message is None or (message.startswith(NAME) and message.isprintable())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"<!doctype html><p>", "is a web page"),
        (b"PK\x03\x04", "is no packed model"),
    ],
)
def test_problem_recognizes_a_packed_model_by_its_beginning(content, reason):
    assert reason in model_file.problem("ResNet20_variable.packed", content)
    assert model_file.problem("ResNet20_variable.packed", b"RN20BITS and more") is None
