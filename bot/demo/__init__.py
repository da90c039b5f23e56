"""A local chain with the real Uniswap contracts, and a market that trades on its pools.

The chain, for the demo and for every test that wants the contracts' own answers::

    async with Anvil() as node, Rpc(node.url) as rpc:            # bot.demo.node, bot.demo.rpc
        chain = await LocalChain.deploy(rpc)                     # bot.demo.chain; 0.1 s
        v2, v3 = UniswapV2(chain), UniswapV3(chain)              # bot.demo.uniswap_v2, bot.demo.uniswap_v3
        await chain.fund(owner, {chain.at.weth: 10**18})         # tokens, and approvals for the routers
        block = await chain.mine(v2.swap(...), v3.mint(...))     # one block, transactions in this order

- Builders (`v2.add`, `v3.swap`, `chain.transfer` …) only make a `Tx`; ``chain.mine`` sends and mines it, and raises
  where one is reverted. Names with ``await`` (`v2.create_pair`, `v3.open`, `chain.deploy_token` …) mine a block.
- Any address may send, without a key. Blocks are mined on demand only and lie 12 s apart unless a time is given; a node
  starts at a fixed time, so the same transactions give the same block hashes.
- ``v2.burn_pays`` and ``v3.pays`` ask the contracts what a full withdrawal would pay at this block.
- All amounts are raw token units (int); token order, where it matters, is by address (`PoolKey.of`).

The market on it, always the same for a seed::

    settings = SceneSettings(seed=7, blocks=288)                 # bot.demo.scenario; the owner's script too
    write_marks(file, settings.points(288))                      # bot.demo.path: the true prices as a table
    scene = await Scene.create(chain, settings)                  # bot.demo.scene: pools created and filled
    step = await scene.step()                                    # one block: noise, arbitrage, the owner's actions

In tests take the fixtures ``chain``, ``v2``, ``v3`` (one node per process, taken back each time) or ``fresh_node``
(a node of the test's own) and mark the test ``chain``.
"""
