"""What training makes small. A loss is a function here, a field of ``config.losses.Losses`` and a line of `LOSSES`."""

from __future__ import annotations

from srtui.engine.losses.gan import Adversarial, adversarial
from srtui.engine.losses.objective import LOSSES, Objective, build, fetch

__all__ = ["LOSSES", "Adversarial", "Objective", "adversarial", "build", "fetch"]
