"""``dnbot alerts test`` against a local service: who got it, who did not, and no secret in the words."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.app.settings.scenes import RIGHT, written
from tests.cli.scenes import dnbot


def config(folder: Path, alerts: str) -> Path:
    file = written(folder, f"{RIGHT}\n[alerts]\n{alerts}\n")
    file.chmod(0o600)
    return file


async def test_everybody_is_tried_and_whoever_got_nothing_is_named(tmp_path: Path) -> None:
    got: list[tuple[str, str]] = []

    async def take(request: web.Request) -> web.Response:
        body = await request.json() if request.method == "POST" else {}
        got.append((request.path, body.get("message", "")))
        return web.Response(status=500 if request.path == "/dead-SECRET" else 200)

    app = web.Application()
    app.router.add_route("*", "/{name}", take)
    async with TestServer(app) as server:
        at = f"127.0.0.1:{server.port}"
        urls = f'urls = ["json://{at}/all-SECRET"]\npulse_url = "http://{at}/pulse-SECRET"'
        good = await asyncio.to_thread(dnbot, "alerts", "test", "-c", config(tmp_path, urls))
        bad = await asyncio.to_thread(
            dnbot,
            "alerts",
            "test",
            "--json",
            "-c",
            config(tmp_path, f'{urls}\ncritical_urls = ["json://{at}/dead-SECRET"]'),
        )
    assert (good.code, good.err) == (0, "")
    assert good.out.splitlines() == ["alerts.urls[0] (json): delivered", "alerts.pulse_url: delivered"]
    assert [path for path, _ in got[:2]] == ["/all-SECRET", "/pulse-SECRET"]
    assert "this is a test" in got[0][1]
    assert bad.code == 1
    assert [one["delivered"] for one in json.loads(bad.out)] == [True, False, True]
    assert "SECRET" not in good.out + good.err + bad.out + bad.err


async def test_with_nobody_to_tell_it_says_which_key_is_empty(tmp_path: Path) -> None:
    found = await asyncio.to_thread(dnbot, "alerts", "test", "-c", config(tmp_path, ""))
    assert found.code == 2
    assert "alerts.urls" in found.err
