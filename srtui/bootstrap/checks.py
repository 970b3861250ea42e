"""``./start check``: every tool that judges the code, one after the other, all of them even when one complains."""

from __future__ import annotations

import subprocess
import sys
import time

from srtui.bootstrap.state import Layout

TOOLS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("-m", "ruff", "format", "--check", ".")),
    ("lint", ("-m", "ruff", "check", ".")),
    ("types", ("-m", "mypy")),
    ("imports", ("{bin}/lint-imports",)),
    ("tests", ("-m", "pytest", "-q")),
)


def run(layout: Layout) -> int:
    """Run all tools in the checkout; gives 0 when all agree, 1 otherwise, 130 after Ctrl-C."""
    verdicts = []
    try:
        for name, command in TOOLS:
            sys.stderr.write(f"── {name}\n")
            began = time.monotonic()
            parts = [part.replace("{bin}", str(layout.venv / "bin")) for part in command]
            code = subprocess.run([str(layout.python), *parts], cwd=layout.root, check=False).returncode
            verdicts.append((name, code, time.monotonic() - began))
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    for name, code, seconds in verdicts:
        sys.stderr.write(f"{'ok    ' if code == 0 else 'FAILED'} {name} ({seconds:.0f} s)\n")
    return int(any(code != 0 for _, code, _ in verdicts))
