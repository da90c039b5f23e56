"""Accounts in a mode that dnbot does not speak: refused by the mode's name and with what to do; nothing is sent."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.core.errors import ConfigError
from bot.core.inputs import Hold
from bot.core.reconciliation.orders import disputes
from tests.exchange.loopback import Certificate, Reply
from tests.exchange.scene import ETH, ME
from tests.recorded.files import VENUES, dated, named
from tests.recorded.scene import BTC, Played, played


@pytest.fixture
async def binance(certificate: Certificate) -> AsyncIterator[Played]:
    async with played("binance", certificate) as made:
        yield made


@pytest.fixture
async def bitget(certificate: Certificate) -> AsyncIterator[Played]:
    async with played("bitget", certificate) as made:
        yield made


def say(venue: Played, name: str, **changes: object) -> None:
    """Answer a recording with some fields changed."""
    recording = named(venue.venue, name)
    body: Any = copy.deepcopy(recording.body)
    body.update(changes)
    venue.server.faults[recording.method, recording.path] = lambda _: Reply(dated(body, 1))


async def refused(venue: Played, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        await venue.exchange.check([ETH, BTC])
    assert venue.server.writes == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("account_union", "multi-assets mode .assetMode 'union'.; switch it to single-asset mode"),
        ("account_hedge", "hedge_mode for ETHUSDT; switch it to one-way mode"),
        ("unified_account", "the account is a unified one; set kind = .bitget-uta."),
    ],
)
async def test_bitget_s_modes(bitget: Played, name: str, words: str) -> None:
    recording = named("bitget", name)
    for path in {recording.path, "/api/v2/mix/account/account"}:
        bitget.server.faults["GET", path] = lambda _: recording.reply(1)
    await refused(bitget, words)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dualSidePosition": True}, "hedge mode; switch it to one-way mode"),
        ({"multiAssetsMargin": True}, "multi-assets mode; switch it to single-asset mode"),
        ({"canTrade": False}, "may not trade futures; enable futures"),
    ],
)
async def test_binance_s_modes(binance: Played, changes: dict[str, object], words: str) -> None:
    say(binance, "account_config", **changes)
    await refused(binance, words)


async def test_binance_s_portfolio_margin_is_told_by_the_key_s_own_permissions(binance: Played) -> None:
    say(binance, "api_restrictions", enablePortfolioMarginTrading=True, enableFutures=False)
    await refused(binance, "portfolio margin mode, which dnbot does not speak; switch it off")


async def test_binance_s_portfolio_margin_is_told_where_only_the_futures_system_refuses_the_key(
    binance: Played,
) -> None:
    """As told by users (JKorf/Binance.Net, issue 1485): -2015 with HTTP 401 once the mode was switched on."""
    say(binance, "api_restrictions", enablePortfolioMarginTrading=True)
    body = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
    binance.server.faults["GET", "/fapi/v1/accountConfig"] = lambda _: Reply(body, status=401)
    await refused(binance, "portfolio margin mode")


async def test_a_key_without_that_permission_is_no_matter_of_the_mode(binance: Played) -> None:
    body = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
    binance.server.faults["GET", "/fapi/v1/accountConfig"] = lambda _: Reply(body, status=401)
    await refused(binance, "does not accept the key: check that it was copied whole, is allowed for this machine")


@pytest.mark.parametrize("venue", VENUES)
async def test_a_clock_that_is_off_ends_the_start_with_what_to_do(venue: str, certificate: Certificate) -> None:
    async with played(venue, certificate) as made:
        made.clock.set_by = timedelta(seconds=3)
        await refused(made, r"clock is \+3000 ms off .*let NTP set it")


@pytest.mark.parametrize("venue", VENUES)
async def test_a_mode_that_is_changed_while_it_runs_holds_adds_alone(venue: str, certificate: Certificate) -> None:
    async with played(venue, certificate) as made:
        await made.exchange.check([ETH, BTC])
        if venue == "binance":
            say(made, "account_config", multiAssetsMargin=True)
        else:
            made.show({"bitget": "account_union", "bitget-uta": "settings_hedge"}[venue])
        made.clock.advance(7 * 3600)
        view = await made.observed()
        held = {(one.symbol, one.hold) for one in disputes(view, ME, ()) if one.hold is not Hold.NOTHING}
        assert (held, set(view.quotes)) == ({(None, Hold.ADDS)}, {ETH, BTC})
