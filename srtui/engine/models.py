"""
Network files: our own ``.safetensors`` that carry their whole recipe, and what other programs trained.

Reading never runs code: safetensors, or torch's format with ``weights_only``. Nothing in a file is believed: what it
claims is compared with its size and with the shapes of its tensors before a network is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as tensor_bytes
from torch import Tensor

from srtui.config.network import RRDB
from srtui.engine.checkpoint_dialects import Recognised, recognise, unwrap, wrapper_of
from srtui.engine.inference import measure_overlap
from srtui.engine.networks import SRNetwork, build, foreign, title
from srtui.engine.networks.rrdb import RRDBNet
from srtui.engine.torch_files import PICKLE, ZIP, read_torch_file
from srtui.errors import SrtuiError, UsageError
from srtui.files import write_whole
from srtui.project.cards import ModelCard, metadata_of, read_card
from srtui.project.model_facts import weights_digest

LARGEST_FILE = 1 << 32
"""Bytes of a network file that are read at most; RRDBNet with its optimiser is 0.2 GB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A network that is ready to restore."""

    net: SRNetwork
    scale: int
    overlap: int
    recipe: Mapping[str, Any] | None
    """As in `ModelCard`; None for what others trained."""
    description: str
    """For people: architecture, scale, sizes, number of parameters."""
    card: ModelCard
    """What its file says of it; of others' files, what ours would say."""
    weights: str
    """Under which key of a checkpoint they were (params_ema, …); nothing where they lie bare."""
    numbers: str
    """Type of the numbers in the file: float32, float16, …"""


def save_model(
    path: Path, weights: Mapping[str, Tensor], card: ModelCard, *, dtype: torch.dtype = torch.float32
) -> None:
    """
    Write a finished network: upstream's names, no time stamps, so that equal networks are equal files.

    Parameters
    ----------
    path
        It gets this name when it is whole.
    weights
        The network's state dict, on any device.
    card
        What it says about itself; `card_of` makes it.
    dtype
        Of the numbers in the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, tensor_bytes(cast(weights, dtype), metadata_of(card)))


def cast(weights: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """Weights as ``dtype``, on the CPU; whole numbers (places in a window, say) stay what they are."""
    return {
        name: value.detach().to("cpu", dtype if value.is_floating_point() else None).contiguous()
        for name, value in weights.items()
    }


def digest_of(weights: Mapping[str, Tensor]) -> str:
    """Digest of a network's parameters, by which it is known in whatever form it is kept (`weights_digest`)."""
    values = ((name, weights[name].detach().to("cpu", torch.float32).contiguous()) for name in sorted(weights))
    return weights_digest((name, value.shape, value.numpy().tobytes()) for name, value in values)


def read_metadata(path: Path) -> ModelCard | None:
    """
    Read what a network file says about itself, without its weights; None if srtui did not write it.

    Raises
    ------
    UsageError
        If there is no such file, or a newer srtui wrote it.
    SrtuiError
        If it is damaged.
    """
    if _kind(path) != "safetensors":
        return None
    try:
        with safe_open(str(path), framework="pt") as file:
            return read_card(file.metadata() or {}, path)
    except (SafetensorError, OSError) as error:
        raise _damaged(path, str(error)) from None


def load_model(path: Path, device: torch.device | str = "cpu") -> LoadedModel:
    """
    Load a network, ours or another program's (BasicSR, Real-ESRGAN, ESRGAN, chaiNNer, spandrel).

    Returns
    -------
    In eval mode, float32, channels last, on ``device``. The overlap of a deep foreign network is measured: seconds.

    Raises
    ------
    UsageError
        If there is no such file, it holds another architecture, or what would run as code.
    SrtuiError
        If it is damaged.
    """
    weights, card, wrapper = _read(path)
    if card is None:
        found, weights = _recognised(weights, path)
    else:
        found = _known(card)
    net = _filled(found, weights, path)
    net.fuse()
    net.to(device)
    net.to(memory_format=torch.channels_last)
    card = _card(found, net) if card is None else card
    net.overlap = card.overlap
    parameters = sum(weight.numel() for weight in net.parameters())
    return LoadedModel(
        net=net,
        scale=found.scale,
        overlap=net.overlap,
        recipe=card.recipe,
        description=f"{title(found.network, found.scale)}, {parameters:,} parameters",
        card=card,
        weights=wrapper,
        numbers=", ".join(sorted({str(value.dtype).removeprefix("torch.") for value in weights.values()})),
    )


def _recognised(weights: Mapping[str, Tensor], path: Path) -> tuple[Recognised, Mapping[str, Tensor]]:
    """Tell what another's weights are of: by our own knowledge, else by spandrel's; with the names of that network."""
    try:
        return recognise(weights, str(path)), weights
    except UsageError as error:
        if not foreign.installed():
            hint = f"{error.hint}; with its extra, pip install 'srtui[spandrel]', many more"
            raise type(error)(error.subject, error.fact, where=error.where, hint=hint) from None
        try:
            network, scale, named = foreign.detect(_read(path, rename=False)[0], str(path))
        except foreign.UnsupportedError:
            raise error from None
    return Recognised(network=network, scale=scale, make=lambda: build(network, scale)), named


