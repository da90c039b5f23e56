"""Probe the capabilities of each endpoint of a chain; the doctor needs all of them, not the first that answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.client import RpcClient
from bot.chain.config import ChainConfig
from bot.chain.endpoint import Endpoint, Request
from bot.chain.logs import Logs
from bot.chain.multicall import Call, Multicall
from bot.core.errors import Retryable, SkipCycle
from bot.core.snapshot import BlockStamp
from bot.core.types import Address
from bot.ports import Clock

BLOCK_NUMBER: Final = selector("getBlockNumber()")
CALLS: Final = 16
"""Calls of the multicall that tries the configured gas: it can be halved four times."""


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """One endpoint's answers; None where there was no believable one, with the reason in ``failures``.

    ``seconds`` is what its head took to come; ``logs`` whether it gives the logs that entry amounts are looked up in;
    ``learned`` what it takes less of than is configured.
    """

    label: str
    chain_id: int | None = None
    number: int | None = None
    stamp: datetime | None = None
    seconds: float = 0.0
    multicall: bool | None = None
    logs: bool | None = None
    failures: tuple[str, ...] = ()
    learned: str = ""


async def probe(config: ChainConfig, clock: Clock) -> list[EndpointFacts]:
    """Ask every endpoint of a chain; never raises for what an endpoint does."""
    client = RpcClient(config.rpc_urls, timeout=config.limits.request_timeout, clock=clock)
    try:
        return [await _one(client, endpoint, config, clock) for endpoint in client.endpoints]
    finally:
        await client.close()


async def _one(client: RpcClient, endpoint: Endpoint, config: ChainConfig, clock: Clock) -> EndpointFacts:
    started = clock.monotonic()
    try:
        chain_id = json_rpc.quantity(await endpoint.request("eth_chainId", []))
        head = json_rpc.stamp(await endpoint.request("eth_getBlockByNumber", ["latest", False]))
    except Retryable as error:
        return EndpointFacts(endpoint.label, failures=(str(error),))
    seconds = (clock.monotonic() - started) / 2
    failures: list[str] = []

    async def tried(work: Callable[[], Awaitable[bool | None]]) -> bool | None:
        try:
            return await work()
        except (Retryable, SkipCycle) as error:
            failures.append(str(error))
            return None

    multicall = await tried(lambda: _has_multicall(endpoint, config.multicall, config, head))
    logs = await tried(lambda: _gives_logs(client, endpoint, config, head.number))
    await tried(lambda: _takes_batches(endpoint, config.limits.max_batch))
    return EndpointFacts(
        endpoint.label,
        chain_id,
        head.number,
        head.timestamp,
        seconds,
        multicall,
        bool(logs),
        tuple(failures),
        endpoint.learned.words(),
    )


async def _has_multicall(
    endpoint: Endpoint, address: Address | None, config: ChainConfig, head: BlockStamp
) -> bool | None:
    """Return whether Multicall3 is there, and call it with all the gas that is configured."""
    if address is None:
        return None
    if not json_rpc.data(await endpoint.request("eth_getCode", json.dumps([address, "latest"]))):
        return False
    multicall = Multicall(address, config.limits)
    plan = multicall.plan([Call(address, BLOCK_NUMBER) for _ in range(CALLS)])
    await multicall.run(endpoint, plan, head)
    return True


async def _gives_logs(client: RpcClient, endpoint: Endpoint, config: ChainConfig, head: int) -> bool:
    """Ask for the logs of one full range, as the search for entry amounts does."""
    address = config.multicall or Address("0x" + "0" * 40)
    await Logs(client, config.limits).newest(endpoint, address, [[]], (head, config.limits.max_log_blocks))
    return True


async def _takes_batches(endpoint: Endpoint, size: int) -> bool:
    requests: list[Request] = [("eth_chainId", [])] * size
    return len(await endpoint.batch(requests)) == size
