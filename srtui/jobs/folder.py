"""A job is a folder: the request, what happened, how it stands, and how it ended. See ARCHITECTURE.md."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from srtui.errors import SrtuiError, UsageError
from srtui.files import state_folder, write_whole

VERSION = 1
"""Format of job.yml, events.jsonl, status.json and exit.json; a newer one is refused."""


@dataclass(frozen=True, slots=True)
class JobFolder:
    """Where the files of one job are."""

    path: Path

    @property
    def id(self) -> str:
        """UTC time, kind and a suffix."""
        return self.path.name

    @property
    def kind(self) -> str:
        """Kind, as the name says it: a list of many jobs reads no file for it."""
        return self.id.partition("-")[2].partition("-")[0]

    @property
    def request(self) -> Path:
        """The resolved request."""
        return self.path / "job.yml"

    @property
    def events(self) -> Path:
        """One JSON object a line, appended."""
        return self.path / "events.jsonl"

    @property
    def status(self) -> Path:
        """Where the job is now; replaced at most once a second."""
        return self.path / "status.json"

    @property
    def log(self) -> Path:
        """Standard output and error of the worker."""
        return self.path / "log.txt"

    @property
    def lock(self) -> Path:
        """Held by the worker while it lives."""
        return self.path / "lock"

    @property
    def supervisor(self) -> Path:
        """Lock of the supervisor, which outlives the worker by a moment."""
        return self.path / "supervisor.lock"

    @property
    def control(self) -> Path:
        """Empty files: what the worker is asked to do."""
        return self.path / "control"

    @property
    def previews(self) -> Path:
        """Pictures to look at while it runs."""
        return self.path / "previews"

    @property
    def checkpoints(self) -> Path:
        """One folder per kept iteration (training)."""
        return self.path / "checkpoints"

    @property
    def exit(self) -> Path:
        """How it ended: outcome, code, signal, error."""
        return self.path / "exit.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """What job.yml says of a job."""

    kind: str
    created: str
    """UTC, ISO 8601."""
    digest: str
    """Digest of the settings that the job works from; compared to know whether its result is still fresh."""
    request: dict[str, Any]
    """Plain values of the request of this kind (srtui.config.requests)."""


def jobs_root(project: Path | None) -> Path:
    """Folder that holds the jobs of a project, or of none."""
    return (project if project is not None else state_folder()) / "jobs"


def create(root: Path, kind: str, request: dict[str, Any], digest: str = "") -> JobFolder:
    """Make the folder of a new job (mode 0700) with its request; nothing runs yet."""
    now = datetime.now(timezone.utc)
    root.mkdir(parents=True, exist_ok=True)
    folder = JobFolder(_taken(root, f"{now:%Y%m%dT%H%M%S}Z-{kind}"))
    folder.control.mkdir(mode=0o700)
    created = now.isoformat(timespec="seconds")
    _write_record(folder, JobRecord(kind=kind, created=created, digest=digest, request=request))
    return folder


def _taken(root: Path, name: str) -> Path:
    """A folder that nobody else has: of 32 machines that begin in one second, two draw the same once in 130 times."""
    while True:
        path = root / f"{name}-{secrets.token_hex(2)}"
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return path


def ask_otherwise(folder: JobFolder, **changes: Any) -> None:
    """Change what a job that does not run is asked: top-level keys of its request."""
    record = read_record(folder)
    _write_record(folder, replace(record, request={**record.request, **changes}))


def _write_record(folder: JobFolder, record: JobRecord) -> None:
    import yaml

    plain = {"version": VERSION, **asdict(record)}
    write_whole(folder.request, yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120))


def read_record(folder: JobFolder) -> JobRecord:
    """Read job.yml.

    Raises
    ------
    UsageError
        If this is no job folder, or one of a newer srtui.
    """
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        text = folder.request.read_text(encoding="utf-8")
        value = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe loaders
    except OSError as error:
        raise UsageError(str(folder.path), f"not a job folder: {error.strerror}") from None
    except yaml.YAMLError:
        raise UsageError(str(folder.request), "not readable as YAML") from None
    version = value.get("version") if isinstance(value, dict) else None
    if not isinstance(version, int) or version > VERSION:
        raise UsageError(
            str(folder.request), f"format {version}, this srtui reads up to {VERSION}", hint="update srtui"
        )
    return JobRecord(
        kind=str(value["kind"]),
        created=str(value["created"]),
        digest=str(value.get("digest") or ""),
        request=value["request"],
    )


def all_jobs(root: Path) -> list[JobFolder]:
    """Every job below ``root``, oldest first."""
    if not root.is_dir():
        return []
    return [JobFolder(path) for path in sorted(root.iterdir()) if (path / "job.yml").is_file()]


def newest_job(root: Path, kind: str) -> JobFolder:
    """The newest job of a kind.

    Raises
    ------
    UsageError
        If there is none.
    """
    jobs = [job for job in all_jobs(root) if job.kind == kind]
    if not jobs:
        raise UsageError(str(root), f"no {kind} job here", hint=f"srtui {kind} begins one")
    return jobs[-1]


def find_job(root: Path, reference: str, kind: str | None = None) -> JobFolder:
    """Find the job that ``reference`` names: a folder, or a part of its id."""
    jobs = [job for job in all_jobs(root) if kind in {None, job.kind}]
    if (Path(reference) / "job.yml").is_file():
        return JobFolder(Path(reference).resolve())
    named = [job for job in jobs if reference in job.id]
    if len(named) == 1:
        return named[0]
    what = f"{len(named)} jobs match: {', '.join(job.id for job in named[:5])}" if named else "no such job"
    raise UsageError(reference, what, where=root, hint="srtui jobs lists them")


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON object that may be absent; one of a newer format is refused."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise SrtuiError(str(path), f"not readable: {error}") from None
    if not isinstance(value, dict) or not isinstance(value.get("v"), int) or value["v"] > VERSION:
        raise UsageError(str(path), f"not of format {VERSION} or older", hint="update srtui")
    return value


def now() -> float:
    """Seconds since 1970, UTC."""
    return time.time()
