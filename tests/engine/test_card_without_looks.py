"""What was measured and looked at on the way is not in a network's file: the same training gives the same bytes."""

from __future__ import annotations

import dataclasses

from srtui.config.network import Compact
from srtui.config.profile import Profile, Stage
from srtui.config.requests import TrainRequest
from srtui.config.validation import Lpips
from srtui.engine import networks
from srtui.engine.model_card import card_of
from srtui.project.cards import metadata_of


def test_frames_of_tapes_and_lpips_leave_no_trace() -> None:
    options = Compact(features=4, convs=1)
    profile = Profile(name="small", network=options, stages=(Stage(iterations=1),))
    request = TrainRequest(dataset="/none", scale=2, profile=profile, model="/m.safetensors")
    files = Lpips(weights="/home/me/alex.pth", backbone="/home/me/alexnet.pth")
    looking = dataclasses.replace(request, look_at=("/home/me/0001.png",), lpips=files, pictures_gb=5.0)
    net = networks.build(options, 2)
    assert metadata_of(card_of(net, looking)) == metadata_of(card_of(net, request))
