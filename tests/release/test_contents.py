"""What must not be in a bundle is found in it, and nothing else is complained of."""

import json
from pathlib import Path

import pytest

from authoring.release.bundle import Bundle
from authoring.release.content_checks import (
    no_answer,
    no_junk,
    no_machine_path,
    no_outputs,
    no_secret,
    no_solution_marker,
    nothing_of_staff,
    same_twice,
)
from authoring.release.overlap import Allowed, Reference

KIT = Path("/srv/courses/kit")
SECRET = b"0123456789abcdef0123456789abcdef"
REFERENCE = Reference("a = b(c, d, e, f, g, h, i, j)\n", "")
LEAK = "a = b ( c , d , e , f , g , h"

NOTEBOOK = {"cells": [{"cell_type": "code", "source": "1", "outputs": [], "execution_count": None}]}


def notebook(**changes: object) -> bytes:
    cells = [{**NOTEBOOK["cells"][0], **changes}]
    return json.dumps({"cells": cells}).encode()


PLANTED = [
    (no_solution_marker, "solution.py", b"x = 1\n    ### BEGIN SOLUTION\n", "BEGIN SOLUTION"),
    (no_solution_marker, "a.md", b"### END HIDDEN TESTS", "END HIDDEN TESTS"),
    (no_outputs, "main.ipynb", notebook(outputs=[{"output_type": "stream"}]), "cell 1 of"),
    (no_outputs, "main.ipynb", notebook(execution_count=3), "cell 1 of"),
    (no_junk, "quantlab/__pycache__/a.pyc", b"", "temporary file"),
    (no_junk, ".ipynb_checkpoints/main-checkpoint.ipynb", b"{}", "temporary file"),
    (no_junk, "data/.DS_Store", b"", "temporary file"),
    (no_junk, "solution.py~", b"", "temporary file"),
    (nothing_of_staff, "instructor/solution.py", b"", "not for students"),
    (nothing_of_staff, "a/autograder/engine/rubric.toml", b"", "not for students"),
    (no_machine_path([KIT]), "a.json", b'{"made": "/srv/courses/kit/runs"}', "/srv/courses/kit"),
    (no_machine_path([]), "a.py", b'"/home/ada/kit"', "/home/ada"),
    (no_machine_path([]), "a.pt", b"\x00\x01 /Users/ada/x \xff", "/Users/ada"),
    (no_secret(SECRET), "model.pt", b"\xff" + SECRET + b"\x00", "course secret"),
    (no_answer(REFERENCE, []), "a.py", b"a = b(c, d, e, f, g, h, i)\n", "part of the reference"),
]


@pytest.mark.parametrize(("proof", "name", "content", "reason"), PLANTED)
def test_content_checks_name_each_planted_problem(bundle, proof, name, content, reason):
    complaints = list(proof(bundle({name: content})))
    assert len(complaints) == 1
    assert name in complaints[0]
    assert reason in complaints[0]


HARMLESS = {
    "main.ipynb": notebook(),
    "README.md": b"Put it below /home or ~/kit; see https://example.org/home/ada. BEGIN SOLUTION",
    "data/README.md": b"",
    "LICENSE": b"autograder and instructor are only words here",
}


@pytest.mark.parametrize("proof", list(dict.fromkeys(proof for proof, *_ in PLANTED)))
def test_content_checks_accept_a_harmless_bundle(proof):
    assert list(proof(Bundle("a bundle", HARMLESS))) == []


def test_no_answer_accepts_an_allowed_run(bundle):
    shared = bundle({"a.py": b"a = b(c, d, e, f, g, h)\n"})
    assert list(no_answer(REFERENCE, [Allowed("a.py", LEAK, "a signature")])(shared)) == []


def test_same_twice_names_the_files_that_differ(bundle):
    assert list(same_twice(bundle({"a": b"1"}), bundle({"a": b"1"}))) == []
    (complaint,) = same_twice(bundle({"a": b"1", "b": b""}), bundle({"a": b"2", "c": b""}))
    assert complaint.endswith("it differs in a, b, c.")
