"""The command `run`: measure one system, and save its model if the kit's format can hold it."""

from baselines.commands.problems import report_problems
from baselines.errors import DoesNotFit
from baselines.exit_status import DONE
from baselines.experiments.comparison import (
    RunOptions,
    find_system,
    load_setting,
    measure,
    parse_widths,
)
from baselines.experiments.measurement import measure_saved
from baselines.experiments.results import method_folder
from baselines.methods.kit_format import to_kit_format
from baselines.methods.literature import CONDITIONS, check_bits
from quantlab.formats.saved_model import to_file
from quantlab.paths import model_file


def run(options: RunOptions) -> int:
    """Measure the system, and return the exit status."""
    return report_problems(lambda: _run(options))


def _run(options: RunOptions) -> int:
    system, bits = find_system(options.method), parse_widths(options.bits)
    check_bits(options.method, bits)
    setting = load_setting(options)
    row, network = measure(options.method, options.bits, setting)
    print(f"{row.method}, {row.cell} ({system.paper})")
    symbols = zip(CONDITIONS, system.conditions.symbols(), strict=True)
    print("  conditions  " + ", ".join(f"{symbol} {name}" for name, symbol in symbols))
    print(f"  data seen   {row.seen}; labels: none")
    print(f"  time        {row.seconds:.2f} s")
    print(
        f"  accuracy    {row.accuracy:.2f} % ({-row.drop:+.2f}) of {row.images} {row.split} images "
        f"of {row.dataset}" + (", in integers" if row.integers else ", fake-quantized")
    )
    try:
        saved = to_kit_format(network, row.method, row.dataset, bits)
    except DoesNotFit as reason:
        print(f"  not saved: {reason}")
        return DONE
    folder = options.out / options.dataset / method_folder(row.method)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / model_file(row.cell)
    to_file(saved, path)
    accuracy = measure_saved(saved, setting.measured)
    print(f"  saved       {path}: {accuracy:.2f} %, its image in floating point")
    return DONE
