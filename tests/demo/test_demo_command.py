"""The main job, from the command line to the files it leaves behind: node, contracts, daemon, journal, picture."""

import json
from asyncio.subprocess import PIPE
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from bot.backtest.report_model import of_journal
from bot.backtest.report_page import page
from bot.clock import SystemClock
from bot.core.types import Mode
from bot.core.view.cycle import view_of
from bot.demo.driver import demo_run
from bot.demo.registry import PLAYED, RANGED, USUAL
from bot.demo.scenario import SceneSettings
from bot.telemetry.web.status_json import cycle
from tests.forks import ROOT, fork

BLOCKS = 60

pytestmark = pytest.mark.chain


async def dnbot(*arguments: str, cwd: Path | None = None) -> tuple[int | None, str, str]:
    process = await fork("bot", *arguments, stdout=PIPE, stderr=PIPE, cwd=cwd or ROOT)
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def others(names: Iterable[str]) -> list[ParameterSet]:
    """Return protocols for a long test: all but the usual one are for `make soak`."""
    return [pytest.param(name, marks=() if name == USUAL else pytest.mark.campaign) for name in names]


@pytest.mark.parametrize("protocol", others(PLAYED))
async def test_the_demo_hedges_a_whole_scene_and_ends_flat(tmp_path: Path, protocol: str) -> None:
    flags = ("--protocol", protocol, "--blocks", str(BLOCKS), "--dir", "runs")
    code, out, err = await dnbot("demo", "--json", *flags, cwd=tmp_path)
    assert code == 0, err
    figures = json.loads(out.splitlines()[-1])
    figures["files"] = {name: str(tmp_path / file) for name, file in figures["files"].items()}

    assert figures["blocks"] == BLOCKS
    assert sum("staked" not in action for action in figures["actions"]) == 8
    assert figures["reads_that_differ_from_the_contracts"] == 0
    assert set(figures["orders"]) == {"filled", "cancelled"}  # hedges, and the stops that followed them
    assert figures["orders"]["filled"] == figures["fills"]
    assert all(cycles["adrift"] == 0 for cycles in figures["cycles"].values())
    assert figures["last_positions"] == {"BTC": "0.000", "ETH": "0.000"}
    assert figures["variance_hedged_over_unhedged"] <= 0.02
    assert Decimal(figures["unexplained_usd"]) == 0
    assert _is_the_sum(figures["results_usd"])
    assert Path(figures["files"]["plot"]).read_bytes().startswith(b"\x89PNG")
    await _every_decision_can_be_derived_again(figures["files"])
    await _every_cent_is_explained(figures["files"])


async def test_the_demo_as_it_comes_shows_what_is_sold_and_what_it_costs(tmp_path: Path) -> None:
    code, out, err = await dnbot("demo", "--json", "--dir", "runs", cwd=tmp_path)
    assert code == 0, err
    figures = json.loads(out.splitlines()[-1])
    assert 0.8 <= figures["fees_over_lvr"] <= 1.2
    low, high = (Decimal(end) for end in figures["swing_usd"]["unhedged"])
    assert low < -5_000 < 3_000 < high
    assert all(abs(Decimal(end)) < 500 for end in figures["swing_usd"]["hedged"])
    assert figures["variance_hedged_over_unhedged"] <= 0.002
    price = {name: Decimal(value) for name, value in figures["eth_usd"].items()}
    assert price["highest"] > price["first"] * Decimal("1.17") > price["last"] > price["lowest"] * Decimal("1.17")


def _is_the_sum(results: dict[str, str]) -> bool:
    *terms, total = (Decimal(results[name]) for name in ("fees", "lvr", "costs", "funding", "rest", "total"))
    return abs(sum(terms) - total) <= Decimal("0.03")  # each is rounded to the cent


async def _every_decision_can_be_derived_again(files: dict[str, str]) -> None:
    code, out, err = await dnbot("verify", "--json", "-c", files["config"])
    assert code == 0, err
    found = json.loads(out)
    assert found["cycles"] == found["derived"] >= BLOCKS
    assert found["orders"] > 5
    assert found["different"] == []


