"""Archives of every kind, honest and hostile: what is read, what is refused, within what bounds."""

import bz2
import gzip
import io
import lzma
import tarfile
import tracemalloc
import zipfile
import zlib

import pytest

from quantlab.errors import UnreadableSubmission
from quantlab.intake.contents import Limits
from quantlab.intake.decompress import decompress
from quantlab.intake.submission import read_submission

SOURCE = "def get_scale(input): ...\n"
MIB = 2**20
COMPRESSORS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def tarred(*files, format=tarfile.PAX_FORMAT):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=format) as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def written(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", ["", *COMPRESSORS])
@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_submission_may_be_a_tar_of_any_format(tmp_path, kind, format):
    deep = "a" * 90 + "/" + "b" * 80 + "/solution.py"
    packed = tarred((deep, SOURCE.encode()), ("report.md", b"#"), format=format)
    packed = COMPRESSORS[kind](packed) if kind else packed
    submission = read_submission(written(tmp_path, f"ada.tar.{kind}".rstrip("."), packed))
    assert (submission.student, submission.solution) == ("ada", SOURCE)
    assert submission.report_file == "report.md"


def test_submission_may_be_one_compressed_file(tmp_path):
    path = written(tmp_path, "solution.py.gz", gzip.compress(SOURCE.encode()))
    assert read_submission(path).solution == SOURCE


@pytest.mark.parametrize("kind", sorted(COMPRESSORS))
def test_compressed_files_may_have_several_streams(kind):
    packed = b"".join(COMPRESSORS[kind](piece) for piece in (b"one ", b"two ", b"three"))
    named = {"gz": "gzip", "bz2": "bzip2", "xz": "xz"}[kind]
    assert decompress(io.BytesIO(packed), named).read() == b"one two three"


@pytest.mark.parametrize("kind", sorted(COMPRESSORS))
def test_compressed_files_may_not_have_very_many_streams(kind):
    packed = COMPRESSORS[kind](b"") * 2_001
    named = {"gz": "gzip", "bz2": "bzip2", "xz": "xz"}[kind]
    with pytest.raises(EOFError, match="too many streams"):
        decompress(io.BytesIO(packed), named).read()


@pytest.mark.parametrize(
    ("type", "reason"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a named pipe"),
        (tarfile.GNUTYPE_SPARSE, "a sparse file"),
        (b"V", "no regular file"),
    ],
)
def test_tar_refuses_what_is_no_regular_file(tmp_path, type, reason):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("solution.py")
        member.type, member.linkname = type, "/etc/passwd"
        archive.addfile(member)
    submission = read_submission(written(tmp_path, "ada.tar", stream.getvalue()))
    assert submission.problems["solution.py"].endswith(f"it is {reason}.")


def test_tar_refuses_a_sparse_file_of_pax(tmp_path):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("solution.py")
        member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.realsize": str(2**40)}
        archive.addfile(member)
    submission = read_submission(written(tmp_path, "ada.tar", stream.getvalue()))
    assert submission.problems["solution.py"].endswith("it is a sparse file.")


def _bombs():
    zeros = bytes(80 * MIB)
    longname = tarfile.TarInfo("././@LongLink")
    longname.type, longname.size = tarfile.GNUTYPE_LONGNAME, 80 * MIB
    header = longname.tobuf(tarfile.GNU_FORMAT)
    pax = tarfile.TarInfo("x")
    pax.type, pax.size = tarfile.XHDTYPE, 80 * MIB
    huge = tarfile.TarInfo("solution.py")
    huge.size = 2**40
    yield "gzip", gzip.compress(zeros), "times its size"
    yield "bzip2", bz2.compress(zeros), "times its size"
    yield "xz", lzma.compress(zeros), "times its size"
    yield "tar.gz", gzip.compress(tarred(("solution.py", zeros))), "times its size"
    yield "a long name", gzip.compress(header + zeros), "damaged"
    yield "pax records", gzip.compress(pax.tobuf(tarfile.USTAR_FORMAT) + zeros), "damaged"
    yield "a size", huge.tobuf(tarfile.GNU_FORMAT) + bytes(1024), "is damaged"


@pytest.mark.parametrize(("kind", "content", "says"), [pytest.param(*b, id=b[0]) for b in _bombs()])
def test_archive_bombs_are_refused_within_a_bound_of_memory(tmp_path, kind, content, says):
    path = written(tmp_path, "ada.bin", content)
    tracemalloc.start()
    try:
        submission = read_submission(path)
        sentence = " ".join([*submission.flags, *submission.problems.values()])
    except UnreadableSubmission as problem:
        sentence = str(problem)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert says in sentence
    assert peak < 90 * MIB  # the ratio counts from 64 MiB on; xz takes 8 MiB itself


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip_member_ends_where_the_zip_says_or_is_damaged(tmp_path, method):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("solution.py", bytes(100 * MIB), method)
    content = bytearray(stream.getvalue())
    name = content.rindex(b"solution.py")
    content[name - 22 : name - 18] = (9).to_bytes(4, "little")  # the size, in the list of members
    submission = read_submission(written(tmp_path, "ada.zip", bytes(content)))
    assert "is damaged or was cut short" in submission.problems["solution.py"]


def test_zip_member_with_another_checksum_is_damaged(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("solution.py", SOURCE, zipfile.ZIP_LZMA)
    crc = zlib.crc32(SOURCE.encode()).to_bytes(4, "little")
    content = stream.getvalue().replace(crc, b"\1\2\3\4")
    submission = read_submission(written(tmp_path, "ada.zip", content))
    assert "is damaged or was cut short" in submission.problems["solution.py"]


def _zip(*files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return stream.getvalue()


def test_limits_hold_for_all_archives_together(tmp_path):
    limits = Limits(members=30)
    parts = [(f"{n}.zip", _zip(*((f"{i}.py", b"x") for i in range(12)))) for n in range(3)]
    submission = read_submission(written(tmp_path, "ada.zip", _zip(*parts)), limits=limits)
    assert "'2.zip' was not used: it can't be opened" in " ".join(submission.flags)
    assert "'0.zip'" not in " ".join(submission.flags)


def test_ratio_is_that_of_the_outermost_archive(tmp_path):
    inner = _zip(("zeros.bin", bytes(50 * MIB)))
    outer = _zip(*((f"{n}.zip", inner) for n in range(4)), ("solution.py", SOURCE.encode()))
    submission = read_submission(written(tmp_path, "ada.zip", outer))
    assert submission.solution == SOURCE
    assert "would unpack to more than 100 times its size" in " ".join(submission.flags)


@pytest.mark.parametrize("name", ["作业/solution - 副本.py", "Lösung/solution.py"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb2312", "cp437"])
def test_names_without_a_flag_are_decoded(tmp_path, name, encoding):
    try:
        encoded = name.encode(encoding)
    except UnicodeEncodeError:
        pytest.skip(f"{encoding} has no such letters")
    packed = _zip(("?" * len(encoded), SOURCE.encode())).replace(b"?" * len(encoded), encoded)
    submission = read_submission(written(tmp_path, "ada.zip", packed))
    assert list(submission.used) == [name]


def test_saved_model_is_no_archive_whatever_its_name(tmp_path, saved_tensors):
    folder = tmp_path / "ada"
    folder.mkdir()
    (folder / "ResNet20_W8A8.pt.zip").write_bytes(saved_tensors)
    (folder / "ResNet20_W4A4.pt").write_bytes(_zip(("ResNet20_W4A4.pt", saved_tensors)))
    submission = read_submission(folder)
    assert set(submission.models) == {"ResNet20_W8A8.pt", "ResNet20_W4A4.pt"}
    assert submission.notes == (
        "'ResNet20_W4A4.pt' was opened.",
        "'ResNet20_W8A8.pt.zip' was used as ResNet20_W8A8.pt.",
    )
