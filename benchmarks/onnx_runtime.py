"""ONNX Runtime as a peer: the same model with static 8-bit quantization, by its own kernels.

It has the QDQ graph of `baselines.integer_only` with an 8-bit stream, in which every convolution
and addition is one of its 8-bit kernels.
"""

from collections.abc import Callable
from pathlib import Path

from baselines.integer_only.convert import convert
from baselines.integer_only.onnx_export import export
from baselines.integer_only.onnx_session import OnnxSession
from baselines.integer_only.run import largest_magnitudes
from quantlab.data.images import ImageSet
from quantlab.formats.saved_model import SavedModel

CALIBRATION = 64  # images; how long a graph takes does not depend on its scales
STREAM_BITS = 8


def onnx_runtime(
    saved: SavedModel, images: ImageSet, folder: Path, threads: int
) -> Callable[[], float]:
    """Return a function that evaluates `saved` on `images`: accuracy in percent.

    The graph is written to `folder`. Raise `MissingPackage` if ONNX Runtime is not installed.
    """
    pixels = images.images[:CALIBRATION]
    network = convert(saved, pixels)
    graph = folder / "peer.onnx"
    export(network, graph, STREAM_BITS, largest_magnitudes(network, pixels))
    session = OnnxSession(graph, threads)

    def evaluate() -> float:
        hits = session.logits(images.images).argmax(1) == images.labels
        return 100 * int(hits.sum()) / len(images)

    return evaluate
