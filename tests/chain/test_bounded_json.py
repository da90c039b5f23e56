"""Answers are read within bounds: bytes on the wire and unpacked, values, depth."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chain import bounded_json

VALUES = st.recursive(
    st.none() | st.integers() | st.text(st.sampled_from('a[]{}",\\\n'), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('[]{"\\', max_size=3), inner, max_size=3),
    max_leaves=30,
)


async def chunks(raw: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for at in range(0, len(raw), size):
        yield raw[at : at + size]


def depth(value: object) -> int:
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 1 + max(map(depth, value.values()), default=0) if isinstance(value, dict) else 0


@given(VALUES)
def test_what_is_json_is_parsed_as_the_standard_library_does(value: object) -> None:
    assert bounded_json.parse(json.dumps(value).encode()) == value


@given(VALUES, st.integers(0, 70))
def test_what_nests_deeper_than_the_bound_is_refused(value: object, wraps: int) -> None:
    for _ in range(wraps):
        value = [value, "]]]", {}]
    raw = json.dumps(value).encode()
    if depth(value) > bounded_json.MAX_DEPTH:
        with pytest.raises(ValueError, match="deep"):
            bounded_json.parse(raw)
    else:
        assert bounded_json.parse(raw) == value


def test_no_depth_ends_the_process_once_web3_is_imported() -> None:
    code = (
        "import sys; limit = sys.getrecursionlimit()\n"
        "import bot.chain.provider, json\n"
        "assert sys.getrecursionlimit() == limit, sys.getrecursionlimit()\n"
        "from bot.chain import bounded_json\n"
        "for parse in (bounded_json.parse, json.loads):\n"
        "    try: parse(b'[' * 100_000)\n"
        "    except (ValueError, RecursionError): print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603 - ours
    assert done.stdout.split() == ["refused", "refused"]


@pytest.mark.parametrize("raw", [b"[" + b"[]," * 400_001 + b"[]]", b"[" + b"1," * 400_001 + b"1]", b"{" * 500_000])
def test_more_values_than_any_answer_has_are_refused_before_they_are_parsed(raw: bytes) -> None:
    with pytest.raises(bounded_json.TooLargeError):
        bounded_json.parse(raw)


@pytest.mark.parametrize("encoding", ["", "identity"])
async def test_a_body_is_read_up_to_its_bound(encoding: str) -> None:
    assert await bounded_json.read(chunks(b"x" * 5000), encoding, limit=5000) == b"x" * 5000
    with pytest.raises(bounded_json.TooLargeError):
        await bounded_json.read(chunks(b"x" * 5001), encoding, limit=5000)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_what_is_packed_all_the_same_is_unpacked_within_the_bound(encoding: str, pack: object) -> None:
    assert callable(pack)
    assert await bounded_json.read(chunks(pack(b"x" * 5000), 7), encoding, limit=5000) == b"x" * 5000
    bomb = pack(bytes(50_000_000))
    assert len(bomb) < 60_000
    with pytest.raises(bounded_json.TooLargeError):
        await bounded_json.read(chunks(bomb), encoding, limit=1_000_000)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "\x00"])
async def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(ValueError, match="not asked for"):
        await bounded_json.read(chunks(b"{}"), encoding)


async def test_what_is_not_packed_as_it_says_is_refused() -> None:
    with pytest.raises(ValueError, match="not compressed"):
        await bounded_json.read(chunks(b"{}"), "gzip")