async def _every_cent_is_explained(files: dict[str, str]) -> None:
    code, out, err = await dnbot("status", "--json", "-c", files["config"])
    assert code == 0, err
    total = json.loads(out)["results"]["total"]
    terms = (("liquidity", ("fees", "hold", "il")), ("hedge", ("price", "funding", "trading_fees", "slippage")))
    explained = sum(Decimal(total[part][name]) for part, names in terms for name in names)
    assert abs(explained - Decimal(total["total"])) < Decimal("0.01")
    assert Decimal(total["liquidity"]["fees"]) > 0 > Decimal(total["hedge"]["trading_fees"])
    assert Decimal(total["liquidity"]["lvr"]) > 0
    page = Path(files["config"]).with_name("report.html")
    code, _, err = await dnbot("report", "-c", files["config"], "-o", str(page))
    assert code == 0, err
    written = page.read_text(encoding="utf-8")
    assert f"{Decimal(total['total']):,.2f} USD" in written
    assert "<h1>On paper: no real money</h1>" in written
    assert all(f"{name}: drift in its band" in written for name in ("BTC", "ETH"))


async def test_over_a_wire_the_result_is_the_venues_own_and_booked_to_the_cent(tmp_path: Path) -> None:
    flags = ("--venue", "bitget-uta", "--blocks", "20", "--dir", "runs")
    code, out, err = await dnbot("demo", "--json", *flags, cwd=tmp_path)
    assert code == 0, err
    figures = json.loads(out.splitlines()[-1])
    assert [told["agrees_with_journal"] for told in figures["venues"].values()] == ["yes"]
    assert abs(Decimal(figures["hedged_result_usd"]) - Decimal(figures["results_usd"]["total"])) <= Decimal("0.02")
    assert figures["variance_hedged_over_unhedged"] <= 0.04  # the first block or two of twenty build the hedge


async def test_plan_and_status_tell_what_the_daemon_saw_and_send_nothing(tmp_path: Path) -> None:
    async with demo_run(tmp_path, SceneSettings(blocks=100), SystemClock()) as run:
        for _ in range(12):
            seen = await run.step()
        v2 = await run.scene.v2.burn_pays(run.scene.pair, seen.record.snapshot.positions[0].curve.liquidity)
        code, out, err = await dnbot("plan", "--json", "-c", str(run.config))
        assert code == 0, err
        planned = json.loads(out)
        code, out, err = await dnbot("plan", "--json", "-c", str(run.config), "--shock", "ETH=+44%")
        assert code == 0, err
        moved = json.loads(out)
        code, out, err = await dnbot("plan", "-c", str(run.config), "--shock", "DOGE=+1%")
        assert code == 2
        assert "known are BTC, ETH" in err
        code, out, err = await dnbot("advise", "--json", "-c", str(run.config))
        assert code == 0, err
        advised = json.loads(out)
        code, out, err = await dnbot("advise", "-c", str(run.config))
        assert code == 0, err
        assert "fees to break even" in out
        assert "USDT, of which nobody tells the price" in out
        assert "if it vanishes" in out
        code, out, err = await dnbot("status", "--json", "-c", str(run.config))
        assert code == 0, err
        status = json.loads(out)
        intents = run.view().intents()

    block = planned["blocks"][0]
    assert (block["number"], block["hash"]) == (seen.step.number, seen.step.hash)
    assert planned["positions"][0]["principal"] == [str(amount) for amount in v2]
    assert [hedge["position"] for hedge in planned["hedges"]] == _shorts(status["last"])
    assert planned["orders"] == []
    before, after = (moved[name]["positions"][0]["principal"] for name in ("now", "then"))
    weth, wbtc = (0, 1) if planned["positions"][0]["tokens"][0]["symbol"] == "WETH" else (1, 0)
    assert int(after[weth]) == pytest.approx(int(before[weth]) / 1.2, rel=1e-9)  # sqrt(1.44)
    assert int(after[wbtc]) == pytest.approx(int(before[wbtc]) * 1.2, rel=1e-6)
    assert float(moved["then"]["prices_usd"]["ETH"]) == pytest.approx(float(moved["now"]["prices_usd"]["ETH"]) * 1.44)
    bands = {hedge["underlying"]: hedge["band"]["b"] for hedge in planned["hedges"]}
    assert {hedge["underlying"]: hedge["band"]["b"] for hedge in advised["hedges"]} == bands
    assert all(Decimal(hedge["collateral_usd"]) > 0 for hedge in advised["hedges"])
    (account,) = advised["venues"]
    stress = {name: Decimal(amount) for name, amount in account["stress"].items()}
    assert stress["vanishing_usd"] == Decimal(account["equity_usd"]) + stress["trading_usd"]
    assert account["collaterals"] == [{"currency": "USDT", "price_usd": None, "source": None}]
    year = {name: Decimal(amount) for name, amount in advised["a_year"].items()}
    loss_and_hedge = year["lvr_usd"] + year["hedge_cost_usd"]
    assert year["fees_to_break_even_usd"] == loss_and_hedge - year["funding_usd"]
    assert status["running"] is not None
    assert [order["client_id"] for order in status["orders"]] == [item.intent.client_id for item in intents]


