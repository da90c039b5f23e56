"""The doctor finds what is wrong, says what to do, and never dies of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from aiohttp import web

from bot.app import doctor, doctor_checks
from bot.app.doctor_findings import Finding, Level
from bot.app.settings import Settings
from bot.chain.probe import EndpointFacts
from bot.clock import SystemClock
from bot.core.data_quality.collateral import Collateral
from bot.core.decide import decide
from bot.core.errors import ConfigError, Halt, Retryable
from bot.core.snapshot import Unread, VenueUnknown
from bot.core.types import ChainName, Underlying, VenueId
from tests.app.settings.scenes import RIGHT, loaded, written
from tests.cli.scenes import dnbot
from tests.core import scenes
from tests.telemetry.telegram.server import ME, TOKEN, serving
from tests.telemetry.web.scenes import account

LOCAL = ChainName("local")


def settings(folder: Path, extra: str = "") -> Settings:
    return loaded(folder, f'[bot]\nstate_dir = "{folder}/state"\n{extra}').settings


def facts(**changes: object) -> EndpointFacts:
    fine = EndpointFacts("rpc_urls[1] (node)", 31337, 100, SystemClock().now(), 0.01, multicall=True, logs=True)
    return replace(fine, **changes)  # type: ignore[arg-type]  # the fields' own values


@pytest.mark.parametrize(
    ("changes", "level", "says"),
    [
        ({}, Level.OK, "block 100"),
        ({"chain_id": 1}, Level.FAIL, "is of chain 1, not 31337"),
        ({"stamp": SystemClock().now() + timedelta(days=1)}, Level.FAIL, "lies in the future"),
        ({"stamp": SystemClock().now() - timedelta(hours=1)}, Level.WARN, "older than max_head_age"),
        ({"multicall": False}, Level.FAIL, "no Multicall3"),
        ({"logs": False}, Level.WARN, "entry amounts stay unknown"),
        ({"learned": "9 blocks per eth_getLogs"}, Level.OK, "takes 9 blocks per eth_getLogs"),
        ({"number": None, "failures": ("it sleeps",)}, Level.FAIL, "it sleeps; no other one answers"),
    ],
)
def test_an_endpoint_is_judged(tmp_path: Path, changes: dict[str, object], level: Level, says: str) -> None:
    found = doctor.endpoints(LOCAL, [facts(**changes)], settings(tmp_path))
    assert (found[-1].level, bool(found[-1].fix)) == (level, level is not Level.OK)
    assert says in found[-1].message


def test_an_endpoint_is_judged_against_the_best_one(tmp_path: Path) -> None:
    found = doctor.endpoints(LOCAL, [facts(), facts(number=90), facts(number=None)], settings(tmp_path))
    assert [one.level for one in found] == [Level.OK, Level.WARN, Level.WARN]
    assert "10 blocks behind" in found[1].message


def test_the_end_of_a_key_is_told_and_warned_of_when_it_is_near() -> None:
    seen = scenes.snapshot([scenes.chain([])], [scenes.venue({scenes.ETH: "0"})])
    assert list(doctor.keys(seen)) == []
    for days, level, says in (
        (30, Level.OK, "it ends on "),
        (3, Level.WARN, "approve a new one"),
        (-1, Level.WARN, "ended on "),
    ):
        view = replace(seen.known_venues[0], key_ends=seen.observed_at + timedelta(days=days))
        (finding,) = doctor.keys(replace(seen, venues=(view,)))
        assert (finding.level, says in finding.message) == (level, True)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ConfigError("is wrong", key="a.b"), "correct a.b"),
        (Retryable("asleep"), "try again"),
        (Halt("held"), "see the message"),
        (ZeroDivisionError("oh"), "this is a bug"),
    ],
)
async def test_a_check_that_breaks_is_a_finding(error: Exception, says: str) -> None:
    async def check() -> list[Finding]:
        raise error

    (finding,) = await doctor.guarded("it", check)
    assert (finding.level, says in finding.fix) == (Level.FAIL, True)


@pytest.mark.parametrize(("notional", "level"), [(1_000, Level.OK), (30_000, Level.WARN), (60_000, Level.FAIL)])
def test_margin_is_weighed_against_the_hedge(tmp_path: Path, notional: int, level: Level) -> None:
    text = RIGHT.replace('kind = "paper"', 'kind = "paper"\nleverage = 5')
    own = loaded(tmp_path, text=text).settings
    snapshot = scenes.snapshot([], [account()])  # equity of 10,000 USD
    assert doctor.margin(snapshot, own, Decimal(notional)).level is level


@pytest.mark.parametrize(
    ("held", "hedged", "told"),
    [
        ([(scenes.ETH, 100_000), (scenes.BTC, 100_000)], [scenes.ETH], [(Level.FAIL, "1.00000 BTC are not hedged")]),
        ([(scenes.ETH, 100_000), (scenes.BTC, 100)], [scenes.ETH], [(Level.WARN, "0.00100000 BTC are not hedged")]),
        ([(scenes.BTC, 100_000)], [], [(Level.FAIL, "1.00000 BTC are not hedged")]),
        ([(scenes.ETH, 100_000)], [scenes.ETH], []),
    ],
)
def test_an_exposure_without_a_market_fails(
    held: list[tuple[Underlying, int]], hedged: list[Underlying], told: list[tuple[Level, str]]
) -> None:
    view = scenes.chain([scenes.v2(f"{key}", usd, (key, scenes.USD)) for key, usd in held])
    wanted = scenes.policy(hedges={key: scenes.hedge(key) for key in hedged})
    decision = decide(scenes.snapshot(view), scenes.NO_INPUTS, scenes.state(), wanted)
    found = [(one.level, one.message.partition(":")[0]) for one in doctor.alarmed(decision.alarms)]
    assert found == told
    accepted = replace(wanted, accepted=frozenset(key for key, _ in held))
    calm = decide(scenes.snapshot(view), scenes.NO_INPUTS, scenes.state(), accepted)
    assert list(doctor.alarmed(calm.alarms)) == []


def test_gifts_in_a_pool_that_nobody_believes_are_listed() -> None:
    gift = scenes.lp("gift", ("0.001", 2), pool="trap")
    pools = [scenes.pool_price(20_000, pool="trap"), scenes.pool_price(2_000, pool="own")]
    view = scenes.chain([scenes.lp("own", (50, 100_000), pool="own"), gift], pools=pools)
    decision = decide(scenes.snapshot(view), scenes.NO_INPUTS, scenes.state(), scenes.policy())
    (finding,) = doctor.alarmed(decision.alarms)
    assert (finding.level, finding.message.startswith("gift is not hedged: it claims 0.001")) == (Level.WARN, True)


def test_an_account_that_cant_be_read_fails_and_a_part_of_one_is_told(tmp_path: Path) -> None:
    own, whole = loaded(tmp_path, text=RIGHT).settings, account()
    assert list(doctor.unread(scenes.snapshot([], [whole]))) == []
    part = replace(whole, unread=(Unread(None, "the list of orders", "100 may not be all"),))
    none = VenueUnknown(VenueId("gate"), "gate fetchPosition() is not supported yet", whole.as_of)
    snapshot = scenes.snapshot([], [part, none])
    told = [(one.level, one.check, one.message) for one in doctor.unread(snapshot)]
    assert told == [
        (Level.WARN, "venue paper", "the list of orders can't be read: 100 may not be all"),
        (Level.FAIL, "venue gate", "the account can't be read: gate fetchPosition() is not supported yet"),
    ]
    assert doctor.margin(snapshot, own, Decimal(1_000)).level is Level.SKIP


@pytest.mark.parametrize(
    ("price", "kind", "level"),
    [
        ("0.9995", "binance", Level.OK),
        ("0.95", "binance", Level.FAIL),
        (None, "binance", Level.WARN),
        (None, "paper", Level.SKIP),
    ],
)
def test_a_collateral_off_its_peg_fails_and_one_that_nobody_prices_is_told(
    tmp_path: Path, price: str | None, kind: str, level: Level
) -> None:
    own = loaded(tmp_path, text=RIGHT).settings
    (name, there), *_ = own.venues.items()
    own = own.model_copy(update={"venues": {name: there.model_copy(update={"kind": kind})}})
    found = Collateral(VenueId("paper"), "USDT", None if price is None else Decimal(price), "feed 0x1 on base")
    finding = doctor.collateral(found, own)
    assert finding.level is level
    assert ("dollar_feeds.USDT" in finding.fix) == (level is Level.WARN)


async def test_a_state_directory_without_rights_or_room_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await doctor_checks.disk(settings(tmp_path)))[0].level is Level.OK
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10 * 2**20}))
    assert (await doctor_checks.disk(settings(tmp_path)))[0].level is Level.FAIL
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "can't be written" in (await doctor_checks.disk(settings(tmp_path)))[0].message


async def test_files_with_secrets_that_others_can_read_are_found(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    keyed = RIGHT.replace("http://127.0.0.1:8545", "https://node.example/v2/0123456789abcdef")
    open_file = loaded(tmp_path, text=keyed)
    (finding,) = await doctor_checks.secrets(open_file)
    assert (finding.level, "bot.toml" in finding.message) == (Level.WARN, True)
    written(tmp_path, keyed).chmod(0o600)
    assert (await doctor_checks.secrets(open_file))[0].level is Level.OK
    secret = written(tmp_path, "hunter2hunter2", "password")
    named = loaded(tmp_path, '[mqtt]\nusername = "x"', DNBOT_MQTT__PASSWORD_FILE=str(secret))
    (finding,) = await doctor_checks.secrets(named)
    assert "password" in finding.message
    tmp_path.chmod(0o700)
    assert (await doctor_checks.secrets(named))[0].level is Level.OK


async def test_alert_urls_that_mean_nothing_are_found(tmp_path: Path) -> None:
    assert (await doctor_checks.alerts(settings(tmp_path)))[0].level is Level.WARN
    wrong = loaded(tmp_path, DNBOT_ALERTS__URLS="nonsense://x").settings
    assert (await doctor_checks.alerts(wrong))[0].level is Level.FAIL
    right = loaded(tmp_path, DNBOT_ALERTS__URLS="json://127.0.0.1:1/x").settings
    assert (await doctor_checks.alerts(right))[0].level is Level.OK


async def test_telegram_is_asked_for_the_token_and_for_who_is_answered(tmp_path: Path) -> None:
    async def found(token: str = TOKEN) -> list[tuple[Level, str]]:
        extra = f'[telegram]\nenabled = true\nchats = [{ME}, 5]\napi = "{server.url}"\n'
        checked = await doctor_checks.telegram(loaded(tmp_path, extra, DNBOT_TELEGRAM__TOKEN=token).settings)
        assert not any(token in f"{one.message}{one.fix}" for one in checked)
        return [(one.level, one.message) for one in checked]

    async with serving(0) as server:
        assert await found() == [
            (Level.OK, f"@hedge_bot answers Ann \ufffd[31mLee ({ME})"),
            (Level.WARN, "@hedge_bot knows no 5: Chat not found"),
        ]
        assert await found(f"{TOKEN}x") == [(Level.FAIL, "the token is not taken: Unauthorized")]
        server.refusal = web.Response(status=503, text="{}")
        assert await found() == [(Level.WARN, "whether the token is good is unknown: Service Unavailable (503)")]
    ((level, text),) = await found()  # nobody listens there any more
    assert (level, "ClientConnectorError" in text) == (Level.WARN, True)
    (off,) = await doctor_checks.telegram(settings(tmp_path))
    assert off.level is Level.SKIP


def test_the_command_survives_a_world_that_is_not_there(tmp_path: Path) -> None:
    nobody = RIGHT.replace("http://127.0.0.1:8545", "http://127.0.0.1:9/v2/0123456789abcdef")
    file = written(tmp_path, f'[bot]\nstate_dir = "{tmp_path}/state"\n{nobody}')
    ran = dnbot("doctor", "-c", file)
    assert ran.code == 1, ran.err
    assert "chain local: rpc_urls[1] (127.0.0.1)" in ran.out
    assert "0123456789abcdef" not in ran.out
    assert not (tmp_path / "state").exists()
    assert dnbot("doctor", "-c", tmp_path / "none.toml").code == 2


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('underlying = "ETH"', None),
        ('underlying = "ETH"\nrate_from = "getRate"', None),
        ('underlying = "ETH"\nrate = 1.18\nrate_as_of = 2026-10-20', None),
        ('underlying = "ETH"\nrate = 1.18\nrate_as_of = 2026-09-01', "is 1.18 of 62 days ago"),
        ('underlying = "ETH"\nrate = 1.18', "since nobody knows when"),
    ],
)
async def test_a_fixed_rate_that_ages_is_told(tmp_path: Path, lines: str, says: str | None) -> None:
    table = f'[chains.local.tokens."0x7f39C581F595B53c5cb19bD0b3f8dA6c935E2Ca0"]\n{lines}\n'
    (finding,) = await doctor_checks.token_rates(settings(tmp_path, table), date(2026, 11, 2))
    assert finding.level is (Level.WARN if says else Level.OK)
    assert (says or "") in finding.message
