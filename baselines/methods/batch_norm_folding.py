"""Fold batch norm into the convolution before it.

    w' = gamma w / sqrt(var + eps)        b' = beta + gamma (b - mean) / sqrt(var + eps)

(ISQuant, equations 17 and 18). One forward pass shows which batch norm follows which convolution:
it receives the tensor that the convolution returned. The order of the modules is not enough where a
shortcut has a convolution of its own, and names are conventions. Released code that pairs the i-th
with the i-th is silently wrong there.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn

PROBE_SHAPE = (1, 3, 32, 32)  # an image to watch; its content does not matter


def convolution_norms(model: nn.Module) -> dict[str, str]:
    """Return {convolution: the batch norm that receives its output}, by module names."""
    outputs: dict[int, tuple[str, Tensor]] = {}
    pairs: dict[str, str] = {}

    def returned(name: str, output: Tensor) -> None:
        outputs[id(output)] = (name, output)  # kept alive, so that no other tensor takes its id

    def received(name: str, input: Tensor) -> None:
        if id(input) in outputs:
            pairs[outputs[id(input)][0]] = name

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
            model.eval()(torch.zeros(PROBE_SHAPE, dtype=parameter.dtype, device=parameter.device))
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    return pairs


@torch.no_grad()
def fold_batch_norm(model: nn.Module) -> nn.Module:
    """Return a copy in evaluation mode that computes the same without batch norm.

    `nn.Identity` replaces each batch norm, so that names stay. Raise `ValueError` for a batch norm
    that follows no convolution.
    """
    pairs = convolution_norms(model)
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
            raise ValueError(f"Cannot fold {name}: no convolution is directly before it.")
    return network
