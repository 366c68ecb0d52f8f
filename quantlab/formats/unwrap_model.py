"""Find the tensors of a ResNet-20 in what people save around them.

A model is recognized by its names. Around it are ignored: wrapper keys such as "state_dict", nested
up to `DEEPEST`; what DataParallel, torch.compile and containers add to a name; counters of averaged
models; and other entries that are not tensors of a layer. Two models with different values in one
file are an error, because only the student knows which is meant.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from quantlab.errors import BadSavedModel, UnreadableModel

SEPARATOR = "/"  # between a wrapper key and the names below it
DEEPEST = 4  # mappings within one another
MOST_VALUES = 4096
LONGEST_NAME = 200  # characters
LARGEST_EXTRA = 10_000  # numbers of an extra tensor, such as a curve or a confusion matrix
SAVE_INSTEAD = "save model.state_dict() or the kit's saved model with torch.save, and submit that"
# The ends of the names of a saved model. What has another end is no part of one.
_DESCRIPTIONS = frozenset(("format", "dataset", "method"))
ENDS = _DESCRIPTIONS | {
    "weight",
    "bias",
    "running_mean",
    "running_var",
    "weight_int",
    "weight_scale",
    "input_scale",
}

_ADDED = frozenset(
    ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
)  # by DataParallel and AveragedModel, torch.compile, FSDP, activation checkpoints
_COUNTERS = ("num_batches_tracked", "n_averaged")  # of training steps
_ZERO_POINT = "zero_point"  # means nothing where it is 0
_SHOWN = 40  # characters of a name
_NAMED = 3  # names in one note
_MOST_PARTS = 4  # of a name of the network, such as layer1.0.bn1.running_mean


@dataclass(frozen=True)
class Unwrapped:
    """Hold the values of a model by plain names, and what was removed ("the prefix ... was")."""

    values: dict[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Entry:
    """One value: its path in the file, and its names without what wrappers add."""

    path: str
    wrapper: tuple[str, ...]
    name: str


def flatten(values: Any) -> dict[str, Any]:
    """Return the values of nested mappings by path, such as "state_dict/fc.bias".

    Below the top, names that are not strings and mappings deeper than `DEEPEST` are left out: they
    are an optimizer's.

    Raises:
        UnreadableModel: The values are not a mapping, or there are too many.
    """
    if not isinstance(values, Mapping):
        raise UnreadableModel(f"holds a {type(values).__name__}, not named tensors; {SAVE_INSTEAD}")
    flat: dict[str, Any] = {}
    for count, (path, value) in enumerate(_walk(values, (), (values,))):
        if count == MOST_VALUES:
            raise UnreadableModel(f"holds more than {MOST_VALUES} values; {SAVE_INSTEAD}")
        if not isinstance(value, Mapping):
            flat[path] = value
    return flat


def _walk(
    values: Mapping[Any, Any], keys: tuple[str, ...], outer: tuple[Any, ...]
) -> Iterator[tuple[str, Any]]:
    """Yield path and value of all entries; `outer` are the mappings that hold this one."""
    # A mapping from a file may have attributes with the names of its methods.
    for key, value in dict.items(values) if isinstance(values, dict) else values.items():
        if type(key) is not str or len(key) > LONGEST_NAME or not can_encode(key):
            if keys:
                continue
            raise UnreadableModel(f"has a name that is no short string; {SAVE_INSTEAD}")
        path = SEPARATOR.join((*keys, key))
        if any(value is mapping for mapping in outer):
            raise UnreadableModel(f"holds itself under {shown(path)}; {SAVE_INSTEAD}")
        yield path, value
        if isinstance(value, Mapping) and len(outer) < DEEPEST:
            yield from _walk(value, (*keys, key), (*outer, value))


def unwrap(values: Any, names: Collection[str], typical: Collection[str]) -> Unwrapped:
    """Return the model in `values`, nested or flat, by plain names.

    Entries that may be a layer which the model does not have keep their names.

    Args:
        values: What `torch.load` returned, or `flatten` of it. Nothing in it is trusted.
        names: All names that the model may have.
        typical: Names by which a model is recognized: more than half of them are there.

    Raises:
        BadSavedModel: The values are not a mapping, or hold two different models.
    """
    try:
        flat = flatten(values)
    except UnreadableModel as problem:
        raise BadSavedModel(f"The file {problem}.") from None
    entries = [_entry(path, names) for path in flat]
    wrapper = _chosen_wrapper(entries, flat, names, typical)
    model: dict[str, Any] = {}
    paths: dict[str, str] = {}
    for entry in entries:
        if entry.wrapper == wrapper and entry.name in names:
            if entry.name in model and not _equal(flat[entry.path], model[entry.name]):
                raise BadSavedModel(
                    f"{entry.name} is there twice with different values, as "
                    f"{shown(paths[entry.name])} and {shown(entry.path)}: leave one of them out."
                )
            model[entry.name], paths[entry.name] = flat[entry.path], entry.path
    beside = {path.rpartition(SEPARATOR)[0] for path in paths.values()} or {""}
    ignored: dict[str, None] = {}
    for entry in entries:
        if entry.wrapper == wrapper and entry.name in names:
            continue
        near = entry.path.rpartition(SEPARATOR)[0] in beside
        if near and (name := _name_of_unknown_layer(entry.path, flat[entry.path], wrapper)):
            model[name] = flat[entry.path]
        elif not entry.path.endswith(_COUNTERS) and entry.name not in _DESCRIPTIONS:
            ignored[entry.path.partition(SEPARATOR)[0]] = None
    return Unwrapped(model, tuple(_notes(wrapper, paths.values(), list(ignored))))


def plain_tokens(name: str) -> tuple[str, ...]:
    """Return the parts of a name without those that DataParallel, torch.compile and others add.

    Examples:
        >>> plain_tokens("module._orig_mod.layer1.0.conv1.weight")
        ('layer1', '0', 'conv1', 'weight')
    """
    return tuple(part for part in name.replace(SEPARATOR, ".").split(".") if part not in _ADDED)


def _entry(path: str, names: Collection[str]) -> _Entry:
    """Return the entry at `path`; its name is the longest end that is in `names`."""
    tokens = plain_tokens(path)
    for start in range(max(0, len(tokens) - _MOST_PARTS), len(tokens)):
        name = ".".join(tokens[start:])
        if name in names:
            return _Entry(path, tokens[:start], name)
    return _Entry(path, tokens, "")


def _chosen_wrapper(
    entries: list[_Entry],
    flat: Mapping[str, Any],
    names: Collection[str],
    typical: Collection[str],
) -> tuple[str, ...]:
    """Return the wrapper of the only model; where there is none, that with the most names."""
    groups: dict[tuple[str, ...], dict[str, Any]] = {(): {}}
    for entry in entries:
        if entry.name in names:
            groups.setdefault(entry.wrapper, {})[entry.name] = flat[entry.path]
    models = [
        wrapper
        for wrapper, values in groups.items()
        if 2 * sum(name in values for name in typical) > len(typical)
    ]
    if not models:
        return max(groups, key=lambda wrapper: (len(groups[wrapper]), -len(wrapper)))
    first = min(models, key=len)
    for other in models:
        if not _same_model(groups[first], groups[other]):
            raise BadSavedModel(
                f"The file holds two models with different values, {_place(first)} and "
                f"{_place(other)}: save only the one that is meant."
            )
    return first


def _place(wrapper: tuple[str, ...]) -> str:
    return f"under {shown('.'.join(wrapper))}" if wrapper else "at the top"


def _same_model(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    kept, others = first.keys() - _DESCRIPTIONS, second.keys() - _DESCRIPTIONS
    return kept == others and all(_equal(first[name], second[name]) for name in kept)


def _equal(first: Any, second: Any) -> bool:
    """Return whether two values are the same numbers, without a conversion that may fail."""
    if first is second:
        return True
    if type(first) is not type(second):
        return False
    if isinstance(first, torch.Tensor):
        plain = first.layout == second.layout == torch.strided and not (
            first.is_meta or second.is_meta
        )
        return plain and first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, np.ndarray):
        return first.dtype == second.dtype and np.array_equal(first, second)
    return bool(first == second)


def _name_of_unknown_layer(path: str, value: Any, wrapper: tuple[str, ...]) -> str | None:
    """Return the name of an entry beside the model that may be a layer, or None.

    It is a tensor that is not both small and at the top.
    """
    tokens, size = plain_tokens(path), _size(value)
    rest = tokens[len(wrapper) :]
    if (
        size is None
        or tokens[: len(wrapper)] != wrapper
        or path.endswith(_COUNTERS)
        or (len(rest) == 1 and size <= LARGEST_EXTRA)
        or _is_zero_point(rest[-1:], value)
    ):
        return None
    return ".".join(rest)


def _size(value: Any) -> int | None:
    """Return how many numbers a tensor or array has; None for any other value."""
    if isinstance(value, torch.Tensor):
        return value.numel()
    return value.size if isinstance(value, np.ndarray) else None


def _is_zero_point(end: tuple[str, ...], value: Any) -> bool:
    if not end or not end[0].endswith(_ZERO_POINT):
        return False
    if isinstance(value, torch.Tensor):
        return value.layout == torch.strided and not value.is_meta and not bool(value.any())
    return not value.any()


def _notes(wrapper: tuple[str, ...], paths: Collection[str], ignored: list[str]) -> Iterator[str]:
    if wrapper:
        yield f"the model was read from {shown('.'.join(wrapper))}"
    parts = {part for path in paths for part in path.replace(SEPARATOR, ".").split(".")}
    for added in sorted(parts & _ADDED):
        yield f"the prefix '{added}.' was removed"
    if ignored:
        some = ", ".join(shown(name) for name in ignored[:_NAMED])
        more = f" and {len(ignored) - _NAMED} more" if len(ignored) > _NAMED else ""
        yield f"entries outside the network were ignored: {some}{more}"


def shown(name: str) -> str:
    """Return an untrusted name in quotes, short and in ASCII."""
    text = ascii(name)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 4]}...'"


def can_encode(text: str) -> bool:
    """Return whether `text` contains no unpaired surrogate."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
