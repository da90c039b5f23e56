"""Validate an HTTP answer before anything parses it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.exchange.errors import Refusal, Unbelievable, Unreachable
from bot.exchange.facts import VenueFacts

_OK: Final = 200
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: ``code`` and ``message`` are the venue's own, ``body`` is None where it is no JSON."""

    is_read: bool
    path: str
    status: int
    code: str
    message: str
    body: object


def parsed(content_type: str, body: bytes) -> object:
    """Return a body as JSON, or None where it is something else."""
    if "json" not in content_type.lower():
        return None
    try:
        result: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return result


def fault(answer: Answer, facts: VenueFacts) -> Refusal | Unbelievable | Unreachable | None:
    """Return what is wrong with an answer, or None where it is a success of the right shape."""
    if answer.status >= _SERVER_ERROR and answer.body is None:
        return Unreachable(f"the venue answered {answer.status} without a word that can be read")
    refused = isinstance(answer.body, Mapping) and answer.code not in facts.ok_codes
    if answer.status != _OK or refused:
        if answer.body is None or (answer.status == _OK and not answer.code):
            return Unbelievable(f"{answer.path}: {answer.status} with a body that is no answer of this venue")
        return Refusal(answer.status, answer.code, answer.message)
    return _of_read(answer, facts) if answer.is_read else _of_write(answer, facts)


def _of_write(answer: Answer, facts: VenueFacts) -> Unbelievable | None:
    """Some writes are answered with a success of no content, but always with an object."""
    body = answer.body
    if not isinstance(body, Mapping) or not body or (facts.payload is not None and facts.payload not in body):
        return Unbelievable(f"{answer.path}: no write is answered like this")
    return None


def _of_read(answer: Answer, facts: VenueFacts) -> Unbelievable | None:
    payload = answer.body
    if facts.payload is not None:
        if not isinstance(payload, Mapping) or facts.payload not in payload:
            return Unbelievable(f"{answer.path}: the body has no '{facts.payload}'")
        payload = payload[facts.payload]
    shape = facts.shapes.get(answer.path)
    if shape is not None and shape.is_text:
        return None if isinstance(payload, str) and payload else Unbelievable(f"{answer.path}: the body is no text")
    if payload is None and shape is not None and shape.may_be_null:
        return None
    if not isinstance(payload, list) and not (isinstance(payload, Mapping) and payload):
        return Unbelievable(f"{answer.path}: an empty body")
    if shape is not None and shape.is_list is not isinstance(payload, list):
        return Unbelievable(f"{answer.path}: the body is {'no' if shape.is_list else 'a'} list")
    missing = [key for key in shape.keys if key not in payload] if shape is not None else []
    return Unbelievable(f"{answer.path}: the body lacks {', '.join(missing)}") if missing else None
