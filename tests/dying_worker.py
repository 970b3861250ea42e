"""A worker that kills itself at a chosen moment: ``dying_worker.py JOBDIR MODULE FUNCTION COUNT [MODULE.NAME=VALUE]``.

It dies by SIGKILL as it calls FUNCTION of MODULE for the COUNT-th time (0: never). Batches are small, so that every
picture is committed on its own. Constants can be changed.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Any

from srtui import worker
from srtui.data import writing


def main() -> int:
    folder, module, function, count = sys.argv[1], importlib.import_module(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    owner: Any = module
    *path, name = function.split(".")
    for part in path:
        owner = getattr(owner, part)
    original, calls = getattr(owner, name), 0

    def dying(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    setattr(owner, name, dying)
    writing.BATCH = 1
    for change in sys.argv[5:]:
        place, _, value = change.partition("=")
        path_of, _, constant = place.rpartition(".")
        setattr(importlib.import_module(path_of), constant, int(value))
    return worker.main(folder)


if __name__ == "__main__":
    sys.exit(main())
