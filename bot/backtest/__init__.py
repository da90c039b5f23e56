"""Replays a market through the same decide(), guards and paper exchange that run live.

One run::

    scenario = load_scenario(Path("scenario.toml"))         # bot.backtest.scenario: pools, positions, perpetuals
    market = open_market(scenario)                          # bot.backtest.market: data read, checked, findings kept
    plan = plan_replay(market, settings, scenario)          # bot.backtest.engine: policy and paper venues from settings
    result = replay(plan)                                   # the same: a Result with orders and attribution

A pool's rows come by the UTC day, so that memory stays flat however long the data is. A row is known at the end of its
minute: nothing is decided on what had not happened yet.
"""
