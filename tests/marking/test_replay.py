"""What staff see when a student asks why: every value that was asked, expected and answered."""

import numpy as np

from autograder.checks import ALL_CHECKS
from autograder.grading.replay import replay
from autograder.grading.submission import gather, mark
from autograder.intake.submission import Submission

CHECKS = {check.id: check for check in ALL_CHECKS}
TRUNCATED = "\n\ndef linear_dequantize(input, scale, zero_point):\n    return scale * input\n"


def test_a_replay_is_what_was_marked(course, player, reference_source):
    submission = Submission("ada", reference_source + TRUNCATED)
    mark(submission, course, player)
    id = "1a.linear_dequantize.zero_point"
    asked = [p for p in player.programs if p.calls[0].target == "linear_dequantize"]
    played = replay(CHECKS[id], gather(submission, course, player))
    assert any(
        all(np.array_equal(played.program.inputs[n], one.inputs[n]) for n in one.inputs)
        for one in asked
    )


def test_every_value_is_shown_and_saved(course, player, reference_source, tmp_path):
    submission = Submission("ada", reference_source)
    played = replay(CHECKS["2a.STE.gradient"], gather(submission, course, player))
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


def test_a_long_array_is_shortened_only_on_the_screen(course, player, reference_source, tmp_path):
    evidence = gather(Submission("ada", reference_source), course, player)
    played = replay(CHECKS["1a.get_scale.handed_out_widths"], evidence)
    assert max(map(len, played.lines())) < 3_000
    played.save(tmp_path / "one.npz")
    with np.load(tmp_path / "one.npz") as saved:
        assert saved["x8"].size == 4096


def test_an_exception_is_what_came(course, player, reference_source):
    broken = reference_source + "\n\ndef get_scale(input, N_bits=8):\n    raise ValueError('no')\n"
    evidence = gather(Submission("ada", broken), course, player)
    lines = list(replay(CHECKS["1a.get_scale.mean_not_zero"], evidence).lines())
    assert "ValueError" in lines[-1]
    assert lines[-1].startswith("got:")


def test_without_a_solution_there_is_nothing_to_replay(course, player):
    evidence = gather(Submission("ada"), course, player)
    assert replay(CHECKS["1a.get_scale.mean_not_zero"], evidence) is None
