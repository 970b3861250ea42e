"""Losses and the GAN as BasicSR's option files say them."""

from __future__ import annotations

from typing import Any, get_args

from srtui.config.basicsr_options import Options
from srtui.config.losses import Layer

_PIXEL = {
    "L1Loss": "l1",
    "l1": "l1",
    "MSELoss": "mse",
    "l2": "mse",
    "CharbonnierLoss": "charbonnier",
    "cb": "charbonnier",
}
_CRITERION = {"l1": "l1", "l2": "mse", "mse": "mse"}
_KINDS = {
    "vanilla": "vanilla",
    "gan": "vanilla",
    "wgan_softplus": "vanilla",  # softplus(∓x): the same two formulas
    "ragan": "relativistic",
    "lsgan": "lsgan",
    "hinge": "hinge",
}
_WITHOUT_GAN = frozenset({"SRModel", "RealESRNetModel", "SwinIRModel", "HATModel", "DATModel", "sr"})
"""Models that train without a discriminator, whatever their file says; ``sr`` is 2019's word."""
_MODELS = _WITHOUT_GAN | {"SRGANModel", "ESRGANModel", "RealESRGANModel", "srgan"}


def losses_of(options: Options) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Give the losses, and the GAN's kind, weight and rhythm if there is one.

    Raises
    ------
    UsageError
        If no loss of the file is known here.
    """
    losses: dict[str, Any] = {"l1": 0.0}
    _pixel(options, "train.pixel_opt", losses)
    if perceptual := _perceptual(options):
        losses["perceptual"] = perceptual
    _ldl(options, losses)
    if not any(losses.values()):
        raise options.wrong("train.pixel_opt", "no loss of this file is known here", "give pixel_opt: {type: L1Loss}")
    return losses, _gan(options)


def _pixel(options: Options, key: str, losses: dict[str, Any]) -> None:
    if not options.has(key):
        return
    kind = options.text(f"{key}.type")
    if kind not in _PIXEL:
        options.leave(key, f"{kind!r} is not known here; losses here: {', '.join(dict.fromkeys(_PIXEL.values()))}")
        return
    losses[_PIXEL[kind]] = options.number(f"{key}.loss_weight", 1.0)
    options.expect(f"{key}.reduction", ["mean"], "losses here are means: multiply the weight by the values of a batch")
    options.expect(f"{key}.eps", [1e-12], "Charbonnier's ε² is always 10⁻¹² here")


def _perceptual(options: Options) -> dict[str, Any] | None:
    key = "train.perceptual_opt"
    if not options.has(key):
        return None
    weight = options.number(f"{key}.perceptual_weight", 1.0)
    options.expect(f"{key}.type", ["PerceptualLoss"], "taken as the plain perceptual loss")
    options.expect(f"{key}.style_weight", [0], "there is no style loss here")
    vgg = options.text(f"{key}.vgg_type", "vgg19")
    criterion = options.text(f"{key}.criterion", "l1")
    normalised = options.get(f"{key}.use_input_norm", True)
    for name in ("range_norm", "norm_img"):
        options.expect(f"{key}.{name}", [False], "pictures lie in 0 to 1 here")
    if vgg != "vgg19" or criterion not in _CRITERION or not normalised:
        options.leave(key, "the perceptual loss here is VGG19's with ImageNet's norm, compared by l1 or l2")
        return None
    layers = _layers(options, f"{key}.layer_weights")
    if not weight or not layers:
        return None
    return {"weight": weight, "layers": layers, "criterion": _CRITERION[criterion]}


def _layers(options: Options, key: str) -> dict[str, float]:
    """Weight per layer; files of 2019 know one layer only, and do not name it."""
    if not options.has(key):
        return {"conv5_4": 1.0}
    layers = {}
    for name in options.below(key):
        if name in get_args(Layer):
            layers[name] = options.number(f"{key}.{name}")
        else:
            options.leave(
                f"{key}.{name}", "features are taken after convolutions, before their ReLU: conv1_1 to conv5_4"
            )
    return layers


def _ldl(options: Options, losses: dict[str, Any]) -> None:
    key = "train.ldl_opt"
    if not options.has(key):
        return
    options.expect(f"{key}.type", ["L1Loss"], "the locally discriminative loss is an l1 here")
    options.expect(f"{key}.reduction", ["mean"], "losses here are means")
    losses["ldl"] = options.number(f"{key}.loss_weight", 1.0)


def _gan(options: Options) -> dict[str, Any] | None:
    key, model = "train.gan_opt", options.text("model_type", "SRModel")
    if model not in _MODELS:
        options.leave("model_type", "unknown here: its losses are taken as they are written, by SRGANModel's rules")
    if not options.has(key):
        _leave_gan(options, "there is no gan_opt, so nothing is trained against a discriminator")
        return None
    if model in _WITHOUT_GAN:
        _leave_gan(options, f"{model} trains without a discriminator")
        return None
    if not options.has("network_d"):
        _leave_gan(options, "there is no network_d")
        return None
    kind = options.text(f"{key}.gan_type")
    if kind not in _KINDS:
        known = ", ".join(dict.fromkeys(_KINDS.values()))
        _leave_gan(
            options, f"the GAN {kind!r} is not known here, so the profile trains without one; kinds here: {known}"
        )
        return None
    ours = _KINDS[kind]
    if model == "ESRGANModel":  # whatever its gan_type is, it compares with the average of the other side
        if ours not in {"vanilla", "relativistic"}:
            options.leave(
                f"{key}.gan_type", "ESRGANModel is relativistic, which is known here with cross-entropy alone"
            )
        ours = "relativistic"
    options.expect(f"{key}.type", ["GANLoss"], "taken as the plain GAN loss")
    options.expect(f"{key}.real_label_val", [1], "real pictures are always labelled 1 here")
    options.expect(f"{key}.fake_label_val", [0], "restored pictures are always labelled 0 here")
    options.expect(
        "train.net_d_init_iters", [0], "both networks learn from the first iteration: begin from a PSNR network"
    )
    weight, every = options.number(f"{key}.loss_weight", 1.0), options.count("train.net_d_iters", 1)
    return {"weight": weight, "kind": ours, "every": every}


def _leave_gan(options: Options, reason: str) -> None:
    for key in ("train.gan_opt", "network_d", "train.optim_d", "train.net_d_iters", "train.net_d_init_iters"):
        options.leave(key, reason)
