"""Read the bit widths of all layers from a JSON file."""

import json
from pathlib import Path

from quantlab.formats.packed_model import LAYERS, allowed_bits


def read_widths(path: Path) -> dict[str, int]:
    """Return {layer: bits} of all 20 layers from a JSON file, alone or under "bit_widths".

    Raises:
        ValueError: A layer is missing, or a bit width is not allowed.
        OSError: The file cannot be read.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
        content = content.get("bit_widths", content)
        widths = {name: content[name] for name in LAYERS}
    except (ValueError, KeyError, AttributeError, TypeError):
        raise ValueError(
            f"Expected the bits of all 20 layers in {path}: write a JSON object such as "
            '{"conv1": 4, "layer1.0.conv1": 2, ...}.'
        ) from None
    for name, bits in widths.items():
        if type(bits) is not int or bits not in allowed_bits(name):
            raise ValueError(
                f"Expected 1 to 8 bits for {name} in {path}, got {bits!r}: only a convolution "
                "inside a residual branch may have 0 bits, which removes it."
            )
    return widths
