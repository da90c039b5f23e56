"""The doctor's findings: one line each, with the remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The severity of a finding."""

    OK = "ok"
    SKIP = "skip"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: ``fix`` says what would make it right, and is empty where it is."""

    check: str
    level: Level
    message: str
    fix: str = ""


def ok(check: str, message: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(check, Level.OK, message)


def skip(check: str, message: str) -> Finding:
    """Return a finding that something was not checked, and why."""
    return Finding(check, Level.SKIP, message)


def warn(check: str, message: str, fix: str) -> Finding:
    """Return a finding that something works, but not as it should."""
    return Finding(check, Level.WARN, message, fix)


def fail(check: str, message: str, fix: str) -> Finding:
    """Return a finding that something does not work."""
    return Finding(check, Level.FAIL, message, fix)
