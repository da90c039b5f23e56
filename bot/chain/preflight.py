"""Check the configuration against the chain before anything depends on it."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from bot.chain import json_rpc
from bot.chain.batched_reads import ContractError
from bot.chain.client import RpcClient
from bot.chain.config import ChainConfig
from bot.core.errors import ConfigError, Retryable
from bot.core.types import Address

log = structlog.get_logger(__name__)


async def check_chain_id(config: ChainConfig, client: RpcClient) -> None:
    """Ask every endpoint for its chain id; one that does not answer now is no reason not to start.

    Raises:
        ConfigError: an endpoint is of another chain.
        Retryable: none answers.
    """
    silent = []
    for endpoint in client.endpoints:
        try:
            found = json_rpc.quantity(await endpoint.request("eth_chainId", "[]"))
        except Retryable as error:
            log.warning("endpoint does not answer", chain=config.name, reason=str(error))
            silent.append(str(error))
            continue
        if found != config.chain_id:
            raise ConfigError(
                f"is {config.chain_id}, but the endpoint {endpoint.label} is of chain {found}: correct one of them",
                key=config.key("chain_id"),
            )
    if len(silent) == len(client.endpoints):
        raise Retryable("; ".join(silent))


async def check_code(client: RpcClient, contracts: Sequence[tuple[str, Address]]) -> None:
    """Check that a contract stands at every configured address.

    Args:
        client: the chain's client.
        contracts: the dotted key of each address, and the address.

    Raises:
        ConfigError: an address has no code.
        Retryable: no endpoint answers.
    """
    for key, address in contracts:
        if not await client.request("eth_getCode", [address, "latest"], json_rpc.data):
            raise ConfigError(f"there is no contract at {address} on this chain: correct the address", key=key)


def blame(
    contracts: Sequence[tuple[str, Address]], error: ContractError, alike: Sequence[str] = ()
) -> ConfigError | ContractError:
    """Turn a contract's wrong answer into an error that names its key, if it is the configuration that names it.

    ``alike`` are the protocols as whose contracts it does answer.
    """
    for key, address in contracts:
        if address == error.target:
            tables = " or ".join(f"[[chains.{key.split('.')[1]}.{name}]]" for name in alike)
            remedy = f"; it answers as one of {' or '.join(alike)} does: write it under {tables}" if alike else ""
            return ConfigError(f"{address} is no contract of that kind: {error}{remedy}", key=key)
    return error
