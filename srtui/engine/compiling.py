"""torch.compile where it is wished: one try, and any trouble of the compiler means eager from then on, with a word.

Whether it helps depends on the GPU; the weights, the averages and the files are those of the network either way. On a
CPU it needs a C++ compiler, and oneDNN's convolutions, which take nine tenths of an update there, stay what they are.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable

import torch
from torch import Tensor, nn

from srtui.config.profile import Compiling

Forward = Callable[[Tensor], Tensor]
Compile = Callable[[nn.Module], Forward]
"""What makes a quicker function of a network; `torch.compile`, and a stand-in in tests."""


def wanted(wish: Compiling, device: torch.device) -> bool:
    """Whether to try: ``auto`` does on GPUs that Triton knows (compute capability 7.0) where a C compiler is found."""
    if wish != "auto":
        return wish == "on"
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (7, 0) and has_compiler()


def has_compiler() -> bool:
    """Whether there is what Triton builds its launchers with."""
    return any(shutil.which(name) for name in ("cc", "gcc", "clang"))


def with_torch(net: nn.Module) -> Forward:
    """Compile for one shape, choosing kernels by trying; without CUDA graphs, which nobody has measured here yet."""
    mode = "max-autotune-no-cudagraphs" if next(net.parameters()).is_cuda else "default"
    compiled: Forward = torch.compile(net, mode=mode, dynamic=False)
    return compiled


class Quickened:
    """
    A network's forward pass, compiled if that works.

    What a compiler cannot do shows when it is asked, in the first forward pass, or in the first backward pass, which
    torch compiles last: so whoever makes the passes says what went wrong in them (`give_up`), and makes them again.

    Parameters
    ----------
    net
        The network; it is called as it is where compiling is not wanted, or fails.
    wish
        auto, on or off.
    alarm
        Told, in words, why a network that was to be compiled is not.
    """

    def __init__(
        self,
        net: nn.Module,
        wish: Compiling,
        device: torch.device,
        *,
        alarm: Callable[[str], None],
        compiling: Compile = with_torch,
    ) -> None:
        self._net, self._alarm = net, alarm
        self._compiled: Forward | None = None
        if wanted(wish, device):
            try:
                self._compiled = compiling(net)
            except Exception as error:  # noqa: BLE001 - the compiler's errors have no common class
                self._say(error)

    @property
    def compiled(self) -> bool:
        """Whether the compiled function is what is called."""
        return self._compiled is not None

    def __call__(self, lq_bchw: Tensor) -> Tensor:
        """Restore a batch."""
        restored: Tensor = self._net(lq_bchw) if self._compiled is None else self._compiled(lq_bchw)
        return restored

    def give_up(self, error: Exception) -> bool:
        """Let the network run as it is after an error that may be the compiler's; False if it does already.

        If the error was not the compiler's, it comes again.
        """
        if self._compiled is None:
            return False
        self._compiled = None
        self._say(error)
        return True

    def _say(self, error: Exception) -> None:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        self._alarm(f"compiling the network failed, so it runs as it is: {reason}")
