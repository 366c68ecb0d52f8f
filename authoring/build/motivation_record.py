"""The numbers of the picture that motivates the assignment, and the same numbers as text.

`python -m authoring build motivation` writes them and the picture (`authoring.build.motivation`).
"""

import base64
import hashlib
import io

from msgspec import Struct, json
from PIL import Image

from quantlab.paths import KIT

NUMBERS, PICTURE = KIT / "docs" / "motivation.json", KIT / "docs" / "motivation.png"


class Guess(Struct, frozen=True):
    """What one network makes of the photo: the class and its probability in percent."""

    name: str
    percent: float


class Width(Struct, frozen=True):
    """One row of the picture.

    `rounded` is the float network on a grid, `trained` the network that was trained on it. At 32
    bits both are the float network. `accuracies` are the two on all test images, in percent.
    """

    bits: int
    rounded: Guess
    trained: Guess
    accuracies: tuple[float, float]
    weight_bytes: int
    microjoules: float


class Motivation(Struct, frozen=True):
    """The numbers of the picture.

    `photo` is the index of the test image, `label` its class. The networks are right and wrong as
    on the photo on `alike` of the first `candidates` test images.
    """

    photo: int
    label: str
    alike: int
    candidates: int
    widths: tuple[Width, ...]


def read_motivation() -> Motivation:
    """Return the committed numbers. Raises `OSError` and `msgspec.ValidationError`."""
    return json.decode(NUMBERS.read_bytes(), type=Motivation)


def digest(motivation: Motivation) -> str:
    """Return the digest of the numbers."""
    return hashlib.sha256(json.encode(motivation)).hexdigest()[:24]


def drawn_digest(picture: bytes) -> str:
    """Return the digest of the numbers that a picture shows, "" if it names none."""
    with Image.open(io.BytesIO(picture)) as image:
        return str(image.info.get("numbers", ""))


def describe(motivation: Motivation) -> str:
    """Return what the picture shows, as alternative text without quotes or brackets."""
    rows = [
        f"At {width.bits} bits: {width.rounded.name}, {width.rounded.percent:g} % sure, if only "
        f"rounded; {width.trained.name}, {width.trained.percent:g} %, if trained; "
        f"{width.weight_bytes / 1024:.0f} KiB of weights, {width.microjoules:.0f} µJ."
        for width in motivation.widths
    ]
    return f"A photo of a {motivation.label}, classified by ResNet-20. " + " ".join(rows)


def caption(motivation: Motivation) -> str:
    """Return what to see in the picture, and how it was measured."""
    accurate, coarse = motivation.widths[0], motivation.widths[-1]
    rounded, trained = coarse.accuracies
    return (
        f"One photo of the CIFAR-10 test images (number {motivation.photo}), classified by the "
        "networks of this kit. The bits are those of weights and activations; the first layer "
        "keeps floating point. Rounding alone works at 8 bits and fails at 2. After training for "
        f"the grid, 2 bits are enough. On all test images the float network is right in "
        f"{accurate.accuracies[0]:.1f} %, with {coarse.bits} bits in {rounded:.1f} % if only "
        f"rounded and in {trained:.1f} % if trained. The energy is that of products, sums and "
        "reading the weights once, with the costs of Horowitz (ISSCC 2014, 45 nm). His table ends "
        "at 8 bits, so narrower products count as much as those of 8 bits."
    )


def markdown_image(motivation: Motivation) -> str:
    """Return the picture as Markdown. Its bytes are in the text: Colab shows no attachments.

    Raises:
        OSError: The picture cannot be read.
    """
    image = base64.b64encode(PICTURE.read_bytes()).decode()
    return f"![{describe(motivation)}](data:image/png;base64,{image})"
