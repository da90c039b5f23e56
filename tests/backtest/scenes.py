"""Scenes for the backtest's tests: settings, generated markets, and where the recorded ones are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.app.settings import Settings, load
from bot.backtest.engine import Plan, plan_replay
from bot.backtest.market import open_market
from bot.backtest.scenario import Scenario

ROOT = Path(__file__).parents[2]
DATA = next((up / "shared" / "data" for up in ROOT.parents if (up / "shared" / "data").is_dir()), ROOT / "no-data")
POOL = DATA / "polygon-usdc-weth-005"
PERP = DATA / "perp" / "ETHUSDT-5m-2025-04-03_2025-07-02.csv"
needs_data = pytest.mark.skipif(not POOL.is_dir(), reason=f"the recorded markets are not here: {POOL}")

FILE = """
collateral = 100000
[[pools]]
name = "usdc-weth"
fee = 500
token0 = { symbol = "USDC", decimals = 6, underlying = "USD" }
token1 = { symbol = "WETH", decimals = 18, underlying = "ETH" }
positions = [{ value = 100000, width = "20%" }]
model = { start = 2026-01-01T00:00:00Z, days = 1, seed = 5, volatility = "0.8" }
"""
"""A day of a generated market with a position of 20%, as a scenario file."""
USDC = {"symbol": "USDC", "decimals": 6, "underlying": "USD"}
WETH = {"symbol": "WETH", "decimals": 18, "underlying": "ETH"}


def settings(**overrides: str) -> Settings:
    """Return the settings of an example; ``hedge__ratio="1"`` stands for the key ``hedge.ratio``."""
    flags = {key.replace("__", "."): value for key, value in overrides.items()}
    return load([ROOT / "config" / "paper-mainnet.toml"], {}, overrides=flags).settings


def pool(positions: list[dict[str, Any]], **more: object) -> dict[str, Any]:
    return {"name": "usdc-weth", "fee": 500, "token0": USDC, "token1": WETH, "positions": positions, **more}


def generated(
    positions: list[dict[str, Any]] | None = None, model: Mapping[str, object] | None = None, **more: object
) -> Scenario:
    """Return a scenario on a generated market: a position of ±10% unless told."""
    market = {"start": datetime(2026, 1, 1, tzinfo=UTC), "days": 1, "seed": 5, "volatility": "1.6", **(model or {})}
    held = positions or [{"value": 100_000, "width": "10%"}]
    return Scenario.model_validate({"collateral": 100_000, "pools": [pool(held, model=market)], **more})


def plan_of(scenario: Scenario, **overrides: str) -> Plan:
    return plan_replay(open_market(scenario), settings(**overrides), scenario)
