"""Where paths of a configuration lead: beside the file that names them, from whatever directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.settings import Loaded, load

BASE = """
[chains.local]
chain_id = 31337
rpc_urls = ["http://127.0.0.1:8545"]
owners = ["0x1111111111111111111111111111111111111111"]
[[chains.local.uniswap_v2]]
pairs = ["0x7852f1234c7540cB33D2a5117a5794ACEB204b96"]
[venues.paper]
kind = "paper"
symbols = { ETH = "ETH/USDT:USDT" }
mark = "script"
script = "marks.csv"
"""


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of configuration files; the current directory is another one."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    folder = tmp_path / "etc"
    folder.mkdir()
    return folder


def loaded(folder: Path, text: str = BASE, environ: dict[str, str] | None = None) -> Loaded:
    file = folder / "bot.toml"
    file.write_text(text)
    return load([file], environ or {})


def journal(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "journal.sqlite").touch()
    return folder


def test_a_path_stands_beside_the_file_that_names_it(etc: Path) -> None:
    found = loaded(etc, f'{BASE}[bot]\nstate_dir = "state/one"\n[mqtt]\nca_file = "/etc/ca.pem"\n')
    assert found.settings.bot.state_dir == etc / "state" / "one"
    assert found.settings.venues["paper"].script == etc / "marks.csv"  # type: ignore[index]  # a venue's name
    assert found.settings.mqtt.ca_file == Path("/etc/ca.pem")
    assert found.warnings == ()


def test_every_file_speaks_for_its_own_paths(etc: Path, tmp_path: Path) -> None:
    loaded(etc)
    over = tmp_path / "over.toml"
    over.write_text('[bot]\nstate_dir = "mine"\n')
    found = load([etc / "bot.toml", over], {}).settings
    assert found.bot.state_dir == tmp_path / "mine"
    assert found.venues["paper"].script == etc / "marks.csv"  # type: ignore[index]  # a venue's name


def test_a_state_directory_that_nobody_names_stands_beside_the_first_file(etc: Path, tmp_path: Path) -> None:
    found = loaded(etc)
    assert found.settings.bot.state_dir == etc / "var"
    assert found.origins.of(("bot", "state_dir")) == "default"
    over = tmp_path / "over.toml"
    over.write_text('[bot]\nid = "two"\n')
    assert load([etc / "bot.toml", over], {}).settings.bot.state_dir == etc / "var"


def test_a_relative_file_name_means_the_same_from_everywhere(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded(etc)
    monkeypatch.chdir(etc)
    assert load([Path("bot.toml")], {}).settings.bot.state_dir == etc / "var"


def test_the_environment_s_paths_are_the_shell_s(etc: Path) -> None:
    found = loaded(etc, environ={"DNBOT_BOT__STATE_DIR": "here"})
    assert found.settings.bot.state_dir == Path("here")


@pytest.mark.parametrize("named", ["", '[bot]\nstate_dir = "var"\n'])
def test_a_journal_of_before_is_used_where_it_lies_and_told(etc: Path, named: str) -> None:
    old = journal(Path.cwd() / "var")
    found = loaded(etc, BASE + named)
    assert found.settings.bot.state_dir == old
    (warning,) = found.warnings
    assert all(word in warning for word in ("bot.toml", "bot.state_dir", str(old), str(etc / "var")))


def test_a_journal_where_it_should_be_is_the_one(etc: Path) -> None:
    journal(Path.cwd() / "var")
    right = journal(etc / "var")
    found = loaded(etc)
    assert (found.settings.bot.state_dir, found.warnings) == (right, ())


def test_a_directory_without_a_journal_is_none_of_before(etc: Path) -> None:
    (Path.cwd() / "var").mkdir()
    assert loaded(etc).settings.bot.state_dir == etc / "var"


def test_a_script_of_before_is_found_too(etc: Path) -> None:
    (Path.cwd() / "marks.csv").touch()
    found = loaded(etc)
    assert found.settings.venues["paper"].script == Path.cwd() / "marks.csv"  # type: ignore[index]  # a venue's name
    assert "venues.paper.script" in found.warnings[0]
