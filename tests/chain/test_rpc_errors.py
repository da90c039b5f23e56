"""What nodes say, and what it means: recorded wordings of nodes and providers, each with where it was seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.chain.rpc_errors import Meaning, meaning_of, revert_data

RECORDED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "recorded" / "rpc_errors.json").read_text(encoding="utf-8")
)["errors"]


@pytest.mark.parametrize("seen", RECORDED, ids=lambda seen: f"{seen['who']}: {seen['message'][:40]}")
def test_a_recorded_error_is_understood(seen: dict[str, Any]) -> None:
    assert meaning_of(seen["method"], seen["code"], seen["message"], seen.get("data")) == Meaning(seen["meaning"])


def test_at_least_eight_providers_are_recorded() -> None:
    providers = {"Infura", "Alchemy", "QuickNode", "Ankr", "dRPC", "PublicNode", "Tenderly", "Chainstack", "Cloudflare"}
    assert providers <= {seen["who"] for seen in RECORDED}


@pytest.mark.parametrize(
    "text",
    [
        "execution aborted (timeout = 5s)",
        "EVM error DatabaseError",
        "failed to execute: gas oracle unavailable",
        "evm is shutting down",
        "jump server unreachable",
        "stack trace: goroutine 1",
        "execution layer is syncing",
    ],
)
def test_words_that_a_halt_has_too_are_no_halt(text: str) -> None:
    assert meaning_of("eth_call", -32000, text) is not Meaning.CONTRACT


@pytest.mark.parametrize("method", ["eth_getLogs", "eth_getBlockByNumber", "eth_getCode", ""])
def test_only_a_call_has_a_contract_that_could_speak(method: str) -> None:
    assert meaning_of(method, 3, "execution reverted", "0x") is not Meaning.CONTRACT


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("0x", "0x"),
        ("0x08c379a0", "0x08c379a0"),
        ("Reverted 0x08", "0x08"),
        ("0x0", None),
        ("0xzz", None),
        ("Bad instruction fe", None),
        ({"a": 1}, None),
        (None, None),
    ],
)
def test_revert_data_is_whole_bytes_in_hexadecimal(data: object, found: str | None) -> None:
    assert revert_data(data) == found
