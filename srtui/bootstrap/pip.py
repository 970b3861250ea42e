"""Run pip optionsly: its talk goes to a log, its progress to one line, its failure into a sentence with a remedy."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from srtui.bootstrap import child, disk, rescue
from srtui.bootstrap.screen import Screen, size
from srtui.bootstrap.state import Layout
from srtui.errors import DiskFullError, MachineError, SrtuiError

# What pip prints for each trouble, the telling one first: a DNS failure also says "No matching distribution".
_CAUSES: tuple[tuple[str, str, str], ...] = (
    (
        r"No space left on device|Errno 28|Disk quota exceeded",
        "the disk is full",
        "free some room, or name a roomier folder for the downloads: TMPDIR=/roomy/folder ./start",
    ),
    (
        r"Name or service not known|Temporary failure in name resolution|getaddrinfo failed|Failed to resolve",
        "no network: the package index's name cannot be resolved",
        "check the connection and DNS; behind a mirror: export PIP_INDEX_URL=https://the-mirror/simple",
    ),
    (
        r"ProxyError|407 Proxy Authentication|Cannot connect to proxy",
        "the proxy refuses the connection",
        "check https_proxy and http_proxy in the environment",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerificationError",
        "the package index's certificate is not trusted",
        "behind an inspecting proxy, name its certificate: export PIP_CERT=/path/to/ca.pem",
    ),
    (
        r"Max retries exceeded|ConnectTimeout|Network is unreachable|Connection (refused|reset|broken)|Read timed out",
        "no network: the package index cannot be reached",
        "check the connection; behind a mirror: export PIP_INDEX_URL=https://the-mirror/simple",
    ),
    (
        r"Read-only file system|Permission denied|Errno 13|Errno 30",
        "a folder cannot be written",
        "see the log for which one; its owner must be you",
    ),
    (
        r"DO NOT MATCH THE HASHES|BadZipFile|has an invalid wheel|zlib\.error",
        "a download arrived damaged",
        "clear pip's cache and try again: .venv/bin/python -m pip cache purge && ./start",
    ),
    (
        r"No matching distribution found for torch|Could not find a version that satisfies the requirement torch",
        f"the index has no PyTorch for Python {sys.version_info[0]}.{sys.version_info[1]} on this machine",
        "use a Python from 3.10 to 3.14 (python3.12 ./start --repair), or name another index: SRTUI_TORCH_INDEX=URL",
    ),
    (
        r"ResolutionImpossible|conflicting dependencies",
        "the packages' requirements contradict each other",
        "start over with ./start --repair; if that does not help, please report the log",
    ),
    (
        r"No matching distribution found for",
        "the package index lacks a package that srtui needs",
        "the log names it; a mirror that is being filled may have it later",
    ),
)


def install(
    layout: Layout,
    screen: Screen,
    phase: str,
    requirements: Sequence[str],
    *,
    index: str | None = None,
    lock: int,
    temporary: Path,
    cached: bool,
) -> None:
    """Install with pip in the environment, from one index if it is named, else as pip is configured.

    Raises
    ------
    MachineError
        When pip fails, with the cause that its output names.
    """
    log = layout.log(phase)
    # A user's "install --user" default would fail in an environment, a second index would mix builds, and colours do
    # not belong into a log. pip takes an empty variable as an unset one.
    env = {"TMPDIR": str(temporary), "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "NO_COLOR": "1"}
    env |= {"PIP_INDEX_URL": "", "PIP_EXTRA_INDEX_URL": ""} if index else {}
    options = [*(["--index-url", index] if index else []), *([] if cached else ["--no-cache-dir"])]

    def pip(arguments: Sequence[str], doing: str = "asking") -> int:
        drop_half_installed(layout.packages())
        progress = _Progress(layout, log, temporary, doing)
        return child.run(
            [layout.python, "-I", "-m", "pip", "install", "--progress-bar", "off", "--no-input", *arguments],
            log=log,
            tick=lambda: screen.update(progress.text(screen.elapsed())),
            folder=layout.root,
            lock=lock,
            env=env,
        )

    kept = rescue.wheels(layout)
    if kept:
        # First and by themselves: between equal versions pip prefers an index to a folder (seen with 23.0 to 26.3).
        # What fails here, the command below makes good.
        pip(["--no-index", "--no-deps", *map(str, kept)], doing="opening what was already downloaded")
        rescue.forget(layout)
    code = pip([*options, *requirements])
    if code != 0:
        raise failure(log, code)


def drop_half_installed(packages: Path) -> None:
    """Forget distributions whose installation was cut short: pip writes RECORD last, and believes METADATA alone."""
    for folder in packages.glob("*.dist-info"):
        if not (folder / "RECORD").exists():
            shutil.rmtree(folder, ignore_errors=True)


def failure(log: Path, code: int) -> SrtuiError:
    """The error that pip's log tells of, with the remedy; the end of the log goes with it."""
    text = log.read_text(encoding="utf-8", errors="replace")
    where = f"{log}, which ends with:\n{child.indented(child.tail(log))}"
    if code == -9:
        fact = "pip was killed, most likely because memory ran out"
        return MachineError("installation", fact, where=where, hint="free some memory (1 GB is enough), then ./start")
    for pattern, fact, hint in _CAUSES:
        if re.search(pattern, text):
            kind = DiskFullError if fact == "the disk is full" else MachineError
            return kind("installation", fact, where=where, hint=hint)
    return MachineError("installation", f"pip ended with code {code}", where=where, hint="call ./start again")


class _Progress:
    """What pip is doing, read from its log and from what lies in its temporary folder."""

    def __init__(self, layout: Layout, log: Path, temporary: Path, doing: str) -> None:
        self._layout = layout
        self._log = log
        self._temporary = temporary
        self._doing = doing
        self._before = self._installed()
        self._unpacking = 0

    def text(self, seconds: float) -> str:
        """``downloading, 1.2 GB, 35 s`` or ``unpacking 12 of 27 packages, 80 s``."""
        if not self._unpacking:
            self._unpacking = self._packages_to_unpack()
        if self._unpacking:
            finished = min(self._installed() - self._before, self._unpacking)
            return f"unpacking, {finished} of {self._unpacking} packages, {seconds:.0f} s"
        downloaded = sum(self._sizes())
        doing = f"downloading, {size(downloaded)}" if downloaded > 1e6 else self._doing
        return f"{doing}, {seconds:.0f} s"

    def _packages_to_unpack(self) -> int:
        try:
            text = self._log.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return 0
        match = re.search(r"^Installing collected packages: (.+)$", text, re.MULTILINE)
        return match[1].count(",") + 1 if match else 0

    def _installed(self) -> int:
        return sum(1 for _ in self._layout.packages().glob("*.dist-info"))

    def _sizes(self) -> list[int]:
        return [disk.bytes_on_disk(file) for file in self._temporary.glob("pip-unpack-*/*")]
