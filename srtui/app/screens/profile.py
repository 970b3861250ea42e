"""Step 5: the network, and how it is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult

from srtui.app.plot import short
from srtui.app.sheet import Sheet, fact, sentence, text
from srtui.app.widgets.choices import Choices, Option
from srtui.app.widgets.page import ProjectPage, here
from srtui.app.widgets.path_field import PathField
from srtui.project.network_file import SUFFIXES

if TYPE_CHECKING:
    from srtui.app.project_facts import Facts
    from srtui.config.optimization import Schedule
    from srtui.config.profile import Profile, Stage
    from srtui.project.folder import OpenProject

NETWORKS = {"compact": "Compact", "srresnet": "SRResNet", "rrdb": "RRDB", "edsr": "EDSR", "span": "SPAN"}
"""How papers call the networks."""


class ProfilePage(ProjectPage):
    """The training profile."""

    step = "profile"
    title = "Profile"
    about = ""
    words = (
        ("profile", "a network, how long it is trained, and with which numbers: a short YAML file, yours or shipped"),
        ("iteration", "one update of the network's weights; every update looks at one batch of crops"),
        ("crop", "a small square, cut at random out of a clean picture and out of its spoiled copy"),
        ("rate", "how far each update moves the weights; cosine and multistep say how it shrinks along the way"),
        ("PSNR", "trained to be right in every pixel: safe for tapes, never more than what is there"),
        ("GAN", "trained to look real, by a second network that tells real from restored: sharper, and it invents"),
        ("stage", "a part of the training with its own losses; the weights go on from one to the next"),
        ("precision", "arithmetic: bf16 and fp16 are quicker where the hardware has them, fp32 works everywhere"),
        ("begin from", "a finished network, of srtui or of another program, that the training goes on from"),
    )

    def above(self) -> ComposeResult:
        """The profiles."""
        yield Choices(id="profiles", part=3, heads=("", "network", "iterations", "for", ""))

    def fields(self) -> ComposeResult:
        """The network to begin from."""
        placeholder = "a network file; empty: from nothing"
        yield PathField(
            self.view.folder, "begin from", placeholder=placeholder, id="start", suffixes=SUFFIXES, keeps=True
        )

    def offer(self, project: OpenProject, facts: Facts) -> None:
        """Show the profiles, and the network to begin from unless somebody types."""
        training = project.settings.training
        options = [_option(name, profile, taken=name == training.profile) for name, profile in facts.profiles]
        self.query_one(Choices).offer(options, start=training.profile)
        field = self.query_one(PathField)
        if not field.line.has_focus:
            field.line.value = training.start
            if facts.start_trouble:
                field.say(facts.start_trouble)

    def told(self, project: OpenProject, facts: Facts) -> Sheet:
        """What the profile under the cursor is."""
        training = project.settings.training
        name = self.query_one(Choices).current or training.profile
        chosen = name == training.profile
        profile = facts.profile if chosen else dict(facts.profiles)[name]
        about = sentence(profile.about or name) + ("" if chosen else " Enter takes it.")
        length = f"{profile.iterations:,} iterations"
        if chosen and training.iterations is not None:
            length += f", as project.yml says; the profile has {dict(facts.profiles)[name].iterations:,}"
        return (
            text(about),
            text(),
            fact("network", _network(profile)),
            fact("length", length),
            *_takes(facts.estimate, chosen=chosen),
            *_stages(profile),
            fact("precision", "as the machine likes best" if profile.precision == "auto" else profile.precision),
        )

    def command(self) -> str:
        """The plain twin."""
        name = self.query_one(Choices).current
        return f"srtui train --profile {name}{here(self.view)}" if name else ""

    @on(Choices.Looked)
    async def _looked(self, event: Choices.Looked) -> None:
        event.stop()
        if not isinstance(event, Choices.Taken):
            await self.update_view(self.view)

    @on(Choices.Taken)
    def _taken(self, event: Choices.Taken) -> None:
        event.stop()
        self.post_message(self.Chosen(f"profile:{event.name}"))
        self.focus_primary()

    @on(PathField.Entered)
    def _entered(self, event: PathField.Entered) -> None:
        event.stop()
        self.post_message(self.Chosen(f"begin:{event.field.path if event.text else ''}", field=event.field))


def _takes(estimate: str, *, chosen: bool) -> Sheet:
    """Hours and memory here, if they were measured; else how to know them."""
    if not chosen:
        return ()
    return (fact("takes", estimate or "srtui estimate measures hours and memory", "" if estimate else "quiet"),)


def _option(name: str, profile: Profile, *, taken: bool) -> Option:
    network = NETWORKS.get(profile.network.type, profile.network.type)
    gan = any(stage.gan for stage in profile.stages)
    cells = (name, network, f"{short(profile.iterations):>10}", "GAN" if gan else "PSNR", profile.about)
    return Option(name=name, sign="(•)" if taken else "( )", sign_kind="accent" if taken else "quiet", cells=cells)


def _network(profile: Profile) -> str:
    network = profile.network
    named = (("features", "channels"), ("convs", "layers"), ("blocks", "blocks"))
    options = [f"{getattr(network, name)} {word}" for name, word in named if hasattr(network, name)]
    return f"{NETWORKS.get(network.type, network.type)}, {', '.join(options)}"


def _stages(profile: Profile) -> Sheet:
    alone = len(profile.stages) == 1
    blocks = []
    for number, stage in enumerate(profile.stages, start=1):
        label = "each" if alone else f"stage {number}"
        before = "" if alone else f"{short(stage.iterations)} × "
        blocks.append(fact(label, f"{before}{stage.batch} crops of {stage.gt_size}×{stage.gt_size} pixels"))
        blocks.append(fact("", f"{_aims(stage)}, rate {stage.optimizer.lr:g}, {_schedule(stage.schedule)}"))
    return tuple(blocks)


def _aims(stage: Stage) -> str:
    """What is made small, by name: ``l1, perceptual, GAN``."""
    losses = stage.losses
    plain = [name for name in ("l1", "mse", "charbonnier", "frequency", "ms_ssim", "ldl") if getattr(losses, name)]
    more = ["perceptual"] if losses.perceptual else []
    return ", ".join([*(name.replace("_", "-") for name in plain), *more, *(["GAN"] if stage.gan else [])])


def _schedule(schedule: Schedule) -> str:
    periods = getattr(schedule, "periods", 1)
    return f"{schedule.type} ×{periods}" if periods > 1 else schedule.type
