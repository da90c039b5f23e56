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


def user(number: object) -> dict[str, Any]:
    """Return a user as the Bot API has it."""
    return {"id": number, "is_bot": False, "first_name": "A"}


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
        chat = {"id": sender, "type": "private", "first_name": "A"}
        message = {"message_id": number, "from": user(sender), "chat": chat, "date": int(self.now), "text": text}
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

    def refused(self) -> web.Response | None:
        """Return the refusal that stands, anew for each request."""
        one = self.refusal
        return one and web.Response(body=one.body, status=one.status, headers=one.headers)

    async def get_updates(self, request: web.Request) -> web.StreamResponse:
        """Answer what is new from the offset on; wait where nothing is."""
        body = await request.post()
        async with self.changed:
            self.asked += 1
            self.changed.notify_all()
            if (refused := self.refused()) is not None:
                return refused
            offset = int(str(body.get("offset", 0)))
            await self.changed.wait_for(lambda: self.refusal or any(u["update_id"] >= offset for u in self.updates))
            found = [update for update in self.updates if update["update_id"] >= offset][:100]
        return web.json_response({"ok": True, "result": found})

    async def send_message(self, request: web.Request) -> web.Response:
        """Take a message."""
        body = await request.post()
        chat, text = int(str(body["chat_id"])), str(body["text"])
        async with self.changed:
            self.said.append((chat, text))
            self.changed.notify_all()
        return web.json_response({"ok": True, "result": self.message(len(self.said), text, chat)["message"]})

    async def get_me(self, _: web.Request) -> web.Response:
        """Name the bot."""
        named = {"id": 123456, "is_bot": True, "first_name": "Hedge", "username": "hedge_bot"}
        return self.refused() or web.json_response({"ok": True, "result": named})

    async def unauthorized(self, _: web.Request) -> web.Response:
        """Refuse any other token."""
        return web.json_response({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)

    async def get_chat(self, request: web.Request) -> web.Response:
        """Name whom a chat is with; one that never wrote is not known."""
        chat = int(str((await request.post())["chat_id"]))
        if chat != ME:
            unknown = {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}
            return web.json_response(unknown, status=400)
        gifts = dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), True
        )
        named = {"id": chat, "type": "private", "first_name": "Ann", "last_name": "\x1b[31mLee"}
        more = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}
        return web.json_response({"ok": True, "result": {**named, **more}})


@asynccontextmanager
async def serving(now: float) -> AsyncIterator[BotApiServer]:
    """Serve on a port of the loopback."""
    server = BotApiServer(now)
    app = web.Application()
    calls = {
        "getUpdates": server.get_updates,
        "sendMessage": server.send_message,
        "getMe": server.get_me,
        "getChat": server.get_chat,
    }
    for name, answer in calls.items():
        app.router.add_post(f"/bot{TOKEN}/{name}", answer)
    app.router.add_post("/bot{other}/{method}", server.unauthorized)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
