"""The PTQ half of Table 1 as the reference measures it, on all test images.

Measuring takes minutes and depends on no student, so the table is kept: committed beside the
reference's models, or, where anything that decides it was changed since, in the user's cache
folder. Either counts only under the digest of everything that decides it.

A student who quantizes weights by SAWB constants from a paper made no mistake, and gets other
accuracies: they are measured too.
"""

import contextlib
import hashlib
import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import torch
from tqdm import tqdm

from autograder.engine import published_scales
from autograder.paths import reference_models
from quantlab.arithmetic import integer_kernels, straight_through
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
    """Where the table is that comes with the kit."""
    return reference_models(dataset) / "ptq_table.json"


def digest(dataset: str, reference: str, float_model: Path) -> str:
    """A digest of everything that decides the table. `reference` is the source of solution.py."""
    found = hashlib.sha256(f"{dataset}\n{reference}".encode())
    found.update(float_model.read_bytes())
    for module in (
        layers,
        quantization,
        straight_through,
        calibration,
        saved_model,
        integer_network,
        integer_kernels,
        resnet,
        published_scales,
    ):
        found.update(inspect.getsource(module).encode())
    return found.hexdigest()[:24]


def stored(path: Path, key: str) -> Accuracies | None:
    """The table at `path`, if it is there and made from what `key` is the digest of."""
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
    """Write what `stored` reads. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"digest": key, "accuracies": accuracies}
    write_text_atomically(path, json.dumps(record, indent=1) + "\n")


def find(dataset: str, key: str) -> Accuracies | None:
    """The table under this digest from wherever it is kept."""
    return stored(committed(dataset), key) or stored(_cached(dataset), key)


def remember(dataset: str, key: str, accuracies: Accuracies) -> None:
    """Keep a measured table in the user's cache; if that can't be, it is measured again."""
    with contextlib.suppress(OSError):
        store(_cached(dataset), key, accuracies)


def measure(
    reference: str, state: Mapping[str, torch.Tensor], train: ImageSet, test: ImageSet
) -> Accuracies:
    """Quantize and evaluate every cell, by the reference and by every published pair."""
    model = resnet.resnet20()
    model.load_state_dict(dict(state))
    images = calibration.calibration_images(train)
    table: Accuracies = {method: {} for method in METHODS}
    cells = [(method, cell) for method in METHODS for cell in CELLS]
    for method, cell in tqdm(cells, desc="PTQ table of the reference", leave=False):
        weight_bits, act_bits = saved_model.parse_name(f"ResNet20_{cell}.pt")
        found = []
        for ops in _references(reference, method, weight_bits):
            quantized = quantization.quantize_model(
                model, ops, weight_bits, act_bits, method, images
            )
            saved = saved_model.saved_model(quantized, test.name, method)
            found.append(integer_network.evaluate_saved(saved, test))
        table[method][cell] = tuple(found)
    return table


def _references(source: str, method: str, weight_bits: int) -> Iterator[ModuleType]:
    """The reference, and it with each published pair of constants for these weights."""
    yield load_module(source, "reference_for_tables")
    for pair in published_scales.PUBLISHED_PAIRS.get(weight_bits, ()) if method == "SAWB" else ():
        module = load_module(source, "reference_with_published_constants")
        names = vars(module)
        names["SAWB_COEFFICIENTS"] = {**names["SAWB_COEFFICIENTS"], weight_bits: pair}
        yield module


def _cached(dataset: str) -> Path:
    return user_cache() / f"ptq_table_{dataset}.json"
