"""``srtui train``: dataset → network. From the top down: the job, its stages, one update, and what comes between."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import torch

from srtui.config.profile import Stage
from srtui.config.requests import TrainRequest
from srtui.data.datasets import Dataset, open_dataset
from srtui.engine import losses, networks, trouble
from srtui.engine.agreement import agree_on_parts
from srtui.engine.appraiser import Appraiser
from srtui.engine.auto_batch import largest_micro_batch
from srtui.engine.device import choose_precision, memory_explained, same_order
from srtui.engine.ema import Ema
from srtui.engine.feeding import Feed, feed
from srtui.engine.keeping import go_back, keep_checkpoint, keep_model
from srtui.engine.ranks import Ranks
from srtui.engine.ranks.assembly import together
from srtui.engine.reporting import Reporter
from srtui.engine.resuming import About, resume
from srtui.engine.room import Room
from srtui.engine.session import Place, Session, kept_model, phase_name, places
from srtui.engine.stage_work import Conditions, StageWork
from srtui.engine.starting import begin_from
from srtui.engine.tensorboard import Curves
from srtui.engine.training_state import Health, TrainingState
from srtui.errors import UsageError
from srtui.jobs.context import JobContext, Stopped
from srtui.memory import keep_memory

HEED = 10
"""Updates between two looks of many ranks at each other's signals; one rank alone looks after every update."""


def run(job: JobContext, request: TrainRequest) -> None:
    """Train a network from its beginning, or on from the job's newest checkpoint.

    Raises
    ------
    Stopped
        When asked to; a checkpoint of that moment is written first.
    UsageError
        If the dataset has another scale, or the checkpoint is of another network or a newer format.
    DeviceBusyError
        If another training holds the GPU.
    MachineError
        If a single crop does not fit on the GPU.
    SrtuiError
        If updates fail again and again, or every checkpoint is damaged.
    """
    with (
        together(job, request) as ranks,
        same_order(request.profile.deterministic, ranks.device, job.alarm),
    ):
        train(job, request, ranks)


def train(job: JobContext, request: TrainRequest, ranks: Ranks) -> None:
    """Do one rank's part of the training."""
    job.phase("loading", quiet=300)
    job.reserve_room()
    device, profile = ranks.device, request.profile
    precision = choose_precision(profile.precision, device)
    about = About.of(request, ranks, precision)
    dataset = _dataset(request)
    state = _new_state(request, device)
    resumed = resume(job, state, about, ranks)
    if not resumed:
        _start(job, request, state, ranks)
    if state.progress.finished:
        return
    shown = job.folder.path / "tensorboard" if ranks.rank == 0 else None
    with closing(Curves(shown, state.progress.iteration)) as curves:
        session = Session(
            job=job,
            request=request,
            ranks=ranks,
            dataset=dataset,
            conditions=Conditions(
                device=device,
                precision=precision,
                ranks=ranks,
                seed=request.seed,
                compile=profile.compile,
                cuda_graphs=profile.cuda_graphs,
                alarm=job.alarm,
            ),
            about=about,
            reporter=Reporter(job, curves, total=profile.iterations, device=device),
            appraiser=Appraiser(job, dataset.reader("val"), curves, request, ranks),
            room=Room(),
        )
        _check_stages(session)
        with memory_explained(device):
            if not resumed:
                keep_checkpoint(session, state)  # shows that there is room for one; and trouble may lead back to it
            _train(session, state)


def _dataset(request: TrainRequest) -> Dataset:
    dataset = open_dataset(Path(request.dataset))
    if dataset.scale != request.scale:
        fact = f"made for scale {dataset.scale}, but the training is for {request.scale}"
        raise UsageError(str(dataset.folder), fact, hint="srtui prepare makes one for this scale")
    return dataset


def _new_state(request: TrainRequest, device: torch.device) -> TrainingState:
    torch.manual_seed(request.seed)
    torch.backends.cudnn.benchmark = not torch.are_deterministic_algorithms_enabled()
    if device.type == "cpu":
        keep_memory()
    net = networks.build(request.profile.network, request.scale)
    net = net.to(device).to(memory_format=torch.channels_last)
    return TrainingState(net=net, ema=Ema(net, request.profile.ema))


