"""Does the installed torch really work? A child process: ``python -I -m srtui.hardware.check`` prints one JSON line.

Metadata says what was installed; only a computation says that torch and torchvision were built for each other and that
this build has kernels for these GPUs.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

# The kernel's pictures are small on purpose: a card that somebody else fills must still pass.
_SIDE = 64
_TOLERANCE = 1e-2  # TF32 products of 64 random normal terms stay well inside


def main() -> int:
    """Print the verdict; exit code 0 when the pair works on the CPU, whatever the GPUs do."""
    began = time.monotonic()
    try:
        answer = check()
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        answer = {"ok": False, "error": _sentence(error), "devices": []}
    answer["seconds"] = round(time.monotonic() - began, 1)
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0 if answer["ok"] else 1


def check() -> dict[str, Any]:
    """Import both, suppress two overlapping boxes with torchvision's compiled operator, compute on every GPU."""
    # By name: this room never imports torch in the terminal's own process, and the import contract says so.
    torch = importlib.import_module("torch")
    torchvision = importlib.import_module("torchvision")
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [1.0, 1.0, 10.0, 10.0], [20.0, 20.0, 30.0, 30.0]])
    kept = torchvision.ops.nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5).tolist()
    if kept != [0, 2]:
        return {"ok": False, "error": f"torchvision.ops.nms kept boxes {kept} instead of [0, 2]", "devices": []}
    return {
        "ok": True,
        "error": None,
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "devices": [_device(torch, index) for index in range(torch.cuda.device_count())],
    }


def _device(torch: Any, index: int) -> dict[str, Any]:
    """One matrix product and one convolution against the CPU's."""
    name = f"GPU {index}"
    try:
        name = torch.cuda.get_device_name(index)
        a, b = torch.randn(_SIDE, _SIDE), torch.randn(_SIDE, _SIDE)
        picture, kernel = torch.randn(1, 3, _SIDE, _SIDE), torch.randn(8, 3, 3, 3)
        device = torch.device("cuda", index)
        product = (a.to(device) @ b.to(device)).cpu()
        filtered = torch.nn.functional.conv2d(picture.to(device), kernel.to(device)).cpu()
        apart = max(
            (product - a @ b).abs().max().item() / _SIDE,
            (filtered - torch.nn.functional.conv2d(picture, kernel)).abs().max().item() / _SIDE,
        )
    except RuntimeError as error:  # CUDA errors of every kind: no kernel image, out of memory, driver too old
        return {"index": index, "name": name, "ok": False, "error": _sentence(error)}
    right = apart < _TOLERANCE
    fact = None if right else f"it computes wrongly: {apart:.3g} away from the CPU's result"
    return {"index": index, "name": name, "ok": right, "error": fact}


def _sentence(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"


if __name__ == "__main__":
    sys.exit(main())
