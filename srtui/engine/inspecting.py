"""``srtui model info`` for files that torch must open: what others wrote, and half precision."""

from __future__ import annotations

from pathlib import Path

from srtui.config.requests import InspectRequest
from srtui.engine.device import use_threads
from srtui.engine.models import digest_of, load_model
from srtui.jobs.context import JobContext
from srtui.project.model_facts import ModelFacts


def run(job: JobContext, request: InspectRequest) -> None:
    """Load the network and say what it is.

    Raises
    ------
    UsageError
        If it is another architecture, or would run as code.
    SrtuiError
        If it is damaged.
    """
    use_threads(request.threads)
    job.phase("reading", quiet=600)
    path = Path(request.model)
    model = load_model(path)
    facts = ModelFacts(
        file=str(path),
        size=path.stat().st_size,
        weights=model.weights,
        numbers=model.numbers,
        parameters=sum(weight.numel() for weight in model.net.parameters()),
        digest=digest_of(model.net.state_dict()),
        card=model.card,
    )
    job.result(state="inspected", **facts.plain())
