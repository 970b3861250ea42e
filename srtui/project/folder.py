"""A project is a folder with a project.yml; this is where its things are and how its settings become requests."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srtui.config import shipped
from srtui.config.profile import Profile, Stage
from srtui.config.project import Folder, Lmdb, PairFolders, Pairs, Project, Source, SyntheticPictures, Video
from srtui.config.reader import read_yaml, to_plain, to_yaml
from srtui.config.requests import Origin, PrepareRequest, RestoreRequest, TrainRequest, ValidateRequest
from srtui.config.validation import Lpips
from srtui.errors import UsageError
from srtui.files import write_whole
from srtui.jobs.folder import jobs_root
from srtui.project.network_file import check_network_file

FILE = "project.yml"
OUTPUT_VERSION = 3
"""Part of every digest: raised when the same settings would give other results (a default changes, a kernel rounds
otherwise), so that old ones show as stale."""


@dataclass(frozen=True, slots=True)
class OpenProject:
    """A project folder with the settings that its file holds."""

    folder: Path
    settings: Project

    @property
    def file(self) -> Path:
        """Where the settings stand."""
        return self.folder / FILE

    @property
    def jobs(self) -> Path:
        """Folder of the project's jobs."""
        return jobs_root(self.folder)

    def path(self, text: str) -> Path:
        """Path of the file, which is relative to the project's folder."""
        return _beside(self.folder, text)

    # What each step works from, as digests: a step is stale when its digest is not that of its last result.

    def profile(self) -> Profile:
        """Training profile, with its stages stretched to the iterations that the project asks for."""
        training = self.settings.training
        return stretched(shipped.training_profile(training.profile, self.folder), training.iterations)

    def prepare_digest(self) -> str:
        """Digest of what the dataset is made from (paths as written, so that a project can be moved)."""
        settings = self.settings
        return digest(
            "prepare",
            _said(settings.sources),
            _said(settings.validation_sources),
            settings.scale,
            _said(settings.prepare),
            _said(shipped.degradation(settings.degradation, self.folder)),
        )

    def train_digest(self) -> str:
        """Digest of what the network is made from."""
        training = self.settings.training
        begun = [training.start] if training.start else []  # digests of before it could be set stay as they are
        return digest("train", self.prepare_digest(), _said(self.profile()), training.seed, *begun)

    def validate_digest(self) -> str:
        """Digest of what a validation compares."""
        asked = self.settings.validate
        measured = [] if asked.lpips is None else [_said(asked.lpips)]
        return digest("validate", self.train_digest(), asked.minimum_gain, *measured)

    def restore_digest(self) -> str:
        """Digest of what is restored with what."""
        return digest("restore", self.train_digest(), _said(self.settings.restore))

    @property
    def dataset(self) -> Path:
        """Folder of the dataset that these settings make."""
        return self.folder / "dataset" / self.prepare_digest()

    @property
    def model(self) -> Path:
        """Where the finished network goes."""
        return self.folder / "models" / f"{self.profile().name}-x{self.settings.scale}.safetensors"

    @property
    def comparison(self) -> Path:
        """Where validate puts its report and side-by-side pictures."""
        return self.folder / "comparison"

    # Settings → requests, fully resolved.

    def prepare_request(self, *, threads: int = 0, strict: bool = False, fresh: bool = False) -> PrepareRequest:
        """What the `prepare` job is asked."""
        settings = self.settings
        if not settings.sources:
            raise UsageError(str(self.file), "no sources", hint="srtui prepare FOLDER adds a folder of clean pictures")
        from srtui.project import look_at

        self.check_roles()
        degradation = shipped.degradation(settings.degradation, self.folder)
        if settings.scale not in degradation.scales:
            fact = f"written for scales {', '.join(map(str, degradation.scales))}, the project's is {settings.scale}"
            raise UsageError(degradation.name, fact, where=self.file, hint="change scale or degradation")
        return PrepareRequest(
            sources=tuple(self._absolute(source) for source in settings.sources),
            validation_sources=tuple(self._absolute(source) for source in settings.validation_sources),
            scale=settings.scale,
            prepare=settings.prepare,
            degradation=degradation,
            dataset=str(self.dataset),
            digest=self.prepare_digest(),
            threads=threads,
            strict=strict,
            fresh=fresh,
            gt_size=self._gt_size(),
            footage=look_at.wanted_frames(self),
            scans=str(look_at.scans_folder(self)),
        )

    def _gt_size(self) -> int:
        """Side of the largest crops of the training; 0 if there is no such profile, which only training minds."""
        try:
            return max(stage.gt_size for stage in self.profile().stages)
        except UsageError:
            return 0

    def check_roles(self) -> None:
        """Refuse what is to be mended as an example of what is clean, unless the user insists.

        Raises
        ------
        UsageError
            If a tape is listed among the sources.
        """
        footage = {self.path(each.video) for each in self.settings.footage}
        for source in (*self.settings.sources, *self.settings.validation_sources):
            if isinstance(source, Video) and not source.insist and self.path(source.video) in footage:
                hint = "a network learns to make what its sources are like; insist: true on the source takes it"
                raise UsageError(source.video, "is listed under footage as well", where=self.file, hint=hint)

    def train_request(
        self, *, device: str = "auto", threads: int = 0, wait: bool = False, gpus: str = ""
    ) -> TrainRequest:
        """What the `train` job is asked.

        Raises
        ------
        UsageError
            If the network to begin from is none, or the profile needs one and none is named.
        """
        from srtui.project import look_at

        profile = self.profile()
        start = self.path(self.settings.training.start) if self.settings.training.start else None
        if start is None and profile.needs_start:
            fact = f"empty, but the profile {profile.name} goes on with a network that was trained before"
            raise UsageError(
                "training.start", fact, where=self.file, hint="training: {start: FILE}, or another profile"
            )
        if start is not None:
            check_network_file(start)
        return TrainRequest(
            dataset=str(self.dataset),
            scale=self.settings.scale,
            profile=placed(profile, self.folder),
            model=str(self.model),
            seed=self.settings.training.seed,
            device=device,
            threads=threads,
            wait=wait,
            gpus=gpus,
            start=str(start or ""),
            origin=self._origin(),
            look_at=look_at.frames_there(self),
            lpips=self._lpips(),
            pictures_gb=self.settings.validate.pictures_gb,
        )

    def _lpips(self) -> Lpips | None:
        files = self.settings.validate.lpips
        if files is None:
            return None
        return Lpips(weights=str(self.path(files.weights)), backbone=str(self.path(files.backbone)))

    def _origin(self) -> Origin:
        """What the network's file remembers of these settings."""
        asked = dataclasses.replace(self.settings.validate, lpips=None, pictures_gb=1.0)
        settings = dataclasses.replace(self.settings, footage=(), restore=(), validate=asked)
        profile = shipped.training_profile(settings.training.profile, self.folder)
        return Origin(
            project=settings, profile=profile, degradation=shipped.degradation(settings.degradation, self.folder)
        )

    def validate_request(self, *, model: Path | None = None, device: str = "auto", threads: int = 0) -> ValidateRequest:
        """What the `validate` job is asked."""
        return ValidateRequest(
            dataset=str(self.dataset),
            model=str(model or self.model),
            output=str(self.comparison),
            minimum_gain=self.settings.validate.minimum_gain,
            lpips=self._lpips(),
            device=device,
            threads=threads,
        )

    def restore_requests(self, *, device: str = "auto", threads: int = 0) -> list[RestoreRequest]:
        """What the `restore` jobs are asked, one for each entry."""
        return [
            RestoreRequest(
                model=str(self.model),
                input=str(self.path(entry.input)),
                output=str(self.path(entry.output)),
                device=device,
                threads=threads,
                overwrite=True,
            )
            for entry in self.settings.restore
        ]

    def _absolute(self, source: Source) -> Source:
        match source:
            case Folder():
                return dataclasses.replace(source, folder=str(self.path(source.folder)))
            case Lmdb():
                return dataclasses.replace(source, lmdb=str(self.path(source.lmdb)))
            case Pairs():
                pairs = PairFolders(gt=str(self.path(source.pairs.gt)), lq=str(self.path(source.pairs.lq)))
                return dataclasses.replace(source, pairs=pairs)
            case Video():
                return dataclasses.replace(source, video=str(self.path(source.video)))
            case SyntheticPictures():
                return source


