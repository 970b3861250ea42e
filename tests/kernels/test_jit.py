"""How kernels are compiled: in one place, never at import, kept where it can be, and never stale."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import srtui_kernels
from srtui_kernels import _jit

PACKAGE = Path(srtui_kernels.__file__).parent
ROOT = Path(__file__).resolve().parents[2]


def run_python(code: str, *path: Path, **environment: str) -> str:
    """Run ``code`` in a fresh process and return what it prints."""
    search = os.pathsep.join(str(each) for each in (*path, PACKAGE.parent, ROOT))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": search, "NUMBA_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_numba_is_used_in_one_room() -> None:
    sources = [*PACKAGE.rglob("*.py"), *(ROOT / "srtui").rglob("*.py")]
    says = re.compile(r"^\s*(import|from) numba", re.MULTILINE)
    users = [str(path.relative_to(PACKAGE)) for path in sources if says.search(path.read_text())]
    meanings = [f"_meanings/{name}.py" for name in ("lanes", "memory", "places", "products")]
    assert sorted(users) == ["_jit.py", "_llvm.py", *meanings, "_vectors.py"]


def test_importing_is_quick_and_compiles_nothing() -> None:
    code = """
import time, numpy, numba
start = time.process_time()
import srtui_kernels
print(srtui_kernels._jit.compiled_signatures(), time.process_time() - start)
"""
    signatures, seconds = run_python(code).split()
    assert signatures == "0"
    assert float(seconds) < 0.4, "with Numba's own import that is half a second"


def test_a_warm_up_compiles_everything_that_any_picture_needs() -> None:
    code = """
from srtui_kernels import *
from srtui_kernels._jit import compiled_signatures
from srtui_kernels.jpeg_tables import preset
from srtui_kernels.resize import FILTERS
from tests.cases import CASES
steps = []
warm_up(lambda done, total, name: steps.append((done, total, name)))
assert [done for done, _, _ in steps] == list(range(steps[0][1] + 1)), steps
before = compiled_signatures()
for case in CASES:
    picture = case.make()
    for name in FILTERS:
        for width, height in ((5, 4), (picture.shape[1], 9), (9, picture.shape[0])):
            resize(picture, width, height, name)
    median(picture, 1), median(picture, 2), gaussian(picture, 1), gaussian(picture, 0, 2.5), motion(picture, 10, 3)
    motion_along(picture, curve(10, 5, 30)), motion_in_light(picture, curve(10, 5, 30)), blur(picture, 5, 1, 2)
    gaussian_in_light(picture, 1), gaussian_in_light(picture, 0, 2.5)
    noise(picture, 5, 3), noise(picture, 5, 3, gain=1, grey=True), shot_noise(picture, 5, 1, photons=9)
    sharpen(picture, 1, 1, 2), sharpen(picture, 1, 1, by_field=True)
    if picture.shape[2:] == (3,):
        field_chroma(picture, "4:2:0"), field_chroma(picture, "4:1:1")
        full_planes(to_planes(picture, "4:4:4"), "4:4:4"), shot_noise(picture, 5, 1, grey=True)
    crop_to_chw(picture, 0, 0, 1, 5)
    if picture.shape[2:] != (4,):
        jpeg_round_trip(picture, *preset("ijg-50")[:2], "4:4:4")
dead_leaves(5, 6, 1)
print(before, compiled_signatures())
"""
    before, after = run_python(code).split()
    assert int(before) > 0
    assert before == after


@pytest.fixture
def small_package(tmp_path: Path) -> Path:
    """A package with our decorator, a kernel, and callees of it in another module and in another folder."""
    package = tmp_path / "small"
    (package / "deep").mkdir(parents=True)
    for folder in (package, package / "deep"):
        (folder / "__init__.py").touch()
    shutil.copy(PACKAGE / "_jit.py", package)
    kernel = "from small._jit import kernel\n{imports}\n@kernel\ndef {name}(x: int) -> int:\n    return {value}\n"
    (package / "deep" / "callee.py").write_text(kernel.format(imports="", name="deepest", value="x + 1"))
    imports = "from small.deep.callee import deepest"
    (package / "callee.py").write_text(kernel.format(imports=imports, name="callee", value="deepest(x)"))
    imports = "from small.callee import callee"
    (package / "caller.py").write_text(kernel.format(imports=imports, name="caller", value="callee(x)"))
    return package


CALL = "from small.caller import caller; print(caller(1), sum(caller.stats.cache_hits.values()))"


def test_machine_code_is_kept_until_a_callee_or_a_setting_changes(small_package: Path) -> None:
    assert run_python(CALL, small_package.parent) == "2 0"
    assert run_python(CALL, small_package.parent) == "2 1"
    assert run_python(CALL, small_package.parent, NUMBA_BOUNDSCHECK="1") == "2 0"
    changes = (("deep/callee.py", "x + 1", "x + 9", "10 0"), ("callee.py", "deepest(x)", "deepest(x) + 1", "11 0"))
    for name, old, new, says in changes:
        callee = small_package / name
        callee.write_text(callee.read_text().replace(old, new))
        assert run_python(CALL, small_package.parent) == says


def test_only_the_latest_machine_code_is_kept(tmp_path: Path) -> None:
    for age in range(6):
        folder = tmp_path / f"srtui_kernels-{age}"
        folder.mkdir()
        os.utime(folder, (1e9 - age, 1e9 - age))
    (tmp_path / "other").mkdir()
    _jit._forget_old_caches(tmp_path)
    assert {folder.name for folder in tmp_path.iterdir()} == {*(f"srtui_kernels-{age}" for age in range(3)), "other"}


def test_without_a_writable_package_the_users_cache_is_used(small_package: Path, tmp_path: Path) -> None:
    (small_package / "__pycache__").write_text("a file where the folder would be")
    cache = tmp_path / "cache of Ильдар"
    assert run_python(CALL, small_package.parent, XDG_CACHE_HOME=str(cache)) == "2 0"
    assert run_python(CALL, small_package.parent, XDG_CACHE_HOME=str(cache)) == "2 1"


def test_without_any_writable_folder_it_still_works(small_package: Path) -> None:
    (small_package / "__pycache__").write_text("a file where the folder would be")
    assert run_python(CALL, small_package.parent, XDG_CACHE_HOME="/dev/null/cache") == "2 0"


def test_a_user_without_a_home_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", nobody)
    assert _jit._user_caches() == []


@pytest.mark.exhaustive
def test_no_kernel_reaches_out_of_bounds() -> None:
    """Run the other tests with every index checked: minutes of compiling the first time."""
    here = Path(__file__).parent
    alone = {Path(__file__).name, "test_bounds.py", "test_same_bytes.py"}  # they choose how their processes compile
    tests = [str(path) for path in sorted(here.glob("test_*.py")) if path.name not in alone]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", *tests],
        cwd=ROOT,
        env={**os.environ, "NUMBA_BOUNDSCHECK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
