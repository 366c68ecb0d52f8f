"""What staff see when a student asks why: every value that was asked, expected and answered."""

import numpy as np

from autograder.checks import ALL_CHECKS
from autograder.grading.replay import replay
from autograder.grading.submission import build_evidence, grade_submission
from quantlab.intake.submission import Submission

CHECKS = {check.id: check for check in ALL_CHECKS}
TRUNCATED = "\n\ndef linear_dequantize(input, scale, zero_point):\n    return scale * input\n"


def test_replay_repeats_a_graded_program(course, executor, reference_source):
    submission = Submission("ada", reference_source + TRUNCATED)
    grade_submission(submission, course, executor)
    id = "1a.linear_dequantize.zero_point"
    graded_programs = [p for p in executor.programs if p.calls[0].target == "linear_dequantize"]
    played = replay(CHECKS[id], build_evidence(submission, course, executor))
    assert any(
        all(np.array_equal(played.program.inputs[n], program.inputs[n]) for n in program.inputs)
        for program in graded_programs
    )


def test_replay_shows_and_saves_every_value(course, executor, reference_source, tmp_path):
    submission = Submission("ada", reference_source)
    played = replay(CHECKS["2a.STE.gradient"], build_evidence(submission, course, executor))
    text = "\n".join(played.lines())
    x = played.program.inputs["x"]
    assert text.count("linear_quantize_STE(x, scale") == 1
    assert np.array2string(x[0, :1], precision=9)[1:-1].strip() in text
    for part in ("expected:", "got:", "expected gradient of x:", "got as gradient of x:"):
        assert part in text
    played.save(tmp_path / "ada" / "one.npz")
    with np.load(tmp_path / "ada" / "one.npz") as saved:
        np.testing.assert_array_equal(saved["x"], x)
        np.testing.assert_array_equal(saved["call1 got"], saved["call1 expected"])
        np.testing.assert_array_equal(
            saved["call1 got gradient x"], played.expected.gradients[0]["x"]
        )


def test_replay_shortens_long_arrays_only_on_screen(course, executor, reference_source, tmp_path):
    evidence = build_evidence(Submission("ada", reference_source), course, executor)
    played = replay(CHECKS["1a.get_scale.handed_out_widths"], evidence)
    assert max(map(len, played.lines())) < 3_000
    played.save(tmp_path / "one.npz")
    with np.load(tmp_path / "one.npz") as saved:
        assert saved["x8"].size == 4096


def test_replay_shows_an_exception_as_the_result(course, executor, reference_source):
    broken = reference_source + "\n\ndef get_scale(input, N_bits=8):\n    raise ValueError('no')\n"
    evidence = build_evidence(Submission("ada", broken), course, executor)
    lines = list(replay(CHECKS["1a.get_scale.mean_not_zero"], evidence).lines())
    assert "ValueError" in lines[-1]
    assert lines[-1].startswith("got:")


def test_replay_returns_none_without_a_solution(course, executor):
    evidence = build_evidence(Submission("ada"), course, executor)
    assert replay(CHECKS["1a.get_scale.mean_not_zero"], evidence) is None
