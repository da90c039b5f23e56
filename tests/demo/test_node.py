"""The node starts, stops, survives and dies when it should."""

import asyncio
import os
import select
import signal
import sys
from pathlib import Path

import pytest

from bot.core.errors import ConfigError
from bot.core.types import Address
from bot.demo import contracts
from bot.demo.chain import LocalChain
from bot.demo.node import Anvil, AnvilOptions, NodeError
from bot.demo.rpc import Rpc, RpcError

pytestmark = pytest.mark.chain

OWNER = Address("0x00000000000000000000000000000000000A11cE")


async def test_the_node_does_not_choke_on_its_own_log(fresh_node: Anvil) -> None:
    async with Rpc(fresh_node.url) as rpc:
        for _ in range(20):  # far more lines than a pipe and a stream's buffer hold
            await rpc.batch([("eth_blockNumber", [])] * 1000)
        assert await rpc.call("eth_blockNumber") == "0x0"


async def test_the_client_names_the_call_that_the_node_refused(fresh_node: Anvil) -> None:
    async with Rpc(fresh_node.url) as rpc:
        with pytest.raises(RpcError, match="eth_nonsense"):
            await rpc.batch([("eth_blockNumber", []), ("eth_nonsense", [])])


async def test_a_taken_port_is_an_error_that_says_so(fresh_node: Anvil) -> None:
    port = int(fresh_node.url.rpartition(":")[2])
    with pytest.raises(NodeError, match="ddress already in use"):
        await Anvil(AnvilOptions(port=port)).start()


async def test_a_killed_node_comes_back_on_its_port(fresh_node: Anvil) -> None:
    url = fresh_node.url
    await fresh_node.kill()
    await fresh_node.start()
    assert fresh_node.url == url
    async with Rpc(url) as rpc:
        assert await rpc.call("eth_chainId") == hex(31337)


async def test_a_chain_with_a_state_file_survives_a_restart(tmp_path: Path) -> None:
    node = Anvil(AnvilOptions(state_file=tmp_path / "state.json"))
    async with node, Rpc(node.url) as rpc:
        chain = await LocalChain.deploy(rpc)
        await chain.fund(OWNER, {chain.at.usdc: 5})
        last = await chain.mine()
    async with node, Rpc(node.url) as rpc:
        assert (await rpc.call("eth_getBlockByNumber", "latest", False))["hash"] == last.hash
        chain = LocalChain(rpc, chain.at, chain.accounts)
        assert await chain.balance(chain.at.usdc.address, OWNER) == 5
        assert (await chain.mine()).number == last.number + 1


async def test_the_node_dies_with_its_parent() -> None:
    script = """
import asyncio
from bot.demo.node import Anvil
async def main():
    node = Anvil()
    await node.start()
    print(node.pid, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    node = os.pidfd_open(int(await parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    await parent.communicate()
    poll = select.poll()
    poll.register(node, select.POLLIN)
    ended = poll.poll(5000)
    os.close(node)
    assert ended


def test_missing_packages_are_an_error_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(contracts, "__file__", str(tmp_path / "bot/demo/contracts.py"))
    with pytest.raises(ConfigError, match="make setup"):
        contracts.node_modules()
