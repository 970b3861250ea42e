"""What the tests of exchange share: small networks whose weights look trained, and the jobs that convert them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from srtui.config.network import EDSR, RRDB, Compact, Network, Span, SRResNet
from srtui.config.reader import to_plain
from srtui.config.requests import BlendRequest, ConvertRequest, InspectRequest, ModelForm, Request
from srtui.engine import blending, exporting, inspecting, networks
from srtui.engine.models import save_model
from srtui.engine.networks import SRNetwork
from srtui.jobs.context import JobContext
from srtui.jobs.events import Event, read_events
from srtui.jobs.folder import create
from srtui.project.cards import ModelCard

SMALL: list[Network] = [
    Compact(features=8, convs=2),
    SRResNet(features=8, blocks=2),
    RRDB(features=8, blocks=2, growth=4),
    EDSR(features=8, blocks=2),
    Span(features=8),
]
EVERY = [(options, scale) for options in SMALL for scale in (1, 2, 3, 4)]
IDS = [f"{options.type}-x{scale}" for options, scale in EVERY]


def trained(options: Network, scale: int, seed: int = 1) -> SRNetwork:
    """A network none of whose layers is nearly zero: what is wrong in one shows in the result."""
    torch.manual_seed(seed)
    return shaken(networks.build(options, scale))


def shaken(net: SRNetwork) -> SRNetwork:
    """The network with weights that keep a signal's size."""
    for weight in net.parameters():
        if weight.ndim == 4:
            torch.nn.init.kaiming_normal_(weight, a=0.2)
            weight.data *= 0.7
        else:
            weight.data += 0.02 * torch.randn_like(weight)
    return net.eval().requires_grad_(requires_grad=False)


def saved(path: Path, options: Network, scale: int, seed: int = 1) -> SRNetwork:
    """A trained-looking network, written as our file."""
    net = trained(options, scale, seed)
    save_model(path, net.state_dict(), ModelCard(network=options, scale=scale, overlap=5))
    return net


def convert(model: Path, output: Path, form: ModelForm, **changes: Any) -> list[Event]:
    """Do a convert job in this process; gives its events."""
    request = ConvertRequest(model=str(model), output=str(output), form=form, threads=1, **changes)
    return _done(output.parent, "convert", request, exporting.run)


def blend(first: Path, second: Path, share: float, output: Path, **changes: Any) -> list[Event]:
    """Do a blend job in this process; gives its events."""
    request = BlendRequest(first=str(first), second=str(second), share=share, output=str(output), threads=1, **changes)
    return _done(output.parent, "blend", request, blending.run)


def inspect(model: Path, folder: Path) -> Event:
    """Do an inspect job in this process; gives its result."""
    return result(_done(folder, "inspect", InspectRequest(model=str(model), threads=1), inspecting.run))


def result(events: list[Event]) -> Event:
    """What a job says that it made."""
    (found,) = (event for event in events if event["kind"] == "result")
    return found


def _done(folder: Path, kind: str, request: Request, run: Any) -> list[Event]:
    job = create(folder / "jobs", kind, to_plain(request))
    run(JobContext(job, resumed=False), request)
    return read_events(job.events)
