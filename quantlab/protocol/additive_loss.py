"""The callable argument of a variable-precision search, from a table of losses."""

from collections.abc import Callable, Mapping

from quantlab.protocol.calls import AdditiveLoss

Evaluate = Callable[[Mapping[str, int]], float]


def make_evaluate(loss: AdditiveLoss) -> Evaluate:
    """Return the function that `loss` describes, with its budget."""
    calls = 0

    def evaluate(bit_widths: Mapping[str, int]) -> float:
        nonlocal calls
        if calls == loss.budget:
            raise RuntimeError(f"evaluate may be called {loss.budget} times; this is one more.")
        calls += 1
        if bit_widths.keys() != loss.losses.keys():
            raise ValueError(
                f"evaluate needs a bit width for each of the layers {', '.join(loss.losses)}; "
                f"it was given {', '.join(map(str, bit_widths)) or 'none'}."
            )
        total = 0.0
        for layer, bits in bit_widths.items():
            if bits not in loss.losses[layer]:
                raise ValueError(f"evaluate was given {bits!r} bits for {layer}, no candidate.")
            total += loss.losses[layer][bits]
        return loss.ceiling - total

    return evaluate
