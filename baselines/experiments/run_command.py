"""The command `run`: one method, measured, and its model saved where the kit's format holds it."""

import argparse
import sys
from pathlib import Path

from baselines.experiments.compare_measurement import find_method, measure, setting, widths
from baselines.experiments.table1 import measure as measure_saved
from baselines.experiments.table1_results import file_name
from baselines.methods.registry import CONDITIONS, check_bits
from baselines.methods.saved_networks import DoesNotFit, in_the_kits_format
from quantlab.data.cifar10 import DataNotFound
from quantlab.formats.saved_model import BadSavedModel, to_file
from quantlab.network.calibration import CalibrationError
from quantlab.paths import KIT

PROBLEMS = (BadSavedModel, CalibrationError, DataNotFound, ValueError, OSError)


def run(options: argparse.Namespace) -> int:
    """Does what was asked for; the exit status. Everything that goes wrong is a sentence."""
    try:
        _run(options)
    except PROBLEMS as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


def float_model(options: argparse.Namespace) -> Path:
    """The file that was given, or the kit's own float network of the data set."""
    return options.model or KIT / "checkpoints" / f"resnet20_{options.data}.pt"


def _run(options: argparse.Namespace) -> None:
    method, bits = find_method(options.method), widths(options.bits)
    check_bits(options.method, bits)
    chosen = setting(options.data, float_model(options), options.validate)
    row, network = measure(options.method, options.bits, chosen)
    print(f"{row.method}, {row.cell} ({method.paper})")
    marks = zip(CONDITIONS, method.conditions.marks(), strict=True)
    print("  conditions  " + ", ".join(f"{mark} {name}" for name, mark in marks))
    print(f"  data seen   {row.seen}; labels: none")
    print(f"  time        {row.seconds:.2f} s")
    print(
        f"  accuracy    {row.accuracy:.2f} % ({-row.drop:+.2f}) of {row.images} {row.split} images "
        f"of {row.dataset}" + (", in integers" if row.integers else ", fake-quantized")
    )
    try:
        saved = in_the_kits_format(network, row.method, row.dataset, bits)
    except DoesNotFit as reason:
        print(f"  not saved: {reason}")
        return
    folder = options.out / options.data / file_name(row.method)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"ResNet20_{row.cell}.pt"
    to_file(saved, path)
    accuracy = measure_saved(saved, chosen.measured)
    print(f"  saved       {path}: {accuracy:.2f} %, its image in floating point")
