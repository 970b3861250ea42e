"""Measure and draw docs/degradations.md: ``python docs/make_degradations.py PHOTOS FOOTAGE [FOLDER]``.

Writes docs/pictures/degradation-*.png and prints the table of docs/degradations.md: what `minidv` makes of photographs,
beside real interlaced footage (a video), both as the tape has them, before deinterlacing. The pictures show dead leaves
and what was measured, for photographs and footage belong to others; with FOLDER, beside.png is written there, which
shows the frames themselves to whoever has them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from srtui_kernels import dead_leaves, resize, to_planes

from srtui.config import shipped
from srtui.config.degradation import Degradation, Deinterlace, Scenario
from srtui.degradation import clip
from srtui.degradation.scenarios import degrade, resolve
from srtui.footage.sharpness import sharpness

Luma = NDArray[np.uint8]
Picture = NDArray[np.uint8]
PICTURES = Path(__file__).resolve().parent / "pictures"
SCALE, SIZE = 2, (1152, 1440)  # gt of a PAL frame
DRAWS = 2  # of each photograph


def spectrum(luma_hw: Luma) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies from 1/64 to 1/2 cycles a pixel along the rows of one field, and the mean power there."""
    field = luma_hw[0::2].astype(np.float64)
    window = np.hanning(field.shape[1])
    power = (np.abs(np.fft.rfft((field - field.mean(axis=1, keepdims=True)) * window)) ** 2).mean(axis=0)
    frequency = np.fft.rfftfreq(field.shape[1])
    return frequency[frequency >= 1 / 64], power[frequency >= 1 / 64] + 1e-9


def slope(luma_hw: Luma) -> float:
    """Exponent of one field's power spectrum along rows, from 1/32 to 3/8 cycles a pixel."""
    frequency, power = spectrum(luma_hw)
    band = (frequency >= 1 / 32) & (frequency <= 3 / 8)
    return float(np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0])


def blockiness(luma_hw: Luma) -> float:
    """Mean step across the borders of 8×8 blocks, over that elsewhere (horizontally); 1 is none."""
    steps = np.abs(np.diff(luma_hw.astype(int), axis=1)).mean(axis=0)
    borders = np.arange(7, steps.size, 8)
    elsewhere = np.delete(steps, np.concatenate([borders, borders - 1, borders + 1 - (borders + 1 >= steps.size)]))
    return float(steps[borders].mean() / elsewhere.mean())


