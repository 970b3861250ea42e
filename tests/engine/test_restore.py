"""``restore``: every readable picture gets its result, nothing is lost or replaced, and a stopped job goes on."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from srtui.config.network import Compact
from srtui.config.requests import RestoreRequest
from srtui.data.pictures import read_picture
from srtui.engine import networks, restore
from srtui.engine.models import save_model
from srtui.engine.restorer import Restorer
from srtui.errors import NothingUsableError, SrtuiError, UsageError
from srtui.jobs.context import JobContext, Stopped
from srtui.jobs.events import Event, read_events
from srtui.jobs.folder import JobFolder, create
from srtui.project.cards import ModelCard


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A network that repeats pixels: every result is known."""
    options = Compact(features=4, convs=1)
    net = networks.build(options, 2)
    for weight in net.parameters():
        torch.nn.init.zeros_(weight)
    save_model(tmp_path / "net.safetensors", net.state_dict(), ModelCard(network=options, scale=2, overlap=3))
    return tmp_path / "net.safetensors"


@pytest.fixture
def tapes(tmp_path: Path) -> Path:
    folder = tmp_path / "мои снимки"
    for number, name in enumerate(("a.png", "b 2.png", "лето/в.png", "лето/г/d.png")):
        write(folder / name, number)
    return folder


