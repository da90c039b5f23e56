"""What each endpoint of a chain can do, asked one by one: for the doctor, who wants all of them and not the first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from bot.chain import json_rpc
from bot.chain.client import RpcClient
from bot.chain.config import ChainConfig
from bot.chain.endpoint import Endpoint
from bot.core.errors import Retryable
from bot.ports import Clock


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """What one endpoint said; None where it did not say it believably, with the reason in ``failures``.

    ``seconds`` is what its head took to come; ``logs`` whether it gives the logs that entry amounts are looked up in.
    """

    label: str
    chain_id: int | None = None
    number: int | None = None
    stamp: datetime | None = None
    seconds: float = 0.0
    multicall: bool | None = None
    logs: bool | None = None
    failures: tuple[str, ...] = ()


async def probe(config: ChainConfig, clock: Clock) -> list[EndpointFacts]:
    """Ask every endpoint of a chain; never raises for what an endpoint does."""
    client = RpcClient(config.rpc_urls, timeout=config.limits.request_timeout, clock=clock)
    try:
        return [await _one(endpoint, config, clock) for endpoint in client.endpoints]
    finally:
        await client.close()


async def _one(endpoint: Endpoint, config: ChainConfig, clock: Clock) -> EndpointFacts:
    started = clock.monotonic()
    try:
        chain_id = json_rpc.quantity(await endpoint.request("eth_chainId", "[]"))
        head = json_rpc.stamp(await endpoint.request("eth_getBlockByNumber", '["latest",false]'))
    except Retryable as error:
        return EndpointFacts(endpoint.label, failures=(str(error),))
    seconds = (clock.monotonic() - started) / 2
    failures: list[str] = []
    multicall = logs = None
    try:
        if config.multicall is not None:
            multicall = bool(
                json_rpc.data(await endpoint.request("eth_getCode", json.dumps([config.multicall, "latest"])))
            )
    except Retryable as error:
        failures.append(str(error))
    try:
        logs = await _gives_logs(endpoint, config, head.number)
    except Retryable as error:
        failures.append(str(error))
        logs = False
    return EndpointFacts(
        endpoint.label, chain_id, head.number, head.timestamp, seconds, multicall, logs, tuple(failures)
    )


async def _gives_logs(endpoint: Endpoint, config: ChainConfig, head: int) -> bool:
    """Ask for the logs of one full range, as the search for entry amounts does."""
    address = config.multicall or "0x" + "0" * 40
    first = max(0, head - config.limits.max_log_blocks + 1)
    question = {"fromBlock": hex(first), "toBlock": hex(head), "address": address}
    return isinstance(await endpoint.request("eth_getLogs", json.dumps([question])), list)