def grain(luma_hw: Luma) -> float:
    """Noise: the median over the flattest tenth of 16×16 blocks of a field, of the diagonal differences' deviation."""
    field = luma_hw[0::2].astype(np.float64)
    rows, columns = (side // 16 * 16 for side in field.shape)
    diagonal = (field[:-1, :-1] - field[1:, :-1] - field[:-1, 1:] + field[1:, 1:]) / 2
    diagonal = np.pad(diagonal, ((0, 1), (0, 1)))[:rows, :columns]
    blocks = diagonal.reshape(rows // 16, 16, columns // 16, 16).std(axis=(1, 3)).ravel()
    return float(np.median(np.sort(blocks)[: max(blocks.size // 10, 1)]))


def combing(luma_hw: Luma) -> float:
    """How much more neighbouring lines differ than lines of one field; below 1 where nothing moves."""
    lines = luma_hw.astype(int)
    return float(np.abs(np.diff(lines, axis=0)).mean() / np.abs(lines[2:] - lines[:-2]).mean())


MEASURES: dict[str, Callable[[Luma], float | None]] = {
    "sharpness of one field": sharpness,
    "spectrum slope": slope,
    "blockiness": blockiness,
    "noise": grain,
    "combing": combing,
}


def row(name: str, frames: list[Luma]) -> str:
    """Medians and the middle half of the frames, one cell for each measure."""
    cells = []
    for measure in MEASURES.values():
        values = [value for frame in frames if (value := measure(frame)) is not None]
        low, middle, high = np.percentile(values, [25, 50, 75])
        cells.append(f"{middle:.2f} ({low:.2f} … {high:.2f})")
    return f"| {name} | {len(frames)} | " + " | ".join(cells) + " |"


def photographs(folder: Path) -> Iterator[Picture]:
    """Photographs that fill gt of a PAL frame, reduced to it."""
    for path in sorted(folder.glob("*.png")):
        with Image.open(path) as file:
            picture = np.asarray(file.convert("RGB"))
        share = max(SIZE[0] / picture.shape[0], SIZE[1] / picture.shape[1])
        if share <= 1:
            width, height = (
                max(round(side * share), least) for side, least in zip(picture.shape[1::-1], SIZE[::-1], strict=True)
            )
            yield np.ascontiguousarray(resize(picture, width, height)[: SIZE[0], : SIZE[1]])


def woven(gt_hwc: Picture, scenario: Scenario, key: int) -> Picture:
    """What is on the tape: the scenario without its deinterlacer."""
    steps = resolve(scenario, SCALE, gt_hwc.shape[1], gt_hwc.shape[0], key)
    return clip.run(gt_hwc, [step for step in steps if not isinstance(step, clip.Deinterlace)], key)


def footage(path: Path) -> list[Picture]:
    """Every frame of a video, as it is coded."""
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


def luma_of(picture_hwc: Picture) -> Luma:
    """BT.601, 16 to 235."""
    return to_planes(picture_hwc, "4:4:4").y


def detail(picture_hwc: Picture, top: int, left: int, zoom: int) -> Image.Image:
    """160×120 pixels, enlarged."""
    cut = np.ascontiguousarray(picture_hwc[top : top + 120, left : left + 160])
    return Image.fromarray(cut).resize((160 * zoom, 120 * zoom), Image.Resampling.NEAREST)


def sheet(name: str, panels: list[Image.Image]) -> None:
    """Put pictures beside each other and save them small."""
    whole = Image.new(
        "RGB", (sum(each.width for each in panels) + 8 * (len(panels) - 1), panels[0].height), (24, 24, 24)
    )
    left = 0
    for each in panels:
        whole.paste(each, (left, 0))
        left += each.width + 8
    whole.quantize(160, dither=Image.Dither.NONE).save(PICTURES / f"degradation-{name}.png", optimize=True)


def chart(tapes: dict[str, list[Luma]]) -> None:
    """Draw the mean spectra, both axes logarithmic, power relative to that at 1/64 cycles a pixel."""
    width, height, left, bottom = 560, 320, 46, 30
    image = Image.new("RGB", (width, height), (250, 250, 250))
    draw = ImageDraw.Draw(image)
    for octave in range(6):
        x = left + (width - left - 10) * octave / 5
        draw.line([(x, 8), (x, height - bottom)], (225, 225, 225))
        draw.text((x, height - bottom + 6), f"1/{64 >> octave}", (60, 60, 60), anchor="ma")
    for decades in range(6):
        y = 8 + (height - bottom - 8) * decades / 5
        draw.line([(left, y), (width - 10, y)], (225, 225, 225))
        draw.text((left - 6, y), f"1e-{decades}" if decades else "1", (60, 60, 60), anchor="rm")
    colours = [(200, 40, 40), (40, 110, 60), (40, 70, 200), (130, 60, 160), (150, 150, 150)]
    for number, ((name, frames), colour) in enumerate(zip(tapes.items(), colours, strict=True)):
        frequency = spectrum(frames[0])[0]
        power = np.exp(np.mean([np.log(spectrum(frame)[1]) for frame in frames], axis=0))
        power = np.convolve(np.pad(power, 3, "edge"), np.ones(7) / 7, "valid")
        across = left + (width - left - 10) * np.log2(frequency * 64) / 5
        down = 8 - (height - bottom - 8) * np.log10(power / power[0]) / 5
        points = [(x, min(y, height - bottom)) for x, y in zip(across.tolist(), down.tolist(), strict=True)]
        draw.line(points, colour, 2)
        draw.text((width - 14, 14 + 15 * number), name, colour, anchor="ra")
    image.quantize(64, dither=Image.Dither.NONE).save(PICTURES / "degradation-spectra.png", optimize=True)


def planes(tapes: dict[str, list[Luma]]) -> None:
    """Draw the mean power of whole frames over both frequencies, 60 dB from white to black; the middle is 0."""
    panels = []
    for name, frames in tapes.items():
        cuts = [frame[32:544, 104:616].astype(np.float64) for frame in frames]
        window = np.hanning(512)[:, None] * np.hanning(512)
        power = np.mean([np.abs(np.fft.fft2((cut - cut.mean()) * window)) ** 2 for cut in cuts], axis=0)
        level = 10 * np.log10(np.fft.fftshift(power / power.max()) + 1e-12)
        shown = level.reshape(128, 4, 128, 4).mean(axis=(1, 3))
        panel = Image.new("L", (160, 182), 24)
        grey = Image.fromarray(np.clip(255 * (1 + shown / 60), 0, 255).astype(np.uint8))
        panel.paste(grey.resize((160, 160), Image.Resampling.NEAREST), (0, 0))
        ImageDraw.Draw(panel).text((80, 165), name, 230, anchor="ma")
        panels.append(panel.convert("RGB"))
    sheet("planes", panels)


def beside(tapes: dict[str, list[Picture]], folder: Path) -> None:
    """Put details of frames one below the other, a row for each kind."""
    rows = []
    for frames in tapes.values():
        panels = [np.asarray(detail(frame, 220, left, 2)) for frame in frames[:3] for left in (200, 400)]
        rows.append(np.concatenate(panels, axis=1))
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(rows)).save(folder / "beside.png")


def examples(degradation: Degradation) -> None:
    """Draw what each scenario makes of dead leaves."""
    leaves = dead_leaves(SIZE[0], SIZE[1], 11)
    sheet("woven", [detail(woven(leaves, degradation.scenarios[1], key), 200, 280, 2) for key in (3, 4, 6)])
    for scenario in degradation.scenarios:
        spoiled = degrade(leaves, scenario, SCALE, 5)
        sheet(scenario.name, [detail(spoiled, 200, 280, 2), Image.fromarray(leaves[400:640, 560:880])])


def main(photos: Path, video: Path, folder: Path | None = None) -> None:
    """Print the table and write the pictures."""
    degradation = shipped.degradation("minidv", Path())
    assert all(isinstance(scenario.steps[-1], Deinterlace) for scenario in degradation.scenarios)
    pictures = list(photographs(photos))
    frames = {"real footage": footage(video)}
    for scenario in degradation.scenarios:
        drawn = [woven(picture, scenario, key) for key, picture in enumerate(pictures * DRAWS)]
        frames[f"minidv: {scenario.name}"] = drawn
    frames["photographs, reduced"] = [resize(picture, 720, 576) for picture in pictures]
    if folder is not None:
        beside(frames, folder)
    tapes = {name: [luma_of(each) for each in found] for name, found in frames.items()}
    print(f"| frames of the tape | number | {' | '.join(MEASURES)} |")
    print("|---" * (len(MEASURES) + 2) + "|")
    for name, lumas in tapes.items():
        print(row(name, lumas))
    chart(tapes)
    planes(tapes)
    examples(degradation)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
