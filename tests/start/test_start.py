"""./start as its user meets it: what it does, in which order, and what it says."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PHASES = ["environment", "torch", "project", "pair", "kernels"]
ROOT = Path(__file__).resolve().parents[2]


def test_the_first_call_does_every_phase_once_and_then_the_command(checkout: Any) -> None:
    done = checkout.start("demo", "--output", "a b")
    assert done.returncode == 0
    assert checkout.calls() == [*PHASES, "run"]
    assert json.loads(done.stdout) == [str(checkout.root / ".venv/bin/srtui"), "demo", "--output", "a b"]


def test_a_line_per_phase_on_stderr(checkout: Any) -> None:
    lines = checkout.start("profiles").stderr.splitlines()
    numbered = [line for line in lines if re.match(r"\[\d/5\] ", line)]
    assert [line[:5] for line in numbered] == [f"[{number}/5]" for number in range(1, 6)]
    assert "torch 2.15.0 and torchvision 0.29.2 installed" in numbered[1]
    assert "no usable GPU was found" in numbered[1]
    assert len(lines) <= 7


def test_torch_and_torchvision_come_in_one_command_from_one_index(checkout: Any) -> None:
    checkout.start("profiles")
    arguments = checkout.entry("torch")["arguments"]
    assert arguments[:4] == ["-I", "-m", "pip", "install"]
    assert [word.split(">")[0] for word in arguments[-2:]] == ["torch", "torchvision"]
    assert checkout.calls().count("torch") == 1


def test_the_project_is_editable_and_cannot_replace_the_pair(checkout: Any) -> None:
    checkout.start("profiles")
    arguments = checkout.entry("project")["arguments"]
    assert arguments[arguments.index("-e") + 1] == "."
    constraints = Path(arguments[arguments.index("-c") + 1])
    assert constraints.read_text() == "torch==2.15.0\ntorchvision==0.29.2\n"
    assert checkout.entry("project")["cwd"] == str(checkout.root)


def test_a_users_pip_defaults_do_not_get_in_the_way(checkout: Any) -> None:
    checkout.start("profiles", PIP_USER="1", PYTHONHOME="")
    env = checkout.entry("torch")["env"]
    assert env["PIP_USER"] == "0"
    assert env["PYTHONPATH"] is None


def test_a_second_call_only_runs_the_command(checkout: Any) -> None:
    checkout.start("profiles")
    checkout.forget()
    done = checkout.start("profiles")
    assert checkout.calls() == ["run"]
    assert done.stderr == ""


def test_a_second_call_probes_nothing(ready: Any) -> None:
    asked = ready.fakes / "asked"
    (ready.fakes / "nvidia-smi").write_text(f"#!/bin/sh\ntouch '{asked}'\n")
    assert ready.start("profiles").returncode == 0
    assert not asked.exists()


def test_the_exit_code_is_the_commands(ready: Any) -> None:
    assert ready.start("verify", FAKE_EXIT="5").returncode == 5


def test_without_arguments_the_wizard_opens(ready: Any) -> None:
    assert json.loads(ready.start().stdout) == [str(ready.root / ".venv/bin/srtui")]


def test_help_explains_start_and_installs_nothing(checkout: Any) -> None:
    done = checkout.start("--help")
    assert done.returncode == 0
    assert "./start help" in done.stdout
    assert checkout.calls() == []
    assert not (checkout.root / ".venv").exists()


def test_help_as_a_word_is_srtuis(ready: Any) -> None:
    assert json.loads(ready.start("help").stdout)[-1] == "--help"


def test_test_tools_come_only_with_test_and_check(ready: Any) -> None:
    assert json.loads(ready.start("test", "tests/x.py", "-k", "a b").stdout) == [
        "-m",
        "pytest",
        "tests/x.py",
        "-k",
        "a b",
    ]
    assert ready.calls() == ["project", "run"]
    assert ".[test]" in ready.entry("project")["arguments"]
    assert ready.entry("run")["cwd"] == str(ready.root)
    ready.forget()
    ready.start("check")
    assert ".[check,test]" in ready.entry("project")["arguments"]
    ready.forget()
    for command in ("profiles", "test"):
        ready.start(command)
    assert ready.calls() == ["run", "run"]


def test_check_runs_every_tool_and_fails_if_one_does(ready: Any) -> None:
    done = ready.start("check", FAKE_EXIT="1")
    assert done.returncode == 1
    tools = [entry["arguments"] for entry in ready.entries() if entry["call"] == "run"]
    assert len(tools) == 5
    assert done.stderr.count("FAILED") == 5


def test_check_takes_no_arguments(checkout: Any) -> None:
    done = checkout.start("check", "tests")
    assert done.returncode == 2
    assert "'tests'" in done.stderr
    assert checkout.calls() == []


@pytest.mark.parametrize(
    ("file", "old", "new", "again"),
    [
        ("pyproject.toml", '"click>=8.1"', '"click>=8.2"', ["project", "pair", "kernels"]),
        ("pyproject.toml", "line-length = 120", "line-length = 100", []),
        ("kernels/srtui_kernels/resize.py", "one = 1", "one = 2", ["kernels"]),
        ("profiles/torch_builds.json", '"disk": 2.0', '"disk": 2.1', ["torch", "project", "pair", "kernels"]),
    ],
)
def test_only_what_changed_is_done_again(ready: Any, file: str, old: str, new: str, again: list[str]) -> None:
    path = ready.root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert ready.start("profiles").returncode == 0
    assert ready.calls() == [*again, "run"]


def test_repair_starts_over(ready: Any) -> None:
    stray = ready.root / ".venv" / "stray"
    stray.touch()
    done = ready.start("--repair")
    assert done.returncode == 0
    assert ready.calls() == PHASES
    assert not stray.exists()


def test_repair_goes_on_with_a_command(ready: Any) -> None:
    assert json.loads(ready.start("--repair", "profiles").stdout)[-1] == "profiles"


def test_a_linked_environment_stays_a_link(checkout: Any, tmp_path: Path) -> None:
    (tmp_path / "big disk").mkdir()
    (checkout.root / ".venv").symlink_to(tmp_path / "big disk")
    assert checkout.start("--repair").returncode == 0
    assert (checkout.root / ".venv").is_symlink()
    assert (tmp_path / "big disk" / "bin" / "python").exists()


def test_an_environment_that_lost_its_python_is_made_anew(ready: Any) -> None:
    (ready.root / ".venv" / "bin" / "python").unlink()
    assert ready.start("profiles").returncode == 0
    assert ready.calls() == [*PHASES, "run"]


def test_an_environment_made_by_hand_is_taken_over(checkout: Any) -> None:
    command = [checkout.fakes / "python", "-m", "venv", checkout.root / ".venv"]
    subprocess.run(command, env=checkout.environment(), check=True)
    checkout.forget()
    (checkout.root / ".venv" / "mine").touch()
    done = checkout.start("profiles")
    assert checkout.calls() == ["probe", *PHASES[1:], "run"]
    assert "taking over" in done.stderr
    assert (checkout.root / ".venv" / "mine").exists()


def test_a_folder_that_is_no_environment_is_never_deleted_unasked(checkout: Any) -> None:
    (checkout.root / ".venv").mkdir()
    (checkout.root / ".venv" / "precious").touch()
    done = checkout.start("profiles")
    assert done.returncode == 4
    assert "--repair" in done.stderr
    assert (checkout.root / ".venv" / "precious").exists()
    assert checkout.start("--repair").returncode == 0


def test_killed_in_every_phase_each_call_continues_where_the_last_one_was(checkout: Any) -> None:
    began = 0
    for number, phase in enumerate(PHASES):
        process = checkout.popen("profiles", FAKE_HANG=phase)
        checkout.wait_for_hang()
        checkout.kill(process)
        assert [call for call in checkout.calls() if call != "rescue"] == PHASES[began : number + 1]
        checkout.forget()
        began = number
    done = checkout.start("profiles")
    assert done.returncode == 0, done.stderr
    assert checkout.calls() == [PHASES[-1], "run"]
    assert not list((checkout.root / ".venv").rglob("half-1.0.dist-info"))
    assert not (checkout.root / ".venv" / ".start" / "tmp").exists()


def test_ctrl_c_in_every_phase_leaves_nothing_running_and_loses_nothing(checkout: Any) -> None:
    for phase in PHASES:
        process = checkout.popen("profiles", FAKE_HANG=phase)
        checkout.wait_for_hang()
        os.kill(process.pid, signal.SIGINT)  # to ./start alone: it must end its child itself
        _, err = process.communicate(timeout=300)
        assert process.returncode == 130
        assert "./start continues there" in err
        assert not checkout.alive()
    checkout.forget()
    assert checkout.start("profiles").returncode == 0
    assert checkout.calls() == [PHASES[-1], "run"]


def test_what_was_downloaded_whole_is_not_downloaded_again(checkout: Any) -> None:
    process = checkout.popen("profiles", FAKE_HANG="torch")
    checkout.wait_for_hang()
    checkout.kill(process)
    checkout.forget()
    assert checkout.start("profiles").returncode == 0
    assert checkout.calls() == ["rescue", *PHASES[1:], "run"]
    arguments = checkout.entry("rescue")["arguments"]
    assert [Path(word).name for word in arguments if word.endswith(".whl")] == ["whole-1.0-py3-none-any.whl"]
    assert not (checkout.root / ".venv" / ".start" / "wheels").exists()


def test_a_termination_ends_the_child_too(checkout: Any) -> None:
    process = checkout.popen("profiles", FAKE_HANG="torch")
    checkout.wait_for_hang()
    process.terminate()
    process.communicate(timeout=300)
    assert process.returncode == 143
    assert not checkout.alive()


def test_a_second_start_waits_and_says_for_whom(checkout: Any) -> None:
    first = checkout.popen("profiles", FAKE_HANG="project")
    checkout.wait_for_hang()
    second = checkout.popen("profiles")
    assert second.stderr is not None
    assert second.stderr.readline() == (
        f"another ./start (process {first.pid}) is setting up this folder: waiting for it\n"
    )
    checkout.release()
    first.communicate(timeout=300)
    second.communicate(timeout=300)
    assert (first.returncode, second.returncode) == (0, 0)
    assert sorted(checkout.calls()) == sorted([*PHASES, "run", "run"])


def test_a_child_that_outlives_its_start_keeps_the_others_out(checkout: Any) -> None:
    first = checkout.popen("profiles", FAKE_HANG="torch")
    checkout.wait_for_hang()
    first.kill()  # ./start alone: its pip goes on
    second = checkout.popen("profiles")
    assert second.stderr is not None
    assert "waiting for it" in second.stderr.readline()
    assert checkout.calls() == ["environment", "torch"]
    checkout.release()
    for process in (first, second):
        process.communicate(timeout=300)
    assert second.returncode == 0
    assert checkout.calls() == ["environment", "torch", "rescue", "torch", "project", "pair", "kernels", "run"]


def test_no_ensurepip_names_the_package_to_install(checkout: Any) -> None:
    done = checkout.start("profiles", FAKE_NO_ENSUREPIP="1")
    assert done.returncode == 4
    assert f"sudo apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv" in done.stderr
    assert checkout.calls() == []


def test_a_small_disk_is_refused_before_anything_is_downloaded(checkout: Any) -> None:
    done = checkout.start("profiles", FAKE_FREE=str(2 * 10**9))
    assert done.returncode == 4
    assert re.search(
        r"6\.\d GB for the environment in .* \+ \d\.\d GB for pip's downloads in .* needed, 2\.0 GB free", done.stderr
    )
    assert "TMPDIR=" in done.stderr
    assert checkout.calls() == ["environment"]


def test_downloads_go_where_tmpdir_says_and_leave_nothing(checkout: Any, tmp_path: Path) -> None:
    roomy = tmp_path / "roomy"
    roomy.mkdir()
    assert checkout.start("profiles", TMPDIR=str(roomy)).returncode == 0
    assert str(checkout.entry("torch")["env"]["TMPDIR"]).startswith(f"{roomy}/srtui-start-")
    assert list(roomy.iterdir()) == []


def test_downloads_stay_beside_the_environment_otherwise(checkout: Any) -> None:
    checkout.start("profiles")
    assert checkout.entry("torch")["env"]["TMPDIR"] == str(checkout.root / ".venv" / ".start" / "tmp")


def test_a_folder_that_cannot_be_written_is_named(checkout: Any) -> None:
    done = checkout.start("profiles", FAKE_READ_ONLY="1")
    assert done.returncode == 4
    assert f"{checkout.root}: cannot be written" in done.stderr
    assert checkout.calls() == []


def test_a_finished_environment_needs_no_writable_folder(ready: Any) -> None:
    assert ready.start("profiles", FAKE_READ_ONLY="1").returncode == 0


def test_no_network_says_so_and_shows_the_end_of_the_log(checkout: Any) -> None:
    said = "NewConnectionError('Temporary failure in name resolution')\nERROR: No matching distribution found for torch"
    done = checkout.start("profiles", FAKE_PIP_SAYS=said)
    assert done.returncode == 4
    assert "error: installation: no network: the package index's name cannot be resolved" in done.stderr
    assert "   | ERROR: No matching distribution found for torch" in done.stderr
    assert "PIP_INDEX_URL" in done.stderr
    checkout.forget()
    assert checkout.start("profiles").returncode == 0
    assert checkout.calls() == [*PHASES[1:], "run"]


def test_a_pair_that_does_not_work_together_stops_here(checkout: Any) -> None:
    verdict = json.dumps(
        {"ok": False, "error": "RuntimeError: operator torchvision::nms does not exist", "devices": []}
    )
    done = checkout.start("profiles", FAKE_VERDICT=verdict)
    assert done.returncode == 4
    assert "operator torchvision::nms does not exist" in done.stderr
    assert checkout.calls() == PHASES[:4]


def test_a_gpu_that_fails_is_reported_but_does_not_stop(checkout: Any) -> None:
    device = {"index": 0, "name": "NVIDIA L4", "ok": False, "error": "OutOfMemoryError: CUDA out of memory"}
    done = checkout.start("profiles", FAKE_VERDICT=json.dumps({"ok": True, "error": None, "devices": [device]}))
    assert done.returncode == 0
    assert "GPU 0 (NVIDIA L4) does not work: OutOfMemoryError" in done.stderr


def test_a_card_that_the_default_build_fits_asks_no_special_index(checkout: Any) -> None:
    checkout.has_gpu("NVIDIA GeForce RTX 3090", "8.6", "580.95.05")
    done = checkout.start("profiles")
    assert done.returncode == 0
    assert "--index-url" not in checkout.entry("torch")["arguments"]
    assert "NVIDIA GeForce RTX 3090 (8.6) with driver 580.95.05" in done.stderr
    assert "PyTorch sees no GPU here; ./start doctor says why" in done.stderr  # the stand-in's check lists none


def test_a_card_that_only_a_special_index_fits_says_so_when_it_is_out_of_reach(checkout: Any) -> None:
    checkout.has_gpu("NVIDIA GeForce GTX 1080", "6.1", "580.95.05")
    done = checkout.start("profiles")
    assert done.returncode == 4
    assert (
        "cannot be reached, and only the last CUDA 12.6 build (PyTorch 2.14) runs on NVIDIA GeForce GTX 1080"
        in done.stderr
    )
    assert "SRTUI_TORCH_INDEX=" in done.stderr
    assert checkout.calls() == ["environment"]


def test_the_users_index_overrides_everything(checkout: Any) -> None:
    mirror = "https://mirror.example/whl/cu126"
    more = {
        "SRTUI_TORCH_INDEX": mirror,
        "PIP_EXTRA_INDEX_URL": "https://other.example",
        "PIP_INDEX_URL": "https://o.example",
    }
    assert checkout.start("profiles", **more).returncode == 0
    arguments, env = checkout.entry("torch")["arguments"], checkout.entry("torch")["env"]
    assert arguments[arguments.index("--index-url") + 1] == mirror
    assert (env["PIP_INDEX_URL"], env["PIP_EXTRA_INDEX_URL"]) == ("", "")
    assert checkout.entry("project")["env"]["PIP_INDEX_URL"] == "https://o.example"
    checkout.forget()
    checkout.start("profiles", SRTUI_TORCH_INDEX=mirror)
    checkout.start("profiles")
    assert checkout.calls() == ["run", "run"]


def test_another_index_means_another_environment(ready: Any) -> None:
    done = ready.start("profiles", SRTUI_TORCH_INDEX="https://mirror.example/whl/cu126")
    assert done.returncode == 0
    assert "starting .venv over" in done.stderr
    assert ready.calls() == [*PHASES, "run"]


def test_a_build_from_the_wrong_index_is_noticed(checkout: Any) -> None:
    done = checkout.start("profiles", SRTUI_TORCH_INDEX="https://download.pytorch.org/whl/cpu", FAKE_LOCAL="")
    assert done.returncode == 4
    assert "2.15.0 came instead of a +cpu one" in done.stderr


def test_on_a_terminal_a_phase_rewrites_its_line(checkout: Any) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(checkout.root / "start"), "profiles"],
        stdin=slave,
        stdout=subprocess.DEVNULL,
        stderr=slave,
        env=checkout.environment(TERM="xterm", COLUMNS="60", LINES="24"),
    )
    os.close(slave)
    shown = b""
    while chunk := read(master):
        shown += chunk
    assert process.wait(300) == 0
    assert b"\r\x1b[K[2/5] PyTorch: looking at the machine" in shown
    assert shown.count(b"\n") <= 7


def read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # EIO: the other end is closed
        os.close(descriptor)
        return b""


@pytest.fixture
def script() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("start_script", str(ROOT / "start"))
    spec = importlib.util.spec_from_loader("start_script", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_the_script_parses_on_python_3_6() -> None:
    text = (ROOT / "start").read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 6))
    assert "from __future__" not in text  # annotations came with 3.7


@pytest.mark.parametrize(
    ("found", "hint"), [({"python3.12"}, "python3.12 ./start demo"), (set(), "install Python 3.10 or newer")]
)
def test_a_python_that_is_too_old_says_which_would_do(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, found: set[str], hint: str
) -> None:
    monkeypatch.setattr(script.shutil, "which", lambda name: name if name in found else None)
    monkeypatch.setattr(script.sys, "argv", ["./start", "demo"])
    monkeypatch.setattr(script.sys, "version_info", (3, 6, 9, "final", 0))
    text = script.too_old()
    monkeypatch.undo()  # pytest itself wants the real one back
    assert "Python 3.6 is too old: srtui needs 3.10 or newer" in text
    assert hint in text


def test_continuous_integration_calls_the_readmes_command() -> None:
    run = ROOT / ".ci" / "run"
    assert "./start test" in run.read_text(encoding="utf-8")
    assert os.access(run, os.X_OK)
