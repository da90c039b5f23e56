"""The compose file: hardened, pinned, whole, and understood by the bot that it starts."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.app.settings import load
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


def plain(text: str) -> str:
    """Put the default of each variable in its place."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_locked_down_and_bounded(name: str) -> None:
    service = SERVICES[name]
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
    assert "build" in service or re.search(r":v?\d+\.\d+\.\d+$", service["image"]), "not pinned to a version"
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


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_exists_and_is_read_only_but_for_volumes(name: str) -> None:
    volumes = compose()["volumes"].keys()
    for volume in SERVICES[name]["volumes"]:
        source, _, target = plain(volume).partition(":")
        if source in volumes:
            continue
        assert (DOCKER / source).exists(), source
        assert target.endswith(":ro")


def test_every_secret_of_a_paper_run_is_made_by_one_command(tmp_path: Path) -> None:
    made = {file.name for file in make_keys(tmp_path / "secrets")}
    named = compose()["secrets"]
    assert {Path(secret["file"]).name for secret in named.values()} <= made
    assert all(secret["file"] == f"./secrets/{key}" for key, secret in named.items())
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == named.keys()


@pytest.mark.parametrize("name", ["bot", "bot-testnet"])
@pytest.mark.parametrize("mqtt", ["false", "true"])
def test_the_bot_understands_its_environment(name: str, mqtt: str, tmp_path: Path) -> None:
    service = SERVICES[name]
    (config,) = (plain(volume).split(":")[0] for volume in service["volumes"] if "/config/" in volume)
    make_keys(tmp_path / "secrets")
    secrets = {key: (tmp_path / "secrets" / key).read_text() for key in service["secrets"]}
    environment = {key: plain(str(value)) for key, value in service["environment"].items()}
    settings = load([DOCKER / config], {**secrets, **environment, "DNBOT_MQTT__ENABLED": mqtt}).settings
    assert settings.bot.mode == "paper"
    assert settings.http.host == environment["DNBOT_HTTP__HOST"]
    assert settings.http.names == (name,)
    assert settings.mqtt.enabled is (mqtt == "true")
    assert str(settings.http.port) == service["ports"][0].split(":")[-1]


def test_what_compose_alone_reads_is_none_of_the_bot_s_variables() -> None:
    named = re.findall(r"\$\{(\w+)", COMPOSE.read_text(encoding="utf-8"))
    assert named
    assert not [name for name in named if name.startswith("DNBOT_")]  # an unknown one would be an error
    shown = re.findall(r"^#(\w+)=", (DOCKER / "env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert {name for name in shown if not name.startswith("DNBOT_")} <= set(named)


def test_prometheus_asks_the_bot_by_a_name_and_port_that_it_answers_to() -> None:
    text = (DOCKER / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    (host, port) = re.findall(r'targets: \["(\w+):(\d+)"\]', text)[0]
    environment = SERVICES[host]["environment"]
    assert (environment["DNBOT_HTTP__NAMES"], environment["DNBOT_HTTP__PORT"]) == (host, port)


def test_real_money_takes_a_file_of_its_own() -> None:
    live = compose("live.yaml")
    assert "--live" in live["services"]["bot"]["command"]
    assert not any("--live" in str(service.get("command")) for service in SERVICES.values())
    assert live["services"]["bot"]["secrets"] == [*SERVICES["bot"]["secrets"], *live["secrets"]]


def test_docker_itself_accepts_the_file() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:  # noqa: S603 - a fixed command
        pytest.skip("there is no docker with its compose plugin here")
    command = [docker, "compose", "-f", str(COMPOSE), "--profile", "*", "config", "--quiet"]
    subprocess.run(command, check=True, cwd=DOCKER)  # noqa: S603 - a fixed command
