"""Option files of BasicSR, old and new, become profiles that say the same."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from srtui.config import basicsr, shipped
from srtui.config.basicsr import Imported, import_options
from srtui.config.basicsr_keys import UNKNOWN
from srtui.config.basicsr_options import flattened
from srtui.config.losses import Gan, Losses, Perceptual
from srtui.config.network import EDSR, RRDB, Compact, Spandrel, SRResNet, UNet, Vgg
from srtui.config.optimization import Adam, Constant, Cosine, MultiStep
from srtui.config.profile import Profile, Stage
from srtui.config.reader import read_yaml, to_yaml
from srtui.config.yaml_nodes import parse
from srtui.errors import ConfigurationError, SrtuiError, UsageError
from tests.basicsr_files import (
    EDSR_14,
    ESRGAN_14,
    ESRGAN_2019,
    ESRGAN_2020,
    FILES,
    MSRRESNET_14,
    MSRRESNET_2019,
    SWINIR,
)
from tests.basicsr_files import REAL_ESRGAN as REAL


def imported(folder: Path, text: str, *changes: tuple[str, str]) -> Imported:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "настройки сети.yml"
    path.write_text(text, encoding="utf-8")
    return import_options(path)


def stage_of(folder: Path, text: str, *changes: tuple[str, str]) -> Stage:
    (stage,) = imported(folder, text, *changes).profile.stages
    return stage


def reasons(found: Imported) -> dict[str, str]:
    return {each.key: each.reason for each in found.left}


ADAM = Adam(type="adam", lr=1e-4, betas=(0.9, 0.99), weight_decay=0)
CONV5_4 = Perceptual(weight=1, layers={"conv5_4": 1}, criterion="l1")
ESRGAN_STAGE = Stage(
    iterations=400_000,
    gt_size=128,
    batch=16,
    losses=Losses(l1=0.01, perceptual=CONV5_4),
    gan=Gan(weight=0.005, kind="relativistic", discriminator=Vgg(features=64), optimizer=ADAM, every=1),
    optimizer=ADAM,
    schedule=MultiStep(type="multistep", milestones=(0.125, 0.25, 0.5, 0.75), gamma=0.5),
)
ENDS = {"log_every": 100, "validate_every": 5000, "checkpoint_every": 5000}


@pytest.mark.parametrize(
    ("text", "ema"), [(ESRGAN_2019, 0), (ESRGAN_2020, 0), (ESRGAN_14, 0.999)], ids=["2019", "2020", "1.4"]
)
def test_esrgan_of_every_age_is_the_second_stage_of_classic_esrgan(tmp_path: Path, text: str, ema: float) -> None:
    found = imported(tmp_path, text).profile
    assert found.network == RRDB(features=64, blocks=23, growth=32)
    assert found.stages == (ESRGAN_STAGE,)
    assert found.stages[0] == shipped.training_profile("classic-esrgan", tmp_path).stages[1]
    assert found.ema == ema
    assert {name: getattr(found, name) for name in ENDS} == ENDS


@pytest.mark.parametrize("text", [MSRRESNET_2019, MSRRESNET_14], ids=["2019", "1.4"])
def test_msrresnet_is_classic_srresnet(tmp_path: Path, text: str) -> None:
    found, classic = imported(tmp_path, text).profile, shipped.training_profile("classic-srresnet", tmp_path)
    assert found.network == classic.network == SRResNet(features=64, blocks=16)
    assert found.stages == classic.stages


def test_edsr_keeps_its_numbers(tmp_path: Path) -> None:
    found = imported(tmp_path, EDSR_14)
    assert found.profile.network == EDSR(features=256, blocks=32, residual=0.1)
    (stage,) = found.profile.stages
    assert stage == Stage(
        iterations=300_000,
        gt_size=192,
        batch=16,
        optimizer=ADAM,
        schedule=MultiStep(type="multistep", milestones=(200_000 / 300_000,), gamma=0.5),
    )
    start = "experiments/204_EDSR_Lx2_f256b32_DIV2K_300k_B16G1_wandb/models/net_g_300000.pth"
    assert found.project == {"scale": 4, "training": {"seed": 10, "start": start}}
    assert "training: {start: FILE}" in reasons(found)["path.pretrain_network_g"]


def test_real_esrgan_keeps_its_numbers_and_tells_of_its_milestone_and_gpus(tmp_path: Path) -> None:
    found = imported(tmp_path, REAL)
    (stage,) = found.profile.stages
    layers = {"conv1_2": 0.1, "conv2_2": 0.1, "conv3_4": 1, "conv4_4": 1, "conv5_4": 1}
    assert stage == Stage(
        iterations=400_000,
        gt_size=256,
        batch=12,
        losses=Losses(l1=1, perceptual=Perceptual(weight=1, layers=layers)),
        gan=Gan(weight=0.1, kind="vanilla", discriminator=UNet(features=64), optimizer=ADAM),
        optimizer=ADAM,
        schedule=Constant(type="constant"),
    )
    why = reasons(found)
    assert why["train.scheduler.milestones"] == "never reached in 400000 iterations: 400000; the rate stays"
    assert "that of one GPU (12)" in why["num_gpu"]
    assert "never sharpened" in why["l1_gt_usm"]
    assert "srtui prepare --degradation" in why["resize_prob"]


def test_swinir_is_spandrels_with_all_its_options(tmp_path: Path) -> None:
    found = imported(tmp_path, SWINIR, ("img_range: 1.", "img_range: 1.\n  dropout: 0.5"))
    six = (6, 6, 6, 6, 6, 6)
    plain = {"img_size": 48, "window_size": 8, "img_range": 1.0, "dropout": 0.5, "depths": six, "embed_dim": 180}
    plain |= {"num_heads": six, "mlp_ratio": 2, "upsampler": "pixelshuffle", "resi_connection": "1conv"}
    assert found.profile.network == Spandrel(architecture="SwinIR", options=plain)
    schedule = found.profile.stages[0].schedule
    assert isinstance(schedule, MultiStep)
    assert [share * 500_000 for share in schedule.milestones] == [250_000, 400_000, 450_000, 475_000]


@pytest.mark.parametrize("name", FILES)
def test_every_key_is_used_or_told_with_its_reason(tmp_path: Path, name: str) -> None:
    found = imported(tmp_path, FILES[name])
    assert all(each.reason and each.reason != UNKNOWN for each in found.left)
    assert not [each.key for each in found.left if each.key.startswith(("network", "train.optim", "train.gan"))]
    keys = reasons(found)
    old = "of 2019" in name
    assert ("datasets.train.dataroot_GT" if old else "datasets.train.dataroot_gt") in keys
    assert "path.resume_state" not in keys  # it says nothing: ~


@pytest.mark.parametrize("name", FILES)
def test_the_profile_is_read_back_equal(tmp_path: Path, name: str) -> None:
    profile = imported(tmp_path, FILES[name]).profile
    path = tmp_path / "profile.yml"
    path.write_text(to_yaml(profile), encoding="utf-8")
    assert read_yaml(path, Profile) == profile


def test_unknown_keys_are_reported_wherever_they_stand(tmp_path: Path) -> None:
    text = f"{ESRGAN_14}\nmagic: 7\nhalf:\n  nothing: ~\n".replace("use_hflip: true", "use_hflip: true\n    foo: 3")
    found = imported(
        tmp_path,
        text,
        ("num_block: 23", "num_block: 23\n  dropout: 0.1"),
        ("  net_d_iters: 1", "  clip: 1\n  net_d_iters: 1"),
    )
    unknown = {each.key: each.value for each in found.left if each.reason == UNKNOWN}
    assert unknown == {
        "datasets.train.foo": 3,
        "network_g.dropout": 0.1,
        "train.clip": 1,
        "magic": 7,
        "half.nothing": None,
    }


@pytest.mark.parametrize(
    ("kind", "expected"), [("vanilla", "vanilla"), ("wgan_softplus", "vanilla"), ("lsgan", "lsgan"), ("hinge", "hinge")]
)
def test_gan_kinds(tmp_path: Path, kind: str, expected: str) -> None:
    stage = stage_of(tmp_path, REAL, ("gan_type: vanilla", f"gan_type: {kind}"))
    assert stage.gan is not None
    assert stage.gan.kind == expected


def test_a_gan_that_is_not_known_is_told_and_left(tmp_path: Path) -> None:
    found = imported(tmp_path, REAL, ("gan_type: vanilla", "gan_type: wgan"))
    assert found.profile.stages[0].gan is None
    assert "'wgan' is not known here" in reasons(found)["train.gan_opt.gan_type"]
    assert "network_d.type" in reasons(found)


def test_esrgans_model_is_relativistic_with_cross_entropy_alone(tmp_path: Path) -> None:
    found = imported(tmp_path, ESRGAN_14, ("gan_type: vanilla", "gan_type: lsgan"))
    gan = found.profile.stages[0].gan
    assert gan is not None
    assert gan.kind == "relativistic"
    assert "cross-entropy alone" in reasons(found)["train.gan_opt.gan_type"]


def test_a_psnr_model_leaves_its_discriminator(tmp_path: Path) -> None:
    found = imported(tmp_path, REAL, ("model_type: RealESRGANModel", "model_type: SRModel"))
    assert found.profile.stages[0].gan is None
    assert reasons(found)["network_d.type"] == "SRModel trains without a discriminator"


def test_the_rhythm_and_the_labels_of_a_gan(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        REAL,
        ("net_d_iters: 1", "net_d_iters: 2"),
        ("net_d_init_iters: 0", "net_d_init_iters: 1000"),
        ("real_label_val: 1.0", "real_label_val: 0.9"),
    )
    gan = found.profile.stages[0].gan
    assert gan is not None
    assert gan.every == 2
    assert "begin from a PSNR network" in reasons(found)["train.net_d_init_iters"]
    assert "labelled 1" in reasons(found)["train.gan_opt.real_label_val"]


@pytest.mark.parametrize(
    ("old", "new", "losses"),
    [
        ("type: L1Loss", "type: MSELoss", Losses(l1=0, mse=1)),
        ("type: L1Loss", "type: CharbonnierLoss\n    eps: !!float 1e-12", Losses(l1=0, charbonnier=1)),
        (
            "reduction: mean",
            "reduction: mean\n  ldl_opt:\n    type: L1Loss\n    loss_weight: 0.5",
            Losses(l1=1, ldl=0.5),
        ),
    ],
)
def test_pixel_losses(tmp_path: Path, old: str, new: str, losses: Losses) -> None:
    assert stage_of(tmp_path, MSRRESNET_14, (old, new)).losses == losses


def test_losses_that_are_not_known_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no loss of this file is known"):
        imported(tmp_path, MSRRESNET_14, ("type: L1Loss", "type: WeightedTVLoss"))
    found = imported(tmp_path, REAL, ("type: L1Loss", "type: WeightedTVLoss"))
    assert found.profile.stages[0].losses.l1 == 0
    assert "'WeightedTVLoss' is not known here" in reasons(found)["train.pixel_opt.type"]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("vgg_type: vgg19", "vgg_type: vgg16", "train.perceptual_opt.vgg_type"),
        ("criterion: l1", "criterion: fro", "train.perceptual_opt.criterion"),
        ("use_input_norm: true", "use_input_norm: false", "train.perceptual_opt.use_input_norm"),
    ],
)
def test_another_perceptual_loss_is_left_whole(tmp_path: Path, old: str, new: str, key: str) -> None:
    found = imported(tmp_path, REAL, (old, new))
    assert found.profile.stages[0].losses.perceptual is None
    assert "VGG19's with ImageNet's norm" in reasons(found)[key]


def test_layers_after_a_relu_are_told_and_style_too(tmp_path: Path) -> None:
    found = imported(tmp_path, REAL, ("'conv1_2': 0.1", "'relu1_2': 0.1"), ("style_weight: 0", "style_weight: 10"))
    perceptual = found.profile.stages[0].losses.perceptual
    assert perceptual is not None
    assert list(perceptual.layers) == ["conv2_2", "conv3_4", "conv4_4", "conv5_4"]
    assert "before their ReLU" in reasons(found)["train.perceptual_opt.layer_weights.relu1_2"]
    assert reasons(found)["train.perceptual_opt.style_weight"] == "there is no style loss here"


def test_a_perceptual_weight_of_nothing_switches_it_off(tmp_path: Path) -> None:
    assert stage_of(tmp_path, ESRGAN_2019, ("feature_weight: 1", "feature_weight: 0")).losses.perceptual is None
    l2 = stage_of(
        tmp_path,
        ESRGAN_2019,
        ("feature_criterion: l1", "feature_criterion: l2"),
        ("pixel_criterion: l1", "pixel_criterion: l2"),
    )
    assert l2.losses == Losses(l1=0, mse=0.01, perceptual=Perceptual(criterion="mse"))


COSINE = "periods: [250000, 250000, 250000, 250000]\n    restart_weights: [1, 1, 1, 1]"


@pytest.mark.parametrize(
    ("new", "schedule"),
    [
        (COSINE.replace("[1, 1, 1, 1]", "[1, 0.5, 0.5, 0.25]"), Cosine(periods=4, peaks=(1, 0.5, 0.5, 0.25))),
        ("periods: [400000, 600000]\n    restart_weights: [1, 1]", Cosine(restarts=(0.4,))),
        (
            "periods: [100000, 300000, 600000]\n    restart_weights: [1, 0.5, 0.5]",
            Cosine(restarts=(0.1, 0.4), peaks=(1, 0.5, 0.5)),
        ),
        ("periods: [1000000]\n    restart_weights: [1]", Cosine()),
    ],
)
def test_cosine_periods_and_their_weights(tmp_path: Path, new: str, schedule: Cosine) -> None:
    assert stage_of(tmp_path, MSRRESNET_14, (COSINE, new)).schedule == schedule


def test_periods_that_end_elsewhere_than_the_run_are_told(tmp_path: Path) -> None:
    short = imported(tmp_path, MSRRESNET_14, ("total_iter: 1000000", "total_iter: 1200000"))
    assert short.profile.stages[0].schedule == Cosine(restarts=(250 / 1200, 500 / 1200, 750 / 1200))
    assert "where BasicSR fails" in reasons(short)["train.scheduler.periods"]
    long = imported(tmp_path, MSRRESNET_14, ("total_iter: 1000000", "total_iter: 600000"))
    assert long.profile.stages[0].schedule == Cosine(restarts=(250 / 600, 500 / 600))
    assert "after the run (600000)" in reasons(long)["train.scheduler.periods"]


def test_restarts_of_2019_must_agree_with_their_periods(tmp_path: Path) -> None:
    weights = stage_of(tmp_path, MSRRESNET_2019, ("restart_weights: [1, 1, 1]", "restart_weights: [0.5, 0.5, 0.25]"))
    assert weights.schedule == Cosine(periods=4, peaks=(1, 0.5, 0.5, 0.25))
    with pytest.raises(UsageError, match="but the periods end at"):
        imported(tmp_path, MSRRESNET_2019, ("restarts: [250000,", "restarts: [240000,"))


def test_milestones_keep_their_iterations(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, EDSR_14, ("milestones: [200000]", "milestones: [1, 7, 199999, 299999, 300001]"))
    assert isinstance(stage.schedule, MultiStep)
    assert [round(share * stage.iterations) for share in stage.schedule.milestones] == [1, 7, 199999, 299999]


def test_a_gamma_of_one_changes_nothing_and_torchs_own_is_a_tenth(tmp_path: Path) -> None:
    assert stage_of(tmp_path, EDSR_14, ("gamma: 0.5", "gamma: 1")).schedule == Constant(type="constant")
    schedule = stage_of(tmp_path, EDSR_14, ("    gamma: 0.5\n", "")).schedule
    assert isinstance(schedule, MultiStep)
    assert schedule.gamma == 0.1


def test_optimisers_keep_what_torch_would_take(tmp_path: Path) -> None:
    changes = (("type: Adam\n", "type: AdamW\n"), ("    weight_decay: 0\n", ""), ("    betas: [0.9, 0.99]\n", ""))
    found = stage_of(tmp_path, EDSR_14, *changes, ("warmup_iter: -1", "warmup_iter: 2000"))
    assert found.optimizer == Adam(type="adamw", lr=1e-4, betas=(0.9, 0.999), weight_decay=0.01)
    assert found.schedule.warmup == 2000
    other = imported(tmp_path, EDSR_14, ("type: Adam\n", "type: SGD\n"))
    assert other.profile.stages[0].optimizer.type == "adam"
    assert "SGD is not known here" in reasons(other)["train.optim_g.type"]


@pytest.mark.parametrize(("gpus", "batch"), [("0", 16), ("1", 16), ("4", 64), ("auto", 16)])
def test_the_batch_counts_the_gpus(tmp_path: Path, gpus: str, batch: int) -> None:
    found = imported(tmp_path, EDSR_14, ("num_gpu: 1", f"num_gpu: {gpus}"))
    assert found.profile.stages[0].batch == batch
    assert ("num_gpu" in reasons(found)) == (gpus not in {"0", "1"})


def test_compact_is_known_too(tmp_path: Path) -> None:
    network = "type: SRVGGNetCompact\n  num_feat: 64\n  num_conv: 32\n  act_type: leakyrelu\n  old: 1"
    found = imported(tmp_path, MSRRESNET_14, ("type: MSRResNet", network), ("  num_feat: 64\n  num_block: 16\n", ""))
    assert found.profile.network == Compact(features=64, convs=32, activation="leakyrelu")
    assert reasons(found)["network_g.old"] == UNKNOWN


@pytest.mark.parametrize(
    ("old", "new", "fact"),
    [
        ("type: EDSR", "type: RCAN", "'RCAN' is not known here"),
        ("num_in_ch: 3", "num_in_ch: 1", "1 channels"),
        ("lr: !!float 1e-4", "lr: fast", "'fast' is no number"),
        ("total_iter: 300000", "total_iter: 0.5", "0.5 is no whole number"),
        ("milestones: [200000]", "milestones: 200000", "no list of numbers"),
        ("type: MultiStepLR", "type: TrueCosine", "'TrueCosine' is not known"),
        ("    gt_size: 192\n", "", "is missing"),
    ],
)
def test_what_cannot_be_a_profile_is_an_error_that_names_the_key(tmp_path: Path, old: str, new: str, fact: str) -> None:
    with pytest.raises(UsageError, match=fact) as caught:
        imported(tmp_path, EDSR_14, (old, new))
    assert caught.value.where == str(tmp_path / "настройки сети.yml")


def test_errors_name_keys_as_an_old_file_does(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no number") as caught:
        imported(tmp_path, ESRGAN_2019, ("lr_G: !!float 1e-4", "lr_G: fast"))
    assert caught.value.subject == "train.lr_G"


def test_values_that_no_profile_may_have_are_problems(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        imported(tmp_path, EDSR_14, ("gt_size: 192", "gt_size: 19200"), ("lr: !!float 1e-4", "lr: 7"))
    facts = {problem.key: problem.fact for problem in caught.value.problems}
    assert facts == {
        "stages.0.gt_size": "19200 is out of range",
        "stages.0.optimizer.lr": "7 is out of range",
    }


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("a: !!python/object/apply:os.system ['true']", "tag"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("a: 1\na: 2", "key given twice"),
        ("a: [1", "YAML syntax"),
    ],
)
def test_hostile_yaml_is_refused(tmp_path: Path, text: str, fact: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        imported(tmp_path, text)
    assert fact in caught.value.problems[0].fact


@pytest.mark.parametrize(
    "text", ["", "- 1\n- 2\n", "42", "name: x\n", "network_g: 3\ntrain: {}\n", "x: " + "y" * (1 << 20)]
)
def test_other_files_are_named_as_such(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        imported(tmp_path, text)
    assert caught.value.subject == str(tmp_path / "настройки сети.yml")


def test_the_profile_may_be_called_after_any_name(tmp_path: Path) -> None:
    names = {
        "../../etc/passwd": "etc-passwd",
        "имя с пробелом": "имя-с-пробелом",
        "///": "basicsr",
        "x" * 300: "x" * 80,
        "ж" * 300: "ж" * 40,
    }
    for given, expected in names.items():
        found = imported(
            tmp_path, EDSR_14, ("name: 206_EDSR_Lx4_f256b32_DIV2K_300k_B16G1_204pretrain_wandb", f"name: '{given}'")
        )
        assert found.profile.name == expected


STRANGE = ("x", -1, float("inf"), [None], {"a": {"b": 1}})


@pytest.mark.parametrize("name", ["ESRGAN", "MSRResNet of 2019"])
def test_whatever_a_value_is_nothing_but_our_errors_comes_of_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = parse(FILES[name]).value
    told = 0
    for key in flattened(values):
        for strange in STRANGE:
            changed = copy.deepcopy(values)
            inner = changed
            for part in key[:-1]:
                inner = inner[part]
            inner[key[-1]] = strange
            monkeypatch.setattr(basicsr, "read_plain", lambda _, changed=changed: changed)
            try:
                import_options(Path("strange.yml"))
            except SrtuiError:
                told += 1
    assert told > 50