def open_project(folder: Path | None) -> OpenProject:
    """Open the project in ``folder``, else in the current folder.

    Raises
    ------
    UsageError
        If there is none.
    ConfigurationError
        If its file has problems.
    """
    here = (folder or Path.cwd()).resolve()
    if not (here / FILE).is_file():
        hint = "srtui prepare FOLDER -p PROJECT makes one; give -p, or go to the project's folder"
        raise UsageError(str(here), f"no {FILE} here", hint=hint)
    return OpenProject(here, read_yaml(here / FILE, Project))


def save_project(folder: Path, settings: Project) -> OpenProject:
    """Write project.yml if it says something new; the old one stays as project.yml~."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    if file.is_file():
        if read_yaml(file, Project) == settings:
            return OpenProject(folder, settings)
        write_whole(file.with_name(FILE + "~"), file.read_bytes())
    write_whole(file, to_yaml(settings, defaults=False))
    return OpenProject(folder, settings)


def stretched(profile: Profile, iterations: int | None) -> Profile:
    """Profile whose stages, together, last ``iterations``; each keeps its share."""
    if iterations is None or iterations == profile.iterations:
        return profile
    ends = [sum(stage.iterations for stage in profile.stages[: index + 1]) for index in range(len(profile.stages))]
    moved = [0, *(max(round(end * iterations / profile.iterations), 1) for end in ends)]
    stages = tuple(
        dataclasses.replace(stage, iterations=max(moved[index + 1] - moved[index], 1))
        for index, stage in enumerate(profile.stages)
    )
    return dataclasses.replace(profile, stages=stages)


def placed(profile: Profile, folder: Path) -> Profile:
    """Profile whose files for perceptual losses, named relative to ``folder``, are found from anywhere."""
    return dataclasses.replace(profile, stages=tuple(_placed(stage, folder) for stage in profile.stages))


def _placed(stage: Stage, folder: Path) -> Stage:
    perceptual = stage.losses.perceptual
    if perceptual is None or not perceptual.weights:
        return stage
    found = dataclasses.replace(perceptual, weights=str(_beside(folder, perceptual.weights)))
    return dataclasses.replace(stage, losses=dataclasses.replace(stage.losses, perceptual=found))


def _beside(folder: Path, text: str) -> Path:
    return (folder / Path(text).expanduser()).resolve()


def _said(section: Any) -> Any:
    """What a section says beside its defaults: a setting that comes later makes nothing stale."""
    return to_plain(section, defaults=False)


def digest(*parts: Any) -> str:
    """Short digest of plain values: BLAKE2b over their canonical JSON, 16 hexadecimal digits."""
    text = json.dumps([OUTPUT_VERSION, *parts], sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
