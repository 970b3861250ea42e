"""
Every other architecture, through the package spandrel (an extra): RealPLKSR, DAT, SwinIR, HAT and their kin.

spandrel is made for running networks, not for training them, so what is built is looked at: it must give a picture of
the right size. Importing it loads all of its architectures, seconds: only where a profile or a file asks for one.
"""

from __future__ import annotations

import importlib.util
import inspect
import math
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from srtui.config.network import Spandrel
from srtui.engine.networks.base import SRNetwork
from srtui.errors import UsageError

UNBOUNDED = 1 << 16
"""Receptive radius of a network that may look at the whole picture: its overlap is measured."""

_SCALES = ("upscale", "scale", "upscaling_factor", "upsampling", "sf")
_CHANNELS = ("in_chans", "num_in_ch", "num_out_ch", "in_nc", "out_nc", "in_ch", "out_ch", "in_channels", "out_channels")
_WINDOWS = ("window_size", "split_size", "patch_size", "base_win_size")
_ALIVE = 4  # largest results that are alive at once, about: the input, the result and what a block keeps of both
_WRONG = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, AssertionError, RuntimeError)
"""What constructors and networks of spandrel raise at settings that do not go together."""


class SpandrelNetwork(SRNetwork):
    """One of spandrel's networks; its state dict has upstream's names."""

    def __init__(self, options: Spandrel, scale: int) -> None:
        kind, requirements = _class(options.architecture), _Requirements()
        settings = _settings(kind, options, scale)
        # On the CPU even where others are made without memory: some constructors look at tensors.
        with torch.device("cpu"), _silence():
            try:
                inner = kind(**settings)
                requirements = _requirements(options.architecture, inner)
                floats = _floats(inner, scale, requirements)
            except _WRONG as error:
                raise _unbuildable(options, f"cannot be built: {error}") from None
        windows = [value for name in _WINDOWS for value in _whole_numbers(settings.get(name))]
        multiple = math.lcm(requirements.multiple, *(value for value in windows if 0 < value <= 64))
        super().__init__(scale=scale, radius=UNBOUNDED, floats=floats, multiple=multiple, coarse=1)
        self.inner = inner
        _remember_masks(inner)
        self._name = options.architecture
        self._requirements = requirements

    @property
    def architecture(self) -> str:
        """What spandrel calls the class."""
        return self._name

    def forward(self, lq_bchw: Tensor) -> Tensor:
        """Restore a batch; a picture that is too small or of no multiple is continued by reflection, and cut again."""
        height, width = lq_bchw.shape[-2:]
        restored: Tensor = self.inner(self._requirements.filled(lq_bchw))
        return restored[..., : height * self.scale, : width * self.scale]

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Return the weights under upstream's names."""
        return self.inner.state_dict(*args, **kwargs)

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Take weights under upstream's names."""
        return self.inner.load_state_dict(*args, **kwargs)


def detect(weights: Mapping[str, Tensor], path: str) -> tuple[Spandrel, int, dict[str, Tensor]]:
    """
    Let spandrel say what network the weights are of.

    Returns
    -------
    Options, scale, and the weights under the names that it uses.

    Raises
    ------
    UsageError
        If it does not know them either, they are of no network from RGB to RGB, or of a scale beyond 4.
    """
    registry = _spandrel().MAIN_REGISTRY
    size = sum(value.nbytes for value in weights.values())
    try:
        with at_most(size), _silence():
            found = registry.load({name: _float(value) for name, value in weights.items()})
    except (_spandrel().UnsupportedModelError, *_WRONG) as error:
        raise UnsupportedError(path, f"holds no network that spandrel can load: {str(error)[:200]}") from None
    kind = type(found.model)
    name = next((name for name, known in _classes().items() if known is kind), kind.__name__)
    channels = (found.input_channels, found.output_channels)
    if channels != (3, 3) or found.scale not in {1, 2, 3, 4} or not hasattr(found.model, "hyperparameters"):
        fact = f"holds {name} ×{found.scale} from {channels[0]} to {channels[1]} channels; srtui restores RGB, ×1 to ×4"
        raise UsageError(path, fact)
    plain = {
        key: _plain(value)
        for key, value in found.model.hyperparameters.items()
        if key not in _SCALES and _plain(value) is not NotImplemented
    }
    return Spandrel(architecture=name, options=plain), found.scale, found.model.state_dict()