@pytest.mark.parametrize("protocol", [name for name in PLAYED if name != USUAL])
async def test_a_protocol_s_scene_shows_ranges_stakes_and_rewards_and_ends_flat(tmp_path: Path, protocol: str) -> None:
    settings = SceneSettings(blocks=36)
    async with demo_run(tmp_path, settings, SystemClock(), protocol=protocol) as run:
        seen = [await run.step() for _ in range(settings.blocks // 2)]
        scene, held = run.scene, {one.protocol: one for one in seen[-1].record.snapshot.positions}
        assert held.keys() == {scene.full_range.protocol, scene.ranged.protocol}
        shown = {one["protocol"]: one for one in cycle(view_of(seen[-1].record))["positions"]}
        story = of_journal(run.view(), Mode.PAPER)
        seen += [await run.step() for _ in range(settings.blocks - len(seen))]

    assert story is not None
    told = {name: row for name, *row in story.held}
    for pool in (scene.full_range, scene.ranged):
        position, on_page = held[pool.protocol], shown[pool.protocol]
        span, _, farm, earned = told[position.id]
        assert on_page["staked"] is bool(farm) is pool.has_farm
        assert [reward["symbol"] for reward in on_page["rewards"]] == earned.split()[1:]
        assert bool(earned) is pool.has_farm
        assert (on_page["range"] is not None) is (span != "every price") is (pool.protocol in RANGED)
    assert all(row[0] in page(story) for row in story.held)
    assert all(one.true for one in seen)
    assert seen[-1].record.snapshot.positions == ()
    assert all(hedge.position == 0 for hedge in seen[-1].record.decision.hedges)


async def test_a_plan_without_a_journal_wants_the_whole_short(tmp_path: Path) -> None:
    async with demo_run(tmp_path, SceneSettings(blocks=100), SystemClock()) as run:
        for _ in range(12):
            await run.step()
        await run.stop()
        for file in tmp_path.glob("*.sqlite*"):
            file.unlink()
        code, out, err = await dnbot("plan", "--json", "-c", str(run.config))
        assert code == 0, err
        assert not list(tmp_path.glob("*.sqlite*"))

    planned = json.loads(out)
    wanted = {order["underlying"]: float(order["quantity"]) for order in planned["orders"]}
    exposed = {hedge["underlying"]: float(hedge["exposure"]) for hedge in planned["hedges"]}
    assert wanted.keys() == {"BTC", "ETH"}
    cut = {hedge["underlying"] for hedge in planned["hedges"] if "cut to" in hedge["note"]}
    assert all(-exposed[name] <= wanted[name] < 0 for name in wanted)
    assert all(wanted[name] == pytest.approx(-exposed[name], rel=0.11) for name in wanted.keys() - cut)


def _shorts(last: dict[str, Any]) -> list[str]:
    return [hedge["position"] for hedge in last["hedges"]]
