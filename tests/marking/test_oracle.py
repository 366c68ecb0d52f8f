"""The oracle gives the reference's answers, also to several threads with stand-ins at once."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from quantlab.protocol.calls import Call, Constant, Input, Program


def product(stand_in: int | None) -> Program:
    """A linear layer whose integer product is the real one, or everywhere the given number."""
    x = np.arange(6, dtype=np.int32).reshape(2, 3)
    replaced = {}
    if stand_in is not None:
        replaced = {"integer_linear": Constant(np.full((2, 2), stand_in, np.int32))}
    arguments = (Input("x"), Input("w"), None, 1.0, 1.0)
    call = Call("quantized_linear_function", arguments, stand_ins=replaced)
    return Program((call,), {"x": x, "w": np.ones((2, 3), np.int32)})


def test_oracle_keeps_stand_ins_of_threads_apart(oracle):
    def ask(number: int) -> bool:
        stand_in = number if number % 2 else None
        result = oracle.answer(product(stand_in)).results[0]
        right = [[3, 3], [12, 12]] if stand_in is None else np.full((2, 2), number)
        return bool(np.array_equal(result, right))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(400)))


def test_oracle_answer_leaves_its_module_unchanged(oracle):
    original = oracle.module.integer_linear
    oracle.answer(product(7))
    assert oracle.module.integer_linear is original