def _start(job: JobContext, request: TrainRequest, state: TrainingState, ranks: Ranks) -> None:
    """Begin from somebody else's weights, if asked to; all ranks from the same ones."""
    if request.start and ranks.rank == 0:
        taken = begin_from(state.net, Path(request.start))
        job.event("note", iteration=0, text=str(taken))
    ranks.follow(list(state.net.state_dict().values()))
    state.ema.begin_anew()


def _check_stages(session: Session) -> None:
    """Find out now what would be wrong with a stage that begins in a week."""
    for stage in session.profile.stages:
        if stage.batch < session.ranks.count:
            fact = f"{stage.batch} crops cannot be dealt to {session.ranks.count} GPUs"
            raise UsageError("batch", fact, hint="choose a larger batch, or fewer GPUs")
        for turn in (session.leads, not session.leads):  # one download for all that share a disk
            if turn:
                losses.fetch(stage.losses, lambda done, total: _report_download(session.job, done, total))
            session.ranks.agree(True)
        losses.build(stage.losses, device=session.device)
        if stage.gan is not None:
            networks.build_discriminator(stage.gan.discriminator, stage.gt_size)
        session.samples(stage, 0).close()


def _report_download(job: JobContext, done: int, total: int) -> None:
    job.check()
    job.progress(done >> 20, total >> 20, "MiB")


def _train(session: Session, state: TrainingState) -> None:
    """All stages that are not done yet, then the network's file."""
    if _due(session, state, session.profile.validate_every) and state.progress.validated < state.progress.iteration:
        _attend(session, state)  # stopped in the middle of this validation
    while place := next((each for each in places(session.profile) if state.progress.iteration < each.end), None):
        if fact := _train_stage(session, state, place):
            go_back(session, state, fact)
    keep_model(session, state, Path(session.request.model))
    state.progress.finished = True
    keep_checkpoint(session, state)


def _train_stage(session: Session, state: TrainingState, place: Place) -> str | None:
    """Do the updates of a stage that are not done; gives what stands in the way if they fail again and again."""
    reporter, stage = session.reporter, place.stage
    reporter.begin(phase_name(place, session.profile), state.progress.iteration)
    work = _begin_stage(session, state, place)
    with feed(session.samples(stage, state.progress.position), session.device) as fed:
        reporter.pace.start(state.progress.iteration, fed.waited())
        while state.progress.iteration < place.end:
            _update(state, work, fed, place)
            if _due(session, state, session.profile.log_every) and (fact := _read(session, state, work, fed, place)):
                return fact
            reporter.tick(state.progress.iteration)
            _attend(session, state)
    return None


def _begin_stage(session: Session, state: TrainingState, place: Place) -> StageWork:
    progress, done = state.progress, state.progress.iteration - place.first
    if not done:
        # As a run of its own would begin from the file of the one before: that holds the averaged weights.
        if place.before is not None:
            state.begin_from_average()
        if path := kept_model(place, Path(session.request.model)):
            keep_model(session, state, path)
        progress.health, progress.smoothed, progress.micro_batch = Health(), None, 0

    def shrunk(micro_batch: int, reason: str) -> None:
        progress.micro_batch = micro_batch
        same = f"going on with {micro_batch} crops at once, which add up to the same batch of {place.stage.batch}"
        session.job.alarm(f"out of memory at iteration {progress.iteration + 1} ({reason}): {same}")

    if session.request.auto_batch and not progress.micro_batch:
        progress.micro_batch = _most_at_once(session, place.stage)
    micro_batch = progress.micro_batch or session.request.micro_batch
    work = StageWork(
        state.net, state.ema, place.stage, place.number, session.conditions, micro_batch=micro_batch, shrunk=shrunk
    )
    state.take_up(work, done=done)
    return work


