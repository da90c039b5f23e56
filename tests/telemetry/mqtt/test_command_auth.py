"""What passes the gate and what does not, without a broker; the signature against an independent computation."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import ManualClock
from bot.core.command import Command, Verb
from bot.core.errors import Halt
from bot.core.types import Mode
from bot.telemetry.mqtt.command_auth import RESUME, Fault, Gate, Incoming, Passed, Stopped
from bot.telemetry.mqtt.config import Broker, MqttConfig
from bot.telemetry.mqtt.payloads import CommandMessage
from bot.telemetry.mqtt.replay_counter import CounterFile
from bot.telemetry.mqtt.signing import Signer, command_mac
from tests.core.scenes import NOW

KEY = b"0123456789abcdef0123456789abcdef"
VERBS = frozenset({Verb.STATUS, Verb.PAUSE, Verb.FREEZE})


def config(counter: Path, verbs: frozenset[Verb] = VERBS) -> MqttConfig:
    return MqttConfig(Broker("127.0.0.1", 1), "p", "dn", "0", Mode.PAPER, 3, counter, KEY, verbs)


def gate(folder: Path, clock: ManualClock, verbs: frozenset[Verb] = VERBS) -> Gate:
    return Gate(config(folder / "counter", verbs), KEY, CounterFile(folder / "counter"), clock)


def message(verb: str = "freeze", reason: str = "", late: float = 0) -> CommandMessage:
    return Signer(KEY, "dn", 3).command(verb, reason, "id", NOW - timedelta(seconds=late))


def incoming(command: CommandMessage, verb: str | None = None) -> Incoming:
    return Incoming(verb or command.verb, command.encode(), retained=False)


def fault(found: Passed | Stopped) -> Fault | None:
    return found.fault if isinstance(found, Stopped) else None


def test_the_signature_is_what_the_documentation_says() -> None:
    command = message("freeze", "naïve “reason”")
    said = ["dnbot command 1", "dn", 3, command.counter, command.expires, "freeze", command.args, "id"]
    text = json.dumps(said, separators=(",", ":"))
    assert command.mac == hmac.new(KEY, text.encode("ascii"), hashlib.sha256).hexdigest()


def test_a_right_command_passes_with_its_reason(tmp_path: Path) -> None:
    found = gate(tmp_path, ManualClock(NOW)).judge(incoming(message("freeze", "odd prices")))
    assert found == Passed(Command(Verb.FREEZE, "mqtt", "odd prices"), "id")


def test_a_command_is_good_for_30_seconds(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    clock.advance(29.9)
    assert fault(gate(tmp_path, clock).judge(incoming(message()))) is None
    clock.advance(0.2)
    assert fault(gate(tmp_path, clock).judge(incoming(message()))) is Fault.EXPIRED


def test_a_command_counts_once_and_no_older_one_after_it(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    desk = gate(tmp_path, clock)
    assert fault(desk.judge(incoming(message(late=1)))) is None
    assert fault(desk.judge(incoming(message(late=1)))) is Fault.REPLAYED
    assert fault(desk.judge(incoming(message(late=2)))) is Fault.REPLAYED
    assert fault(gate(tmp_path, clock).judge(incoming(message(late=1)))) is Fault.REPLAYED
    assert fault(desk.judge(incoming(message()))) is None
    assert (desk.accepted, dict(desk.refused)) == (2, {Fault.REPLAYED: 2})


def test_resume_never_passes_whatever_is_configured(tmp_path: Path) -> None:
    found = gate(tmp_path, ManualClock(NOW)).judge(incoming(message("resume")))
    assert found == Stopped(Fault.NOT_ALLOWED, RESUME, "id")
    with pytest.raises(ValueError, match="never over MQTT: resume"):
        config(tmp_path / "counter", frozenset({Verb.RESUME}))


def test_flatten_passes_only_where_it_is_configured(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    assert fault(gate(tmp_path / "..", clock).judge(incoming(message("flatten")))) is Fault.NOT_ALLOWED
    allowed = gate(tmp_path, clock, VERBS | {Verb.FLATTEN})
    assert isinstance(allowed.judge(incoming(message("flatten"))), Passed)


def test_a_counter_on_a_full_disk_still_counts(tmp_path: Path) -> None:
    counter = CounterFile(tmp_path / "gone" / "counter")
    desk = Gate(config(tmp_path / "counter"), KEY, counter, ManualClock(NOW))
    assert isinstance(desk.judge(incoming(message())), Passed)
    assert fault(desk.judge(incoming(message()))) is Fault.REPLAYED


def test_a_damaged_counter_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "counter").write_text("seven")
    with pytest.raises(Halt, match="no command counter"):
        CounterFile(tmp_path / "counter")


def test_the_counter_file_is_for_its_owner(tmp_path: Path) -> None:
    CounterFile(tmp_path / "counter").use(5)
    assert CounterFile(tmp_path / "counter").last == 5
    assert (tmp_path / "counter").stat().st_mode & 0o077 == 0


FIELDS = st.sampled_from(["bot", "epoch", "counter", "expires", "verb", "args", "id"])
VALUES = st.one_of(st.integers(-(2**60), 2**60), st.text(max_size=20), st.none(), st.lists(st.none(), max_size=2))


@given(FIELDS, VALUES)
def test_no_field_can_be_changed_under_the_signature(field: str, value: object) -> None:
    command = json.loads(message("freeze", "x").encode())
    if command[field] == value:
        return
    desk = Gate(config(Path("/nowhere/counter")), KEY, CounterFile(Path("/nowhere/counter")), ManualClock(NOW))
    payload = json.dumps({**command, field: value}).encode()
    assert fault(desk.judge(Incoming("freeze", payload, retained=False))) in {Fault.FORGED, Fault.MALFORMED}


@given(payload=st.binary(max_size=400), retained=st.booleans())
def test_any_bytes_are_refused(payload: bytes, *, retained: bool) -> None:
    desk = Gate(config(Path("/nowhere/counter")), KEY, CounterFile(Path("/nowhere/counter")), ManualClock(NOW))
    assert fault(desk.judge(Incoming("freeze", payload, retained))) is not None
    assert desk.accepted == 0


@pytest.mark.parametrize("reason", ["\x07", "a" * 201])
def test_a_signed_reason_that_can_not_be_kept_is_refused(tmp_path: Path, reason: str) -> None:
    assert fault(gate(tmp_path, ManualClock(NOW)).judge(incoming(message("freeze", reason)))) is Fault.MALFORMED


def test_unknown_arguments_are_refused(tmp_path: Path) -> None:
    bent = message().model_copy(update={"args": {"force": "yes"}})
    signed = bent.model_copy(update={"mac": command_mac(KEY, bent)})
    assert fault(gate(tmp_path, ManualClock(NOW)).judge(incoming(signed))) is Fault.MALFORMED
