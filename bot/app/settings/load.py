"""From sources to settings: merge, validate, cross-check, and report all errors at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Final

from pydantic import ValidationError

from bot.app.settings.checks import cross_check
from bot.app.settings.old_keys import modernised
from bot.app.settings.origins import Layer, Origins, merge
from bot.app.settings.paths import anchored
from bot.app.settings.problems import from_validation, raise_all
from bot.app.settings.risk import profile_layer
from bot.app.settings.root import LAYERS, Settings
from bot.app.settings.sources import BESIDE, flags, read_environment, read_secrets, read_toml
from bot.core.errors import ConfigError

_BAND: Final = "hedge.band"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, where each of their values came from, and which keys are deprecated."""

    settings: Settings
    origins: Origins
    warnings: tuple[str, ...] = ()


def load(
    files: Sequence[FilePath],
    environ: Mapping[str, str],
    *,
    overrides: Mapping[str, str] | None = None,
    live: bool = False,
    keyless: bool = False,
) -> Loaded:
    """Load the configuration: files (later wins) < secrets directory < environment < flags.

    Args:
        files: TOML files.
        environ: the environment, ``os.environ`` as a rule.
        overrides: flags as dotted keys and values, such as ``{"log.level": "debug"}``.
        live: whether ``--live`` was given.
        keyless: whether nothing will be asked of a venue that takes a key, so that none is needed, nor ``--live``.

    Raises:
        ConfigError: something is wrong; ConfigErrors where several things are.
    """
    layers, moved = anchored([read_toml(file) for file in files])
    layers += read_secrets(environ, merge(layers)[0], files[0].absolute().parent / BESIDE if files else None)
    layers += read_environment(environ, merge(layers)[0])
    if any(key.startswith(f"{_BAND}.") for key in overrides or {}):
        layers = [_without_band(layer) for layer in layers]
    loaded = build([*layers, *flags(overrides or {})], live=live, keyless=keyless)
    return replace(loaded, warnings=(*moved, *loaded.warnings))


def _without_band(layer: Layer) -> Layer:
    """Leave out how the band is set: only one way may be, and a flag's takes the place of any other."""
    hedge = layer.values.get("hedge")
    if not isinstance(hedge, Mapping):
        return layer
    return Layer(layer.source, {**layer.values, "hedge": {key: hedge[key] for key in hedge if key != "band"}})


def build(layers: list[Layer], *, live: bool = False, keyless: bool = False) -> Loaded:
    """Merge layers, validate and cross-check them; raises as ``load`` does."""
    written, _ = merge(layers)
    if not written:
        raise ConfigError("no configuration given; pass -c FILE (`dnbot config init FILE` writes an example)")
    layers, warnings = modernised([*profile_layer(written), *layers])
    _, origins = merge(layers)
    token = LAYERS.set(tuple(layers))
    try:
        settings = Settings.model_validate({})
    except ValidationError as error:
        found = from_validation(error, origins)
        raise_all(found)
        raise
    finally:
        LAYERS.reset(token)
    raise_all(cross_check(settings, origins, live=live, keyless=keyless))
    return Loaded(settings, origins, warnings)
