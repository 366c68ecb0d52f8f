"""ONNX Runtime predicts what the integer-only network does, with its 8-bit kernels."""

import collections
import importlib

import pytest

from baselines.errors import MissingPackage
from baselines.integer_only.onnx_export import INPUT, deployment_package, export
from baselines.integer_only.onnx_session import OnnxSession
from baselines.integer_only.run import largest_magnitudes, run
from quantlab.data.images import normalize


@pytest.fixture(scope="session")
def largest(network, calibration):
    return lambda cell: largest_magnitudes(network(cell), calibration)


def agreement(network, path, images) -> float:
    predictions = OnnxSession(path).logits(images).argmax(1)
    return float((predictions == run(network, images).argmax(1)).double().mean())


@pytest.mark.parametrize("cell", ["W8A8", "W2A2"])
def test_onnx_export_with_16_bit_stream_predicts_the_same_at_any_width(
    network, largest, shapes10_test, tmp_path, cell
):
    """But for rounding in floating point, these are the same integers."""
    export(network(cell), tmp_path / "network.onnx", 16, largest(cell))
    assert agreement(network(cell), tmp_path / "network.onnx", shapes10_test.images[:50]) >= 0.98


def test_onnx_export_with_8_bit_stream_predicts_the_same_at_8_bits(
    network, largest, shapes10_test, tmp_path
):
    export(network("W8A8"), tmp_path / "network.onnx", 8, largest("W8A8"))
    assert agreement(network("W8A8"), tmp_path / "network.onnx", shapes10_test.images[:50]) >= 0.96


def test_onnx_export_runs_convolutions_and_additions_at_8_bits(network, largest, tmp_path):
    onnx, runtime = deployment_package("onnx"), deployment_package("onnxruntime")
    export(network("W4A4"), tmp_path / "network.onnx", 8, largest("W4A4"))
    options = runtime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 3
    runtime.InferenceSession(
        str(tmp_path / "network.onnx"), options, providers=["CPUExecutionProvider"]
    )
    nodes = onnx.load(tmp_path / "optimized.onnx").graph.node
    kinds = collections.Counter(node.op_type for node in nodes)
    assert (kinds["QLinearConv"], kinds["QLinearAdd"]) == (19, 9)
    assert kinds["Conv"] + kinds["FusedConv"] + kinds["Add"] == 0


def test_onnx_export_clips_codes_to_their_largest(network, largest, calibration, tmp_path):
    """By the graph itself, whatever saturates in the runtime."""
    onnx, runtime = deployment_package("onnx"), deployment_package("onnxruntime")
    export(network("W2A2"), tmp_path / "network.onnx", 16, largest("W2A2"))
    model = onnx.load(tmp_path / "network.onnx")
    clipped = [node.output[0] for node in model.graph.node if node.op_type == "Clip"]
    assert len(clipped) == 19
    kind = onnx.TensorProto.UINT8
    model.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, kind, None) for name in clipped
    )
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    codes = session.run(clipped, {INPUT: normalize(calibration[:2].contiguous()).numpy()})
    assert {int(array.max()) for array in codes} == {3}


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_deployment_package_names_the_package_to_install(package, monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(
        MissingPackage, match=rf"{package} is missing: pip install -e '.\[deploy\]'"
    ):
        deployment_package(package)
