"""Evidence is shown as far as it may be, and never breaks a report."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.engine.record import CheckResult, Verdict
from autograder.report.evidence import Histogram, ShownEvidence, read_evidence

FULL = {
    "depends_on": ["integer_conv2d"],
    "exception": "ValueError",
    "call": "linear_quantize(x, 0.1, 0, 4)",
    "inputs": [["x", "float32 (2,) [1.0, 2.0]"]],
    "expected": "[1, 2]",
    "got": "[1, 3]",
    "difference": "1 of 2 values differ",
    "worst": {"index": [1], "expected": 2, "got": 3},
    "line": 42,
    "printed": "one\ntwo",
    "histogram": {"edges": [0, 1, 2], "counts": [3, 4], "levels": [0.5], "level_counts": [7]},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["edges", "counts", "levels", "level_counts", "index", "got"]), inner
        )
    ),
    max_leaves=8,
)


def test_read_evidence_reads_all_of_a_visible_check(make_check: Callable[..., CheckResult]) -> None:
    assert read_evidence(make_check(evidence=FULL)) == ShownEvidence(
        depends_on=("integer_conv2d",),
        exception="ValueError",
        call="linear_quantize(x, 0.1, 0, 4)",
        inputs=(("x", "float32 (2,) [1.0, 2.0]"),),
        expected="[1, 2]",
        got="[1, 3]",
        difference="1 of 2 values differ",
        worst="at [1] expected 2, got 3",
        line=42,
        printed="one\ntwo",
        histogram=Histogram((0.0, 1.0, 2.0), (3.0, 4.0), (0.5,), (7.0,)),
    )


def test_read_evidence_reads_only_names_of_a_hidden_check(
    make_check: Callable[..., CheckResult],
) -> None:
    assert read_evidence(make_check(visible=False, evidence=FULL)) == ShownEvidence(
        depends_on=("integer_conv2d",), exception="ValueError"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"edges": [0, 1]},
        {"edges": [0, 2, 1]},
        {"counts": [-1, 4]},
        {"counts": [0, 0]},
        {"counts": [float("nan"), 1]},
        {"levels": []},
        {"level_counts": [float("inf")]},
        {"levels": ["0.5"]},
        {"levels": [10**400]},
        {"edges": list(range(3000)), "counts": [1] * 2999},
    ],
)
def test_read_evidence_omits_an_invalid_histogram(
    change: dict[str, list[float]], make_check: Callable[..., CheckResult]
) -> None:
    check = make_check(evidence={"histogram": {**FULL["histogram"], **change}})
    assert read_evidence(check).histogram is None


@settings(deadline=None)  # a busy machine is no fault of the evidence
@given(values=st.dictionaries(st.sampled_from(sorted(FULL)), JSON))
def test_read_evidence_accepts_any_json(values: dict[str, object]) -> None:
    check = CheckResult("a", "1a", "A", True, "call", Verdict.WRONG, 0, 1, 0, evidence=values)
    assert isinstance(read_evidence(check), ShownEvidence)
