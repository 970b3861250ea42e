"""
Other people's weights: which network they are, whatever their files call the layers.

Three dialects are read: BasicSR 1.4 (the names that srtui itself uses), BasicSR of 2019 and 2020, and the first release
of ESRGAN (``model.1.sub.0…``). Sizes and scale follow from the shapes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from srtui.config.network import EDSR, RRDB, Compact, Network, Span, SRResNet
from srtui.engine.networks import SRNetwork, build
from srtui.engine.networks.rrdb import RRDBNet
from srtui.errors import UsageError

Weights = Mapping[str, Tensor]

_WRAPPERS = ("params_ema", "params-ema", "params", "state_dict", "model_state_dict", "net", "model")
_DEEPEST = 3  # wrappers within wrappers; a pickle can also hold itself
_PREFIXES = ("module.", "_orig_mod.")  # of DataParallel and of torch.compile
_EXPECTED = "srtui reads Compact (SRVGGNetCompact), SPAN, MSRResNet, EDSR and RRDBNet"

_RENAMED = {
    "trunk_conv": "conv_body",
    "HRconv": "conv_hr",
    "recon_trunk": "body",
    "RRDB_trunk": "body",
}
_DENSE = re.compile(r"^(?:RRDB_trunk|model\.1\.sub)\.(\d+)\.RDB(\d)\.conv(\d)(?:\.0)?\.(\w+)$")
_OLD_BODY = re.compile(r"^model\.1\.sub\.\d+\.(\w+)$")
_OLD = re.compile(r"^model\.(\d+)\.(\w+)$")

# A layer that only this architecture has → how it is called; the first that is found names the file's content.
_KNOWN_OTHERS = {
    "overlap_attn": "HAT",
    "relative_position_bias_table": "SwinIR",
    "attn.attns.0": "DAT",
    "lk.conv.weight": "RealPLKSR or PLKSR",
    "body.0.residual_group.": "RCAN",
    "conv_9x9.weight": "SPAN-fast",
    "conv0_0.weight": "VGG-style discriminator",
    "conv1.weight_orig": "U-Net discriminator",
    "spatial_net": "RealBasicVSR",
    "spynet": "BasicVSR",
    "conv1x1": "ESRGAN+",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A network that fits the weights, if they are whole."""

    network: Network
    scale: int
    make: Callable[[], SRNetwork]


def unwrap(loaded: object, path: str, *, rename: bool = True) -> dict[str, Tensor]:
    """
    Find the weights in what a checkpoint file held, preferring averaged ones, under BasicSR 1.4's names.

    Parameters
    ----------
    rename
        False leaves every dialect's own names.

    Raises
    ------
    UsageError
        If it holds no weights.
    """
    _, found = _opened(loaded)
    weights = found if isinstance(found, Mapping) else {}
    if not weights or not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in weights.items()):
        raise UsageError(path, f"holds no network's weights but {_summary(found)}", hint=_EXPECTED)
    bare = {_bare(name): value for name, value in weights.items()}
    return _renamed(bare) if rename else bare


def wrapper_of(loaded: object) -> str:
    """Keys under which `unwrap` finds the weights: ``params_ema``, ``state_dict.net``; nothing where they lie bare."""
    return ".".join(_opened(loaded)[0])


def _opened(loaded: object) -> tuple[list[str], object]:
    keys: list[str] = []
    found = loaded
    for _ in range(_DEEPEST):
        inner = next((key for key in _WRAPPERS if isinstance(found, Mapping) and key in found), None)
        if inner is not None:
            keys.append(inner)
            found = found[inner]  # type: ignore[index]  # a key was found in it
    return keys, found


def recognise(weights: Weights, path: str) -> Recognised:
    """
    Tell which network the weights belong to, from names and shapes.

    Raises
    ------
    UsageError
        If it is another architecture, or of a size or scale that is not built here.
    """
    try:
        if "body.0.rdb1.conv1.weight" in weights:
            return _rrdb(weights)
        if {"conv_first.weight", "conv_hr.weight", "body.0.conv1.weight"} <= weights.keys():
            return _srresnet(weights)
        if {"conv_first.weight", "conv_after_body.weight", "body.0.conv1.weight"} <= weights.keys():
            return _edsr(weights)
        if {"conv_1.sk.weight", "block_6.c1_r.sk.weight"} <= weights.keys():
            return _span(weights)
        if {"body.0.weight", "body.2.weight"} <= weights.keys() and "conv_first.weight" not in weights:
            return _compact(weights)
    except _UnfitError as error:
        raise UsageError(path, str(error), hint=_EXPECTED) from None
    except KeyError as error:
        raise UsageError(path, f"its weights are incomplete: {error.args[0]} is missing", hint=_EXPECTED) from None
    except (ValueError, IndexError) as error:
        raise UsageError(path, f"its weights are too few, or have impossible shapes: {error}", hint=_EXPECTED) from None
    raise UnknownArchitectureError(path, f"holds another architecture: {_guess(weights)}", hint=_EXPECTED)


class UnknownArchitectureError(UsageError):
    """The weights are of no network that is built here."""


class _UnfitError(Exception):
    """The architecture is known, but this variant is not built here."""


def _bare(name: str) -> str:
    while name.startswith(_PREFIXES):
        name = name.partition(".")[2]
    return name


