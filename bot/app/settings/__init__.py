"""The settings: the only reader of configuration files and of the environment."""

from bot.app.settings.chains import ChainSettings, TokenSettings
from bot.app.settings.hedge import BandSettings, GuardSettings, HedgeSettings, UnderlyingSettings
from bot.app.settings.load import Loaded, build, load
from bot.app.settings.origins import Layer, Origins
from bot.app.settings.problems import ConfigErrors
from bot.app.settings.root import BotSettings, LogFormat, LogLevel, LogSettings, Settings
from bot.app.settings.venues import MarkSource, PaperClock, VenueSettings

__all__ = [
    "BandSettings",
    "BotSettings",
    "ChainSettings",
    "ConfigErrors",
    "GuardSettings",
    "HedgeSettings",
    "Layer",
    "Loaded",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "MarkSource",
    "Origins",
    "PaperClock",
    "Settings",
    "TokenSettings",
    "UnderlyingSettings",
    "VenueSettings",
    "build",
    "load",
]
