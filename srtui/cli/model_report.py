"""What is known of a network file as lines for people."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

_ASIDE = frozenset({"type"})


def lines(found: dict[str, Any]) -> Iterator[str]:
    """Lines about what a job made (``convert``, ``blend``), or about a file (``inspect``)."""
    state = found.get("state", "inspected")
    return _made(found) if state in {"converted", "blended"} else _inspected(found)


def _made(found: dict[str, Any]) -> Iterator[str]:
    yield _row("file", f"{found['output']}, {_size(found['size'])}")
    yield _row("network", found["network"])
    if found.get("weights"):
        yield _row("weights", found["weights"])
    if "numbers" in found:
        yield _row("numbers", found["numbers"])
    yield _row("overlap", f"{found['overlap']} pixels of the input")
    if "opset" in found:
        smallest = found["smallest"]
        sizes = "any size" if smallest == 1 else f"any size from {smallest}×{smallest} pixels on"
        yield _row("opset", f"{found['opset']}; pictures of {sizes}, batches of any")
    for size, difference in found.get("differences", {}).items():
        yield _row("checked", f"at {size} within {difference:.1e} of torch ({found['tolerance']:.1e} is allowed)")
    for each in found.get("parents", []):
        yield _row("parent", f"{each['share']:g} of {each['name']} ({each['digest']})")


def _inspected(found: dict[str, Any]) -> Iterator[str]:
    yield _row("file", f"{found['file']}, {_size(found['size'])}, {found['numbers']}")
    yield _row("network", _network(found))
    yield _row("parameters", f"{found['parameters']:,}")
    yield _row("overlap", f"{found['overlap']} pixels of the input")
    if found["weights"]:
        yield _row("weights", found["weights"])
    yield _row("digest", found["digest"])
    for each in found["parents"]:
        yield _row("parent", f"{each['share']:g} of {each['name']} ({each['digest']})")
    if found["recipe"] is None:
        yield _row("recipe", "none: a blend of its parents" if found["parents"] else "none: not trained by srtui")
        return
    yield from _recipe(found)


def _network(found: dict[str, Any]) -> str:
    from srtui.project.cards import OPTIONS

    options = found["network"]
    about = (inspect.getdoc(OPTIONS[options["type"]]) or options["type"]).partition(":")[0]
    if "architecture" in options:  # one of spandrel's
        about, options = options["architecture"], options["options"]
    sizes = ", ".join(f"{name} {value}" for name, value in options.items() if name not in _ASIDE)
    plain = ", without pixel-unshuffle" if found["plain"] else ""
    return f"{about}, ×{found['scale']}{plain}" + (f": {sizes}" if sizes else "")


def _recipe(found: dict[str, Any]) -> Iterator[str]:
    import yaml

    recipe, dataset, start = found["recipe"], found["dataset"], found["start"]
    torch = f", torch {found['torch']}" if found["torch"] else ""
    yield _row("trained by", f"srtui {found['srtui']}{torch}, seed {recipe.get('seed')}")
    if start:
        yield _row("begun from", f"{start.get('name')} ({start.get('digest') or 'digest unknown'})")
    if dataset:
        pictures = dataset.get("pictures") or {}
        yield _row("dataset", f"{pictures.get('train')} pictures to train on, {pictures.get('val')} to validate")
        yield _row("content", str(dataset.get("content")))
    text = yaml.safe_dump(_settings(recipe), sort_keys=False, allow_unicode=True, width=100)
    yield from text.rstrip().splitlines()
    yield "to train it again: srtui model recipe FILE --project FOLDER, then srtui run -p FOLDER"


def _settings(recipe: dict[str, Any]) -> dict[str, Any]:
    """What decides about the network, without what is as ever."""
    from srtui.config.reader import to_plain
    from srtui.project.retraining import plain_recipe

    request = plain_recipe(recipe)
    if request is None:
        return {"recipe": recipe}  # of another version of srtui: as it is
    shown: dict[str, Any] = {"profile": to_plain(request.profile, defaults=False)}
    if request.origin is not None:
        project = to_plain(request.origin.project, defaults=False)
        shown["project"] = {name: value for name, value in project.items() if name != "training"}
        shown["degradation"] = to_plain(request.origin.degradation, defaults=False)
    return shown


def _row(name: str, value: str) -> str:
    return f"{name:<12}{value}"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"
