"""Networks and discriminators as BasicSR's option files name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srtui.config.basicsr_options import Options

_SIZES: Mapping[str, tuple[str, dict[str, tuple[str, int]]]] = {
    "RRDBNet": ("rrdb", {"features": ("num_feat", 64), "blocks": ("num_block", 23), "growth": ("num_grow_ch", 32)}),
    "MSRResNet": ("srresnet", {"features": ("num_feat", 64), "blocks": ("num_block", 16)}),
    "EDSR": ("edsr", {"features": ("num_feat", 64), "blocks": ("num_block", 16)}),
    "SRVGGNetCompact": ("compact", {"features": ("num_feat", 64), "convs": ("num_conv", 16)}),
}
"""Type → our type; our size → BasicSR's key, and its value where none is given."""

_FOREIGN = ("SwinIR", "HAT", "DAT")
"""Whose options are the same in spandrel, which builds them (the extra ``spandrel``)."""

_CHANNELS = ("num_in_ch", "num_out_ch", "in_chans")
_SCALES = ("upscale", "scale")

_DISCRIMINATORS = {
    "VGGStyleDiscriminator": "vgg",
    "VGGStyleDiscriminator128": "vgg",
    "VGGStyleDiscriminator256": "vgg",
    "discriminator_vgg_128": "vgg",
    "UNetDiscriminatorSN": "unet",
}


def network_of(options: Options) -> dict[str, Any]:
    """Give the network.

    Raises
    ------
    UsageError
        If it is unknown here, or not for RGB.
    """
    kind = options.text("network_g.type")
    if kind in _FOREIGN:
        return _foreign(options, kind)
    if kind not in _SIZES:
        known = ", ".join([*_SIZES, *_FOREIGN])
        raise options.wrong("network_g.type", f"{kind!r} is not known here", f"networks here: {known}")
    ours, sizes = _SIZES[kind]
    found: dict[str, Any] = {"type": ours}
    found |= {name: options.count(f"network_g.{key}", default) for name, (key, default) in sizes.items()}
    if kind == "EDSR":
        found["residual"] = options.number("network_g.res_scale", 1)
        options.expect("network_g.img_range", [255], "EDSR always works on 0 to 255 here")
        mean = [0.4488, 0.4371, 0.4040]
        options.expect("network_g.rgb_mean", [mean], f"EDSR always takes DIV2K's mean away here: {mean}")
    if kind == "SRVGGNetCompact":
        found["activation"] = options.text("network_g.act_type", "prelu")
    _check_ends(options)
    return found


def _foreign(options: Options, kind: str) -> dict[str, Any]:
    """Give a network of spandrel's, with all its options; whether it takes them is seen when it is built."""
    _check_ends(options)
    ends = {"type", *_CHANNELS, *_SCALES}
    names = [name for name in options.below("network_g") if name not in ends]
    return {
        "type": "spandrel",
        "architecture": kind,
        "options": {name: options.get(f"network_g.{name}") for name in names},
    }


def _check_ends(options: Options) -> None:
    """See that the network is for RGB, and of the file's scale."""
    for key in _CHANNELS:
        if options.count(f"network_g.{key}", 3) != 3:
            fact = f"{options.get(f'network_g.{key}')} channels; networks here take and give RGB"
            raise options.wrong(f"network_g.{key}", fact, "train on RGB: set 3")
    scale = options.get("scale")
    for key in _SCALES:
        options.expect(f"network_g.{key}", [scale], "the scale is said in project.yml, for the network too")


def discriminator_of(options: Options) -> dict[str, Any]:
    """Give the discriminator.

    Raises
    ------
    UsageError
        If it is unknown here.
    """
    kind = options.text("network_d.type")
    if kind not in _DISCRIMINATORS:
        hint = f"discriminators here: {', '.join(_DISCRIMINATORS)}"
        raise options.wrong("network_d.type", f"{kind!r} is not known here", hint)
    options.expect("network_d.num_in_ch", [3], "discriminators here judge RGB")
    options.expect("network_d.skip_connection", [True], "the U-Net always has its skip connections here")
    size = options.get("datasets.train.gt_size")
    options.expect("network_d.input_size", [size], "the discriminator is made for gt_size")
    return {"type": _DISCRIMINATORS[kind], "features": options.count("network_d.num_feat", 64)}
