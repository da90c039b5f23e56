"""Reading an answer within bounds: bytes on the wire and unpacked, how many values it holds, and how deep they nest.

A JSON value costs up to twenty times its text in memory, so that its values are counted before it is parsed. The parser
descends on the C stack: what bounds it is Python's recursion limit, which libraries raise (py_ecc, which web3 imports,
sets 100,000), and then an answer of ten thousand brackets ends the process. So the depth is checked before, too.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import AsyncIterator
from itertools import accumulate
from typing import Final

MAX_BYTES: Final = 16_000_000
"""The largest true answers are 10,000 logs (7 MB) and a full multicall (3 MB)."""
MAX_ERROR_BYTES: Final = 64_000
"""An error's body, whatever comes with its status."""
MAX_VALUES: Final = 400_000
"""10,000 logs hold some 150,000 values."""
MAX_DEPTH: Final = 64
_STRINGS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS: Final = bytes(set(range(256)) - _BRACKETS.keys())
_WINDOW: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class TooLargeError(ValueError):
    """An answer exceeds a bound."""


async def read(chunks: AsyncIterator[bytes], encoding: str, limit: int = MAX_BYTES) -> bytes:
    """Read a body up to ``limit`` bytes, those after decompression included; no more is ever held.

    Args:
        chunks: the body as it comes.
        encoding: its Content-Encoding. ``identity`` is asked for; some gateways compress all the same.
        limit: bytes.

    Raises:
        TooLargeError: it is larger.
        ValueError: it is not encoded as it says, or in a way that was not asked for.
    """
    unpack = None
    if encoding not in {"", "identity"}:
        if encoding not in _WINDOW:
            raise ValueError(f"the encoding {encoding[:20]!r} was not asked for")
        unpack = zlib.decompressobj(_WINDOW[encoding])
    parts, size = [], 0
    async for chunk in chunks:
        part = chunk
        if unpack is not None:
            try:
                part = unpack.decompress(chunk, limit - size + 1)
            except zlib.error as error:
                raise ValueError("not compressed as it says") from error
        size += len(part)
        if size > limit:
            raise TooLargeError(f"more than {limit} bytes")
        parts.append(part)
    return b"".join(parts)


def parse(raw: bytes) -> object:
    """Parse JSON.

    Raises:
        TooLargeError: it holds more than MAX_VALUES values.
        ValueError: it is no JSON, or nests deeper than MAX_DEPTH.
    """
    opened = raw.count(b"[") + raw.count(b"{")
    if raw.count(b",") + opened > MAX_VALUES:
        raise TooLargeError(f"more than {MAX_VALUES} values")
    if opened > MAX_DEPTH and _depth(raw) > MAX_DEPTH:
        raise ValueError("nests too deep")
    parsed: object = json.loads(raw)
    return parsed


def _depth(raw: bytes) -> int:
    """Return how deep brackets nest, those inside of strings left aside."""
    # Without escapes a string ends at the next quote, so that what is not a quote may go before strings are looked for.
    text = raw if b"\\" in raw else raw.translate(None, _NO_BRACKETS.replace(b'"', b""))
    brackets = _STRINGS.sub(b"", text).translate(None, _NO_BRACKETS)
    return max(accumulate(_BRACKETS[bracket] for bracket in brackets), default=0)
