"""A daemon that follows a protocol's positions closely, on a paper account that lives by the chain's clock."""

from decimal import Decimal
from pathlib import Path

from bot.core.types import Address
from bot.demo.chain import LocalChain
from tests.e2e.books import Account


def write_config(folder: Path, chain: LocalChain, owner: Address, deployment: str) -> None:
    """Write ``bot.toml``; ``deployment`` is the protocol's table of the chain, header and all."""
    (folder / "bot.toml").write_text(
        f"""
[bot]
state_dir = "{folder / "state"}"
[log]
format = "json"
[chains.local]
chain_id = 31337
rpc_urls = ["{chain.rpc.url}"]
owners = ["{owner}"]
poll_interval = "100ms"
max_head_age = "365d"
{deployment}
[hedge.band]
fixed_width = "1%"
[guards]
absence_blocks = 3
max_order_notional = 1000000
max_notional_per_underlying = 1000000
max_notional_total = 1000000
[venues.paper]
kind = "paper"
symbols = {{ ETH = "ETH/USDT:USDT" }}
clock = "chain"
deposit = 1000000
""",
        encoding="utf-8",
    )


def short_of(folder: Path) -> Decimal:
    """Return what the venue's own file says."""
    return -Account.of(folder / "state" / "paper-paper.sqlite").positions.get("ETH/USDT:USDT", Decimal(0))
