"""Hyperliquid perpetuals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final, Self

from bot.core.errors import ConfigError
from bot.core.market import PerpMarket
from bot.core.orders import OrderKind, OrderRequest, TimeInForce
from bot.core.snapshot import Balance, OpenOrder
from bot.core.types import ClientOrderId, Symbol, Underlying
from bot.exchange import statement, trades
from bot.exchange.ccxt_link import Link, side_by_side
from bot.exchange.config import CcxtConfig
from bot.exchange.dialect import Found, Instrument, Settings, TradePage, VenueAccount, WriteCall
from bot.exchange.errors import Unbelievable
from bot.exchange.facts import Listing, VenueFacts
from bot.exchange.fields import Row, milliseconds_of, moment, number, positive, row_of, text
from bot.exchange.statement import Page, Price
from bot.exchange.unified_calls import UnifiedCalls
from bot.exchange.working_orders import Listed
from bot.venues.hyperliquid import account, facts, ledger, orders, tiers
from bot.venues.hyperliquid.account import Held
from bot.venues.hyperliquid.budget import Budget
from bot.venues.hyperliquid.identity import Mode, Who, info, mode_of, prove

_DIGITS: Final = 5
"""Documented: significant digits of a price that is no whole number."""
_PRICE_DECIMALS: Final = 6
"""Documented: decimals of a price and of a quantity, together."""
_COLLATERAL: Final = {"0": "USDC", "235": "USDE", "268": "USDT0", "360": "USDH"}
"""Tokens that markets settle in, by the venue's number."""
_FILLS: Final = "userFillsByTime"
_LATE: Final = timedelta(minutes=5)
"""How long after the full hour a funding may be booked."""
_TIFS: Final = {TimeInForce.IOC: "ioc", TimeInForce.GTC: "gtc"}


