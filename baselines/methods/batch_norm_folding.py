"""Batch normalization folded into the convolution before it.

    w' = gamma w / sqrt(var + eps)        b' = beta + gamma (b - mean) / sqrt(var + eps)

(ISQuant, equations 17 and 18). Which normalization follows which convolution is found by watching
one forward pass: the pair is where the one receives the very tensor that the other returned. The
order of the modules says nothing where a shortcut has a convolution of its own, and names only what
somebody called them; released code that pairs the i-th with the i-th is silently wrong there.

It can fail with a `ValueError` for a normalization that follows no convolution.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn

LOOK = (1, 3, 32, 32)  # an image to watch; its content does not matter


def normalizations(model: nn.Module) -> dict[str, str]:
    """{convolution: the batch normalization that its output goes into}, by module names."""
    made: dict[int, tuple[str, Tensor]] = {}
    pairs: dict[str, str] = {}

    def returned(name: str, output: Tensor) -> None:
        made[id(output)] = (name, output)  # kept alive, so that no other tensor takes its id

    def received(name: str, input: Tensor) -> None:
        if id(input) in made:
            pairs[made[id(input)][0]] = name

    hooks: list[Any] = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(
                module.register_forward_hook(lambda _, args, out, name=name: returned(name, out))
            )
        elif isinstance(module, nn.BatchNorm2d):
            hooks.append(
                module.register_forward_pre_hook(lambda _, args, name=name: received(name, args[0]))
            )
    parameter = next(model.parameters())
    was_training = model.training
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(LOOK, dtype=parameter.dtype, device=parameter.device))
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    return pairs


@torch.no_grad()
def folded(model: nn.Module) -> nn.Module:
    """A copy in evaluation mode that computes the same without batch normalization.

    In its place stands `nn.Identity`, so that every name stays. Raises `ValueError`.
    """
    pairs = normalizations(model)
    network = copy.deepcopy(model).eval()
    for convolution, normalization in pairs.items():
        conv: Any = network.get_submodule(convolution)
        norm: Any = network.get_submodule(normalization)
        factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        conv.weight = nn.Parameter(conv.weight * factor.reshape(-1, 1, 1, 1))
        before = torch.zeros_like(norm.bias) if conv.bias is None else conv.bias
        conv.bias = nn.Parameter(norm.bias + factor * (before - norm.running_mean))
        parent, _, child = normalization.rpartition(".")
        setattr(network.get_submodule(parent), child, nn.Identity())
    for name, module in network.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            raise ValueError(
                f"{name} follows no convolution, so that it cannot be folded into one."
            )
    return network
