"""Store the PTQ half of Table 1 as the reference measures it, on all test images.

Measuring takes minutes and depends on no student, so the table is stored: committed beside the
reference's models or, if anything that decides it has changed since, in the user's cache. A stored
table is used only if the digest of everything that decides it is the same.

A student who quantizes weights with published SAWB constants made no mistake and gets other
accuracies. These are measured too.
"""

import ast
import contextlib
import hashlib
import inspect
import io
import itertools
import json
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import torch
from tqdm import tqdm

from autograder.engine import published_scales
from autograder.paths import reference_models
from quantlab.arithmetic import exact_convolution, integer_kernels, straight_through
from quantlab.atomic_files import user_cache, write_text_atomically
from quantlab.data.images import ImageSet
from quantlab.evaluation import integer_network
from quantlab.formats import saved_model
from quantlab.network import calibration, layers, quantization, resnet
from quantlab.paths import CELLS
from quantlab.protocol.execute import load_module

METHODS = ("SAWB", "sym")

Accuracies = dict[str, dict[str, tuple[float, ...]]]  # [method][cell], the reference's own first


def committed(dataset: str) -> Path:
    """Return the path of the table that comes with the kit."""
    return reference_models(dataset) / "ptq_table.json"


def digest(dataset: str, reference: str, float_model: Path) -> str:
    """Return the digest of everything that decides the table.

    `reference` is the source of solution.py. Comments, docstrings and line breaks do not count.
    """
    result = hashlib.sha256(f"{dataset}\n{_code(reference)}".encode())
    result.update(float_model.read_bytes())
    for module in (
        layers,
        quantization,
        straight_through,
        calibration,
        saved_model,
        integer_network,
        integer_kernels,
        exact_convolution,
        resnet,
        published_scales,
    ):
        result.update(_code(inspect.getsource(module)).encode())
    return result.hexdigest()[:24]


def _code(source: str) -> str:
    """Return the code of a module without comments, docstrings and line breaks."""
    lines = source.splitlines(keepends=True)
    offsets = [0, *itertools.accumulate(map(len, lines))]

    def position(place: tuple[int, int]) -> int:
        return offsets[place[0] - 1] + place[1]

    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    cuts = [(position(t.start), position(t.end)) for t in tokens if t.type == tokenize.COMMENT]
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(ast.Constant(str()) as text) if text.end_lineno is not None:
                end = offsets[text.end_lineno - 1] + len(lines[text.end_lineno - 1].rstrip())
                cuts.append((offsets[text.lineno - 1], end))
    for begin, end in sorted(cuts, reverse=True):
        source = source[:begin] + source[end:]
    return " ".join(source.split())


def stored(path: Path, key: str) -> Accuracies | None:
    """Return the table at `path`, if it exists and has the digest `key`; otherwise None."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["digest"] != key:
            return None
        return {
            method: {cell: tuple(record["accuracies"][method][cell]) for cell in CELLS}
            for method in METHODS
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None


def store(path: Path, key: str, accuracies: Accuracies) -> None:
    """Write the file that `stored` reads. Raise `OSError` if that is not possible."""
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"digest": key, "accuracies": accuracies}
    write_text_atomically(path, json.dumps(record, indent=1) + "\n")


def find(dataset: str, key: str) -> Accuracies | None:
    """Return the table with this digest from the kit or the cache; None if there is none."""
    return stored(committed(dataset), key) or stored(_cached(dataset), key)


def remember(dataset: str, key: str, accuracies: Accuracies) -> None:
    """Store a table in the user's cache; if that fails, it is measured again next time."""
    with contextlib.suppress(OSError):
        store(_cached(dataset), key, accuracies)


def measure(
    reference: str, state: Mapping[str, torch.Tensor], train: ImageSet, test: ImageSet
) -> Accuracies:
    """Quantize and evaluate every cell, with the reference and with every published pair."""
    model = resnet.resnet20()
    model.load_state_dict(dict(state))
    images = calibration.calibration_images(train)
    table: Accuracies = {method: {} for method in METHODS}
    cells = [(method, cell) for method in METHODS for cell in CELLS]
    for method, cell in tqdm(cells, desc="PTQ table of the reference", leave=False):
        weight_bits, act_bits = saved_model.parse_name(f"ResNet20_{cell}.pt")
        measured = []
        for ops in _references(reference, method, weight_bits):
            quantized = quantization.quantize_model(
                model, ops, weight_bits, act_bits, method, images
            )
            saved = saved_model.saved_model(quantized, test.name, method)
            measured.append(integer_network.evaluate_saved(saved, test))
        table[method][cell] = tuple(measured)
    return table


def _references(source: str, method: str, weight_bits: int) -> Iterator[ModuleType]:
    """Yield the reference, then the reference with each published pair of constants."""
    yield load_module(source, "reference_for_tables")
    for pair in published_scales.PUBLISHED_PAIRS.get(weight_bits, ()) if method == "SAWB" else ():
        module = load_module(source, "reference_with_published_constants")
        names = vars(module)
        names["SAWB_COEFFICIENTS"] = {**names["SAWB_COEFFICIENTS"], weight_bits: pair}
        yield module


def _cached(dataset: str) -> Path:
    return user_cache() / f"ptq_table_{dataset}.json"
