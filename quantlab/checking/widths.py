"""Explain bit widths that a search should not have returned, on small networks."""

from collections.abc import Mapping
from typing import Any

from quantlab.checking.wrong_part import WrongPart
from quantlab.protocol.calls import AdditiveLoss
from quantlab.protocol.comparison import describe, is_width
from quantlab.protocol.quality_rules import accuracy_of, bits_of


def show_widths(part: WrongPart) -> str:
    """Return the widths, their accuracy and bits, and the best uniform width."""
    sizes: Mapping[str, int] = part.arguments["layer_sizes"]
    table: AdditiveLoss = part.arguments["evaluate"]
    candidates = part.arguments["candidate_bits"]
    network = f"small network {part.number + 1}"
    if not _is_complete(part.got, sizes, candidates):
        return (
            f"{network}: expected {{layer: bits}} for {len(sizes)} layers, bits among "
            f"{candidates}; got {describe(part.got)}"
        )
    floor = part.arguments["accuracy_floor"]
    uniform = {bits: accuracy_of(table, dict.fromkeys(sizes, bits)) for bits in sorted(candidates)}
    best = next((bits for bits, accuracy in uniform.items() if accuracy > floor), None)
    widths = ", ".join(str(int(part.got[name])) for name in sizes)
    shown = (
        f"{network}: widths {widths} give {accuracy_of(table, part.got):.2f} % and take "
        f"{bits_of(sizes, part.got)} bits; the floor is {floor:g} %"
    )
    if best is None:
        widest = max(candidates)
        return f"{shown}, and {widest} bits everywhere give only {uniform[widest]:.2f} %"
    total = best * sum(sizes.values())
    return f"{shown}; {best} bits everywhere give {uniform[best]:.2f} % and take {total}"


def diagnose_widths(part: WrongPart) -> str:
    """Return what the search does wrong, from its answer; "" if that does not show it."""
    sizes: Mapping[str, int] = part.arguments["layer_sizes"]
    table: AdditiveLoss = part.arguments["evaluate"]
    candidates, floor = part.arguments["candidate_bits"], part.arguments["accuracy_floor"]
    if not _is_complete(part.got, sizes, candidates):
        return _form(part.got, sizes, candidates)
    accuracy = accuracy_of(table, part.got)
    if accuracy_of(table, dict.fromkeys(sizes, max(candidates))) <= floor:
        return "Where even the widest network is not above the floor, return the widest."
    if accuracy == floor:
        return "This accuracy equals the floor; it must be above it, equal is not enough."
    if accuracy < floor:
        return (
            "Return only widths that `evaluate` has seen above the floor, all layers together: "
            "losses of single layers add up, and a step below the floor must be taken back."
        )
    return (
        "One narrower width for all layers is above the floor too, and smaller. Start from the "
        "best uniform width, or keep the smallest of all widths that passed."
    )


def _is_complete(got: Any, sizes: Mapping[str, int], candidates: tuple[int, ...]) -> bool:
    return (
        isinstance(got, Mapping)
        and set(got) == set(sizes)
        and all(is_width(bits, candidates) for bits in got.values())
    )


def _form(got: Any, sizes: Mapping[str, int], candidates: tuple[int, ...]) -> str:
    if not isinstance(got, Mapping):
        return "Return one dictionary {layer: bits}, and nothing else."
    missing = [name for name in sizes if name not in got]
    unknown = [name for name in got if name not in sizes]
    if missing:
        return f"The width of {missing[0]} is missing; every layer of layer_sizes needs one."
    if unknown:
        return f"{unknown[0]!r} is not a layer of layer_sizes."
    wrong = next(name for name, bits in got.items() if not is_width(bits, candidates))
    if isinstance(got[wrong], str):
        return f"The width of {wrong} is the text {got[wrong]!r}; it must be a number."
    return f"{wrong} has a width that is not in candidate_bits; choose one of {candidates}."
