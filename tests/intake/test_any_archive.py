"""Laws for every archive: nothing but UnreadableSubmission is raised, nothing is written, and no
entry keeps a name that leads out."""

import io
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantlab.intake.archive import open_contents
from quantlab.intake.submission import UnreadableSubmission, read_submission

law = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
telling = ["..", ".", "", "C:", "~", "a", "__MACOSX", "\u202e", "\x1b[0m", "a" * 300]
wanted = ["solution.py", "Solution (1).py", "answers.json", "ResNet20_W8A8.pt", "report.md"]
parts = (
    st.sampled_from(telling)
    | st.sampled_from(wanted)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
)
names = st.lists(parts, min_size=1, max_size=5).flatmap(
    lambda pieces: st.sampled_from(["/", "\\"]).map(lambda slash: slash.join(pieces))
)
contents = st.sampled_from([b"", b"x = 1", b"\xff\xfe", b"{}", b"PK\x03\x04", b"\x80\x02}."])


def packed(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members:
            member = zipfile.ZipInfo("x")
            member.filename = name  # unchanged, as other programs would write it
            archive.writestr(member, content)
    return stream.getvalue()


def read_all(path):
    """Everything intake does with the file at `path`, and nothing else happens."""
    before = sorted(entry.name for entry in path.parent.iterdir())
    try:
        with open_contents(path) as contents:
            for entry in contents.files:
                assert ".." not in entry.parts
                assert not any("/" in part or "\\" in part for part in entry.parts)
            assert all(refused.sentence.isprintable() for refused in contents.refused)
        submission = read_submission(path)
        sentences = [*submission.problems.values(), *submission.flags]
    except UnreadableSubmission as error:
        sentences = [str(error)]
    for sentence in sentences:
        assert sentence.isprintable()
        assert sentence.endswith(".")
    assert sorted(entry.name for entry in path.parent.iterdir()) == before


@pytest.mark.filterwarnings("ignore:Duplicate name")
@law
@given(members=st.lists(st.tuples(names, contents), max_size=6))
def test_read_submission_handles_any_names_in_a_zip(tmp_path, members):
    path = tmp_path / "alice.zip"
    path.write_bytes(packed(members))
    read_all(path)


whole = packed([("solution.py", b"x = 1"), ("a/answers.json", b"{}"), ("../up", b"")])


@law
@given(data=st.data())
def test_read_submission_handles_any_damage_to_a_zip(tmp_path, data):
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "alice.zip"
    path.write_bytes(content[: data.draw(st.integers(len(content) - 60, len(content)))])
    read_all(path)


@law
@given(content=st.binary(max_size=200))
def test_read_submission_handles_any_file_named_zip(tmp_path, content):
    path = tmp_path / "alice.zip"
    path.write_bytes(content)
    read_all(path)
