"""What `check` says about seventy mistakes as students make them: does it lead to the fix?

`python -m tests.public_checks.natural_mistakes.table` prints every text.
"""

import pytest

from autograder.paths import REFERENCE
from tests.public_checks.natural_mistakes.collection import GROUPS, MISTAKES, text_about
from tests.public_checks.natural_mistakes.held_out import MISTAKES as UNSEEN

CORRECT = REFERENCE.read_text(encoding="utf-8")
LEADING = 70  # of 70 texts that lead to the fix, at least
LEADING_UNSEEN = 21  # of 21
# Words of a hint that name a cause, and the mistakes that have it: anywhere else the hint is false.
CAUSES = {
    "rounded down": {"quantize: floor division", "quantize: rounds down and does not clip"},
    "toward zero": {"quantize: adds a half, then cuts off"},
    "both sides of zero": {
        "quantize: as many negative as positive codes",
        "reset: the largest code instead of half of the codes",
    },
    "standard deviation": {"get_scale: torch.std for the root mean square"},
    "variance": set(),
    "2^24": {"integer_linear: sums in float32", "integer_conv2d: sums in float32"},
    "last digits": {"integer_linear: sums in float32", "integer_conv2d: sums in float32"},
    "too few bits": {"integer_linear: half precision"},
    "int8": {"integer_linear: int8 operands", "integer_conv2d: int8 operands"},
    "180 degrees": {"integer_conv2d: slides a flipped kernel"},
    "dilation its elements": {"integer_conv2d: dilation ignored"},
    "u is 18": set(),
    "floor is not above": {"search: accepts the floor itself"},
}
WRONG_EVERYWHERE = """
def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    return torch.full_like(input, 1.0) * torch.arange(input.numel()).view(input.shape).sin() * 3
def linear_dequantize(input, scale, zero_point):
    return torch.full_like(input, 0.123)
def get_scale(input, N_bits=8):
    return torch.tensor(0.0317)
def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    return torch.tensor(0.0317), 0
def linear_quantize_STE(input, scale, zero_point, N_bits, signed=True):
    return input * 0.37
def integer_linear(input, weight):
    return torch.full((*input.shape[:-1], len(weight)), 17, dtype=torch.int32)
def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
    return torch.full((*input.shape[:-1], len(weight)), 0.7)
def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
    y = F.conv2d(input.double(), weight.double(), None, stride, padding, dilation, groups)
    return torch.full_like(y, 17, dtype=torch.int32)
def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    y = F.conv2d(input.double(), weight.double(), None, stride, padding, dilation, groups)
    return torch.full_like(y, 0.7)
"""


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """The text of `check` for every mistake."""
    folder = tmp_path_factory.mktemp("natural")
    return {m.name: text_about(m.source(CORRECT), m.question, folder) for m in MISTAKES}


def test_mistakes_are_seventy_in_seven_groups_of_ten():
    assert [len(group.MISTAKES) for group in GROUPS] == [10] * 7
    assert len({mistake.name for mistake in MISTAKES}) == 70


def test_check_text_leads_to_the_fix_of_most_mistakes(texts):
    unexplained = [m.name for m in MISTAKES if not m.is_explained_by(texts[m.name])]
    assert len(MISTAKES) - len(unexplained) >= LEADING, unexplained


def test_check_text_leads_to_the_fix_of_most_unseen_mistakes(tmp_path):
    texts = {m.name: text_about(m.source(CORRECT), m.question, tmp_path) for m in UNSEEN}
    unexplained = [m.name for m in UNSEEN if not m.is_explained_by(texts[m.name])]
    assert len(UNSEEN) - len(unexplained) >= LEADING_UNSEEN, unexplained


def test_keywords_are_not_met_by_the_text_about_another_answer(tmp_path):
    plain = {
        question: text_about(f"{CORRECT}\n\n{WRONG_EVERYWHERE}", question, tmp_path)
        for question in ("1a", "2a", "2b")
    }
    mistakes = [*MISTAKES, *UNSEEN]
    assert [m.name for m in mistakes if m.is_explained_by(plain.get(m.question, ""))] == []


def test_no_text_appears_for_a_correct_solution(tmp_path):
    assert [text_about(CORRECT, question, tmp_path) for question in ("1a", "2a", "2b", "3")] == [
        ""
    ] * 4


@pytest.mark.parametrize("words", CAUSES)
def test_hints_name_no_cause_that_the_mistake_does_not_have(texts, words):
    hinted = {
        name
        for name, text in texts.items()
        if any("Hint" in line and words in line.lower() for line in text.splitlines())
    }
    assert hinted - CAUSES[words] == set()


def test_causes_belong_to_mistakes():
    assert set().union(*CAUSES.values()) <= {mistake.name for mistake in MISTAKES}
