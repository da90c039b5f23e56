"""Keys of earlier versions that mean something else now: still accepted, with a warning, and never misread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.app.settings.origins import Layer, Path
from bot.app.settings.problems import dotted

OLD_KEYS: Final[Mapping[Path, str]] = {
    ("risk", "stop", "grace"): (
        "counted cycles, and time is counted now, so its value is not used; write risk.stop.grace_time, a duration, "
        "or leave it out for one minute"
    ),
}
"""The warning for a key that is ignored, by its path."""


def old_path(variable: str) -> Path | None:
    """Return the path of an old key by its variable's name without prefix, whatever its case; None: it is none."""
    return next((path for path in OLD_KEYS if "__".join(map(str, path)).lower() == variable.lower()), None)


def modernised(layers: list[Layer]) -> tuple[list[Layer], tuple[str, ...]]:
    """Return the layers without old keys, and a warning for each one that was found."""
    warnings = []
    kept = []
    for layer in layers:
        values = layer.values
        for path, words in OLD_KEYS.items():
            without = _without(values, path)
            if without is not None:
                values = without
                warnings.append(f"{layer.source}: {dotted(path)} {words}")
        kept.append(Layer(layer.source, values))
    return kept, tuple(warnings)


def _without(values: Mapping[str, object], path: Path) -> Mapping[str, object] | None:
    """Return the values without what stands at a path; None where nothing does."""
    key = str(path[0])
    if key not in values:
        return None
    if len(path) == 1:
        return {name: value for name, value in values.items() if name != key}
    below = values[key]
    inner = _without(below, path[1:]) if isinstance(below, Mapping) else None
    return None if inner is None else {**values, key: inner}
