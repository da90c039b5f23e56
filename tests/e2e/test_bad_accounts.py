"""Accounts that can't be traded: one clear line that says why and what to change, exit code 2, and nothing sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from aiohttp import web

from bot.paper.servers.desk import Desk, Permissions
from bot.paper.servers.hyperliquid.auth import address_of
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.server import Serve
from bot.paper.servers.venue import Incoming
from tests.e2e.accounts import Account, account, dnbot, without_venues
from tests.e2e.harness import World, world
from tests.paper.servers.flavours import TWINS, campaign_but

pytestmark = pytest.mark.chain


def _withdraws(desk: Desk) -> None:
    desk.permissions = Permissions(withdraw=True)


def _only_reads(desk: Desk) -> None:
    desk.permissions = Permissions(trade=False)


def _hedges(desk: Desk) -> None:
    desk.hedge_mode = True


def _holds_btc(desk: Desk) -> None:
    desk.engine.account.wallet = Decimal(0)
    desk.assets.held = {"BTC": Decimal(1)}


def _is_empty(desk: Desk) -> None:
    desk.engine.account.wallet = Decimal(0)


@dataclass(frozen=True, slots=True)
class Case:
    """What is wrong: of the account, of the configuration, of the environment or in an answer; and what must be said.

    ``answers`` stand in the place of the venue's own, by a word of the request.
    """

    says: str
    account: Callable[[Desk], None] | None = None
    settings: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    command: str = "run"
    extra: str = ""
    answers: dict[str, object] = field(default_factory=dict)

    async def fault(self, incoming: Incoming, serve: Serve) -> web.StreamResponse | None:
        """Answer in the venue's place."""
        del serve
        asked = incoming.path.encode() + incoming.body
        found = [answer for word, answer in self.answers.items() if word.encode() in asked]
        return web.json_response(found[0]) if found else None


CASES: dict[str, Case] = {
    "wrong key": Case("does not accept the key", keys={"api_key": "nobody-0123456789"}),
    "wrong secret": Case("does not accept the key", keys={"secret": "wrong-0123456789"}, command="plan"),
    "key may withdraw": Case("may withdraw", _withdraws),
    "key may not trade": Case("may not trade|may only read|permission", _only_reads, command="plan"),
    "hedge mode": Case("switch it to one-way mode", _hedges),
    "unknown symbol": Case("no market DOGE/USDT:USDT", settings={"symbols": '{ DOGE = "DOGE/USDT:USDT" }'}),
    "inverse contract": Case("inverse|linear", settings={"symbols": '{ ETH = "ETH/USD:ETH" }'}, command="plan"),
    "leverage above the tier": Case(
        "leverage 125 is above ETH/USDT:USDT's largest, 100",
        settings={"leverage": "125"},
        extra="[risk]\ni_understand_high_leverage = true\n",
    ),
    "money in the wrong asset": Case("BTC but no USDT; convert it", _holds_btc),
}


