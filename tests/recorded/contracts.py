"""Answers and events of contracts that no package carries, as somebody published them: words in their order."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from tests.recorded.files import FOLDER, Certainty

FILES: Final = ("camelot_v3", "metadex03", "pancake_v3", "ramses_v2")
_INTEGER: Final = re.compile(r"(u?)int(\d+)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a contract answered to a call; without words only the types are known."""

    source: str
    certainty: Certainty
    contract: str
    call: str
    types: Sequence[str]
    names: Sequence[str]
    words: Sequence[int]
    rest: dict[str, Any]

    @property
    def data(self) -> bytes:
        """The words as the node gives them."""
        return b"".join((word % 2**256).to_bytes(json_rpc.WORD) for word in self.words)

    def __getitem__(self, name: str) -> int:
        return self.words[self.names.index(name)]


@dataclass(frozen=True, slots=True)
class Event:
    """A log."""

    source: str
    certainty: Certainty
    event: str
    topics: tuple[str, ...]
    data: bytes
    rest: dict[str, Any]


@cache
def _raw(name: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / "contracts" / f"{name}.json").read_text("utf-8"))
    return found


def answers(name: str, call: str = "") -> list[Answer]:
    """Return a file's answers, all or those to one call."""
    return [
        Answer(
            one["source"],
            Certainty(one["certainty"]),
            one["contract"],
            one["call"],
            one["types"],
            one.get("names", ()),
            [int(word) for word in one.get("words", ())],
            one,
        )
        for one in _raw(name)["answers"]
        if call in {"", one["call"]}
    ]


def events(name: str, event: str = "") -> list[Event]:
    """Return a file's logs, all or those of one event."""
    return [
        Event(
            one["source"],
            Certainty(one["certainty"]),
            one["event"],
            tuple(one["topics"]),
            bytes.fromhex(one["data"][2:]),
            one,
        )
        for one in _raw(name)["logs"]
        if event in {"", one["event"]}
    ]


def fits(types: Sequence[str], data: bytes) -> bool:
    """Tell whether an answer has as many words as there are types, each within its type."""
    words = len(data) // json_rpc.WORD
    return len(data) == len(types) * json_rpc.WORD and all(_fits(types[at], data, at) for at in range(words))


def _fits(kind: str, data: bytes, at: int) -> bool:
    if integer := _INTEGER.fullmatch(kind):
        bits, word = int(integer[2]), json_rpc.uint(data, at)
        return word < 1 << bits if integer[1] else -(1 << bits - 1) <= json_rpc.sint(data, at) < 1 << bits - 1
    return json_rpc.uint(data, at) < {"address": 1 << 160, "bool": 2}[kind]


def asked(call: str, *arguments: bytes) -> str:
    """Return the data of a call as JSON has it."""
    return f"0x{(selector(call) + b''.join(arguments)).hex()}"
