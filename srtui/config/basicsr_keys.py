"""Keys of BasicSR's option files: their names before 1.4, and where what a profile does not hold belongs."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from srtui.config.basicsr_options import Key, flattened

_RENAMED = {
    # 2019 and 2020: codes/options/train/*.yml
    "model": "model_type",
    "network_G.which_model_G": "network_g.type",
    "network_G.nf": "network_g.num_feat",
    "network_G.nb": "network_g.num_block",
    "network_G.gc": "network_g.num_grow_ch",
    "network_G.in_nc": "network_g.num_in_ch",
    "network_G.out_nc": "network_g.num_out_ch",
    "network_G.upscale": "network_g.upscale",
    "network_G.scale": "network_g.scale",
    "network_D.which_model_D": "network_d.type",
    "network_D.nf": "network_d.num_feat",
    "network_D.in_nc": "network_d.num_in_ch",
    "datasets.train.GT_size": "datasets.train.gt_size",
    "path.pretrain_model_G": "path.pretrain_network_g",
    "path.pretrain_model_D": "path.pretrain_network_d",
    "train.lr_G": "train.optim_g.lr",
    "train.weight_decay_G": "train.optim_g.weight_decay",
    "train.beta1_G": "train.optim_g.beta1",
    "train.beta2_G": "train.optim_g.beta2",
    "train.beta1": "train.optim_g.beta1",
    "train.beta2": "train.optim_g.beta2",
    "train.lr_D": "train.optim_d.lr",
    "train.weight_decay_D": "train.optim_d.weight_decay",
    "train.beta1_D": "train.optim_d.beta1",
    "train.beta2_D": "train.optim_d.beta2",
    "train.lr_scheme": "train.scheduler.type",
    "train.lr_steps": "train.scheduler.milestones",
    "train.lr_gamma": "train.scheduler.gamma",
    "train.T_period": "train.scheduler.periods",
    "train.eta_min": "train.scheduler.eta_min",
    "train.restarts": "train.scheduler.restarts",
    "train.restart_weights": "train.scheduler.later_weights",
    "train.pixel_criterion": "train.pixel_opt.type",
    "train.pixel_weight": "train.pixel_opt.loss_weight",
    "train.feature_criterion": "train.perceptual_opt.criterion",
    "train.feature_weight": "train.perceptual_opt.perceptual_weight",
    "train.gan_type": "train.gan_opt.gan_type",
    "train.gan_weight": "train.gan_opt.loss_weight",
    "train.D_update_ratio": "train.net_d_iters",
    "train.D_init_iters": "train.net_d_init_iters",
    "train.val_freq": "val.val_freq",
    # 1.0 to 1.2: options/train/*.yml of 2020
    "train.niter": "train.total_iter",
    "train.manual_seed": "manual_seed",
    "path.pretrain_model_g": "path.pretrain_network_g",
    "path.pretrain_model_d": "path.pretrain_network_d",
}
"""Key of an older version → key of 1.4."""

_PICTURES = "pictures are named in project.yml: sources (pairs: {gt: …, lq: …} for two folders)"
_TURNED = "crops are always mirrored and turned, all eight ways alike"
_SPOILED = "how pictures are spoiled is a degradation, not a profile: srtui prepare --degradation"
_GPUS = "GPUs are named when training begins: srtui train --gpus 0,1"

_STREAM = "the dataset and its stream decide this: srtui prepare, srtui train --threads"
_OF_LOADERS = (
    *("name", "type", "mode", "phase", "data_type", "task", "io_backend*", "filename_tmpl", "interval_list", "subset*"),
    *("n_workers", "num_worker*", "prefetch_mode", "num_prefetch_queue", "pin_memory", "persistent_workers", "cache*"),
    *("dataset_enlarge_ratio", "use_shuffle", "crop_pad_size", "color", "mean", "std", "scale", "LR_size", "LQ_size"),
)
"""Keys of a dataset that say how pictures are read."""
_REASONS = (
    ("datasets.val*", "pictures to validate on are named in project.yml: validation_sources"),
    ("datasets.*.dataroot_*", _PICTURES),
    ("datasets.*.meta_info*", _PICTURES),
    ("datasets.*.use_*flip", _TURNED),
    ("datasets.*.use_rot", _TURNED),
    ("datasets.*kernel*", _SPOILED),
    ("datasets.*sinc*", _SPOILED),
    ("datasets.*_sigma*", _SPOILED),
    ("datasets.*beta[gp]_range*", _SPOILED),
    *((f"datasets.*.{key}", _STREAM) for key in _OF_LOADERS),
    ("resize_*", _SPOILED),
    ("*noise_*", _SPOILED),
    ("jpeg_*", _SPOILED),
    ("poisson_*", _SPOILED),
    ("high_order_degradation", _SPOILED),
    ("second_blur_prob", _SPOILED),
    ("queue_size", "samples are drawn one by one, so no pool of them is needed"),
    ("*gt_usm", "gt is never sharpened here: sharpen the sources if the network should sharpen"),
    ("path.pretrain_network_g", "a network to begin from is named in project.yml: training: {start: FILE}"),
    ("path.pretrain_network_d", "the discriminator always begins anew"),
    ("path.param_key_*", "averaged weights are taken where a file has them"),
    ("path.strict_load*", "what fits is taken from a file, and the rest is told"),
    ("path.resume_state", "srtui resume JOB goes on with a job"),
    ("path.*", "a project has its folders"),
    ("logger.use_tb_logger", "TensorBoard files are always written"),
    ("use_tb_logger", "TensorBoard files are always written"),
    ("logger.wandb*", "Weights & Biases is not supported; TensorBoard files are written"),
    ("logger.*", "a job's folder has its log"),
    ("val.metrics*", "PSNR and SSIM are always measured, in RGB and on Y, but for a border as wide as the scale"),
    ("val.*", "validation pictures are always kept"),
    ("dist_params.*", _GPUS),
    ("num_gpu", _GPUS),
    ("gpu_ids", _GPUS),
    ("find_unused_parameters", _GPUS),
    ("manual_seed", "the seed is said in project.yml: training: {seed: …}"),
    ("scale", "the scale is said in project.yml: scale: …"),
)
"""Pattern of a 1.4 key → where what it says belongs here; the first that fits."""

AS_HERE: Mapping[str, tuple[Any, ...]] = {
    "distortion": ("sr",),
    "datasets.train.color": ("RGB",),
    "datasets.train.use_flip": (True,),
    "datasets.train.use_hflip": (True,),
    "datasets.train.use_rot": (True,),
    "datasets.train.use_shuffle": (True,),
    "logger.use_tb_logger": (True,),
    "use_tb_logger": (True,),
    "num_gpu": (0, 1),
    "gan_gt_usm": (False,),
    "l1_gt_usm": (False,),
    "percep_gt_usm": (False,),
    "gt_usm": (False,),
}
"""Keys of version 1.4 with the values that change nothing, as it is always so here."""

UNKNOWN = "unknown: nothing here does what it may mean"


def modern(values: Mapping[str, Any]) -> tuple[dict[Key, Any], dict[Key, Key]]:
    """Give every value under its key of version 1.4, and how the file wrote the keys that have other names now."""
    flat: dict[Key, Any] = {}
    written: dict[Key, Key] = {}
    given = flattened(values)
    for key, value in given.items():
        now = tuple(_RENAMED.get(".".join(key), "").split("."))
        if now == ("",) or now in given or now in flat:
            flat[key] = value
        else:
            flat[now], written[now] = value, key
    return flat, written


def reason_for(key: str) -> str:
    """Why a profile does not hold a key of version 1.4."""
    return next((reason for pattern, reason in _REASONS if fnmatchcase(key, pattern)), UNKNOWN)
