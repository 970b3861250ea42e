"""A worker that a launcher started (``python troubled_rank.py JOBDIR``), of which rank 1 meets trouble.

In its third update the loss is NaN, in its sixth the memory does not suffice, and after its ninth a bit of its weights
flips.
"""

from __future__ import annotations

import math
import os
import sys
from collections import Counter
from typing import Any

import torch

from srtui import worker
from srtui.engine import keeping
from srtui.engine.stage_work import StageWork

UPDATES = Counter[int]()


def main(folder: str) -> int:
    if os.environ["RANK"] == "1":
        forward, settle = StageWork._forward, keeping.settle

        def troubled(work: StageWork, lq_bchw: torch.Tensor) -> torch.Tensor:
            UPDATES[0] += 1
            if UPDATES[0] == 6:
                raise torch.OutOfMemoryError("pretended")
            return forward(work, lq_bchw) * (math.nan if UPDATES[0] == 3 else 1.0)

        def flipping(session: Any, state: Any) -> None:
            if state.progress.iteration == 10:
                with torch.no_grad():
                    next(state.net.parameters())[0, 0, 0, 0] += 1e-3
            settle(session, state)

        StageWork._forward = troubled  # type: ignore[method-assign] # on this rank
        keeping.settle = flipping
    code = worker.begin([folder])
    assert "torch._dynamo" not in sys.modules, "seconds of every start"
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