def pixels(seed: int, height: int = 20, width: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def write(path: Path, seed: int, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(seed)).save(path, **options)
    return path


class Restoring:
    """A restore job in a folder of its own, run in this process."""

    def __init__(self, tmp_path: Path, model: Path, source: Path, output: Path, **changes: Any) -> None:
        options = {"model": str(model), "input": str(source), "output": str(output), "device": "cpu", **changes}
        self.request = RestoreRequest(**{"precision": "fp32", **options})
        self.folder: JobFolder = create(tmp_path / "jobs", "restore", {})
        self.runs = 0

    def run(self, *, stop_at: int | None = None) -> None:
        job = JobContext(self.folder, resumed=self.runs > 0)
        self.runs += 1
        tell = job.progress

        def progress(done: int, total: int, unit: str, **figures: Any) -> None:
            tell(done, total, unit, **figures)
            if done == stop_at:
                job.interrupt()

        job.progress = progress  # type: ignore[method-assign] # listens in
        restore.run(job, self.request)

    def events(self, kind: str) -> list[Event]:
        return [event for event in read_events(self.folder.events) if event["kind"] == kind]


def assert_restored(path: Path, seed: int) -> None:
    assert np.array_equal(read_picture(path), pixels(seed).repeat(2, 0).repeat(2, 1))


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_folder_is_restored_with_everything_below_it(tmp_path: Path, model: Path, tapes: Path) -> None:
    output = tmp_path / "готово"
    job = Restoring(tmp_path, model, tapes, output)
    job.run()
    assert files(output) == files(tapes)
    for number, name in enumerate(("a.png", "b 2.png", "лето/в.png", "лето/г/d.png")):
        assert_restored(output / name, number)
    assert (job.events("result")[0]["restored"], job.events("result")[0]["rejected"]) == (4, 0)


@pytest.mark.parametrize("output", ["x.png", "folder", "v1.2", "deep/er/x.PNG"])
def test_a_picture_goes_to_a_file_or_into_a_folder(tmp_path: Path, model: Path, output: str) -> None:
    source = write(tmp_path / "in" / "тест.bmp", 5)
    Restoring(tmp_path, model, source, tmp_path / "out" / output).run()
    expected = output if output.lower().endswith(".png") else f"{output}/тест.png"
    assert files(tmp_path / "out") == {expected}
    assert_restored(tmp_path / "out" / expected, 5)


def test_a_picture_goes_into_a_folder_that_is_there(tmp_path: Path, model: Path) -> None:
    source, output = write(tmp_path / "in.png", 5), tmp_path / "old.png"
    output.mkdir()
    Restoring(tmp_path, model, source, output).run()
    assert_restored(output / "in.png", 5)


def test_sources_that_would_share_a_result_keep_their_suffixes(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "in"
    for number, name in enumerate(("a.png", "a.bmp", "b.bmp")):
        write(folder / name, number)
    Restoring(tmp_path, model, folder, tmp_path / "out").run()
    assert files(tmp_path / "out") == {"a.png.png", "a.bmp.png", "b.png"}
    assert_restored(tmp_path / "out" / "a.bmp.png", 1)


def test_a_clash_that_suffixes_do_not_mend_is_refused(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "in"
    for name in ("a.png", "a.bmp", "a.png.tif"):
        write(folder / name, 0)
    with pytest.raises(UsageError, match=r"a\.png\.png: several sources"):
        Restoring(tmp_path, model, folder, tmp_path / "out").run()


def test_what_cannot_be_read_is_reported_and_the_rest_is_restored(tmp_path: Path, model: Path, tapes: Path) -> None:
    (tapes / "text.png").write_text("I am no picture")
    (tapes / "notes.txt").write_text("neither am I")
    (tapes / "empty.jpg").touch()
    whole = write(tmp_path / "whole.jpg", 1, quality=95).read_bytes()
    (tapes / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    Image.fromarray(np.dstack([pixels(0), pixels(1)[..., 0]])).save(tapes / "see-through.png")
    job = Restoring(tmp_path, model, tapes, tmp_path / "out")
    job.run()
    assert len(files(tmp_path / "out")) == 4
    rejected = {event["name"]: event["reason"] for event in job.events("rejected")}
    assert rejected.keys() == {"text.png", "notes.txt", "empty.jpg", "cut.jpg", "see-through.png"}
    assert all(rejected.values())


def test_pictures_of_every_kind_are_restored_as_rgb(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    grey = pixels(1)[..., 0]
    Image.fromarray(grey).save(folder / "grey.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(folder / "deep.png")
    Image.fromarray(np.dstack([pixels(2), np.full((20, 30), 255, np.uint8)])).save(folder / "opaque.png")
    Restoring(tmp_path, model, folder, tmp_path / "out").run()
    expected = np.repeat(grey[..., None], 3, 2).repeat(2, 0).repeat(2, 1)
    assert np.array_equal(read_picture(tmp_path / "out" / "grey.png"), expected)
    assert np.array_equal(read_picture(tmp_path / "out" / "deep.png"), expected)
    assert_restored(tmp_path / "out" / "opaque.png", 2)


def test_without_a_readable_picture_it_fails_with_its_own_code(tmp_path: Path, model: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(NothingUsableError, match="holds no pictures"):
        Restoring(tmp_path, model, empty, tmp_path / "out").run()
    (empty / "x.png").write_text("no")
    with pytest.raises(NothingUsableError, match="none of 1 could be read"):
        Restoring(tmp_path, model, empty, tmp_path / "out").run()


def test_an_existing_result_is_refused_before_anything_is_done(tmp_path: Path, model: Path, tapes: Path) -> None:
    output = tmp_path / "out"
    mine = write(output / "лето" / "в.png", 99)
    before = mine.read_bytes()
    for _ in range(2):  # also when the failed job is resumed
        job = Restoring(tmp_path, model, tapes, output)
        with pytest.raises(UsageError, match=r"в\.png: exists"):
            job.run()
        with pytest.raises(UsageError, match=r"в\.png: exists"):
            job.run()
    assert files(output) == {"лето/в.png"}
    assert mine.read_bytes() == before


def test_an_existing_result_is_replaced_when_told_to(tmp_path: Path, model: Path, tapes: Path) -> None:
    write(tmp_path / "out" / "a.png", 99)
    Restoring(tmp_path, model, tapes, tmp_path / "out", overwrite=True).run()
    assert_restored(tmp_path / "out" / "a.png", 0)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_stopped_job_goes_on_where_it_was_left(tmp_path: Path, model: Path, tapes: Path, overwrite: bool) -> None:
    output = tmp_path / "out"
    if overwrite:
        write(output / "лето" / "г" / "d.png", 99)
    job = Restoring(tmp_path, model, tapes, output, overwrite=overwrite)
    with pytest.raises(Stopped):
        job.run(stop_at=2)
    done = {name: (output / name).stat().st_mtime_ns for name in files(output) if not name.endswith("d.png")}
    assert len(done) == 2
    (output / ".лето.png.01234567.part").write_bytes(b"mine")
    unfinished = output / "лето" / ".в.png.01234567.part"
    unfinished.parent.mkdir(exist_ok=True)
    unfinished.write_bytes(b"left by a kill")
    job.run()
    assert {name: (output / name).stat().st_mtime_ns for name in done} == done
    assert not unfinished.exists()
    assert files(output) == files(tapes) | {".лето.png.01234567.part"}
    assert_restored(output / "лето" / "г" / "d.png", 3)
    assert job.events("result")[-1]["restored"] == 4
    job.run()
    assert {name: (output / name).stat().st_mtime_ns for name in done} == done


def test_a_result_that_was_damaged_meanwhile_is_made_again(tmp_path: Path, model: Path, tapes: Path) -> None:
    job = Restoring(tmp_path, model, tapes, tmp_path / "out")
    job.run()
    victim = tmp_path / "out" / "a.png"
    victim.write_bytes(victim.read_bytes()[:-5])
    with (job.folder.path / "restored.jsonl").open("a") as ledger:
        ledger.write('["/torn')
    job.run()
    assert_restored(victim, 0)
    job.run()


def test_sources_are_never_replaced(tmp_path: Path, model: Path, tapes: Path) -> None:
    before = {name: (tapes / name).read_bytes() for name in files(tapes)}
    link = tmp_path / "link"
    link.symlink_to(tapes)
    for source, output in ((tapes / "a.png", tapes / "a.png"), (tapes / "a.png", tapes), (tapes, tapes), (tapes, link)):
        with pytest.raises(UsageError):
            Restoring(tmp_path, model, source, output, overwrite=True).run()
    assert {name: (tapes / name).read_bytes() for name in files(tapes)} == before


def test_results_below_the_sources_are_no_sources(tmp_path: Path, model: Path, tapes: Path) -> None:
    for overwrite in (False, True):
        Restoring(tmp_path, model, tapes, tapes / "restored", overwrite=overwrite).run()
        assert len(files(tapes)) == 8


@pytest.mark.parametrize(
    ("source", "output", "fact"),
    [
        ("absent", "out", "does not exist"),
        ("мои снимки/a.png", "out.jpg", "results are written as PNG"),
        ("мои снимки", "out.png", "needs a folder"),
        ("мои снимки", "net.safetensors", "needs a folder"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    tmp_path: Path, model: Path, tapes: Path, source: str, output: str, fact: str
) -> None:
    with pytest.raises(UsageError, match=fact):
        Restoring(tmp_path, model, tmp_path / source, tmp_path / output).run()


def test_no_network_is_a_clear_error_and_leaves_nothing(tmp_path: Path, tapes: Path) -> None:
    (tmp_path / "net.pth").write_bytes(b"nonsense")
    with pytest.raises(SrtuiError, match=r"net\.pth"):
        Restoring(tmp_path, tmp_path / "net.pth", tapes, tmp_path / "out").run()
    assert not (tmp_path / "out").exists()


def test_long_names_are_written(tmp_path: Path, model: Path) -> None:
    source = write(tmp_path / "in" / ("ж" * 125 + ".png"), 4)
    Restoring(tmp_path, model, source, tmp_path / "out").run()
    assert_restored(tmp_path / "out" / source.name, 4)


def test_tiles_are_told_of(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path / "in.png", 4)
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(JobContext, "progress", lambda self, done, total, unit, **figures: told.append(figures))
    Restoring(tmp_path, model, source, tmp_path / "out", tile=16).run()
    assert told == [{}, *({"tile": f"{n}/4"} for n in range(1, 5)), {}]


def test_a_picture_whose_result_would_be_too_large_is_rejected(
    tmp_path: Path, model: Path, tapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "LARGEST_RESULT", 20 * 30 * 4)
    Image.fromarray(pixels(0, 21, 30)).save(tapes / "large.png")
    job = Restoring(tmp_path, model, tapes, tmp_path / "out")
    job.run()
    assert [event["name"] for event in job.events("rejected")] == ["large.png"]


def test_a_full_disk_keeps_what_is_done(
    tmp_path: Path, model: Path, tapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_png = restore.write_png

    def full(path: Path, picture: np.ndarray) -> None:
        if path.name == "в.png":
            raise OSError(errno.ENOSPC, "No space left on device")
        write_png(path, picture)

    monkeypatch.setattr(restore, "write_png", full)
    job = Restoring(tmp_path, model, tapes, tmp_path / "out")
    with pytest.raises(OSError, match="No space left"):
        job.run()
    monkeypatch.setattr(restore, "write_png", write_png)
    job.run()
    assert files(tmp_path / "out") == files(tapes)


def test_a_gpu_without_room_is_told_of(
    tmp_path: Path, model: Path, tapes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = Restorer.__call__

    def noting(self: Restorer, lq_hwc: np.ndarray, progress: Any = None) -> np.ndarray:
        self._note("GPU memory: a tile of 30 pixels did not fit, going on with 16")
        return call(self, lq_hwc, progress)

    monkeypatch.setattr(Restorer, "__call__", noting)
    job = Restoring(tmp_path, model, tapes, tmp_path / "out")
    job.run()
    assert "going on with 16" in job.events("alarm")[0]["text"]
