"""`dnbot config`, and what a user sees of bad input."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path

import pytest

from tests.app.settings.scenes import OWNER, RIGHT, written
from tests.cli.scenes import Ran, dnbot


def shown(folder: Path, extra: str = "", *flags: str, **environ: str) -> Ran:
    files = [written(folder, RIGHT), *([written(folder, extra, "extra.toml")] if extra else [])]
    return dnbot("config", "show", *(part for file in files for part in ("-c", str(file))), *flags, **environ)


def test_init_writes_an_example_that_shows(tmp_path: Path) -> None:
    target = tmp_path / "new.toml"
    ran = dnbot("config", "init", target)
    assert (ran.code, ran.out) == (0, "")
    assert f"wrote {target}" in ran.err
    assert dnbot("config", "init").out == target.read_text()
    assert dnbot("config", "show", "-c", target).code == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_init_replaces_a_file_only_when_forced(tmp_path: Path) -> None:
    target = written(tmp_path, "mine")
    ran = dnbot("config", "init", target)
    assert (ran.code, ran.err) == (2, f"error: {target}: exists already; --force replaces it\n")
    assert target.read_text() == "mine"
    assert dnbot("config", "init", target, "--force").code == 0
    assert "[bot]" in target.read_text()
    assert list(tmp_path.iterdir()) == [target]


def test_init_into_a_missing_directory_says_so(tmp_path: Path) -> None:
    ran = dnbot("config", "init", tmp_path / "none" / "new.toml")
    assert ran.code == 2
    assert "new.toml: can't be written: No such file or directory" in ran.err


def test_init_over_a_directory_says_so_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    ran = dnbot("config", "init", folder, "--force")
    assert ran.code == 2
    assert "can't be written: Is a directory" in ran.err
    assert list(tmp_path.iterdir()) == [folder]


def test_an_old_key_is_warned_of_on_stderr_and_does_no_harm(tmp_path: Path) -> None:
    ran = shown(tmp_path, "[risk.stop]\ngrace = 2")
    assert ran.code == 0
    assert f"warning: {tmp_path / 'extra.toml'}: risk.stop.grace counted cycles" in ran.err
    assert tomllib.loads(ran.out)["risk"]["stop"]["grace_time"] == "1m"


def test_show_prints_toml_with_sources(tmp_path: Path) -> None:
    ran = shown(tmp_path, "[hedge]\nratio = 0.5", DNBOT_LOG__FORMAT="json")
    assert ran.code == 0
    assert tomllib.loads(ran.out)["hedge"]["ratio"] == 0.5
    assert f"ratio = 0.5  # {tmp_path / 'extra.toml'}" in ran.out
    assert 'format = "json"  # environment DNBOT_LOG__FORMAT' in ran.out


def test_show_prints_json(tmp_path: Path) -> None:
    data = json.loads(shown(tmp_path, "", "--json", "--log-level", "debug").out)
    assert data["settings"]["log"]["level"] == "debug"
    assert data["sources"]["log.level"] == "flag for log.level"


def test_a_flag_beats_the_environment(tmp_path: Path) -> None:
    ran = shown(tmp_path, "", "--log-level", "error", DNBOT_LOG__LEVEL="debug")
    assert tomllib.loads(ran.out)["log"]["level"] == "error"


def test_show_hides_keys(tmp_path: Path) -> None:
    ran = shown(tmp_path, DNBOT_CHAINS__LOCAL__RPC_URLS="https://node/v2/SECRETKEY")
    assert ran.code == 0
    assert 'rpc_urls = ["https://node/…"]' in ran.out
    assert "SECRETKEY" not in ran.out + ran.err


def test_schema_is_json_schema_and_describes_every_table() -> None:
    schema = json.loads(dnbot("config", "schema").out)
    assert set(schema["properties"]) >= {"bot", "chains", "hedge", "guards", "venues", "log"}
    assert schema["$defs"]["BotSettings"]["properties"]["cycle_interval"]["default"] == "30s"
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ("[hedge]\nratoi = 1", "hedge.ratoi: unknown key; did you mean hedge.ratio?"),
        (f'[chains.local]\nowners = ["{OWNER.swapcase().replace("X", "x")}"]', "chains.local.owners[1]: "),
        ("[hedge]\nratio = 2", "hedge.ratio: is no hedge ratio; write 0 to 1.5"),
        (
            "[hedge.band]\nrisk_aversion = 5\nfixed_width = 0.1",
            "hedge.band: 2 kinds given (fixed_width, risk_aversion)",
        ),
        ("# nothing", "is empty"),
        ("[hedge\nratio = 1", "is no TOML: Expected ']'"),
        ('[bot]\nmode = "live"', 'bot.mode: is "live", and --live was not given'),
    ],
)
def test_bad_input_names_file_and_key_and_exits_with_2(tmp_path: Path, extra: str, says: str) -> None:
    ran = shown(tmp_path, extra)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {tmp_path / 'extra.toml'}: {says}")
    assert "Traceback" not in ran.err


def test_live_mode_needs_a_live_venue_too(tmp_path: Path) -> None:
    ran = shown(tmp_path, '[bot]\nmode = "live"', "--live")
    assert ran.code == 2
    assert "every venue is a paper one" in ran.err


def test_each_error_has_its_line(tmp_path: Path) -> None:
    ran = shown(tmp_path, "[hedge]\nratio = 2\nfixed_cost = -1")
    assert [line.split(": ")[2] for line in ran.err.splitlines()] == ["hedge.ratio", "hedge.fixed_cost"]


@pytest.mark.parametrize("path", [".", "/no/such/file.toml", "/proc/self/mem"])
def test_what_is_no_file_is_named(path: str) -> None:
    ran = dnbot("config", "show", "-c", path)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {path}: ")


def test_a_mistyped_variable_is_an_error(tmp_path: Path) -> None:
    ran = shown(tmp_path, DNBOT_HEDGE__RATOI="1")
    assert (ran.code, ran.out) == (2, "")
    assert "DNBOT_HEDGE__RATOI matches no setting; the nearest one is DNBOT_HEDGE__RATIO" in ran.err
