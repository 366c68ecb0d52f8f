"""The examples in the docstrings of the functions that students meet first."""

import doctest
import importlib

import pytest

# The number of functions with examples, by module: a lost example fails.
EXAMPLES = {
    "quantlab.paths": 3,
    "quantlab.arithmetic.integer_kernels": 1,
    "quantlab.data.images": 1,
    "quantlab.data.split": 1,
    "quantlab.data.student_vectors": 1,
    "quantlab.formats.packed_model": 3,
    "quantlab.formats.saved_model": 1,
    "quantlab.network.calibration": 1,
    "quantlab.network.quantization": 1,
    "quantlab.network.resnet": 2,
    "quantlab.protocol.sanitize_text": 1,
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_docstring_examples_hold(name: str) -> None:
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner()
    examples = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    for test in examples:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
    assert len(examples) == EXAMPLES[name]
