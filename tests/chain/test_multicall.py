"""Multicalls: cut to what an endpoint takes, decoded strictly, a failure never a number."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chain import json_rpc
from bot.chain.batched_reads import Facts, Missing, Reads
from bot.chain.config import Limits
from bot.chain.multicall import Call, Failed, Multicall, Result, _Chunk, decode, encode
from bot.core.errors import Retryable
from bot.core.snapshot import BlockStamp
from bot.core.types import Address, BlockHash
from bot.demo.tx import calldata, decoded

SOMEWHERE = Address("0xcA11bde05977b3631167028862bE2a173976CA11")
WORD = json_rpc.WORD
BLOCK = BlockStamp(1, BlockHash("0x01"), BlockHash("0x00"), datetime(2026, 1, 1, tzinfo=UTC))
results = st.lists(st.tuples(st.booleans(), st.binary(max_size=100)), max_size=8)


def answer(items: list[tuple[bool, bytes]]) -> bytes:
    """Encode as the contract does, by an independent encoder."""
    return calldata("f((bool,bytes)[])", items)[4:]


@given(st.lists(st.binary(min_size=4, max_size=100), max_size=8))
def test_calls_are_encoded_as_the_contract_reads_them(datas: list[bytes]) -> None:
    encoded = encode([Call(SOMEWHERE, data) for data in datas])
    assert encoded == calldata("aggregate3((address,bool,bytes)[])", [(SOMEWHERE, True, data) for data in datas])


@given(results)
def test_results_are_decoded_as_the_contract_writes_them(items: list[tuple[bool, bytes]]) -> None:
    calls = [Call(SOMEWHERE, b"") for _ in items]
    expected: list[Result] = [data if success else Failed(data) for success, data in items]
    assert decode(answer(items), calls) == expected
    assert decoded("((bool,bytes)[])", answer(items))[0] == tuple(items)


@given(results.filter(bool), st.data())
def test_an_answer_that_was_cut_is_refused(items: list[tuple[bool, bytes]], data: st.DataObject) -> None:
    whole = answer([(success, item.ljust(WORD, b"x")) for success, item in items])
    cut = whole[: data.draw(st.integers(0, len(whole) - 4 * WORD))]
    with pytest.raises(Retryable):
        decode(cut, [Call(SOMEWHERE, b"") for _ in items])


@given(results, st.integers(0, 9))
def test_an_answer_to_another_number_of_calls_is_refused(items: list[tuple[bool, bytes]], count: int) -> None:
    if count != len(items):
        with pytest.raises(Retryable):
            decode(answer(items), [Call(SOMEWHERE, b"") for _ in range(count)])


def chunks(address: Address | None, limits: Limits, calls: list[Call]) -> tuple[_Chunk, ...]:
    plan = Multicall(address, limits).plan(calls)
    (found,) = plan.cuts.values()
    assert tuple(call for chunk in found for call in chunk.calls) == plan.calls == tuple(calls)
    return found


def test_plans_stay_below_the_limits_and_keep_the_order() -> None:
    calls = [Call(SOMEWHERE, bytes(4), gas=20_000) for _ in range(100)]
    by_gas = chunks(SOMEWHERE, Limits(max_call_gas=100_000), calls)
    assert [len(chunk.calls) for chunk in by_gas] == [4] * 25
    by_size = chunks(SOMEWHERE, Limits(max_call_bytes=1000), calls)
    assert all(len(chunk.data) < 2 * 1000 + 200 for chunk in by_size)
    by_count = chunks(None, Limits(max_batch=30), calls)
    assert [len(chunk.calls) for chunk in by_count] == [30, 30, 30, 10]


def test_a_revert_tells_its_reason_where_it_has_one() -> None:
    assert Failed(calldata("Error(string)", "Invalid token ID")).reason == "Invalid token ID"
    assert Failed(b"").reason == Failed(calldata("Panic(uint256)", 17)).reason == ""
    assert Failed(bytes.fromhex("08c379a0")).reason == ""


def test_reads_know_missing_failed_short_and_true_answers() -> None:
    missing, failed, short, true, fact = (Call(SOMEWHERE, bytes(4)) for _ in range(5))
    reads = Reads(Facts(), BLOCK)
    reads.add([failed, short, true, fact], [Failed(b""), bytes(31), bytes(32), bytes(32)])
    with pytest.raises(Missing):
        reads.take(missing)
    with pytest.raises(Retryable, match="failed"):
        reads.take(failed)
    with pytest.raises(Retryable, match="no answer"):
        reads.take(short)
    assert reads.take(true) == reads.fact(fact) == bytes(32)
    assert list(reads.wanted) == [missing]
    assert true in reads.used
    assert fact not in reads.used


@pytest.mark.parametrize("length", [0, 1, 31, 63])
def test_a_word_that_is_not_there_is_no_zero(length: int) -> None:
    for read in (json_rpc.uint, json_rpc.sint, json_rpc.address):
        with pytest.raises(Retryable, match="word 2"):
            read(bytes(length), 1)
        assert read(bytes(64), 1) is not None


@pytest.mark.parametrize("error", [OverflowError, IndexError, KeyError, ValueError, ZeroDivisionError])
def test_what_an_answer_does_to_its_reader_is_the_endpoints_fault(error: type[Exception]) -> None:
    with pytest.raises(json_rpc.OddAnswer, match=error.__name__), json_rpc.taken_at_their_word():
        raise error("int too big to convert")


def test_a_fact_is_read_once() -> None:
    facts, call = Facts(), Call(SOMEWHERE, bytes(4))
    first = Reads(facts, BLOCK)
    first.add([call], [bytes(32)])
    first.fact(call)
    later = Reads(facts, BLOCK)
    later.want([call])
    assert later.fact(call) == bytes(32)
    assert not later.wanted


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (calldata("f(string)", "WETH")[4:], "WETH"),
        (calldata("f(string)", "")[4:], ""),
        (b"MKR".ljust(32, b"\0"), "MKR"),
        (b"", ""),
        (calldata("f(string)", "a\x1b[31m\n")[4:], "a[31m"),
        (calldata("f(string)", "x" * 5000)[4:], "x" * 64),
        (calldata("f(bytes)", b"\xff\xfeA")[4:], "\ufffd\ufffdA"),
    ],
)
def test_symbols_are_read_as_strings_or_as_words_and_cleaned(raw: bytes, text: str) -> None:
    assert json_rpc.text(raw) == text
