"""Whose account is read, and who signs: an address that is not proven to be the account reads as empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.core.errors import ConfigError
from bot.exchange.ccxt_link import Link
from bot.exchange.errors import Unbelievable
from bot.exchange.fields import Row, has, moment, row_of, rows_of, text


class Mode(StrEnum):
    """How an account keeps its money."""

    CLASSIC = "classic"
    UNIFIED = "unified"
    PORTFOLIO = "portfolio margin"


_MODES: Final[Mapping[str, Mode]] = {
    "default": Mode.CLASSIC,
    "disabled": Mode.CLASSIC,
    "unifiedAccount": Mode.UNIFIED,
    "portfolioMargin": Mode.PORTFOLIO,
}


@dataclass(frozen=True, slots=True)
class Who:
    """The addresses of a login, in lower case.

    Attributes:
        account: the account that approved the agent.
        user: whose state is read and traded: the account itself, its sub-account, or a vault that it leads.
        signer: the agent's own address.
        network: which of the venue's networks, for people.
    """

    account: str
    user: str
    signer: str
    network: str


async def info(link: Link, kind: str, **more: object) -> object:
    """Ask for something."""
    return await link.read("publicPostInfo", {"type": kind, **more})


async def prove(link: Link, who: Who) -> tuple[Mode, datetime | None]:
    """Prove that the address is the account, and that the key is an agent of it.

    Return how the account keeps its money, and when the agent ends; None where no time is named.

    Raises:
        ConfigError: a key that may withdraw, one that nobody approved, an address that is no account, ...
        Retryable: the venue did not answer believably.
    """
    if who.signer in {who.account, who.user}:
        raise ConfigError(
            "`agent_key` is the account's own key, which can withdraw; approve an API wallet for the account and use "
            "its key instead",
            key="agent_key",
        )
    await _check_account(link, who)
    if who.user != who.account:
        await _check_owned(link, who)
    ends = await _check_agent(link, who)
    return await mode_of(link, who), ends


async def _role(link: Link, address: str) -> tuple[str, Row]:
    row = row_of(await info(link, "userRole", user=address), "role")
    data = row.get("data")
    return text(row, "role", "role"), data if isinstance(data, Mapping) else {}


async def _check_account(link: Link, who: Who) -> None:
    role, data = await _role(link, who.account)
    if role == "user":
        return
    wrong = {
        "missing": f"has no account on Hyperliquid's {who.network}; is the address right, and the network?",
        "agent": f"is an API wallet, which owns nothing; write the address that approved it, {data.get('user')}",
        "subAccount": f"is a sub-account; write its master, {data.get('master')}, and this one as `trade_for`",
        "vault": "is a vault; write its leader's address, and this one as `trade_for`",
    }.get(role, f"is a {role!r}, which dnbot does not know")
    raise ConfigError(f"`account_address`: {who.account} {wrong}", key="account_address")


async def _check_owned(link: Link, who: Who) -> None:
    role, data = await _role(link, who.user)
    if role == "subAccount":
        owner = str(data.get("master")).lower()
    elif role == "vault":
        details = row_of(await info(link, "vaultDetails", vaultAddress=who.user), "vault")
        owner = text(details, "leader", "vault").lower()
    else:
        raise ConfigError(f"`trade_for` {who.user} is neither a sub-account nor a vault: {role}", key="trade_for")
    if owner != who.account:
        raise ConfigError(f"`trade_for` {who.user} belongs to {owner}, not to the account", key="trade_for")


async def _check_agent(link: Link, who: Who) -> datetime | None:
    """Return the end of the agent, looked for among those that the account has named; an unnamed one has none."""
    for row in rows_of(await info(link, "extraAgents", user=who.account), "agents"):
        if text(row, "address", "agent").lower() != who.signer:
            continue
        ends = moment(row, "validUntil", "agent") if has(row, "validUntil") else None
        if ends is not None and ends <= link.clock.now():
            said = f"`agent_key` has expired ({ends:%Y-%m-%d %H:%M} UTC); approve a new API wallet and use its key"
            raise ConfigError(said, key="agent_key")
        return ends
    role, data = await _role(link, who.signer)
    if role == "agent" and str(data.get("user")).lower() == who.account:
        return None
    if role == "agent":
        wrong = f"is an API wallet of {data.get('user')}, not of the account"
    elif role == "missing":
        wrong = (
            f"is no approved API wallet of the account on Hyperliquid's {who.network}: never approved there, expired, "
            "or replaced by another one"
        )
    else:
        wrong = "is the key of an account of its own, which can withdraw"
    raise ConfigError(f"`agent_key` ({who.signer}) {wrong}; approve a new API wallet and use its key", key="agent_key")


async def mode_of(link: Link, who: Who) -> Mode:
    """Read how an account keeps its money.

    Raises:
        ConfigError: in a way that dnbot does not know.
    """
    told = await info(link, "userAbstraction", user=who.user)
    if not isinstance(told, str):
        raise Unbelievable("account mode: no text")
    name = told.strip('"')
    if name not in _MODES:
        raise ConfigError(
            f"the account's balance mode is {name!r}, which dnbot does not speak; switch it to the classic mode, or to "
            "a unified account"
        )
    return _MODES[name]
