"""The compose file: hardened, pinned, whole, and understood by the bot that it starts."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.app.settings import Settings, load
from bot.telemetry.mqtt.keys import make_keys

DOCKER = Path(__file__).resolve().parents[2] / "docker"
COMPOSE = DOCKER / "compose.yaml"
Service = dict[str, Any]
"""A table of YAML."""


def compose(name: str = "compose.yaml") -> dict[str, Any]:
    found = yaml.safe_load((DOCKER / name).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


SERVICES: dict[str, Service] = compose()["services"]
LIVE: Service = compose("live.yaml")["services"]["bot-live"]
EVERY = {**SERVICES, "bot-live": LIVE}
BOTS = {"bot": "bot.env", "bot-testnet": "testnet.env", "bot-live": "live.env"}
"""Each bot and the file of its settings."""


def plain(text: str) -> str:
    """Put the default of each variable in its place."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


@pytest.mark.parametrize("name", EVERY)
def test_every_service_is_locked_down_and_bounded(name: str) -> None:
    service = EVERY[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["restart"] == "unless-stopped"
    assert {"max-size", "max-file"} <= service["logging"]["options"].keys()
    assert service["mem_limit"]
    assert service["pids_limit"] <= 256
    assert service["stop_grace_period"] == "30s"
    assert "privileged" not in service
    assert service.get("user", "10001:10001").split(":")[0] not in {"0", "root"}
    assert service["image"] == "dnbot:local" or re.search(r":v?\d+\.\d+\.\d+$", service["image"]), (
        "not pinned to a version"
    )
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_the_bot_alone_starts_without_a_profile() -> None:
    profiles = {name: service.get("profiles") for name, service in SERVICES.items()}
    assert profiles == {
        "bot": None,
        "bot-testnet": ["testnet"],
        "mosquitto": ["mqtt"],
        "prometheus": ["monitoring"],
        "grafana": ["monitoring"],
    }


@pytest.mark.parametrize("name", EVERY)
def test_what_is_mounted_exists_and_is_read_only_but_for_volumes(name: str) -> None:
    volumes = {*compose()["volumes"], *compose("live.yaml")["volumes"]}
    for volume in EVERY[name]["volumes"]:
        source, _, target = plain(volume).partition(":")
        if source in volumes:
            continue
        assert (DOCKER / source).exists(), source
        assert target.endswith(":ro")


def test_every_bot_has_a_volume_a_port_an_id_and_settings_of_its_own() -> None:
    states = {name: [item for item in EVERY[name]["volumes"] if item.endswith(":/state")] for name in BOTS}
    assert {name: len(items) for name, items in states.items()} == dict.fromkeys(BOTS, 1)
    assert len({items[0] for items in states.values()}) == len(BOTS)
    assert len({EVERY[name]["ports"][0] for name in BOTS}) == len(BOTS)
    assert len({settings_of(name).bot.id for name in BOTS}) == len(BOTS)
    own = {name: [item["path"] for item in EVERY[name]["env_file"]][-1] for name in BOTS}
    assert own == BOTS


def test_every_secret_of_a_paper_run_is_made_by_one_command(tmp_path: Path) -> None:
    made = {file.name for file in make_keys(tmp_path / "secrets")}
    named = compose()["secrets"]
    assert {Path(secret["file"]).name for secret in named.values()} <= made
    assert all(secret["file"] == f"./secrets/{key}" for key, secret in named.items())
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == named.keys()


def settings_of(name: str, **more: str) -> Settings:
    """Load what a bot of the file runs, with the file's own environment and made-up secrets."""
    service = EVERY[name]
    (config,) = (plain(volume).split(":")[0] for volume in service["volumes"] if "/config/" in volume)
    environment = {key: plain(str(value)) for key, value in service["environment"].items()}
    secrets = dict.fromkeys(service["secrets"], "made-up-" * 8)
    live = "--live" in service["command"]
    return load([DOCKER / config], {**secrets, **environment, **more}, live=live).settings


@pytest.mark.parametrize("name", BOTS)
@pytest.mark.parametrize("mqtt", ["false", "true"])
def test_the_bot_understands_its_environment(name: str, mqtt: str) -> None:
    service, settings = EVERY[name], settings_of(name, DNBOT_MQTT__ENABLED=mqtt)
    assert settings.bot.mode == ("live" if name == "bot-live" else "paper")
    assert settings.http.host == service["environment"]["DNBOT_HTTP__HOST"]
    assert settings.http.names == (name,)
    assert settings.mqtt.enabled is (mqtt == "true")
    assert str(settings.http.port) == service["ports"][0].split(":")[-1]


@pytest.mark.parametrize("name", BOTS)
def test_the_example_of_a_bot_s_settings_fits_the_configuration_that_it_runs(name: str) -> None:
    text = (DOCKER / f"{BOTS[name]}.example").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^#(DNBOT_\w+)=(.+)$", text, re.MULTILINE))
    assert shown
    owner = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    settings = settings_of(name, **{key: value.replace("0x…", owner) for key, value in shown.items()})
    assert {str(one) for chain in settings.chains.values() for one in chain.owners} == {owner}


def test_what_compose_alone_reads_is_none_of_the_bot_s_variables() -> None:
    text = "".join((DOCKER / name).read_text(encoding="utf-8") for name in ("compose.yaml", "live.yaml"))
    named = re.findall(r"\$\{(\w+)", text)
    assert named
    assert not [name for name in named if name.startswith("DNBOT_")]  # an unknown one would be an error
    shown = re.findall(r"^#(\w+)=", (DOCKER / "env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(shown) == set(named)


@pytest.mark.parametrize("name", ["bot", "bot-live"])
def test_prometheus_asks_a_bot_by_a_name_and_port_that_it_answers_to(name: str) -> None:
    text = (DOCKER / "prometheus" / f"{name}.yml").read_text(encoding="utf-8")
    assert re.findall(r'targets: \["([\w-]+):(\d+)"\]', text) == [
        (name, EVERY[name]["environment"]["DNBOT_HTTP__PORT"])
    ]
    assert EVERY[name]["environment"]["DNBOT_HTTP__NAMES"] == name
    mounts = compose("compose.yaml" if name == "bot" else "live.yaml")["services"]["prometheus"]["volumes"]
    assert f"./prometheus/{name}.yml:/etc/prometheus/bots/{name}.yml:ro" in mounts


def test_real_money_takes_a_file_of_its_own() -> None:
    live = compose("live.yaml")
    assert "--live" in LIVE["command"]
    assert not any("--live" in str(service.get("command")) for service in SERVICES.values())
    assert LIVE["secrets"] == [*SERVICES["bot"]["secrets"], *live["secrets"]]
    assert live["services"].keys() & SERVICES.keys() == {"prometheus"}, "it changes no bot on paper"


def test_docker_itself_accepts_the_file() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:  # noqa: S603 - a fixed command
        pytest.skip("there is no docker with its compose plugin here")
    files = ("-f", str(COMPOSE), "-f", str(DOCKER / "live.yaml"))
    command = [docker, "compose", *files, "--profile", "*", "config", "--quiet"]
    subprocess.run(command, check=True, cwd=DOCKER)  # noqa: S603 - a fixed command
