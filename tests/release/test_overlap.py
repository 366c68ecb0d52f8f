"""Fifteen tokens of the reference are a leak, however they are laid out; fourteen are chance."""

import json

import pytest

from authoring.release.overlap import (
    RUN,
    Allowed,
    BadAllowList,
    Overlap,
    Reference,
    load_allowed,
    not_allowed,
    python_tokens,
)

STUB = 'def f(x, s):\n    raise NotImplementedError("Question 1a: f")\n'
SECRET = "codes = torch.clamp(torch.round(x / s) - zero, low, high)"  # 20 tokens
REFERENCE = f"def f(x, s):\n    {SECRET}\n    return codes\n"


@pytest.fixture
def reference() -> Reference:
    return Reference(REFERENCE, STUB)


def find_overlaps(reference: Reference, name: str, text: str) -> list[Overlap]:
    return list(reference.overlaps(name, text.encode()))


def test_reference_overlaps_finds_runs_of_fifteen_tokens(reference):
    tokens = python_tokens(SECRET)
    assert len(tokens) > RUN == 15
    assert find_overlaps(reference, "a.py", " ".join(tokens[:14])) == []
    run = " ".join(tokens[:15])
    assert {overlap.text for overlap in find_overlaps(reference, "a.py", run)} == {run}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", f"if True:\n    if True:\n        {SECRET}\n"),
        ("a.py", SECRET.replace(", ", ",  # as in equation (1)\n    ")),
        ("a.py", f"this is no Python\n{SECRET}"),
        ("notes.md", f"# Title\n\nThe answer is `{SECRET}`.\n"),
        ("a.toml", f"x = '''\n'''\n{SECRET}"),
        (
            "a.ipynb",
            json.dumps({"cells": [{"cell_type": "code", "source": [f"%time\n{SECRET}"]}]}),
        ),
        (
            "a.ipynb",
            json.dumps({"cells": [{"cell_type": "markdown", "source": f"```\n{SECRET}\n```"}]}),
        ),
    ],
    ids=["indented", "commented", "broken", "page", "text", "cell", "markdown"],
)
def test_reference_overlaps_ignores_layout_and_kind_of_file(reference, name, text):
    assert any(
        "torch . round ( x / s )" in overlap.text
        for overlap in find_overlaps(reference, name, text)
    )


def test_reference_overlaps_accepts_code_with_other_names(reference):
    renamed = SECRET.replace("codes", "levels").replace("zero", "z").replace("low", "minimum")
    assert find_overlaps(reference, "a.py", renamed) == []


def test_reference_overlaps_ignores_text_of_the_stub():
    assert find_overlaps(Reference(REFERENCE, REFERENCE), "a.py", REFERENCE) == []


def test_reference_overlaps_does_not_read_binary_files(reference):
    assert list(reference.overlaps("model.pt", b"\xff\xfe" + SECRET.encode())) == []


def test_not_allowed_accepts_only_the_listed_run_and_file(reference):
    (leak,) = set(find_overlaps(reference, "a.py", SECRET))
    assert not_allowed([leak], [Allowed("a.py", leak.text, "why")]) == ()
    assert not_allowed([leak], [Allowed("b.py", leak.text, "why")]) == (leak,)
    assert not_allowed([leak], [Allowed("a.py", leak.text[:-2], "why")]) == (leak,)


def test_load_allowed_refuses_an_entry_without_a_reason(tmp_path):
    path = tmp_path / "allowed.toml"
    path.write_text('[[allowed]]\nfile = "a.py"\nrun = "x"\nreason = " "\n')
    with pytest.raises(BadAllowList, match="must be text in quotes, got"):
        load_allowed(path)


def test_load_allowed_returns_only_needed_entries(files, reference_source, stub_source):
    """An entry that nothing needs any more would allow a leak to come."""
    whole = Reference(reference_source, stub_source)
    shared = {(o.name, o.text) for name, content in files for o in whole.overlaps(name, content)}
    assert shared == {(entry.file, entry.run) for entry in load_allowed()}
