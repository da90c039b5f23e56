"""Logging: structlog for everything, standard loggers included; pretty on a terminal, JSON lines elsewhere.

A cycle's id and the like are bound with ``structlog.contextvars.bound_contextvars(cycle=…)`` and show in every line.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable
from typing import Final, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from bot.app.redact import Redactor
from bot.core.printable import printable

CHATTY: Final = (
    "web3",
    "aiohttp",
    "urllib3",
    "ccxt",
    "asyncio",
    "websockets",
    "sqlalchemy",
    "alembic",
    "matplotlib",
    "telegram",
)
"""Libraries whose lower levels are noise, or print keys and signatures: never below WARNING."""


def configure(level: str, format: str, secrets: Iterable[str], stream: TextIO) -> None:  # noqa: A002 - the setting's name
    """Send every log line to ``stream``, without secrets.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        format: ``pretty``, ``json``, or ``auto``: pretty where the stream is a terminal.
        secrets: strings that no line may hold, in its event, its values or an exception's text.
        stream: where lines go, one each (an exception's traceback follows its line where it is pretty).
    """
    pretty = format == "pretty" or (format == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[*_renderers(pretty=pretty, colours=stream.isatty()), _Redact(Redactor(secrets))],
        )
    )
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old.formatter, ProcessorFormatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _renderers(*, pretty: bool, colours: bool) -> list[Processor]:
    if pretty:
        return [
            ProcessorFormatter.remove_processors_meta,
            _as_text,
            structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=_traceback),
        ]
    return [
        ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(default=str),
    ]


def _as_text(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Remove control characters of foreign text from an event."""
    return {key: printable(value) if isinstance(value, str) else value for key, value in event.items()}


def _traceback(stream: TextIO, failed: ExcInfo) -> None:
    """Write a traceback as text; a fancy one prints local variables and splits secrets, which then escape redaction."""
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, failed)
    stream.write("\n".join(map(printable, plain.getvalue().split("\n"))))


class _Redact:
    """The last step: redacts the line as it will be written, so that nothing goes around it."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact

    def __call__(self, _logger: WrappedLogger, _name: str, line: EventDict | str) -> str:
        return self._redact(str(line))
