"""Options for many machines become requests, or say what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from srtui.cli import run
from srtui.cli.sharding import SHARDS, begun, dealt, joined
from srtui.config.requests import PrepareRequest
from srtui.errors import UsageError
from srtui.project.folder import open_project
from tests.data.pictures_cases import save, smooth


@pytest.fixture
def request_(tmp_path: Path) -> PrepareRequest:
    (tmp_path / "project.yml").write_text("scale: 4\nsources: [{folder: a}]\n")
    return open_project(tmp_path).prepare_request()


def test_one_machine_needs_no_options(request_: PrepareRequest) -> None:
    assert dealt(request_, None, None, None) == request_


def test_a_shard_and_a_cluster_are_asked_for(request_: PrepareRequest) -> None:
    one = dealt(request_, "3/16", None, None)
    assert (one.shard, one.shards, one.scheduler) == (3, 16, "")
    cluster = dealt(request_, None, "tcp://10.0.0.1:8786", None)
    assert (cluster.shard, cluster.shards, cluster.scheduler) == (0, SHARDS, "tcp://10.0.0.1:8786")


@pytest.mark.parametrize("shard", ["0/4", "5/4", "1/1", "a/b", "3", "1/10000", ""])
def test_a_shard_that_is_none_is_told(request_: PrepareRequest, shard: str) -> None:
    with pytest.raises(UsageError, match="is not K/N"):
        dealt(request_, shard, None, None)


def test_options_that_do_not_go_together_are_told(request_: PrepareRequest) -> None:
    with pytest.raises(UsageError, match="one machine's work"):
        dealt(request_, "1/4", "tcp://a:1", None)
    with pytest.raises(UsageError, match="says nothing without"):
        dealt(request_, None, None, 8)


def test_the_number_of_shards_stays(request_: PrepareRequest) -> None:
    with pytest.raises(UsageError, match="no shards here"):
        joined(request_)
    (Path(request_.dataset) / "shards" / "0002-of-0008").mkdir(parents=True)
    assert begun(Path(request_.dataset)) == [8]
    assert joined(request_).shards == 8
    assert dealt(request_, None, "tcp://a:1", None).shards == 8
    with pytest.raises(UsageError, match="shards of 4 and of 8 parts do not fit together"):
        dealt(request_, "1/4", None, None)


def test_machines_make_a_dataset_by_their_commands(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        save(tmp_path / "фото" / f"{number}.png", smooth(96, 112, seed=number))
    (tmp_path / "project.yml").write_text("scale: 2\nsources: [{folder: фото, insist: true}]\ndegradation: bicubic\n")
    common = ["-p", str(tmp_path), "--threads", "1"]
    assert run(["prepare", "--shard", "1/2", *common]) == 0
    assert run(["dataset", "join", *common]) == 2
    assert "1 of 2 shards are not made: 2/2" in capfd.readouterr().err
    assert run(["prepare", "--shard", "2/2", "--json", *common]) == 0
    assert json.loads(capfd.readouterr().out.splitlines()[-1])["state"] == "joined"
    assert run(["dataset", "info", "-p", str(tmp_path), "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["shards"], sum(split["pictures"] for split in told["splits"].values())) == (2, 5)
