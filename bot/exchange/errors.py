"""Errors of venue reads, and of writes that are kept from leaving, named by what they mean for the caller."""

from __future__ import annotations

from bot.core.errors import DnbotError, Retryable


class Unreachable(Retryable):
    """No answer: connection, time-out or an overloaded venue; asking again soon may help."""


class Unbelievable(Retryable):
    """An answer that can't be what the venue meant: HTML, empty, cut, a missing field, a contradiction, too old."""


class Refusal(Retryable):
    """The venue answered with an error of its own.

    Args:
        status: the HTTP status.
        code: the venue's error code, as text; empty where it gave none.
        message: the venue's words, redacted.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"the venue answered {status} {code} {message}".rstrip())
        self.status = status
        self.code = code
        self.message = message


class Busy(Retryable):
    """The request budget is used up, or the venue asked for silence; nothing was sent.

    Args:
        message: which budget.
        seconds: how long until it may be tried again.
    """

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(f"{message}; free again in {seconds:.1f} s")
        self.seconds = seconds


class NotSent(DnbotError):  # noqa: N818 - named by what it proves
    """A request that this side held back: it is proven that nothing left."""