def _renamed(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """BasicSR 1.4's names for those of 2019 and 2020 and of the first ESRGAN."""
    dense = any(name.startswith("RRDB_trunk.") for name in weights)
    tail = sorted({int(match[1]) for name in weights if (match := _OLD.match(name)) and match[1] not in {"0", "1"}})
    old = {"0": "conv_first"}
    if any(name.startswith("model.1.sub.") for name in weights) and len(tail) >= 2:
        # After the trunk: one convolution per enlargement, then conv_hr and conv_last.
        names = [f"conv_up{number}" for number in range(1, len(tail) - 1)] + ["conv_hr", "conv_last"]
        old |= dict(zip(map(str, tail), names, strict=True))
    return {_name(name, old, dense=dense): value for name, value in weights.items()}


def _name(name: str, old: Mapping[str, str], *, dense: bool) -> str:
    if match := _DENSE.match(name):
        block, part, layer, kind = match.groups()
        return f"body.{block}.rdb{part}.conv{layer}.{kind}"
    if match := _OLD_BODY.match(name):
        return f"conv_body.{match[1]}"
    if (match := _OLD.match(name)) and match[1] in old:
        return f"{old[match[1]]}.{match[2]}"
    head, dot, rest = name.partition(".")
    if dense and head.startswith("upconv"):
        head = head.replace("upconv", "conv_up")
    return _RENAMED.get(head, head) + dot + rest


def _rrdb(weights: Weights) -> Recognised:
    growth, features = weights["body.0.rdb1.conv1.weight"].shape[:2]
    unshuffle = {3: 1, 12: 2, 48: 4}.get(weights["conv_first.weight"].shape[1])
    ups = sum(f"conv_up{number}.weight" in weights for number in range(1, 9))
    if unshuffle is None or (unshuffle > 1 and ups != 2) or ups > 2:
        inputs = weights["conv_first.weight"].shape[1]
        raise _UnfitError(f"RRDBNet with {inputs} input channels and {ups} enlargements is not built here")
    scale = 2**ups // unshuffle
    options = RRDB(features=features, blocks=_blocks(weights), growth=growth)
    plain = unshuffle == 1 and scale != 4
    return Recognised(network=options, scale=scale, make=lambda: RRDBNet(options, scale, plain=plain))


def _srresnet(weights: Weights) -> Recognised:
    features = weights["conv_first.weight"].shape[0]
    scale = 4 if "upconv2.weight" in weights else 1
    if scale == 1 and "upconv1.weight" in weights:
        scale = _root(weights["upconv1.weight"].shape[0], features)
    return _recognised(SRResNet(features=features, blocks=_blocks(weights)), scale)


def _edsr(weights: Weights) -> Recognised:
    features = weights["conv_first.weight"].shape[0]
    scale = 1
    for name in ("upsample.0.weight", "upsample.2.weight", "upsample.4.weight"):
        scale *= _root(weights[name].shape[0], features) if name in weights else 1
    if scale not in {1, 2, 3, 4}:
        raise _UnfitError(f"EDSR x{scale} is not built here")
    # Nothing in the weights says how a block's change is scaled: the paper's wide networks take a tenth.
    residual = 0.1 if features >= 256 else 1.0
    return _recognised(EDSR(features=features, blocks=_blocks(weights), residual=residual), scale)


def _span(weights: Weights) -> Recognised:
    features = weights["conv_1.sk.weight"].shape[0]
    scale = _root(weights["upsampler.0.weight"].shape[0], 3)
    return _recognised(Span(features=features, norm="no_norm" not in weights), scale)


def _compact(weights: Weights) -> Recognised:
    layers = sorted(int(name.split(".")[1]) for name in weights if re.fullmatch(r"body\.\d+\.bias", name))
    features = weights["body.0.weight"].shape[0]
    scale = _root(weights[f"body.{layers[-1]}.weight"].shape[0], 3)
    # Only PReLU has weights of its own; of the two others nobody trains leakyrelu.
    activation: Literal["prelu", "relu"] = "prelu" if "body.1.weight" in weights else "relu"
    return _recognised(Compact(features=features, convs=len(layers) - 2, activation=activation), scale)


def _recognised(options: Network, scale: int) -> Recognised:
    return Recognised(network=options, scale=scale, make=lambda: build(options, scale))


def _blocks(weights: Weights) -> int:
    return len({name.split(".")[1] for name in weights if name.startswith("body.")})


def _root(channels: int, of: int) -> int:
    """Scale of a pixel shuffle that makes ``of`` channels."""
    scale = math.isqrt(channels // of)
    if scale not in {1, 2, 3, 4} or scale**2 * of != channels:
        raise _UnfitError(f"{channels} channels before the pixel shuffle fit no scale from 1 to 4")
    return scale


def _guess(weights: Weights) -> str:
    for mark, architecture in _KNOWN_OTHERS.items():
        if any(mark in name for name in weights):
            return architecture
    return _summary(weights)


def _summary(found: object) -> str:
    if not isinstance(found, Mapping):
        return f"a {type(found).__name__}"
    names = ", ".join(str(name)[:60] for name in list(found)[:3])
    return f"{len(found)} entries: {names}{', …' if len(found) > 3 else ''}" if found else "nothing"
