"""The choice of a PyTorch build: every generation of cards, every age of driver, and the matrix itself."""

from __future__ import annotations

import pytest

from srtui.hardware import torch_builds
from srtui.hardware.torch_builds import Build, Card, Platform, choose

LINUX = Platform(system="linux", machine="x86_64")
ARM = Platform(system="linux", machine="aarch64")


def chosen(*capabilities: tuple[int, int], driver: str | None = "580.95.05", platform: Platform = LINUX) -> Build:
    cards = [Card(name=f"card {major}.{minor}", capability=(major, minor)) for major, minor in capabilities]
    return choose(cards, driver, platform, (3, 12))


@pytest.mark.parametrize(
    ("capability", "driver", "name"),
    [
        ((7, 5), "580.65.06", "default"),
        ((8, 6), "590.44.01", "default"),
        ((8, 9), "580.95.05", "default"),
        ((9, 0), "580.95.05", "default"),
        ((10, 3), "580.95.05", "default"),
        ((12, 0), "580.95.05", "default"),
        ((12, 1), "580.95.05", "default"),
        ((8, 6), "579.99", "cu126"),
        ((8, 6), "525.60.13", "cu126"),
        ((8, 6), "525.60.12", "cu118"),
        ((12, 0), "570.26", "cu128"),
        ((5, 2), "580.95.05", "cu126"),
        ((6, 1), "580.95.05", "cu126"),
        ((7, 0), "580.95.05", "cu126"),
        ((7, 0), "470.256.02", "cu118"),
        ((7, 5), "418.226.00", "cpu"),
        ((3, 5), "470.256.02", "cpu"),
        ((3, 7), "470.256.02", "cpu"),
        ((2, 0), "390.157", "cpu"),
    ],
)
def test_each_generation_gets_the_build_that_has_kernels_for_it(
    capability: tuple[int, int], driver: str, name: str
) -> None:
    assert chosen(capability, driver=driver).name == name


def test_torch_and_torchvision_are_asked_for_together() -> None:
    build = chosen((6, 1))
    assert build.requirements == ("torch>=2.4,<2.15", "torchvision>=0.19,<0.30")
    assert build.index is not None
    assert build.index.endswith("/cu126")


def test_the_reason_names_card_and_driver() -> None:
    build = chosen((9, 0), (9, 0))
    assert build.why == "2 × card 9.0 (9.0) with driver 580.95.05"


def test_an_old_driver_is_advised_to_be_updated() -> None:
    assert any("580" in line and "535.1" in line for line in chosen((8, 6), driver="535.1").advice)


def test_an_old_card_with_a_new_driver_is_not_advised_to_update() -> None:
    assert chosen((6, 1), driver="580.95.05").advice == ()


def test_a_driver_too_old_for_everything_says_which_would_do() -> None:
    build = chosen((8, 6), driver="440.33")
    assert "driver 440.33 is too old" in build.why
    assert "450.80.02" in build.why
    assert any("--repair" in line for line in build.advice)


def test_a_card_beyond_help_says_so() -> None:
    assert "no PyTorch wheel was ever built for it" in chosen((2, 0), driver="390.157").why


def test_mixed_cards_get_a_build_for_all_of_them_and_may_do_with_the_default() -> None:
    build = chosen((8, 6), (6, 1))
    assert build.name == "cu126"
    assert build.alternative is not None
    assert build.alternative.name == "default"


def test_mixed_cards_without_a_common_build_keep_the_newest_and_name_the_other() -> None:
    build = chosen((12, 0), (6, 1))
    assert build.name == "default"
    assert any("card 6.1" in line and "unused" in line for line in build.advice)


def test_a_special_build_has_no_alternative_that_could_not_run() -> None:
    assert chosen((6, 1)).alternative is None
    assert chosen((8, 6), driver="535.1").alternative is None


def test_no_gpu_takes_the_cpu_index_or_else_the_default() -> None:
    build = choose([], None, LINUX, (3, 12))
    assert build.name == "cpu"
    assert build.alternative is not None
    assert build.alternative.index is None


def test_a_card_that_hides_its_capability_counts_as_unusable() -> None:
    assert choose([Card(name="NVIDIA GPU", capability=None)], "580.95.05", LINUX, (3, 12)).name == "cpu"


def test_amd_gets_rocm_unless_an_nvidia_card_is_there() -> None:
    amd = Platform(system="linux", machine="x86_64", amd=True)
    assert choose([], None, amd, (3, 12)).name == "rocm"
    assert choose([Card(name="RTX 4090", capability=(8, 9))], "580.95.05", amd, (3, 12)).name == "default"


def test_arm_has_its_own_architectures() -> None:
    assert chosen((9, 0), platform=ARM).name == "default-arm"
    assert chosen((7, 5), platform=ARM).name == "cpu"


def test_a_python_or_platform_that_nobody_knows_is_left_to_pip() -> None:
    assert choose([], None, LINUX, (3, 99)).name == "unknown"
    assert choose([], None, Platform(system="freebsd14", machine="amd64"), (3, 12)).index is None


def test_wsl_is_told_to_update_on_the_windows_side() -> None:
    wsl = Platform(system="linux", machine="x86_64", wsl=True)
    assert any("Windows" in line for line in chosen((8, 6), driver="531.79", platform=wsl).advice)


def test_the_user_names_an_index() -> None:
    named = torch_builds.overridden("https://download.pytorch.org/whl/cu126/", LINUX, (3, 12))
    assert named.name == "cu126"
    mirror = torch_builds.overridden("https://mirror.example/whl/cu126", LINUX, (3, 12))
    assert mirror.index == "https://mirror.example/whl/cu126"
    assert torch_builds.overridden("default", LINUX, (3, 12)).index is None


def test_an_installed_build_is_found_again_by_its_cuda_version() -> None:
    row = torch_builds.row_of("12.6", "linux-x86_64")
    assert row is not None
    assert row.name == "cu126"
    sibling = torch_builds.row_of("13.0", "linux-x86_64")
    assert sibling is not None
    assert sibling.name == "default"
    assert torch_builds.row_of(None, "linux-x86_64") is None


def test_every_row_has_a_source_and_every_platform_a_cpu_fallback() -> None:
    rows, generations = torch_builds.matrix()
    assert all(row.source for row in rows)
    assert all(family.source for family in generations)
    for key in {key for row in rows for key in row.platforms}:
        assert any(row.accelerator == "cpu" for row in rows if key in row.platforms)


def test_the_generations_cover_every_capability_once() -> None:
    _, generations = torch_builds.matrix()
    for major, minor in [
        (2, 0),
        (3, 5),
        (5, 0),
        (6, 1),
        (7, 0),
        (7, 2),
        (7, 5),
        (8, 0),
        (8, 6),
        (8, 9),
        (9, 0),
        (12, 1),
    ]:
        assert sum(family.first <= (major, minor) <= family.last for family in generations) == 1
