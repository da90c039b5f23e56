"""A local server that speaks the Bot API: updates by offset and long polling, messages, refusals, silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "123456:abcdefghijklmnopqrstuvwxyz"  # noqa: S105 - of no bot
ME = 4711


@dataclass
class BotApiServer:
    """``refusal`` is answered to whatever is asked, while it stands."""

    now: float
    url: str = ""
    updates: list[dict[str, Any]] = field(default_factory=list)
    said: list[tuple[int, str]] = field(default_factory=list)
    refusal: web.Response | None = None
    asked: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def add(self, *updates: dict[str, Any]) -> None:
        """Let updates arrive."""
        async with self.changed:
            self.updates += updates
            self.changed.notify_all()

    def message(self, number: int, text: object, sender: object = ME, **more: object) -> dict[str, Any]:
        """Return a private message as the Bot API has it; ``more`` replaces fields, ``by`` its sender."""
        user = {"id": sender, "is_bot": False, "first_name": "A"}
        chat = {"id": sender, "type": "private", "first_name": "A"}
        message = {"message_id": number, "from": user, "chat": chat, "date": int(self.now), "text": text}
        if "by" in more:
            more["from"] = more.pop("by")
        return {"update_id": number, "message": {**message, **more}}

    async def until(self, answers: int) -> list[tuple[int, str]]:
        """Wait for so many messages of the bot."""
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(lambda: len(self.said) >= answers)
        return self.said

    async def until_asked(self, times: int) -> None:
        """Wait until updates were asked for so often."""
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(lambda: self.asked >= times)

    async def get_updates(self, request: web.Request) -> web.StreamResponse:
        """Answer what is new from the offset on; wait where nothing is."""
        body = await request.json()
        async with self.changed:
            self.asked += 1
            self.changed.notify_all()
            if self.refusal is not None:
                return web.Response(body=self.refusal.body, status=self.refusal.status)
            offset = body.get("offset", 0)
            await self.changed.wait_for(lambda: self.refusal or any(u["update_id"] >= offset for u in self.updates))
            found = [update for update in self.updates if update["update_id"] >= offset][: body["limit"]]
        return web.json_response({"ok": True, "result": found})

    async def send_message(self, request: web.Request) -> web.Response:
        """Take a message."""
        body = await request.json()
        async with self.changed:
            self.said.append((body["chat_id"], body["text"]))
            self.changed.notify_all()
        return web.json_response({"ok": True, "result": {"message_id": len(self.said)}})


@asynccontextmanager
async def serving(now: float) -> AsyncIterator[BotApiServer]:
    """Serve on a port of the loopback."""
    server = BotApiServer(now)
    app = web.Application()
    app.router.add_post(f"/bot{TOKEN}/getUpdates", server.get_updates)
    app.router.add_post(f"/bot{TOKEN}/sendMessage", server.send_message)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
