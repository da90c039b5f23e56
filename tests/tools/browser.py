"""Headless Chromium through its DevTools protocol: the few commands that the page's test and screenshot need."""

from __future__ import annotations

import asyncio
import base64
import itertools
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

MISSING: Final = "chromium is missing: `make testtools` as root, or install the package chromium"
_FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "about:blank",
)
_DEADLINE: Final = 30.0


def chromium() -> str | None:
    """Find the browser."""
    return shutil.which("chromium")


@dataclass(slots=True)
class Page:
    """One tab. ``requests`` holds every URL that it asked for, ``errors`` the complaints of its console and scripts."""

    socket: aiohttp.ClientWebSocketResponse
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _answers: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _loaded: asyncio.Event = field(default_factory=asyncio.Event)
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    async def send(self, method: str, **params: object) -> dict[str, Any]:
        """Send a command and give its result."""
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self.socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(_DEADLINE):
            result: dict[str, Any] = await answer
        return result

    async def read(self) -> None:
        """Take what the browser says, until it closes."""
        async for message in self.socket:
            data = message.json()
            if "id" in data:
                answer = self._answers.pop(data["id"])
                if "error" in data:
                    answer.set_exception(RuntimeError(str(data["error"])))
                else:
                    answer.set_result(data["result"])
            else:
                self._take(data["method"], data["params"])

    def _take(self, method: str, params: Mapping[str, Any]) -> None:
        match method:
            case "Page.loadEventFired":
                self._loaded.set()
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Runtime.exceptionThrown":
                self.errors.append(str(params["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if params["type"] in {"error", "warning", "assert"}:
                self.errors.append(str(params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] in {"error", "warning"}:
                self.errors.append(str(params["entry"]))

    async def evaluate(self, script: str) -> Any:  # noqa: ANN401 - whatever the script gives
        """Run an expression in the page, await it, and return its value."""
        answer = await self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait until an expression is true, looking at each frame that the page draws."""
        look = f"const look = () => ({condition}) ? done() : requestAnimationFrame(look);"
        try:
            await self.evaluate(f"new Promise(done => {{ {look} look(); }})")
        except TimeoutError as error:
            raise AssertionError(f"not true within {_DEADLINE:g} s: {condition}; {self.errors}") from error

    async def size(self, width: int, height: int, *, scale: float = 1.0) -> None:
        """Return the page a window of its own size; narrow ones are phones."""
        await self.send("Emulation.setScrollbarsHidden", hidden=True)
        phone = width < 600
        await self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone
        )

    async def theme(self, name: str) -> None:
        """Say which colours the user prefers: ``light`` or ``dark``."""
        await self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    async def open(self, url: str) -> None:
        """Go to an address, or to the same one again, and wait until it is loaded."""
        self._loaded.clear()
        await self.send("Page.navigate", url=url)
        async with asyncio.timeout(_DEADLINE):
            await self._loaded.wait()

    async def picture(self) -> bytes:
        """Return the whole page as a PNG."""
        answer = await self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(answer["data"])


@asynccontextmanager
async def browser() -> AsyncIterator[Page]:
    """Run a browser with an empty profile and one tab."""
    program = chromium()
    if program is None:
        raise FileNotFoundError(MISSING)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            program, f"--user-data-dir={profile}", *_FLAGS, stdout=DEVNULL, stderr=PIPE
        )
        try:
            async with asyncio.timeout(_DEADLINE):
                address = await _address(process)
            async with asyncio.TaskGroup() as group:
                drain = group.create_task(_drain(process))
                async with _tab(address) as page:
                    yield page
                drain.cancel()
        finally:
            process.kill()
            await process.wait()


async def _address(process: Process) -> str:
    """Read where the browser listens off what it says at its start."""
    if process.stderr is None:
        raise AssertionError("the browser's words are piped")
    said = []
    async for line in process.stderr:
        said.append(line.decode(errors="replace"))
        if said[-1].startswith("DevTools listening on ws://"):
            return said[-1].split("ws://", 1)[1].split("/", 1)[0]
    raise RuntimeError(f"chromium did not start: {''.join(said)}")


async def _drain(process: Process) -> None:
    """Read on, so that the browser never waits for its own words to be taken."""
    if process.stderr is not None:
        while await process.stderr.read(65536):
            pass


@asynccontextmanager
async def _tab(address: str) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession(f"http://{address}") as session:
        async with session.get("/json/list") as answer:
            tabs = await answer.json()
        target = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
        async with session.ws_connect(target, max_msg_size=0) as socket, asyncio.TaskGroup() as group:
            page = Page(socket)
            reader = group.create_task(page.read())
            for domain in ("Page", "Network", "Runtime", "Log"):
                await page.send(f"{domain}.enable")
            yield page
            reader.cancel()