def _most_at_once(session: Session, stage: Stage) -> int:
    """Find out how many crops fit (0: all); ranks that find different numbers agree on the smallest."""
    share = replace(stage, batch=-(-stage.batch // session.ranks.count))
    conditions = session.conditions
    most = largest_micro_batch(
        session.profile.network,
        share,
        session.request.scale,
        conditions.device,
        precision=conditions.precision,
        check=session.job.check,
    )
    session.job.event("note", text=f"up to {most} of {share.batch} crops fit at once")
    return 0 if most >= share.batch else most


def _update(state: TrainingState, work: StageWork, fed: Feed, place: Place) -> None:
    """Do one update; the host runs ahead of the device here, and never waits for it."""
    progress = state.progress
    lq_bchw, gt_bchw = fed.take()
    done = progress.iteration - place.first
    work.update(lq_bchw, gt_bchw, done=done, iteration=progress.iteration + 1, slower=progress.slower)
    fed.prepare()
    progress.iteration += 1
    progress.position += place.stage.batch


def _read(session: Session, state: TrainingState, work: StageWork, fed: Feed, place: Place) -> str | None:
    """Wait for the device, and tell what happened since the last reading; gives what stands in the way, if anything."""
    progress = state.progress
    tallies, figures = work.read()
    progress.skipped += sum(tally.skipped for tally in tallies)
    session.reporter.read(
        progress,
        tallies[0],
        figures,
        rate=progress.slower * work.rate(progress.iteration - 1 - place.first),
        waited=fed.waited(),
        variations=fed.variations,
        micro_batch=work.micro_batch,
    )
    for text in trouble.alarms(progress, tallies, figures, session.conditions.precision):
        session.job.alarm(text)
    return trouble.stuck(progress.iteration, tallies)


def _due(session: Session, state: TrainingState, every: int) -> bool:
    """Whether an iteration is one of every so many, or the last of its stage."""
    iteration = state.progress.iteration
    return iteration % every == 0 or any(iteration == place.end for place in places(session.profile))


def _attend(session: Session, state: TrainingState) -> None:
    """Between two updates: do what the profile, the user or the system asks for now, on all ranks alike."""
    job, ranks, profile = session.job, session.ranks, session.profile
    looking = _due(session, state, profile.log_every)  # at the control files; a signal is seen earlier
    with session.reporter.pace.away():
        if looking and session.leads:
            job.wait_while_paused()
        if looking:
            agree_on_parts(session, state)
        stopping = _stop_asked(session, state, looking=looking)
        validate = looking and ranks.agree(session.leads and job.asked("validate"))
        save = looking and ranks.agree(session.leads and job.asked("checkpoint"))
        if not stopping and (validate or _due(session, state, profile.validate_every)):
            better, stopping = _validate(session, state)
            save |= better
        save |= _due(session, state, profile.checkpoint_every) and state.progress.iteration < profile.iterations
        if save or stopping:
            keep_checkpoint(session, state)
    if stopping:
        raise Stopped


def _stop_asked(session: Session, state: TrainingState, *, looking: bool) -> bool:
    job, ranks = session.job, session.ranks
    if ranks.count > 1 and not looking and state.progress.iteration % HEED:
        return False
    return ranks.any(job.interrupted) or (looking and ranks.agree(session.leads and job.stop_asked()))


def _validate(session: Session, state: TrainingState) -> tuple[bool, bool]:
    """Measure the averaged network; tells whether it is the best so far, and whether the job is to stop.

    A discriminator trades PSNR for looks, so that only stages without one are compared.
    """
    progress = state.progress
    try:
        # A preview that the full disk has no room for is a reason to wait, and not to stop.
        score = session.job.insist(
            lambda: session.appraiser.appraise(state.ema.net, progress.iteration), "the previews of a validation"
        )
        stopping = False
    except Stopped:
        score, stopping = None, True
    if session.ranks.any(stopping):
        return False, True
    progress.validated = progress.iteration
    place = next(each for each in places(session.profile) if progress.iteration <= each.end)
    psnr = None if score is None else score.network.psnr_y
    if psnr is None or place.stage.gan is not None or (progress.best_psnr is not None and psnr <= progress.best_psnr):
        return False, False
    progress.best, progress.best_psnr = progress.iteration, psnr
    return True, False
