"""Beginning a training from weights that exist: ours or others', of the same network at any scale or size.

Tensors of equal name and shape are taken, the rest keeps its fresh values: from x2 to x4 that is all but some layers
that enlarge. What was and was not taken is said, because a start from the wrong file looks like any other training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from srtui.engine.checkpoint_dialects import UnknownArchitectureError, recognise
from srtui.engine.models import read_weights
from srtui.engine.networks import SRNetwork, architecture
from srtui.engine.networks.foreign import SpandrelNetwork
from srtui.errors import SrtuiError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Which tensors a network begins with that were in a file; ``str`` is one line for people."""

    names: tuple[str, ...]
    """Tensors that were taken, under the network's names."""
    left: Mapping[str, str]
    """Tensors that keep their fresh values, each with the reason."""
    unused: tuple[str, ...]
    """Tensors of the file that the network has no place for."""

    def __str__(self) -> str:
        text = f"taken {len(self.names)} of {len(self.names) + len(self.left)} tensors"
        if self.left:
            layers = _by_layer(self.left)
            text += "; left: " + ", ".join(
                f"{layer} ({_tensors(len(names))}: {self.left[names[0]]})" for layer, names in layers.items()
            )
        if self.unused:
            layers = _by_layer(self.unused)
            text += "; not used: " + ", ".join(f"{layer} ({_tensors(len(names))})" for layer, names in layers.items())
        return text


def begin_from(net: SRNetwork, path: Path) -> Taken:
    """
    Copy what fits of a file's weights into a network, in place, on whatever device it is.

    Parameters
    ----------
    path
        A network file, or a checkpoint of any dialect.

    Raises
    ------
    UsageError
        If there is no such file, it holds another architecture, or nothing in it fits.
    SrtuiError
        If it is damaged.
    """
    weights = _of_the_same_network(net, path)
    own = net.state_dict(keep_vars=True)
    left = {name: _reason(value, weights.get(name)) for name, value in own.items()}
    names = tuple(name for name, reason in left.items() if not reason)
    if not any(isinstance(own[name], nn.Parameter) for name in names):
        name, reason = next((name, reason) for name, reason in left.items() if reason)
        fact = f"nothing in it fits {net.architecture}: {name} is {reason}"
        raise UsageError(str(path), fact, hint="is it of this network, with these sizes?")
    for name in names:
        if not torch.isfinite(weights[name]).all():
            fact = f"{name} holds numbers that are not finite"
            raise SrtuiError(str(path), fact, hint="take an earlier checkpoint")
    net.load_state_dict({name: weights[name] for name in names}, strict=False)
    return Taken(
        names=names,
        left={name: reason for name, reason in left.items() if reason},
        unused=tuple(name for name in weights if name not in own),
    )


def _of_the_same_network(net: SRNetwork, path: Path) -> Mapping[str, Tensor]:
    """Read weights under the network's names; refuse another architecture, some of whose layers are called the same."""
    weights, card = read_weights(path)
    try:
        found = recognise(weights, str(path)).network if card is None else card.network
    except UnknownArchitectureError:
        if isinstance(net, SpandrelNetwork):
            return weights
        raise
    except UsageError:  # a variant that is not built here, or a part of one: names and shapes decide
        return weights
    if architecture(found) != net.architecture:
        fact = f"holds {architecture(found)}, not {net.architecture}"
        raise UsageError(str(path), fact, hint="begin from a file of the network that the profile names")
    if ("no_norm" in weights) != ("no_norm" in net.state_dict()):
        norm = "no_norm" not in weights
        fact = f"was trained with norm: {norm}".lower() + ", the profile says otherwise"
        raise UsageError(str(path), fact, hint=f"set network.norm to {norm}".lower())
    return weights


def _reason(own: Tensor, found: Tensor | None) -> str:
    """Why a tensor cannot be taken; nothing if it can."""
    if found is None:
        return "not in the file"
    if found.shape != own.shape:
        return f"{_shape(found)} in the file, {_shape(own)} here"
    return ""


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a number"


def _tensors(count: int) -> str:
    return f"{count} tensor{'s' if count > 1 else ''}"


def _by_layer(names: Mapping[str, str] | tuple[str, ...]) -> dict[str, list[str]]:
    """Names by what they begin with: of a long list, only how much of which part is worth saying."""
    layers: dict[str, list[str]] = {}
    for name in names:
        layers.setdefault(name.partition(".")[0], []).append(name)
    return layers