@dataclass(slots=True)
class Hyperliquid(UnifiedCalls):
    """Hyperliquid's dialect.

    Attributes:
        facts: its facts, with the markets of ``dex`` among what is loaded.
        dex: whose markets are traded; empty: the venue's own.
        who: the addresses of the login; None where only public prices are read.
        mode: how the account keeps its money; None until its address is proven.
        key_ends: when the agent ends; None: at no time that is named.
        budget: the address's budget of actions.
    """

    facts: VenueFacts
    dex: str = ""
    who: Who | None = None
    mode: Mode | None = None
    key_ends: datetime | None = None
    budget: Budget = field(default_factory=Budget)

    @classmethod
    def of(cls, config: CcxtConfig) -> Self:
        """Make it for an account.

        Raises:
            ConfigError: its symbols are of more than one dex.
        """
        dexes = {symbol.partition("/")[0].rpartition("-")[0].lower() for symbol in config.symbols}
        if len(dexes) > 1:
            raise ConfigError(
                "the symbols belong to more than one dex of Hyperliquid; write a [venues.NAME] for each", key="symbols"
            )
        dex = next(iter(dexes), "")
        markets = {"types": ["hip3"], "hip3": {"dexes": [dex]}} if dex else {"types": ["swap"]}
        options = {**facts.FACTS.options, "fetchMarkets": markets, "cachedCurrenciesById": _COLLATERAL}
        return cls(replace(facts.FACTS, options=options), dex)

    def _login(self, link: Link) -> Who:
        if self.who is None:
            login = link.config.login
            signer = str(link.method("eth_get_address_from_private_key")(login["privateKey"])).lower()
            link.method("sign_l1_action")({"type": "noop"}, 0)  # loads what signing needs, before an order waits for it
            network = "testnet" if link.config.demo else "main network"
            self.who = Who(login["approver"], login["walletAddress"], signer, network)
        return self.who

    def _coin(self, link: Link, symbol: Symbol) -> str:
        return text(row_of(link.api.market(symbol), f"market {symbol}"), "baseName", f"market {symbol}")

    def _of_dex(self) -> dict[str, str]:
        return {"dex": self.dex} if self.dex else {}

    async def check_account(self, link: Link, symbols: Sequence[str]) -> None:
        """Prove that the address is the account and the key an agent of it, and that it holds money."""
        del symbols  # all of this holds for the whole account
        who = self._login(link)
        self.mode, self.key_ends = await prove(link, who)
        balance, _ = await self._balance(link, {})
        if balance.equity > 0:
            return
        held = "" if self.mode is Mode.CLASSIC else "the spot account of "
        hint = "move USDC from spot to perps, or deposit some" if self.mode is Mode.CLASSIC else "deposit some"
        raise ConfigError(f"{held}{who.user} holds no {self.facts.settle} for perpetuals; {hint}")

    async def settings(self, link: Link, symbol: Symbol, venue_symbol: str) -> Settings:
        """Read leverage and margin mode, which stand here also while there is no position."""
        del venue_symbol
        what = f"settings of {symbol}"
        answer = await info(link, "activeAssetData", user=self._login(link).user, coin=self._coin(link, symbol))
        row = row_of(row_of(answer, what).get("leverage"), what)
        mode = text(row, "type", what)
        if mode not in {"cross", "isolated"}:
            raise Unbelievable(f"{what}: unknown margin mode {mode!r}")
        return Settings(positive(row, "value", what), mode)

    async def fees(self, link: Link, symbol: Symbol) -> Row:
        """Read the account's fees; those of builder-deployed markets are twice as high at most."""
        what = f"fees of {symbol}"
        row = row_of(await link.read("together", "userFees", {"user": self._login(link).user}), what)
        factor = 2 if self.dex else 1
        names = {"maker": "userAddRate", "taker": "userCrossRate"}
        return {name: number(row, key, what) * factor for name, key in names.items()}

    async def tiers(self, link: Link, symbol: Symbol) -> Sequence[Row]:
        """Read the margin table, and check that the symbol takes the configured margin mode."""
        markets = await info(link, "metaAndAssetCtxs", **self._of_dex())
        meta = row_of(markets[0] if isinstance(markets, list) and markets else None, "markets")
        return tiers.of(meta, self._coin(link, symbol), symbol, link.config.margin_mode)

    def limits(self, market: PerpMarket, row: Row) -> PerpMarket:
        """Add the price rule, and leave out the dex from the underlying's name.

        Raises:
            ConfigError: the market settles in other money.
        """
        raw = row_of(row.get("info"), f"market {market.symbol}")
        token = str(raw.get("collateralToken") or "0")
        if _COLLATERAL.get(token) != self.facts.settle:
            name = _COLLATERAL.get(token, f"token {token}")
            raise ConfigError(f"{market.symbol} settles in {name}; dnbot holds {self.facts.settle}", key="symbol")
        decimals = _PRICE_DECIMALS - int(number(raw, "szDecimals", f"market {market.symbol}"))
        name = Underlying(market.underlying.rpartition("-")[2])
        return replace(market, tick=Decimal(1).scaleb(-decimals), price_digits=_DIGITS, underlying=name)

    async def working(self, link: Link, listing: Listing, one: Instrument) -> Listed:
        """Read a symbol's working orders, row by row."""
        del listing  # there is one book
        return await orders.working(link, self._login(link).user, self.dex, self._coin(link, one.market.symbol), one)

    def open_order(self, row: Row, listing: Listing, one: Instrument) -> OpenOrder:
        """Translate one of its rows."""
        del listing
        return orders.open_order(row, one)

    async def account(self, link: Link, instruments: Sequence[Instrument]) -> VenueAccount:
        """Read balance and positions of the proven account.

        Raises:
            Unbelievable: the address was not proven to be the account, or its balance mode has changed.
        """
        if self.mode is None:
            raise Unbelievable("the account's address was not proven yet; an unknown one reads as empty")
        coins = {self._coin(link, one.market.symbol): one for one in instruments}
        async with side_by_side() as group:
            asked = group.create_task(self._balance(link, coins))
            budget = group.create_task(self.budget.unread(link, self._login(link).user))
        balance, held = asked.result()
        try:
            is_changed = balance.equity <= 0 and await mode_of(link, self._login(link)) is not self.mode
        except ConfigError as error:  # while it runs that stops the daemon no more than any odd answer does
            raise Unbelievable(str(error)) from None
        if is_changed:
            raise Unbelievable("the account's balance mode was changed; it is read anew at the next check")
        return VenueAccount(balance, held.positions, (*held.unread, *budget.result()), self.key_ends)

    async def _balance(self, link: Link, coins: Mapping[str, Instrument]) -> tuple[Balance, Held]:
        user, pooled = self._login(link).user, self.mode is not Mode.CLASSIC
        async with side_by_side() as group:
            perps = group.create_task(link.read("state", user, self.dex))
            spot = group.create_task(info(link, "spotClearinghouseState", user=user)) if pooled else None
        state = row_of(perps.result(), "account")
        age = link.clock.now() - moment(state, "time", "account")
        if age > link.config.max_age:
            raise Unbelievable(f"the account is {age.total_seconds():.1f} s old")
        held = account.held(state, coins)
        if spot is None:
            return account.classic(state, held), held
        return account.pooled(state, spot.result(), held, self.facts.settle), held

    def order_params(self, request: OrderRequest, client_id: ClientOrderId, margin_mode: str) -> dict[str, object]:
        """Return the parameters of a normal or conditional order; triggers are on the mark here."""
        del margin_mode
        params: dict[str, object] = {"clientOrderId": client_id}
        if request.reduce_only:
            params["reduceOnly"] = True
        if request.kind is OrderKind.LIMIT and request.time_in_force is TimeInForce.POST_ONLY:
            params["postOnly"] = True
        elif request.kind is OrderKind.LIMIT:
            params["timeInForce"] = _TIFS[request.time_in_force]
        return params

    def cancel_params(self, client_id: ClientOrderId, *, conditional: bool) -> dict[str, object]:
        """There is one book."""
        del conditional
        return {"clientOrderId": client_id}

    def setting_up(self, now: Settings, wanted: Settings, one: Instrument) -> Iterator[WriteCall]:
        """Return the one call that sets both: the venue knows no way to set one alone."""
        del now
        params = {"marginMode": wanted.margin_mode}
        yield WriteCall("set_leverage", (int(wanted.leverage), one.market.symbol, params))

    async def find(self, link: Link, client_id: ClientOrderId, symbol: Symbol, venue_symbol: str) -> Found | None:
        """Ask for an order by client id, and for the fills of one that has ended."""
        del venue_symbol
        return await orders.find(link, self._login(link).user, client_id, symbol)

    async def children(self, link: Link, venue_symbol: str, since: datetime) -> Mapping[str, ClientOrderId]:
        """Map the orders of the fills that were read to their client ids; a triggered one keeps its number."""
        del venue_symbol, since
        return orders.owners(await link.read("read_fills"))

    async def trades(self, link: Link, one: Instrument, since: datetime, until: datetime) -> TradePage:
        """Pick a symbol's trades of a span from the fills of all markets, which are read page by page."""
        span = milliseconds_of(since), milliseconds_of(until)
        found = await link.read("all_fills", self._login(link).user, *span)
        if not isinstance(found, list):
            raise Unbelievable(f"trades of {one.market.symbol}: no list")
        coin = self._coin(link, one.market.symbol)
        mine = (item for item in found if orders.is_of(item, coin))
        return trades.parsed(link, mine, one, since, full=False)

    def realised(self, trade: Row) -> Decimal:
        """Read the venue's own field."""
        return number(row_of(trade.get("info"), "trade"), "closedPnl", "trade")

    async def ledger_page(self, link: Link, since: datetime, until: datetime, price: Price) -> Page:
        """Read fundings, fills and the other updates of a span."""
        user, settle = self._login(link).user, self.facts.settle
        span = {"user": user, "startTime": milliseconds_of(since), "endTime": milliseconds_of(until)}
        coins = {self._coin(link, symbol): symbol for symbol in link.config.symbols}
        purse = ledger.Purse(user, self.dex, settle, self.mode is not Mode.CLASSIC)
        kinds = {
            "userFunding": (ledger.FUNDING_PAGE, partial(ledger.funding, coins=coins, settle=settle)),
            _FILLS: (ledger.FILLS_PAGE, partial(ledger.fill, coins=coins, settle=settle)),
            "userNonFundingLedgerUpdates": (ledger.UPDATES_PAGE, partial(ledger.update, purse=purse)),
        }
        if not self._may_have_funded(since, until):
            del kinds["userFunding"]
        async with side_by_side() as group:
            asked = {kind: group.create_task(info(link, kind, **span)) for kind in kinds if kind != _FILLS}
            asked[_FILLS] = group.create_task(link.read("all_fills", *span.values()))
        whole = Page((), full=False)
        for kind, (most, read) in kinds.items():
            rows = asked[kind].result()
            if not isinstance(rows, list):
                raise Unbelievable(f"{kind}: no list")
            booked, aside = await statement.page(rows, read, settle, price, until)
            whole = Page((*whole.entries, *booked), whole.full or len(rows) >= most, (*whole.aside, *aside))
        return whole

    def _may_have_funded(self, since: datetime, until: datetime) -> bool:
        """Whether a full hour, with what a funding may be late, lies in a span: nothing is funded within one."""
        hour = until.replace(minute=0, second=0, microsecond=0)
        return since <= hour + _LATE

    async def price(self, link: Link, asset: str) -> Decimal:
        """Read the mark of an asset's own perpetual."""
        row = row_of(await link.read("fetch_funding_rate", f"{asset}/USDC:USDC"), f"price of {asset}")
        return positive(row, "markPrice", f"price of {asset}")
