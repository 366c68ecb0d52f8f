"""Write the sizes and accuracies that the notebook draws beside a student's network.

python -m authoring build          # writes quantlab/notebook/published_frontier.json
python -m authoring build --check  # writes nothing; exit status 1 if it differs

The numbers are those of `python -m baselines frontier`, without bit widths.
"""

import json
from collections.abc import Mapping
from typing import Any

from authoring.build.generated_file import write_or_compare
from quantlab.formats.packed_model import kibibytes
from quantlab.notebook.published_frontier import FILE
from quantlab.paths import KIT

RESULTS = KIT / "baselines" / "models" / "cifar10" / "frontier" / "frontier.json"
LEAST_PERCENT = 80.0  # lower accuracies are of no use to compare with
SOURCES: Mapping[str, tuple[str, str]] = {  # method of the results: name, source
    "uniform": ("one width for all layers", "scales of least squared error"),
    "greedy": ("greedy search", "the cheapest step first, 256 training images"),
    "ZeroQ": ("ZeroQ", "Cai et al., CVPR 2020"),
    "HAWQ-V2": ("HAWQ-V2", "Dong et al., NeurIPS 2020"),
    "blocks": ("blocks reconstructed", "as AdaQuant, Hubara et al., ICML 2021"),
    "fine-tuned": ("fine-tuned, 28 epochs", "LSQ, Esser et al., ICLR 2020"),
}


def build_published_frontier(check: bool = False) -> int:
    """Write the points, or with `check` only compare; return the exit status."""
    points = json.loads(RESULTS.read_text(encoding="utf-8"))["points"]
    text = json.dumps(summarize(points), indent=1, ensure_ascii=False) + "\n"
    return write_or_compare(FILE, text, RESULTS, check)


def summarize(points: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the points of `SOURCES` by method, [KiB, percent] each, the largest first."""
    methods = []
    for method, (name, source) in SOURCES.items():
        own = [
            [round(kibibytes(point["bit_widths"]), 2), point["accuracy"]]
            for point in points
            if point["method"] == method and point["accuracy"] >= LEAST_PERCENT
        ]
        methods.append({"name": name, "source": source, "points": sorted(own, reverse=True)})
    first = points[0]
    return {
        "dataset": first["dataset"],
        "images": first["images"],
        "float_accuracy": first["float_accuracy"],
        "methods": methods,
    }
