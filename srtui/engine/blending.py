"""``srtui blend``: a network between two others (network interpolation, Wang et al., 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from srtui.config.reader import to_plain
from srtui.config.requests import BlendRequest
from srtui.engine.device import use_threads
from srtui.engine.exporting import assert_free
from srtui.engine.inference import measure_overlap
from srtui.engine.models import LoadedModel, digest_of, load_model, save_model
from srtui.errors import UsageError
from srtui.files import remove_unfinished
from srtui.jobs.context import JobContext
from srtui.project.cards import ModelCard, Parent


def run(job: JobContext, request: BlendRequest) -> None:
    """Blend two networks of the same architecture.

    Raises
    ------
    UsageError
        If the output exists, or the two are not of the same architecture and scale.
    """
    output, share = Path(request.output), request.share
    assert_free(job, output, overwrite=request.overwrite)
    use_threads(request.threads)
    job.phase("reading", quiet=600)
    first, second = load_model(Path(request.first)), load_model(Path(request.second))
    if difference := different(first.card, second.card):
        hint = "only two trainings of one network have a network between them"
        raise UsageError("blend", f"the first {difference[0]}, the second {difference[1]}", hint=hint)
    if not 0 <= share <= 1:
        text = f"{share:g} lies outside of 0 to 1: the result goes on beyond one of the two, and may ring or break"
        job.event("note", text=text)
    parents = (_parent(request.first, first, 1 - share), _parent(request.second, second, share))
    job.phase("blending", quiet=600)
    net = first.net
    net.load_state_dict(blended(net.state_dict(), second.net.state_dict(), share))
    card = ModelCard(
        network=first.card.network,
        scale=first.scale,
        overlap=measure_overlap(net),
        plain=first.card.plain,
        parents=parents,
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    remove_unfinished([output])
    save_model(output, net.state_dict(), card)
    job.result(
        state="blended",
        output=str(output),
        network=first.description,
        scale=first.scale,
        overlap=card.overlap,
        share=share,
        parents=[{"name": each.name, "digest": each.digest, "share": each.share} for each in parents],
        size=output.stat().st_size,
    )


def blended(first: Mapping[str, Tensor], second: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """
    Weights between two, (1 - share) · first + share · second.

    Computed in float64 and rounded once to float32; 0 and 1 give one of the two bit for bit (a sum would lose the sign
    of zeros). Whole numbers, which are no weights, stay the first's.
    """
    if share in {0, 1}:
        return dict(second if share else first)
    return {
        name: ((1 - share) * value.double() + share * second[name].double()).to(torch.float32)
        if value.is_floating_point()
        else value
        for name, value in first.items()
    }


def different(first: ModelCard, second: ModelCard) -> tuple[str, str] | None:
    """First thing in which two networks differ so that their weights cannot be mixed, said of each."""
    mine, theirs = (to_plain(card.network) for card in (first, second))
    for name in ("type", *mine):
        if mine.get(name) != theirs.get(name):
            return f"has {name} {mine.get(name)}", f"{name} {theirs.get(name)}"
    if first.scale != second.scale:
        return f"enlarges ×{first.scale}", f"×{second.scale}"
    if first.plain != second.plain:
        words = {True: "no pixel-unshuffle", False: "a pixel-unshuffle"}
        return f"has {words[first.plain]}", words[second.plain]
    return None


def _parent(path: str, model: LoadedModel, share: float) -> Parent:
    return Parent(name=Path(path).name, digest=digest_of(model.net.state_dict()), share=share, card=model.card)