def read_weights(path: Path) -> tuple[Mapping[str, Tensor], ModelCard | None]:
    """
    Read weights of any dialect under upstream's names, without making a network; with our files' card.

    Raises
    ------
    UsageError
        If there is no such file, it holds no weights, or what would run as code.
    SrtuiError
        If it is damaged.
    """
    weights, card, _ = _read(path)
    return weights, card


def _card(found: Recognised, net: SRNetwork) -> ModelCard:
    """What our file of another's network would say."""
    plain = isinstance(net, RRDBNet) and found.scale < 3 and net.multiple == 1
    return ModelCard(network=found.network, scale=found.scale, overlap=measure_overlap(net), plain=plain)


def _known(card: ModelCard) -> Recognised:
    def make() -> SRNetwork:
        if card.plain and isinstance(card.network, RRDB):
            return RRDBNet(card.network, card.scale, plain=True)
        return build(card.network, card.scale)

    return Recognised(network=card.network, scale=card.scale, make=make)


def _read(path: Path, *, rename: bool = True) -> tuple[Mapping[str, Tensor], ModelCard | None, str]:
    if _kind(path) == "torch":
        loaded = read_torch_file(path)
        return _checked(unwrap(loaded, str(path), rename=rename), path), None, wrapper_of(loaded)
    try:
        with safe_open(str(path), framework="pt") as file:
            card = read_card(file.metadata() or {}, path)
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
    except (SafetensorError, OSError) as error:
        raise _damaged(path, str(error)) from None
    return _checked(unwrap(weights, str(path), rename=rename), path), card, ""


def _kind(path: Path) -> str:
    """What a file is, by its first bytes: names say little (.pt and .pth and .bin are all torch's)."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        raise UsageError(str(path), error.strerror or "cannot be read", hint="give the path of a network") from None
    if size > LARGEST_FILE:
        raise UsageError(str(path), f"{size / 1e9:.1f} GB; networks of at most 4.3 GB are read")
    # First, for one header in 32 has a length whose last byte is a pickle's first.
    if len(head) == 9 and head[8:] == b"{" and int.from_bytes(head[:8], "little") < size:
        return "safetensors"
    if head.startswith((ZIP, PICKLE)):
        return "torch"
    fact = "is empty" if not size else "is neither safetensors nor a torch checkpoint, or is cut off"
    raise SrtuiError(str(path), fact, hint="copy or download it again")


def _checked(weights: Mapping[str, Tensor], path: Path) -> Mapping[str, Tensor]:
    """Refuse what is not weights: a view can claim any shape over a few bytes, and training can end in NaN."""
    size = path.stat().st_size
    for name, value in weights.items():
        if value.layout != torch.strided or value.is_complex() or value.is_quantized or value.nbytes > size:
            raise _damaged(path, f"{name[:80]} is no array of numbers that fits in the file")
    if sum(value.nbytes for value in weights.values()) > size:
        raise _damaged(path, "its tensors claim more bytes than it has")
    return weights


def _filled(found: Recognised, weights: Mapping[str, Tensor], path: Path) -> SRNetwork:
    """Make the network around the weights; built without memory first, so that only what fits is ever allocated."""
    try:
        with torch.device("meta"), foreign.at_most(sum(value.nbytes for value in weights.values())):
            net = found.make().eval().requires_grad_(requires_grad=False)
    except RuntimeError as error:  # sizes whose product no integer holds
        raise _damaged(path, str(error)) from None
    own = net.state_dict()
    if problem := _misfit({name: tuple(value.shape) for name, value in own.items()}, weights):
        fact = f"does not fit {title(found.network, found.scale)}: {problem}"
        raise UsageError(str(path), fact, hint="is the file whole, and of this network?")
    net.load_state_dict({name: value.to(own[name].dtype, copy=True) for name, value in weights.items()}, assign=True)
    bad = next((name for name, value in net.state_dict().items() if not torch.isfinite(value).all()), None)
    if bad is not None:
        raise SrtuiError(str(path), f"{bad} holds numbers that are not finite", hint="take an earlier checkpoint")
    return net


def _misfit(expected: Mapping[str, tuple[int, ...]], weights: Mapping[str, Tensor]) -> str:
    for name, shape in expected.items():
        if name not in weights:
            return f"{name} is missing"
        if tuple(weights[name].shape) != shape:
            return f"{name} has shape {tuple(weights[name].shape)}, not {shape}"
    extra = sorted(weights.keys() - expected.keys())
    return f"{extra[0][:80]} is unknown" if extra else ""


def _damaged(path: Path, fact: str) -> SrtuiError:
    return SrtuiError(str(path), f"damaged: {fact[:200]}", hint="copy or download it again")
