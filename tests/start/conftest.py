"""A checkout in a folder with a space and Cyrillic letters, whose Python, pip and torch are stand-ins."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from srtui.bootstrap import state
from srtui.bootstrap.state import Layout

ROOT = Path(__file__).resolve().parents[2]

# Plays the interpreter that makes environments and the one inside them. FAKE_LOG gets every call; FAKE_HANG names a
# call that waits to be killed or released; FAKE_PIP_SAYS and FAKE_EXIT make pip or the final command fail.
FAKE_PYTHON = """\
#!/bin/sh
''''exec "{python}" -S "$0" "$@" # a first line cannot name a Python whose path has spaces '''
import json, os, pathlib, shutil, sys, time, zipfile
arguments = sys.argv[1:]
words = [word for word in arguments if word != "-I"]
me = pathlib.Path(sys.argv[0])
if words[:2] == ["-m", "venv"]:
    call = "environment"
elif words[:3] == ["-m", "pip", "install"]:
    call = "rescue" if "--no-index" in words else "project" if "-e" in words else "torch"
elif words[:2] == ["-m", "srtui.hardware.check"]:
    call = "pair"
elif words[:2] == ["-m", "srtui_kernels"]:
    call = "kernels"
elif words[:1] == ["-c"]:
    call = "probe"
else:
    call = "run"
