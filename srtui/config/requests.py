"""What a job is asked to do: job.yml, fully resolved (absolute paths, whole profiles), so that it can be repeated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le

from srtui.config.degradation import Degradation
from srtui.config.profile import Precision, Profile
from srtui.config.project import Prepare, Project, Scale, Source
from srtui.config.section import NotNegative, Positive, Section, Seed
from srtui.config.validation import Lpips, Room

Device = str
"""``auto``, ``cpu``, ``cuda`` or ``cuda:1``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeFrames(Section):
    """A tape, and where a few of its frames go."""

    video: str
    output: str
    """Folder for the pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareRequest(Section):
    """Sources → dataset store."""

    sources: tuple[Source, ...]
    validation_sources: tuple[Source, ...] = ()
    scale: Scale
    prepare: Prepare
    degradation: Degradation
    dataset: str
    """Folder that the dataset is made in."""
    digest: str
    """Digest of the settings, part of the folder's name."""
    threads: NotNegative = 0
    """0: one per core."""
    strict: bool = False
    """A rejected picture is a failure."""
    fresh: bool = False
    """Make the dataset anew even if it is whole."""
    gt_size: NotNegative = 0
    """Side of the crops that will be trained on; smaller pictures are told."""
    shards: Positive = 1
    """In how many parts, each in a store of its own, the pictures are made."""
    shard: NotNegative = 0
    """The one that this job makes, from 1; 0: all that are missing."""
    scheduler: str = ""
    """Address of a Dask scheduler whose workers make the shards, or the file (.json) that it writes its address to."""
    footage: tuple[TapeFrames, ...] = ()
    """Tapes whose best frames a training will restore now and then, to be looked at."""
    scans: str = ""
    """Folder of the scans of tapes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest(Section):
    """Read every entry of a dataset and compare it with its sums."""

    dataset: str
    threads: NotNegative = 0


ExportForm = Literal["subimages", "lmdb", "folders"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest(Section):
    """Dataset → files that other programs read."""

    dataset: str
    output: str
    """Folder that is made."""
    form: ExportForm
    """Overlapping tiles as PNG files, a BasicSR LMDB of such tiles, or whole pictures as PNG files."""
    size: NotNegative = 480
    """Side of a tile in gt pixels; 0: whole pictures."""
    step: Positive = 240
    """Pixels from one tile to the next."""
    threshold: NotNegative = 48
    """Pixels at the far border that may be lost before one more tile, flush with it, is cut."""
    level: Annotated[int, Ge(0), Le(9)] = 3
    """How hard PNG tries to be small."""
    names: Literal["files", "numbers"] = "files"
    """What pictures are called after: the files that they came from, or their numbers in the dataset."""
    threads: NotNegative = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin(Section):
    """The settings that a training comes from, as they were written: with them a network's file can be made again."""

    project: Project
    """Without footage and what is to be restored."""
    profile: Profile
    """What ``project.training.profile`` named."""
    degradation: Degradation
    """What ``project.degradation`` named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest(Section):
    """Dataset → network."""

    dataset: str
    """Folder with dataset.yml."""
    scale: Scale
    profile: Profile
    """With ``iterations`` already stretched to what the project asks."""
    model: str
    """Where the finished network is written (.safetensors)."""
    seed: Seed = 1
    device: Device = "auto"
    threads: NotNegative = 0
    """Threads of torch on the CPU and of the sample stream; 0: one per core."""
    wait: bool = False
    """Wait for a busy GPU instead of failing."""
    start: str = ""
    """A network file to begin from; empty: random weights."""
    gpus: str = ""
    """GPUs to train on together, as ``0,1``; empty: the one that ``device`` names."""
    micro_batch: NotNegative = 0
    """Crops that go through the network at once on one GPU, the rest is accumulated; 0: the whole batch."""
    auto_batch: bool = False
    """Find the largest micro-batch that fits before the run begins."""
    look_at: tuple[str, ...] = ()
    """Pictures without gt, as frames of tapes, that each validation restores too and keeps through time."""
    lpips: Lpips | None = None
    """Measure the learned perceptual distance with these files."""
    pictures_gb: Room = 1.0
    """Gigabytes that pictures through time may take; 0 keeps none."""
    origin: Origin | None = None
    """For the network's file alone; nothing here is read while training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateRequest(Section):
    """Measure how long the updates of a profile take on this machine."""

    profile: Profile
    scale: Scale
    device: Device = "auto"
    gpus: str = ""
    """GPUs of the training, as ``0,1``: the first is measured with its part of each batch."""
    threads: NotNegative = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateRequest(Section):
    """Compare a network with bicubic on a dataset's validation pictures."""

    dataset: str
    model: str
    output: str
    """Folder for report.json and the side-by-side pictures."""
    minimum_gain: float | None = None
    """Mean Y-PSNR over bicubic in dB; below it the job ends with exit code 5."""
    pictures: NotNegative = 12
    """Side-by-side pictures to write."""
    lpips: Lpips | None = None
    """Measure the learned perceptual distance with these files."""
    device: Device = "auto"
    precision: Precision = "fp32"
    threads: NotNegative = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRequest(Section):
    """Apply a network to pictures."""

    model: str
    input: str
    """A picture or a folder."""
    output: str
    """A picture (for one input) or a folder."""
    tile: NotNegative = 0
    """Side of a tile in lq pixels; 0: the largest that surely fits."""
    device: Device = "auto"
    precision: Precision = "auto"
    threads: NotNegative = 0
    overwrite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest(Section):
    """Look at every picture of tapes."""

    tapes: tuple[str, ...]
    """Video files, or folders of them."""
    output: str
    """Folder that holds a folder for each scan."""
    threads: NotNegative = 0
    fresh: bool = False
    """Scan again what is scanned already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesRequest(Section):
    """The best pictures of a tape as PNG."""

    tape: str
    scans: str
    """Folder of the scans; the tape is scanned first if it is not there."""
    output: str
    """Folder for the pictures."""
    count: NotNegative = 0
    """Frames that are taken; 0: as ``share`` says."""
    share: Annotated[float, Ge(0), Le(1)] = 0
    """Part of the usable frames that is taken, if ``count`` is 0."""
    both_fields: bool = True
    """Two pictures of each interlaced frame (50p) instead of one (25p)."""
    threads: NotNegative = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRequest(Section):
    """What a degradation makes of one picture, scenario by scenario."""

    picture: str
    degradation: Degradation
    scale: Scale
    output: str
    """Folder for the pictures; those of an earlier preview are replaced."""
    seed: Seed = 1


ModelForm = Literal["safetensors", "pth", "pth-2020", "pth-old-esrgan", "onnx"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertRequest(Section):
    """Network file → the form that another program reads, or ours."""

    model: str
    output: str
    """The file that is written."""
    form: ModelForm
    """safetensors is srtui's own; pth: BasicSR 1.4; pth-2020: BasicSR of 2019 and 2020; pth-old-esrgan: its first."""
    half: bool = False
    """float16 instead of float32."""
    overwrite: bool = False
    threads: NotNegative = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BlendRequest(Section):
    """Two networks → one between them: (1 - share) · first + share · second."""

    first: str
    second: str
    share: Annotated[float, Ge(-0.5), Le(1.5)]
    output: str
    """The file that is written."""
    overwrite: bool = False
    threads: NotNegative = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectRequest(Section):
    """Say what a network file holds."""

    model: str
    threads: NotNegative = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest(Section):
    """Do a project's steps in order, each as a job of its own."""

    project: str
    """Folder with project.yml."""
    steps: tuple[Literal["prepare", "train", "validate", "restore"], ...] = ("prepare", "train", "validate", "restore")
    device: Device = "auto"
    gpus: str = ""
    """GPUs that the training uses together, as ``0,1``."""
    threads: NotNegative = 0


Request = (
    PrepareRequest
    | VerifyRequest
    | ExportRequest
    | TrainRequest
    | EstimateRequest
    | ValidateRequest
    | RestoreRequest
    | ScanRequest
    | FramesRequest
    | PreviewRequest
    | ConvertRequest
    | BlendRequest
    | InspectRequest
    | RunRequest
)
KINDS: dict[str, type[Request]] = {
    "prepare": PrepareRequest,
    "verify": VerifyRequest,
    "export": ExportRequest,
    "train": TrainRequest,
    "estimate": EstimateRequest,
    "validate": ValidateRequest,
    "restore": RestoreRequest,
    "scan": ScanRequest,
    "frames": FramesRequest,
    "preview": PreviewRequest,
    "convert": ConvertRequest,
    "blend": BlendRequest,
    "inspect": InspectRequest,
    "run": RunRequest,
}
