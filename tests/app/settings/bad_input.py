"""Bad input of every kind: what stands in a file over one that is right, the key that is named, words of the remedy."""

from __future__ import annotations

from tests.app.settings.scenes import MANAGER, OWNER, PAIR

TWIN = f"""
[chains.b]
chain_id = 31337
rpc_urls = ["http://a"]
owners = ["{OWNER}"]
uniswap_v3 = [{{ position_manager = "{MANAGER}" }}]
"""
WRONG_CHECKSUM = "0xf39fd6e51aad88F6F4ce6aB8827279cffFb92266"

BAD = [
    ("[hedge]\nratoi = 1", "hedge.ratoi", "unknown key; did you mean hedge.ratio?"),
    ("[guard]\nslippage = 0.1", "guard", "unknown key; did you mean guards?"),
    ("slippage = 0.1", "slippage", "unknown key; did you mean guards.slippage?"),
    ("[log]\nzzzz = 1", "log.zzzz", "unknown key; known here: level, format"),
    ("[hedge]\nratio = 2", "hedge.ratio", "write 0 to 1.5"),
    ("[hedge]\nratio = -0.1", "hedge.ratio", "write 0 to 1.5"),
    ("[hedge]\nratio = nan", "hedge.ratio", "must be a finite number"),
    ("[hedge]\nratio = true", "hedge.ratio", "must be a number"),
    (
        '[hedge.band]\nrisk_aversion = 50\nfixed_width = "2%"',
        "hedge.band",
        "2 kinds given (fixed_width, risk_aversion)",
    ),
    ("[hedge.band]", "hedge.band", "no kind given; keep exactly one of risk_aversion, tracking_error, fixed_width"),
    (f'[chains.local]\nowners = ["{WRONG_CHECKSUM}"]', "chains.local.owners[1]", f"write {OWNER}"),
    (f'[chains.local]\nowners = ["{OWNER.lower()}"]', "chains.local.owners[1]", "has no EIP-55 checksum"),
    ('[chains.local]\nowners = ["0x12"]', "chains.local.owners[1]", "is no address"),
    (f'[chains.local]\nowners = "{OWNER}"', "chains.local.owners", "must be a list"),
    ("[chains.local]\nmax_batch = true", "chains.local.max_batch", "must be a number"),
    ("[chains.local]\nmax_batch = 1.5", "chains.local.max_batch", "must be a whole number"),
    ("[chains.local]\nrpc_urls = []", "chains.local.rpc_urls", "must not be empty"),
    ('[chains.local]\nws_urls = ["http://a"]', "chains.local.ws_urls[1]", "write ws://host or wss://host"),
    ('[chains.local]\nmulticall = "no"', "chains.local.multicall", 'or "none"'),
    ("[chains]\nlocal = 3", "chains.local", "must be a table"),
    (TWIN, "chains.b.chain_id", "would count twice"),
    ("[chains.local]\nuniswap_v3 = []", "chains.local", "has no position source"),
    ("[chains.local]\nowners = []", "chains.local", "nobody whose positions to read"),
    (
        f'[[chains.local.uniswap_v2]]\nname = "uniswap_v3"\npairs = ["{PAIR}"]',
        "chains.local",
        "two deployments have the name",
    ),
    (f'[chains.local]\nowners = ["{OWNER}", "{OWNER}"]', "chains.local.owners", f"{OWNER} is listed twice"),
    (f'[[chains.local.uniswap_v2]]\npairs = ["{MANAGER}"]', "chains.local", f"{MANAGER} is listed twice"),
    ('[chains.local]\nrpc_urls = ["http://a/key", "http://b", "http://a/key/"]', "chains.local", "an endpoint twice"),
    (
        f'[[chains.local.uniswap_v2]]\npairs = ["{PAIR}"]\nholders = ["{OWNER}"]',
        "chains.local",
        "is an owner and a holder",
    ),
    (
        f'[[chains.local.uniswap_v3]]\nposition_manager = "{PAIR}"\ntoken_ids = [-1]',
        "chains.local.uniswap_v3[1].token_ids[1]",
        "must be greater than or equal to 0",
    ),
    ('[venues.paper.symbols]\nETH = "BTC/USDT:USDT"', "venues.paper", "BTC/USDT:USDT does not carry ETH"),
    ("[hedge]\nfixed_cost = 1e999", "hedge.fixed_cost", "must be a number of ordinary size"),
    ("[hedge.underlyings.SOL]\nratio = 1", "hedge.underlyings.SOL", "no venue has a market for SOL"),
    ("[hedge.underlyings.USD]\nratio = 1", "hedge.underlyings.USD", "never hedged"),
    (
        "[hedge.underlyings]\nETH = { enabled = false }\nBTC = { enabled = false }",
        "hedge.underlyings",
        "nothing is hedged",
    ),
    ('[venues.paper.symbols]\nUSD = "USD/USDT:USDT"', "venues.paper.symbols.USD", "never hedged"),
    ('[venues.paper.symbols]\nETH = "ETHUSDT"', "venues.paper.symbols.ETH", "is no linear perpetual"),
    ('[venues.paper]\nmark = "script"', "venues.paper", "give both or neither"),
    ('[venues.paper]\nkind = "X Y"', "venues.paper.kind", "is no kind of venue"),
    (
        "[guards]\nmax_notional_total = 1",
        "guards.max_notional_per_underlying",
        "is above guards.max_notional_total, which is 1",
    ),
    ("[chains.local]\nignore_positions = ['uniswap_v9:1']", "chains.local", "is of no deployment here; there are"),
    ("[chains.local]\nignore_positions = ['uniswap_v2']", "chains.local.ignore_positions[1]", "names no position"),
    ("[chains.local]\nonly_positions = ['uniswap_v2:x']", "chains.local.only_positions[1]", "names no position"),
    (
        "[chains.local]\nonly_positions = ['uniswap_v3:7']\nignore_positions = ['uniswap_v3:7']",
        "chains.local",
        "keep it in one of them",
    ),
    ('[bot]\nid = "Too Long For An Id"', "bot.id", "1 to 12 of a-z and 0-9"),
    ('[bot]\ncycle_interval = "5 parsecs"', "bot.cycle_interval", 'write "30s"'),
    ('[bot]\nmode = "live"', "bot.mode", "--live was not given"),
]
