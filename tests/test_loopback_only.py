"""The guard that keeps the suite's packets on the machine."""

import asyncio
import socket

import aiohttp
import pytest

from tests.loopback_only import is_local

pytest_plugins = ["pytester"]
OUTSIDE = """
import asyncio, socket
import aiohttp, pytest

def test_connect():
    socket.socket().connect(("192.0.2.1", 80))

def test_connect_ex():
    socket.socket().connect_ex(("192.0.2.1", 80))

def test_datagram():
    socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53))

def test_lookup():
    socket.getaddrinfo("example.invalid", 443)

def test_old_lookup():
    socket.gethostbyname("example.invalid")

def test_hidden():
    with pytest.raises(Exception):
        socket.create_connection(("192.0.2.1", 80))

async def test_client():
    async with aiohttp.ClientSession() as session:
        with pytest.raises(Exception):
            await session.get("http://example.invalid/")

async def test_event_loop():
    with pytest.raises(Exception):
        await asyncio.open_connection("192.0.2.1", 80)
"""


def test_a_test_that_leaves_the_loopback_fails_whatever_it_does_with_the_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(OUTSIDE)
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    result = pytester.runpytest_subprocess("-p", "tests.loopback_only", "-p", "no:cacheprovider", "-q")
    outcomes = result.parseoutcomes()
    assert outcomes == {"failed": 5, "passed": 3, "errors": 8}  # those that hid the error fail at their end


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", b"localhost", "", None])
def test_the_loopback_is_local(host: object) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "example.com", "fapi.binance.com", "2001:db8::1", "localhost.example"])
def test_everything_else_is_not(host: object) -> None:
    assert not is_local(host)


async def test_the_loopback_works() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with server:
        with socket.create_connection((host, port)):
            pass
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientError):
                await session.get(f"http://127.0.0.1:{port}/")
