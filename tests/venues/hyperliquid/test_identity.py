"""Whose account is read, and who signs: only what is proven is believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from bot.core.errors import ConfigError
from bot.venues.hyperliquid import Account
from tests.exchange.loopback import Certificate
from tests.exchange.scene import START
from tests.recorded.files import named
from tests.venues.hyperliquid.scene import ETH, KEY, USER, played

SUB = "0x" + "5a" * 20


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["user_role_missing"], "has no account on Hyperliquid's main network"),
        (
            ["user_role_agent_of_another"],
            "is an API wallet, which owns nothing; write the address that approved it, 0xe5e5",
        ),
        (["user_role_sub_account"], f"is a sub-account; write its master, {USER}, and this one as `trade_for`"),
        (["user_role_vault"], "is a vault; write its leader's address"),
        (["extra_agents_expired"], "`agent_key` has expired"),
        (["user_abstraction_dex"], "balance mode is 'dexAbstraction', which dnbot does not speak"),
        (["clearinghouse_state_empty"], "holds no USDC for perpetuals; move USDC from spot to perps"),
        (["user_abstraction_portfolio", "spot_clearinghouse_state_borrowed"], "has borrowed 31.5 USDC; pay it back"),
    ],
)
async def test_an_account_that_can_t_be_traded_is_told_and_nothing_is_sent(
    certificate: Certificate, names: list[str], said: str
) -> None:
    async with played(certificate, *names) as venue:
        with pytest.raises(ConfigError) as error:
            await venue.exchange.check([ETH])
        assert said in str(error.value)
        assert KEY not in str(error.value)
        assert venue.writes == []


@pytest.mark.parametrize(
    ("role", "said"),
    [
        (
            "user_role_missing",
            "is no approved API wallet of the account on Hyperliquid's testnet: never approved there",
        ),
        ("user_role_agent_of_another", "is an API wallet of 0xe5e5"),
        ("user_role_sub_account", "is the key of an account of its own, which can withdraw"),
    ],
)
async def test_a_key_that_is_no_agent_of_the_account_is_refused(certificate: Certificate, role: str, said: str) -> None:
    async with played(certificate, demo=True) as venue:
        agent = named("hyperliquid", "user_role_agent")
        none = replace(named("hyperliquid", "extra_agents"), body=[])
        venue.shown[:0] = [replace(named("hyperliquid", role), query=agent.query), none]
        with pytest.raises(ConfigError) as error:
            await venue.exchange.check([ETH])
        assert said in str(error.value)
        assert venue.writes == []


async def test_the_account_s_own_key_is_refused_before_anything_private_is_asked(certificate: Certificate) -> None:
    agent = str(named("hyperliquid", "user_role_agent").query["user"])
    account = Account(account_address=agent, agent_key=SecretStr(KEY))
    async with played(certificate, account=account) as venue:
        with pytest.raises(ConfigError, match="the account's own key, which can withdraw"):
            await venue.exchange.check([ETH])
        assert (venue.asked("userRole"), venue.writes) == (0, [])


async def test_the_end_of_an_agent_is_told_and_one_without_a_name_has_none(certificate: Certificate) -> None:
    async with played(certificate) as venue:
        await venue.exchange.check([ETH])
        assert (await venue.observed()).key_ends == START + timedelta(days=1)
    async with played(certificate, "extra_agents_without_end") as venue:
        await venue.exchange.check([ETH])
        assert (await venue.observed()).key_ends is None


async def test_a_sub_account_is_read_where_its_master_is_the_account(certificate: Certificate) -> None:
    account = Account(account_address=USER, agent_key=SecretStr(KEY), trade_for=SUB)
    async with played(certificate, account=account) as venue:
        sub = named("hyperliquid", "user_role_sub_account")
        venue.shown.insert(0, replace(sub, query={**sub.query, "user": SUB}))
        await venue.exchange.check([ETH])
        assert {one.params["user"] for one in venue.server.seen if one.params["type"] == "clearinghouseState"} == {SUB}
        owned = {"role": "subAccount", "data": {"master": "0x" + "9" * 40}}
        venue.shown.insert(0, replace(sub, query={**sub.query, "user": SUB}, body=owned))
        with pytest.raises(ConfigError, match="belongs to 0x9999"):
            await venue.exchange.check([ETH])


async def test_a_vault_is_read_where_the_account_leads_it(certificate: Certificate) -> None:
    account = Account(account_address=USER, agent_key=SecretStr(KEY), trade_for=SUB)
    async with played(certificate, account=account) as venue:
        vault = named("hyperliquid", "user_role_vault")
        venue.shown.insert(0, replace(vault, query={**vault.query, "user": SUB}))
        await venue.exchange.check([ETH])
