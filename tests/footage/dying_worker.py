"""A worker that kills itself at a chosen moment: ``dying_worker.py JOBDIR MODULE FUNCTION COUNT``.

It dies by SIGKILL as it calls FUNCTION of MODULE for the COUNT-th time (0: never).
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Any

from srtui import worker


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
    return worker.main(folder)


if __name__ == "__main__":
    sys.exit(main())
