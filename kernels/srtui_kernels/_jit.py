"""The one place that decides how kernels are compiled and where their machine code is kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")

# Settings that change the machine code but not Numba's own cache key (which holds Numba's version and the CPU).
_CODE_SETTINGS = ("BOUNDSCHECK", "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "ENABLE_AVX", "DEBUGINFO_DEFAULT")
_KEPT_CACHES = 3
_compiled: list[Any] = []


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """
    Compile ``function`` with the project's flags; its signature stays visible to type checkers.

    No fast-math and no contraction: the bytes must be the same on every machine. The interpreter lock is released, so
    that one thread can work on each picture. Nothing is compiled before the first call. Bounds are checked when
    NUMBA_BOUNDSCHECK=1.
    """
    return _compile(function)


def part(function: Callable[P, R]) -> Callable[P, R]:
    """
    Compile ``function`` as `kernel` does, as a part of whoever calls it.

    For small functions in inner loops: LLVM stops inlining what it finds too large, and a call of its own costs a
    vector's way through memory (the colours of JPEG took three times as long).
    """
    return _compile(function, forceinline=True)


def _compile(function: Callable[P, R], **options: bool) -> Callable[P, R]:
    if numba.config.DISABLE_JIT:
        return function
    compiled = numba.njit(nogil=True, fastmath=False, error_model="numpy", **options)(function)
    _keep_machine_code(compiled)
    _compiled.append(compiled)
    return cast("Callable[P, R]", compiled)


def compiled_signatures() -> int:
    """Count the machine-code variants made or loaded so far; a second warm-up must not add to it."""
    return sum(len(each.signatures) for each in _compiled)


def _keep_machine_code(compiled: Any) -> None:
    folder = _cache_folder()
    if folder is None:
        return
    with _numba_cache_dir(folder):
        try:
            compiled.enable_caching()
        except RuntimeError:
            # "no locator available": the folder became unwritable since it was tried; compile in every process instead.
            _cache_folder.cache_clear()


@contextmanager
def _numba_cache_dir(folder: Path) -> Iterator[None]:
    """Numba reads this setting when caching is enabled; other packages of the process keep their own."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


@lru_cache(maxsize=1)
def _cache_folder() -> Path | None:
    """
    Choose a folder for the machine code of exactly these sources, or None when none can be written.

    Numba looks at the caller's file only: after an edit of a callee in another module it would run the old code. So the
    folder is named after a digest of all sources of the package.
    """
    name = "srtui_kernels-" + _digest()
    for base in _cache_bases():
        folder = base / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            os.utime(folder)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:
            continue
        _forget_old_caches(base)
        return folder
    return None


def _cache_bases() -> list[Path]:
    """Numba's own order: what the user says, beside the sources, the user's cache folder."""
    asked = [Path(numba.config.CACHE_DIR)] if numba.config.CACHE_DIR else []
    return [*asked, Path(__file__).parent / "__pycache__", *_user_caches()]


def _user_caches() -> list[Path]:
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    except RuntimeError:  # a user without a home, as in many containers
        return []
    return [cache / "srtui" / "kernels"]


def _digest() -> str:
    digest, package = hashlib.blake2b(digest_size=8), Path(__file__).parent
    for source in sorted(package.rglob("*.py")):
        digest.update(source.relative_to(package).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    digest.update(repr([getattr(numba.config, setting, None) for setting in _CODE_SETTINGS]).encode())
    return digest.hexdigest()


def _forget_old_caches(base: Path) -> None:
    """A process that still runs older sources has its machine code in memory and only compiles again next time."""
    folders = [(_age(folder), folder) for folder in base.glob("srtui_kernels-*")]
    for _, folder in sorted(folders, reverse=True)[_KEPT_CACHES:]:
        shutil.rmtree(folder, ignore_errors=True)


def _age(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:  # another process was quicker to forget it
        return 0.0
