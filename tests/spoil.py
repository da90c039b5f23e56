"""Answers that nobody should give, made from true ones by a seeded hand: for the tests, and many more for the soak."""

from __future__ import annotations

import ctypes
import gc
import gzip
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

INPUTS: Final = 2_000
"""Inputs over each wire in ``make test``."""
GROWTH: Final = 50e6
"""Bytes that the process may grow by."""
Json = Any  # whatever json.loads gives
ODD: Final[tuple[Json, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    2**53,
    2**256,
    1.5,
    "",
    "0x",
    "0x0",
    "0xzz",
    "0x" + "f" * 64,
    "0x" + "f" * 65,
    "0x" + "0" * 100_000,
    "\ud800",
    "\u202e\x1b[31m",
    "null",
    [],
    {},
    [[]],
    [None] * 1_000,
    {"result": "0x1"},
    {"code": -32000, "message": "execution reverted"},
    {"code": "3", "message": {}, "data": []},
    {"code": 3, "message": None, "data": "0x" + "08c379a0" * 1_000},
)
RAW: Final[tuple[bytes, ...]] = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b"[" * 20_000,
    b'{"a":' * 5_000,
    b"9" * 10_000,
    b"1e999999",
    b"NaN",
    b'{"jsonrpc":"2.0","id":1,"result":"' + b"a" * 200_000,
    b"<html>",
    b"[" + b"[]," * 100_000 + b"[]]",
)


def mutated(value: Json, draw: random.Random) -> Json:
    """Change one spot of a value, however deep: another value, a field less, one twice, a text bent."""
    if not value or draw.random() < 0.15:
        return draw.choice(ODD)
    match value:
        case dict():
            return _mutated_object(value, draw)
        case list():
            return _mutated_list(value, draw)
        case str():
            at = draw.randrange(len(value))
            bent = value[:at] + draw.choice("0fgx\0é") + value[at + 1 :]
            return draw.choice([value[:at], bent, value + value[at:], value.upper()])
        case _:
            return draw.choice(ODD)


def _mutated_object(value: dict[str, Json], draw: random.Random) -> Json:
    key, chance = draw.choice(list(value)), draw.random()
    if chance < 0.12:
        return {name: inner for name, inner in value.items() if name != key}
    if chance < 0.2:
        return value | {draw.choice(["id", "error", "result", "x"]): draw.choice(ODD)}
    return value | {key: mutated(value[key], draw)}


def _mutated_list(value: list[Json], draw: random.Random) -> Json:
    at, chance = draw.randrange(len(value)), draw.random()
    if chance < 0.12:
        return value[:at] + value[at + 1 :]
    if chance < 0.2:
        return [*value, value[at]]
    return [*value[:at], mutated(value[at], draw), *value[at + 1 :]]


def spoiled(answer: Json, draw: random.Random) -> bytes:
    """Return the bytes of an answer that is not what it should be any more, or, now and then, still is."""
    chance = draw.random()
    if chance < 0.06:
        return draw.choice(RAW)
    raw = json.dumps(mutated(answer, draw)).encode()
    if chance < 0.16 and raw:
        cut = draw.randrange(len(raw))
        return raw[:cut] + bytes([draw.randrange(256)]) * draw.randrange(3) + raw[cut + draw.randrange(4) :]
    return raw


def headers(draw: random.Random) -> tuple[int, dict[str, str], Callable[[bytes], bytes]]:
    """Return a status, headers, and what is done to the body for them."""
    chance = draw.random()
    status = draw.choice([400, 401, 403, 404, 413, 429, 500, 502, 503]) if chance < 0.15 else 200
    if chance < 0.9:
        return status, {}, bytes
    encoding = draw.choice(["gzip", "deflate", "br", "identity"])
    return status, {"Content-Encoding": encoding}, gzip.compress if draw.random() < 0.5 else bytes


def notifications(draw: random.Random) -> Iterator[bytes]:
    """Yield spoiled messages of a subscription to heads, without end."""
    number = 1
    while True:
        number += 1
        header = {
            "number": hex(number),
            "hash": "0x" + f"{number:064x}",
            "parentHash": "0x" + f"{number - 1:064x}",
            "timestamp": hex(1_700_000_000 + number),
            "extraData": "0x" + "d7" * 97,
        }
        params = {"subscription": "0x1", "result": header}
        yield spoiled({"jsonrpc": "2.0", "method": "eth_subscription", "params": params}, draw)


def resident() -> float:
    """Return this process's resident memory, bytes, without what the allocator only keeps for later (up to 64 MB)."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])
