"""Reading the rest of the machine from files of known content."""

from __future__ import annotations

from pathlib import Path

import pytest

from srtui.hardware import system

MOUNTS = """\
22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
40 22 0:35 / /home/anna rw - nfs4 server:/home rw
41 40 0:36 / /home/anna/my\\040tapes rw - xfs /dev/sdb1 rw
42 22 0:37 / /mnt/c rw - 9p drvfs rw
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/home/anna/minidv", "nfs4"),
        ("/home/anna/my tapes/minidv", "xfs"),
        ("/home/annabel", "ext4"),
        ("/mnt/c/Users", "9p"),
        ("/", "ext4"),
    ],
)
def test_the_deepest_mount_holds_a_path(tmp_path: Path, place: str, kind: str) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)
    assert system.file_system(Path(place), tmp_path / "mountinfo") == kind


def test_without_a_mount_table_the_kind_is_unknown(tmp_path: Path) -> None:
    assert system.file_system(tmp_path, tmp_path / "absent") == "unknown"


def test_a_disk_is_measured_and_left_as_it_was(tmp_path: Path) -> None:
    found = system.disk(tmp_path / "not" / "yet" / "there", measure=True)
    assert found.path == str(tmp_path.resolve())
    assert found.writable
    assert found.write_speed is None or found.write_speed > 0
    assert list(tmp_path.iterdir()) == []


def test_a_container_quota_limits_the_cores(tmp_path: Path) -> None:
    quota = tmp_path / "cpu.max"
    free = system.usable_cores(tmp_path / "absent")
    quota.write_text("100000 100000\n")
    assert system.usable_cores(quota) == 1
    quota.write_text("50000 100000\n")
    assert system.usable_cores(quota) == 1
    quota.write_text("max 100000\n")
    assert system.usable_cores(quota) == free


def test_a_container_limit_below_the_memory_counts(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("1073741824\n")
    assert system.memory(limit).limit == 1024**3
    limit.write_text("max\n")
    assert system.memory(limit).limit is None


def test_vector_extensions_are_read_from_the_kernel(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu sse4_2 avx2 avx512f avx512_bf16 amx_bf16\n")
    found = system.cpu(info)
    assert found.model == "Some CPU"
    assert found.extensions == ("sse4_2", "avx2", "avx512f", "avx512_bf16", "amx_bf16")


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"LANG": "ru_RU.UTF-8"}, "UTF-8"),
        ({"LANG": "C.utf8"}, "UTF-8"),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, "ascii"),
        ({"LC_ALL": "", "LANG": "ru_RU.KOI8-R"}, "KOI8-R"),
        ({"LANG": "en_US.ISO-8859-15@euro"}, "ISO-8859-15@euro"),
        ({}, "ascii"),
    ],
)
def test_the_encoding_is_what_the_variables_say(env: dict[str, str], expected: str) -> None:
    assert system.encoding(env) == expected


@pytest.mark.parametrize(
    ("file", "env", "expected"),
    [
        (".dockerenv", {}, "docker"),
        ("run/.containerenv", {}, "podman"),
        (None, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "kubernetes"),
        (None, {"APPTAINER_CONTAINER": "/x.sif"}, "apptainer"),
        (None, {"container": "lxc"}, "lxc"),
        (None, {}, ""),
    ],
)
def test_containers_are_recognised(tmp_path: Path, file: str | None, env: dict[str, str], expected: str) -> None:
    if file is not None:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    assert system.container(env, tmp_path) == expected


def test_session_and_terminal_come_from_the_environment() -> None:
    found = system.system({"TMUX": "/tmp/x", "SSH_CONNECTION": "1 2 3 4", "TERM": "xterm", "LANG": "C.UTF-8"})
    assert (found.tmux, found.ssh, found.term, found.encoding) == (True, True, "xterm", "UTF-8")