def installed() -> bool:
    """Whether the extra is there, without importing it."""
    return importlib.util.find_spec("spandrel") is not None


class UnsupportedError(UsageError):
    """spandrel does not know the weights either."""


class _TooLargeError(RuntimeError):
    """A file describes more weights than it has bytes for."""


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what spandrel's constructors have torch warn of (meshgrid's indexing, empty tensors) from our users."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """Stop building where parameters need more memory than the weights in a file (of ``size`` bytes, maybe halves)."""
    left = 2 * size + (1 << 20)

    def count(_module: nn.Module, _name: str, parameter: nn.Parameter | None) -> None:
        nonlocal left
        if parameter is not None and not parameter.is_meta:
            left -= parameter.nbytes
        if left < 0:
            raise _TooLargeError("it describes more weights than it has")

    handle = nn.modules.module.register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()


class _Requirements:
    """What sizes a network takes (spandrel's SizeRequirements, which cannot be copied with the network everywhere)."""

    def __init__(self, minimum: int = 0, multiple: int = 1, *, square: bool = False) -> None:
        self.minimum, self.multiple, self.square = max(minimum, 1), multiple, square

    def filled(self, lq_bchw: Tensor) -> Tensor:
        """Picture of a size that it takes."""
        height, width = lq_bchw.shape[-2:]
        high, wide = (-(-max(side, self.minimum) // self.multiple) * self.multiple for side in (height, width))
        if self.square:
            high = wide = max(high, wide)
        down, right = high - height, wide - width
        if not (down or right):
            return lq_bchw
        # Reflection needs more pixels than it adds.
        mode = "reflect" if height > down and width > right else "replicate"
        return functional.pad(lq_bchw, (0, right, 0, down), mode=mode)


class _Masks:
    """A layer's ``calculate_mask``, whose last result is kept in training, on the layer's device.

    HAT, SwinIR and DAT make the masks of their shifted windows on the CPU, anew in each pass: a GPU would wait for
    every one of them, and could not record what it does. Restoring meets many sizes, whose masks would fill its memory.
    """

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        self._kept: tuple[str, Any] = ("", None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        layer: Any = self._make.__self__  # type: ignore[attr-defined] # it is a method
        if not layer.training:
            return self._make(*args, **kwargs)
        device = next(layer.parameters()).device
        asked = repr((args, kwargs, device))
        if self._kept[0] != asked:
            made = self._make(*args, **kwargs)
            there = tuple(each.to(device) for each in made) if isinstance(made, tuple) else made.to(device)
            self._kept = (asked, there)
        return self._kept[1]


def _remember_masks(inner: nn.Module) -> None:
    for layer in inner.modules():
        make = getattr(layer, "calculate_mask", None)
        if inspect.ismethod(make):
            layer.calculate_mask = _Masks(make)  # type: ignore[assignment] # no parameter or layer, but a function


def _spandrel() -> Any:
    """Import the package, or say how to get it."""
    if not installed():
        fact = "needs the package spandrel, which is not installed"
        raise UsageError("network spandrel", fact, hint="install srtui with its extra: pip install 'srtui[spandrel]'")
    import spandrel

    return spandrel


def _classes() -> dict[str, type[nn.Module]]:
    """Every network of spandrel by the name that its module exports."""
    found = {}
    for support in _spandrel().MAIN_REGISTRY:
        module = sys.modules[type(support.architecture).__module__]
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value) and issubclass(value, nn.Module):
                found[name] = value
    return found


def _class(name: str) -> type[nn.Module]:
    if name in _OURS:
        hint = f"write type: {_OURS[name]}"
        raise UsageError(f"network.architecture: {name}", "srtui builds this one itself, for training", hint=hint)
    classes = _classes()
    if name not in classes:
        near = get_close_matches(name.lower(), [known.lower() for known in classes], 3)
        names = [known for known in classes if known.lower() in near] or sorted(set(classes) - set(_OURS))
        raise UsageError(f"network.architecture: {name}", "unknown to spandrel", hint=f"it has {', '.join(names)}")
    return classes[name]


_OURS = {"SPAN": "span"}
"""What would not train as spandrel has it: 40 parameters of its SPAN never get a gradient."""


def _settings(kind: type[nn.Module], options: Spandrel, scale: int) -> dict[str, Any]:
    """Arguments of the constructor: what the profile says, its scale, and RGB."""
    known = {name: value for name, value in inspect.signature(kind).parameters.items() if name != "self"}
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in options.options.items()}
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
            raise _unbuildable(options, f"has no {name!r}", hint)
    enlarging = next((name for name in _SCALES if name in known), None)
    if enlarging is None and scale != 1:
        raise _unbuildable(options, f"does not enlarge, and the scale is {scale}")
    if enlarging is not None:
        if given.get(enlarging, scale) != scale:
            raise _unbuildable(options, f"{enlarging} is {given[enlarging]}, and the scale is {scale}")
        given[enlarging] = scale
    for name in set(_CHANNELS) & set(known):
        given.setdefault(name, 3)
    return given


def _unbuildable(options: Spandrel, fact: str, hint: str = "look at the architecture's own options") -> UsageError:
    return UsageError(f"network {options.architecture}", fact[:300], hint=hint)


def _requirements(name: str, inner: nn.Module) -> _Requirements:
    """What spandrel says of sizes, when it meets such weights."""
    architecture = next(
        support.architecture
        for support in _spandrel().MAIN_REGISTRY
        if name in sys.modules[type(support.architecture).__module__].__all__
    )
    found = architecture.load(dict(inner.state_dict())).size_requirements
    return _Requirements(found.minimum, found.multiple_of, square=found.square)


@torch.no_grad()
def _floats(inner: nn.Module, scale: int, requirements: _Requirements) -> int:
    """Numbers alive per lq pixel, from the largest result of any layer; and a look at what comes out."""
    largest = 0

    def look(_module: nn.Module, _inputs: Any, result: Any) -> None:
        nonlocal largest
        if isinstance(result, Tensor):
            largest = max(largest, result.numel())

    layers = [layer for layer in inner.modules() if not list(layer.children())]
    hooks = [layer.register_forward_hook(look) for layer in layers]
    lq_bchw = requirements.filled(torch.full((1, 3, 32, 32), 0.5))
    training = inner.training
    inner.eval()
    try:
        restored = inner(lq_bchw)
    finally:
        inner.train(training)
        for hook in hooks:
            hook.remove()
    height, width = lq_bchw.shape[-2:]
    if not isinstance(restored, Tensor) or restored.shape != (1, 3, height * scale, width * scale):
        found = tuple(restored.shape) if isinstance(restored, Tensor) else type(restored).__name__
        raise ValueError(f"of a picture of {width}×{height} it makes {found}, not {width * scale}×{height * scale}")
    return _ALIVE * -(-largest // (height * width))


def _float(value: Tensor) -> Tensor:
    return value.to(torch.float32) if value.is_floating_point() else value


def _plain(value: object) -> Any:
    """As a profile can say it; NotImplemented for classes, functions and the like, which keep their defaults."""
    if isinstance(value, (list, tuple)):
        return tuple(value) if all(type(item) in {int, float} for item in value) else NotImplemented
    return value if value is None or type(value) in {bool, int, float, str} else NotImplemented


def _whole_numbers(value: object) -> list[int]:
    return [item for item in (value if isinstance(value, (list, tuple)) else [value]) if type(item) is int]
