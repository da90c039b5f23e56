"""A feed is believed where it is of the pair, positive and of today; else its price is unknown, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.chain.abi import selector
from bot.chain.dollar_feeds import KNOWN
from bot.core.errors import ConfigError
from bot.core.snapshot import ChainView
from bot.core.types import Address, ChainId
from bot.demo.chain import LocalChain
from tests.chain.setup import config_of, reading
from tests.demo.tricks import empty_blocks

FEED = Address("0x00000000000000000000000000000000000FeED1")
HOUR = 3600
ROUND, PAIR, DIGITS = (selector(name) for name in ("latestRoundData()", "description()", "decimals()"))


def text(words: str) -> bytes:
    raw = words.encode()
    return (32).to_bytes(32, "big") + len(raw).to_bytes(32, "big") + raw.ljust(-(-len(raw) // 32) * 32, b"\0")


def code(**answers: bytes) -> str:
    """Write code that answers each of these functions, named by selector, and reverts otherwise."""
    program = b"\x60\x00\x35\x60\xe0\x1c"
    for name, answer in answers.items():
        words = [answer[at : at + 32] for at in range(0, len(answer), 32)]
        stores = b"".join(b"\x7f" + word + b"\x60" + bytes([32 * at]) + b"\x52" for at, word in enumerate(words))
        body = stores + b"\x60" + bytes([32 * len(words)]) + b"\x60\x00\xf3"
        # unless the selector is this one, jump over the answer
        test = b"\x80\x63" + bytes.fromhex(name) + b"\x14\x15\x61"
        end = len(program) + len(test) + 3 + len(body)
        program += test + end.to_bytes(2, "big") + b"\x57" + body + b"\x5b"
    return "0x" + (program + b"\x60\x00\x60\x00\xfd").hex()


def feed(price: int, updated: int, *, pair: str = "USDT / USD", digits: int = 8) -> str:
    words = (7, price % 2**256, updated, updated, 7)
    return code(
        **{
            ROUND.hex(): b"".join(word.to_bytes(32, "big") for word in words),
            PAIR.hex(): text(pair),
            DIGITS.hex(): digits.to_bytes(32, "big"),
        }
    )


def told(view: ChainView) -> tuple[Decimal | None, str]:
    (one,) = view.dollars
    assert one.currency == "USDT"
    return one.price, one.source


@pytest.mark.chain
async def test_a_feed_is_read_at_every_block_and_what_it_can_not_tell_is_unknown(chain: LocalChain) -> None:
    config = replace(config_of(chain, owners=[chain.accounts[1]]), dollar_feeds={"USDT": FEED})

    async def shown(contract: str) -> tuple[Decimal | None, str]:
        await chain.rpc.call("anvil_setCode", FEED, contract)
        await empty_blocks(chain, 1)
        return told(await reader.read())

    async with reading(config) as reader:
        now = int((await reader.read()).block.timestamp.timestamp())
        assert (await shown("0x"))[0] is None
        assert (await shown(feed(99_970_000, now, pair="ETH / USD"))) == (
            None,
            f"feed {FEED} on local is of 'ETH/USD' and not of USDT/USD",
        )
        assert (await shown(code(**{ROUND.hex(): bytes(160)})))[0] is None
        assert (await shown(feed(99_970_000, now)))[0] == Decimal("0.9997")
        assert (await shown(feed(87_000_000, now - 24 * HOUR)))[0] == Decimal("0.87")
        price, why = await shown(feed(100_000_000, now - 26 * HOUR))
        assert price is None
        assert "is silent since" in why
        for odd in (feed(0, now), feed(-1, now), feed(100_000_000, 2**255), "0x", "0x60006000fd", code(), "0xfe"):
            assert (await shown(odd))[0] is None
        assert (await shown(feed(100_010_000, now)))[0] == Decimal("1.0001")


@pytest.mark.chain
async def test_a_configured_feed_without_code_keeps_the_bot_from_starting(chain: LocalChain) -> None:
    gone = Address("0x00000000000000000000000000000000000feEd2")
    config = replace(config_of(chain, owners=[chain.accounts[1]]), dollar_feeds={"USDT": gone})
    async with reading(config) as reader:
        with pytest.raises(ConfigError, match=r"dollar_feeds\.USDT"):
            await reader.check()


def test_the_feeds_of_the_large_chains_are_known() -> None:
    """As Aave's and others' deployments have them; no two are the same contract."""
    assert KNOWN[ChainId(8453)] == {
        "USDC": "0x7e860098F58bBFC8648a4311b374B1D669a2bc6B",
        "USDT": "0xf19d560eB8d2ADf07BD6D13ed03e1D11215721F9",
    }
    feeds = [address for known in KNOWN.values() for address in known.values()]
    assert len(feeds) == len(set(feeds)) == 2 * len(KNOWN)