AGENT = SERVERS["hyperliquid"].issue("planted")
OTHER = SERVERS["hyperliquid"].issue("somebody")
SUB = "0x" + "5b" * 20
OF_UNIFIED: dict[str, Case] = {
    "borrowed": Case(
        "has borrowed 1000 USDT; repay it",
        answers={
            "/api/v3/account/assets": {
                "code": "00000",
                "msg": "success",
                "data": {
                    **dict.fromkeys(("effEquity", "mmr", "imr"), "0"),
                    "assets": [
                        {"coin": "USDT", "equity": "9", "balance": "1009", "available": "9", "debt": "1000"},
                    ],
                },
            }
        },
    ),
    "sub-account without funds": Case("the Bitget account holds no USDT; transfer some to it", _is_empty),
    "demo key on the live host": Case(
        "give demo = true a demo key, and a live one otherwise",
        answers={"/api/v3/account": {"code": "40099", "msg": "exchange environment is incorrect", "data": None}},
    ),
}
OF_HYPERLIQUID: dict[str, Case] = {
    "master key": Case(
        "is the account's own key, which can withdraw", keys={"account_address": address_of(AGENT.secret)}
    ),
    "agent of nobody, or of the testnet": Case(
        "is no approved API wallet of the account on Hyperliquid's main network: never approved there, expired",
        keys={"agent_key": OTHER.secret},
        command="plan",
    ),
    "agent of another account": Case(
        "is an API wallet of 0x",
        answers={
            '"extraAgents"': [],
            f'"userRole","user":"{address_of(AGENT.secret)}': {"role": "agent", "data": {"user": OTHER.key}},
        },
    ),
    "expired agent": Case(
        "`agent_key` has expired (2026-01-02 10:40 UTC); approve a new API wallet",
        answers={'"extraAgents"': [{"name": "bot", "address": address_of(AGENT.secret), "validUntil": 1767350400000}]},
    ),
    "wrong address": Case("has no account on Hyperliquid's main network", keys={"account_address": OTHER.key}),
    "no address": Case("is no address; write 0x and 40 hexadecimal digits", keys={"account_address": "0x12"}),
    "no key": Case("is no private key; write 64 hexadecimal digits", keys={"agent_key": f"{AGENT.secret}0"}),
    "borrowed": Case(
        "has borrowed 31.5 USDC; pay it back",
        answers={
            '"userAbstraction"': "portfolioMargin",
            '"spotClearinghouseState"': {
                "balances": [{"coin": "USDC", "token": 0, "total": "9", "hold": "0", "borrowed": "31.5"}]
            },
        },
    ),
    "sub-account without funds": Case(
        "holds no USDC for perpetuals; move USDC from spot to perps",
        keys={"trade_for": SUB},
        answers={f'"userRole","user":"{SUB}': {"role": "subAccount", "data": {"master": AGENT.key}}},
    ),
}


@pytest.mark.parametrize(("flavour", "cases"), [("hyperliquid", OF_HYPERLIQUID), ("bitget-uta", OF_UNIFIED)])
async def test_what_only_this_venue_knows_is_refused_before_anything_is_sent(
    flavour: str, cases: dict[str, Case], tmp_path: Path
) -> None:
    async with world(tmp_path, blocks=20) as here:
        for number, case in enumerate(cases.values()):
            folder = tmp_path / str(number)
            folder.mkdir()
            await _is_refused(here, flavour, folder, case)


@pytest.mark.parametrize("flavour", campaign_but(TWINS, "binance", "bitget-uta"))
async def test_each_wrong_account_is_refused_before_anything_is_sent(flavour: str, tmp_path: Path) -> None:
    async with world(tmp_path, blocks=20) as here:
        for number, case in enumerate(CASES.values()):
            folder = tmp_path / str(number)  # a short name: a socket's path may not be long
            folder.mkdir()
            await _is_refused(here, flavour, folder, case)


async def _is_refused(here: World, flavour: str, folder: Path, case: Case) -> None:
    async with account(flavour, folder, case.fault) as venue:
        if case.account is not None:
            case.account(venue.scene.desk)
        ended = await dnbot(case.command, "-c", str(_config(here, venue, folder, case)), environ=_keys(venue, case))
    assert ended.code == 2, (case, ended)
    errors = "".join(line for line in ended.said.splitlines() if not line.startswith("{"))
    assert any(part in errors for part in case.says.split("|")), (case, ended)
    assert "Traceback" not in ended.said
    keys = venue.scene.desk.credentials
    secrets = {keys.secret, keys.passphrase, *(case.keys.get(name, "") for name in ("agent_key", "secret"))} - {""}
    assert [one for one in secrets if one in ended.said] == []
    assert venue.writes == []
    assert venue.scene.desk.orders() == []


def _keys(venue: Account, case: Case) -> dict[str, str]:
    return venue.environment(**case.keys)


def _config(here: World, venue: Account, folder: Path, case: Case) -> Path:
    text = without_venues(here).replace(str(here.folder / "state"), str(folder / "state"))
    file = folder / "bot.toml"
    file.write_text(text + venue.table(**case.settings) + case.extra, encoding="utf-8")
    return file
