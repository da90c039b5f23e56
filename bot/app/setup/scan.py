"""What an address holds on a chain: each preset deployment, and each contract that the user names, read by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.app.adapter_configs import chain_config
from bot.app.setup.answers import Answers, Deployment
from bot.chain import json_rpc
from bot.chain.client import RpcClient
from bot.chain.reader import EvmChainReader
from bot.core.errors import ConfigError, DnbotError
from bot.core.lp.exposure import legs_of, units_of
from bot.core.snapshot import LeftOut, LpPosition
from bot.core.types import USD, Address, ChainName, Underlying
from bot.ports import Clock
from bot.protocols.registry import PROTOCOLS, sources

_PATIENCE: Final = 60.0
"""Seconds for one deployment."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What was found of one deployment.

    Attributes:
        fault: why it can't be read; empty where it was.
        key: the setting that would have to be right, where the fault is of one.
        named: whether the user asked for it, so that it counts even while nothing is there.
    """

    deployment: Deployment
    positions: tuple[LpPosition, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    fault: str = ""
    named: bool = False
    key: str = ""


async def chain_id_of(urls: Sequence[str], clock: Clock) -> int:
    """Ask an endpoint for its chain.

    Raises:
        Retryable: none of them answers.
    """
    client = RpcClient(tuple(urls), timeout=10.0, clock=clock)
    try:
        return await client.request("eth_chainId", [], json_rpc.quantity)
    finally:
        await client.close()


async def has_contract(urls: Sequence[str], address: Address, clock: Clock) -> bool:
    """Ask an endpoint whether there is code at an address.

    Raises:
        Retryable: none of them answers.
    """
    client = RpcClient(tuple(urls), timeout=10.0, clock=clock)
    try:
        return bool(await client.request("eth_getCode", [address, "latest"], json_rpc.data))
    finally:
        await client.close()


async def look(answers: Answers, deployment: Deployment, clock: Clock) -> Sight:
    """Read one deployment as the daemon would."""
    try:
        chain = replace(answers, deployments=(deployment,)).settings().chains[ChainName(answers.chain.name)]
        reader = EvmChainReader(chain_config(ChainName(answers.chain.name), chain), sources, clock)
        try:
            async with asyncio.timeout(_PATIENCE):
                await reader.check()
                view = await reader.read()
        finally:
            await reader.close()
    except TimeoutError:
        return Sight(deployment, fault=f"no whole answer within {_PATIENCE:g} s")
    except DnbotError as error:
        key = error.key or "" if isinstance(error, ConfigError) else ""
        return Sight(deployment, fault=str(error), key=key)
    return Sight(deployment, view.positions, view.left_out)


async def recognise(answers: Answers, contract: Address, clock: Clock) -> Sight:
    """Find out which protocol a contract is of: the one under which most is found, the plainer one where all is equal.

    Raises:
        ConfigError: it is of none, or of a token that nobody knows.
    """
    tries = [(amm.name, amm.at(contract)) for amm in PROTOCOLS.values() if amm.at is not None]
    sights = [await look(answers, one, clock) for one in tries]
    read = [sight for sight in sights if not sight.fault]
    if not read:
        if unknown := next((sight for sight in sights if ".tokens." in sight.key), None):
            raise ConfigError(
                f"{unknown.fault}; for setup: --token 0x…=USD, with that address and what it is a claim on"
            )
        faults = "; ".join(dict.fromkeys(sight.fault for sight in sights))
        raise ConfigError(f"{contract} is no contract of a protocol that dnbot reads: {faults}")
    return replace(max(reversed(read), key=lambda sight: len(sight.positions)), named=True)


def underlyings(sights: Sequence[Sight]) -> tuple[Underlying, ...]:
    """Return what the positions are exposed to, without dollars."""
    legs = [leg for sight in sights for one in sight.positions for leg in legs_of(one, units_of(one))]
    return tuple(sorted({leg.underlying for leg in legs} - {USD}))


def lines(sights: Sequence[Sight]) -> Iterator[tuple[str, str]]:
    """Return what was found, a position or a reason a line, with its deployment."""
    for sight in sights:
        name = sight.deployment[0]
        for one in sight.positions:
            held = (
                f"{token.to_units(raw) / token.rate:.6g} {token.symbol}"
                for token, raw in ((one.token0, one.amounts.total0), (one.token1, one.amounts.total1))
            )
            yield name, f"{one.id}: {' + '.join(held)}"
        for left in sight.left_out:
            yield name, f"{left.position}: left out, {left.reason}"
        if sight.fault:
            yield name, f"not read: {sight.fault}"
        elif not sight.positions and not sight.left_out:
            yield name, "nothing is there"