names = ("TMPDIR", "PIP_USER", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PYTHONPATH")
env = {{name: os.environ.get(name) for name in names}}
entry = {{"call": call, "pid": os.getpid(), "arguments": arguments, "cwd": os.getcwd(), "env": env}}
with open(os.environ["FAKE_LOG"], "a", encoding="utf-8") as log:
    log.write(json.dumps(entry) + "\\n")
if os.environ.get("FAKE_HANG") == call:
    if call == "torch":
        half = me.parents[1] / "lib/python3.11/site-packages/half-1.0.dist-info"
        half.mkdir(parents=True, exist_ok=True)
        (half / "METADATA").write_text("Name: half")
        unpack = pathlib.Path(os.environ["TMPDIR"]) / "pip-unpack-x"
        unpack.mkdir()
        with zipfile.ZipFile(unpack / "whole-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("whole.py", "")
        (unpack / "partial-1.0-py3-none-any.whl").write_bytes(b"PK")
    pathlib.Path(os.environ["FAKE_LOG"] + ".reached").touch()
    while not pathlib.Path(os.environ["FAKE_LOG"] + ".release").exists():
        time.sleep(0.02)
if call in ("torch", "project") and "FAKE_PIP_SAYS" in os.environ:
    print(os.environ["FAKE_PIP_SAYS"])
    sys.exit(1)
if call == "environment":
    folder = pathlib.Path(words[2])
    (folder / "bin").mkdir(parents=True)
    (folder / "lib/python3.11/site-packages").mkdir(parents=True)
    shutil.copy(me, folder / "bin/python")
elif call == "torch":
    packages = me.parents[1] / "lib/python3.11/site-packages"
    index = words[words.index("--index-url") + 1] if "--index-url" in words else ""
    local = os.environ.get("FAKE_LOCAL", "+" + index.rsplit("/", 1)[-1] if index else "")
    print("Downloading torch-2.15.0.whl (539.1 MB)")
    print("Installing collected packages: torch, torchvision")
    for name, version in (("torch", "2.15.0"), ("torchvision", "0.29.2")):
        info = packages / (name + "-" + version + local + ".dist-info")
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text("Name: " + name + "\\nVersion: " + version + local + "\\n")
        (info / "RECORD").write_text("")
elif call == "project":
    (me.parent / "srtui").write_text("the command")
elif call == "pair":
    print("a warning that torch prints")
    print(os.environ.get("FAKE_VERDICT", '{{"ok": true, "error": null, "devices": []}}'))
elif call == "kernels":
    print("3 of 3 compiled")
elif call == "run":
    print(json.dumps(arguments))
    sys.exit(int(os.environ.get("FAKE_EXIT", "0")))
"""

# Loaded by Python itself before ./start: says that the stand-in is the interpreter, and sets the scene of a failure.
SITECUSTOMIZE = """\
import collections, os, shutil, sys
sys.executable = os.environ["FAKE_PYTHON"]
if os.environ.get("FAKE_NO_ENSUREPIP"):
    sys.modules["ensurepip"] = None
if os.environ.get("FAKE_FREE"):
    usage = collections.namedtuple("usage", "total used free")
    shutil.disk_usage = lambda path: usage(10**12, 0, int(os.environ["FAKE_FREE"]))
if os.environ.get("FAKE_READ_ONLY"):
    real_access = os.access
    os.access = lambda path, mode, **more: not mode & os.W_OK and real_access(path, mode, **more)
"""


class Checkout:
    """A copy of ./start and what it needs, and its stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "my tapes" / "мои кассеты"
        self.fakes = folder / "fakes"
        self.log = folder / "log"
        self._copy()
        self._fake("python", FAKE_PYTHON.format(python=sys.executable))
        self._fake("nvidia-smi", "#!/bin/sh\necho 'No devices were found'; exit 6\n")
        (self.fakes / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")

    def _copy(self) -> None:
        self.root.mkdir(parents=True)
        shutil.copy(ROOT / "start", self.root)
        shutil.copy(ROOT / "pyproject.toml", self.root)
        shutil.copytree(ROOT / "srtui" / "bootstrap", self.root / "srtui" / "bootstrap")
        shutil.copytree(ROOT / "srtui" / "hardware", self.root / "srtui" / "hardware")
        for name in ("__init__.py", "errors.py"):
            shutil.copy(ROOT / "srtui" / name, self.root / "srtui")
        (self.root / "profiles").mkdir()
        shutil.copy(ROOT / "profiles" / "torch_builds.json", self.root / "profiles")
        (self.root / "kernels" / "srtui_kernels").mkdir(parents=True)
        (self.root / "kernels" / "srtui_kernels" / "resize.py").write_text("one = 1\n")

    def _fake(self, name: str, text: str) -> None:
        self.fakes.mkdir(exist_ok=True)
        (self.fakes / name).write_text(text, encoding="utf-8")
        (self.fakes / name).chmod(0o755)

    def has_gpu(self, name: str, capability: str, driver: str) -> None:
        """Put a card into the machine."""
        self._fake("nvidia-smi", f"#!/bin/sh\necho '{name}, {capability}, {driver}'\n")

    def environment(self, **more: str) -> dict[str, str]:
        """What ./start sees: no network, no user configuration."""
        nowhere = "http://127.0.0.1:9"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "SRTUI_", "TMPDIR"))}
        return kept | {
            "PATH": f"{self.fakes}:/usr/bin:/bin",
            "PYTHONPATH": str(self.fakes),
            "FAKE_PYTHON": str(self.fakes / "python"),
            "FAKE_LOG": str(self.log),
            "https_proxy": nowhere,
            "HTTPS_PROXY": nowhere,
            **more,
        }

    def popen(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start ./start in a session of its own."""
        return subprocess.Popen(
            [sys.executable, str(self.root / "start"), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(**more),
            start_new_session=True,
            # A shell's background job inherits Ctrl-C as ignored; a user's terminal does not.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
        )

    def start(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Call ./start and wait for its end."""
        process = self.popen(*arguments, **more)
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def calls(self) -> list[str]:
        """The stand-in's calls so far, by name."""
        return [entry["call"] for entry in self.entries()]

    def entries(self) -> list[dict[str, object]]:
        """The stand-in's calls so far, whole."""
        return (
            [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]
            if self.log.exists()
            else []
        )

    def entry(self, call: str) -> dict[str, object]:
        """The last call of that name."""
        return [entry for entry in self.entries() if entry["call"] == call][-1]

    def forget(self) -> None:
        """Empty the log of calls."""
        self.log.unlink(missing_ok=True)

    def wait_for_hang(self) -> None:
        """Wait until the stand-in has reached the call that hangs."""
        reached = Path(f"{self.log}.reached")
        deadline = time.monotonic() + 300
        while not reached.exists():
            assert time.monotonic() < deadline, "the call that hangs was never reached"
            time.sleep(0.01)
        reached.unlink()

    def kill(self, process: subprocess.Popen[str]) -> None:
        """End ./start and its child at once, as a dying machine does."""
        os.kill(process.pid, signal.SIGKILL)
        os.kill(int(str(self.entries()[-1]["pid"])), signal.SIGKILL)
        process.communicate(timeout=300)

    def alive(self) -> bool:
        """Whether the last call's process still runs."""
        try:
            os.kill(int(str(self.entries()[-1]["pid"])), 0)
        except ProcessLookupError:
            return False
        return True

    def release(self) -> None:
        """Let the call that hangs go on."""
        Path(f"{self.log}.release").touch()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def ready(checkout: Checkout) -> Checkout:
    """A checkout whose environment is finished: the record is written here, which is quicker than calling ./start."""
    layout = Layout(checkout.root)
    for folder in (layout.python.parent, layout.venv / "lib/python3.11/site-packages", layout.folder):
        folder.mkdir(parents=True)
    shutil.copy(checkout.fakes / "python", layout.python)
    layout.srtui.touch()
    layout.constraints.write_text("torch==2.15.0\ntorchvision==0.29.2\n")
    record: state.Record = {"made": True, "torch_source": [None, "torch>=2.4", "torchvision>=0.19"]}
    state.save(layout, record | state.keys(layout, record))
    return checkout
