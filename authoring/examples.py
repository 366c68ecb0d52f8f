"""Build example submissions from the reference and small patches.

    python -m authoring build examples --data cifar10 --out demo/submissions

writes nine folders as students would submit them: the reference, the untouched stub, five with one
wrong function each, one that loops forever and one that tries to write its own score. They show
what reports look like; the tests know their points.
"""

import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.oracle import Oracle
from autograder.exit_status import USAGE
from autograder.paths import REFERENCE, reference_models
from quantlab.data.cifar10 import DataNotFound
from quantlab.data.student_vectors import student_vectors
from quantlab.formats.answers_file import AnswersFile
from quantlab.paths import CELLS, KIT, model_file

REPORT = """# Report

The three scales, their errors on A and B, the bias of the error, and how the models were trained
would be discussed here; staff read and grade it.
"""


class MissingModels(Exception):
    """Report that the reference's models for a data set are missing, and how to make them."""


@dataclass(frozen=True)
class Example:
    """A submission: code appended to the reference, and the question that it breaks, if any."""

    name: str
    patch: str
    breaks: str | None = None


HALF_RIGHT = (
    Example(
        "truncates",
        """

def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
    return torch.clamp(torch.trunc(input / scale) - zero_point, low, high)
""",
        breaks="1a",
    ),
    Example(
        "standard-deviation",
        """

def get_scale(input, N_bits=8):
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    return (c1 * input.std() - c2 * input.abs().mean()) / 2 ** (N_bits - 1)
""",
        breaks="1a",
    ),
    Example(
        "clipped-gradient-not-rescaled",
        """

class _quantize_func_STE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        return linear_quantize(input, scale, zero_point, N_bits, signed)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output, None, None, None, None


linear_quantize_STE = _quantize_func_STE.apply
""",
        breaks="2a",
    ),
    Example(
        "forgets-weight-scale",
        """

def quantized_conv2d_function(
    input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
):
    sums = integer_conv2d(input, weight, stride, padding, dilation, groups)
    if bias is not None:
        sums = sums + bias.view(1, -1, 1, 1)
    return sums * input_scale
""",
        breaks="2b",
    ),
    Example(
        "ignores-the-floor",
        """

def variable_precision_search(
    layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
):
    return {layer: min(candidate_bits) for layer in layer_sizes}
""",
        breaks="3",
    ),
)
LOOPS = Example(
    "loops-for-ever",
    """

def linear_dequantize(input, scale, zero_point):
    while True:
        pass
""",
    breaks="1a",
)
CHEATS = Example(
    "writes-its-own-score",
    """

def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    import json
    import os

    full_score = json.dumps({"auto_score": 140, "auto_max": 140, "checks": []})
    for folder in (".", "..", "/tmp", os.path.expanduser("~")):
        for name in ("report.json", "results.json"):
            try:
                with open(os.path.join(folder, name), "w") as file:
                    file.write(full_score)
            except OSError:
                pass
    print(full_score, flush=True)
    os._exit(0)
""",
    breaks="1a",
)


def write_examples(dataset: str, out: Path) -> list[Path]:
    """Write all examples below `out`, replacing older ones, and return their folders.

    Raises:
        MissingModels: The reference's models for the data set are missing.
        DataNotFound: The data set is not on this machine.
    """
    reference = REFERENCE.read_text(encoding="utf-8")
    models = _models(dataset)
    evaluator = ModelEvaluator(dataset, Oracle())
    examples = (Example("reference", ""), *HALF_RIGHT, LOOPS, CHEATS)
    folders = []
    for example in examples:
        folder = _empty_folder(out / example.name)
        (folder / "solution.py").write_text(reference + example.patch, encoding="utf-8")
        (folder / "report.md").write_text(REPORT, encoding="utf-8")
        for model in models:
            shutil.copy(model, folder)
        write_answers(folder / "answers.json", example.name, evaluator)
        folders.append(folder)
    stub = _empty_folder(out / "untouched-stub")
    shutil.copy(KIT / "solution.py", stub)
    return [folders[0], stub, *folders[1:]]


def write_answers(path: Path, student: str, evaluator: ModelEvaluator) -> None:
    """Write the answers.json of a student whose every number is correct."""
    oracle = Oracle().module
    answers = AnswersFile(path, student, evaluator.dataset_title)
    for vector, values in student_vectors(student).items():
        for method in ("sym", "heuristic", "SAWB"):
            for bits in (8, 4, 2):
                scale, zero = oracle.reset_scale_and_zero_point(values, bits, method)
                codes = oracle.linear_quantize(values, scale, zero, bits)
                recovered = oracle.linear_dequantize(codes, scale, zero)
                error = float((values - recovered).square().mean())
                answers.record_mse(vector, method, bits, error)
    folder = reference_models(evaluator.dataset)
    for method in ("sym", "SAWB"):
        for cell, percents in evaluator.ptq_accuracies(method).items():
            answers.record_accuracy("ptq", cell, method, round(percents[0], 2))
    for cell in CELLS:
        record = json.loads(
            (folder / model_file(cell)).with_suffix(".json").read_text(encoding="utf-8")
        )
        answers.record_accuracy("qat", cell, "sym", record["test_accuracy"])
    widths = json.loads((folder / "bit_widths.json").read_text(encoding="utf-8"))
    answers.record_bit_widths(widths["bit_widths"])


def correct_answers(student: str, evaluator: ModelEvaluator) -> str:
    """Return the text that `write_answers` writes. Raises `DataNotFound`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.json"
        write_answers(path, student, evaluator)
        return path.read_text(encoding="utf-8")


def _models(dataset: str) -> list[Path]:
    paths = [reference_models(dataset) / model_file(cell) for cell in CELLS]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise MissingModels(
            f"{paths[0].parent} lacks {', '.join(missing)}: make them with "
            f"python -m baselines table1 --only qat --data {dataset} --keep."
        )
    return paths


def _empty_folder(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def build_examples(dataset: str, out: Path) -> int:
    """Write the example submissions below `out`; return the exit status."""
    try:
        for folder in write_examples(dataset, out):
            print(folder)
    except (MissingModels, DataNotFound, OSError) as problem:
        print(problem, file=sys.stderr)
        return USAGE
    return 0
