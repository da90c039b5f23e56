"""What the venues' documentation says of the parameters of every request that dnbot makes.

Sources: Binance USDⓈ-M futures documentation (Market Data, Trade, Account), wallet documentation (API Key Permission);
Bitget documentation, contract (Market, Account, Position, Trade, Plan), common and spot account; of the unified account
(v3) Market, Account, Trade, Strategy, and for the orders of a strategy order two public adapters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Documented:
    """The parameters of a request; ``values`` are those that a parameter may have, ``extra`` is what ccxt adds."""

    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    extra: frozenset[str] = frozenset()


def takes(required: str = "", optional: str = "", *, extra: str = "", **values: str) -> Documented:
    """Write down parameters, names apart by spaces."""
    known = {name: frozenset(told.split()) for name, told in values.items()}
    return Documented(frozenset(required.split()), frozenset(optional.split()), known, frozenset(extra.split()))


SIGNED: Final = frozenset({"timestamp", "recvWindow", "signature"})
"""What Binance wants in every signed request."""
_SPAN: Final = "startTime endTime limit"
_ORDER: Final = "positionSide type timeInForce quantity reduceOnly price newClientOrderId priceMatch goodTillDate"

BINANCE: Final[Mapping[tuple[str, str], Documented]] = {
    ("GET", "/fapi/v1/time"): takes(),
    ("GET", "/fapi/v1/exchangeInfo"): takes(),
    ("GET", "/fapi/v1/premiumIndex"): takes("", "symbol"),
    ("GET", "/fapi/v1/depth"): takes("symbol", "limit", limit="5 10 20 50 100 500 1000"),
    ("GET", "/fapi/v1/fundingInfo"): takes(),
    ("GET", "/fapi/v1/accountConfig"): takes(),
    ("GET", "/fapi/v1/symbolConfig"): takes("", "symbol"),
    ("GET", "/fapi/v1/commissionRate"): takes("symbol"),
    ("GET", "/fapi/v1/leverageBracket"): takes("", "symbol"),
    ("GET", "/sapi/v1/account/apiRestrictions"): takes(),
    ("GET", "/fapi/v3/account"): takes(),
    ("GET", "/fapi/v3/positionRisk"): takes("", "symbol"),
    ("GET", "/fapi/v1/openOrders"): takes("", "symbol"),
    ("GET", "/fapi/v1/openAlgoOrders"): takes("", "algoType symbol algoId"),
    ("GET", "/fapi/v1/allAlgoOrders"): takes("symbol", f"algoId page {_SPAN}"),
    ("GET", "/fapi/v1/order"): takes("symbol", "orderId origClientOrderId"),
    ("DELETE", "/fapi/v1/order"): takes("symbol", "orderId origClientOrderId"),
    ("GET", "/fapi/v1/algoOrder"): takes("", "algoId clientAlgoId", extra="symbol"),
    ("DELETE", "/fapi/v1/algoOrder"): takes("", "algoId clientAlgoId", extra="symbol"),
    ("GET", "/fapi/v1/userTrades"): takes("symbol", f"orderId fromId {_SPAN}"),
    ("GET", "/fapi/v1/income"): takes("", f"symbol incomeType page {_SPAN}"),
    ("POST", "/fapi/v1/order"): takes(
        "symbol side type",
        f"{_ORDER} newOrderRespType selfTradePreventionMode",
        side="BUY SELL",
        type="LIMIT MARKET",
        timeInForce="GTC IOC FOK GTX GTD",
        newOrderRespType="ACK RESULT",
        reduceOnly="true false",
    ),
    ("PUT", "/fapi/v1/order"): takes(
        "symbol side quantity price", "orderId origClientOrderId priceMatch", side="BUY SELL"
    ),
    ("POST", "/fapi/v1/algoOrder"): takes(
        "algoType symbol side type",
        "positionSide timeInForce quantity price triggerPrice workingType priceMatch closePosition priceProtect "
        "reduceOnly activatePrice callbackRate clientAlgoId newOrderRespType selfTradePreventionMode goodTillDate",
        algoType="CONDITIONAL",
        type="STOP_MARKET TAKE_PROFIT_MARKET STOP TAKE_PROFIT TRAILING_STOP_MARKET",
        workingType="MARK_PRICE CONTRACT_PRICE",
        reduceOnly="true false",
    ),
    ("POST", "/fapi/v1/leverage"): takes("symbol leverage"),
    ("POST", "/fapi/v1/marginType"): takes("symbol marginType", marginType="ISOLATED CROSSED"),
    ("POST", "/fapi/v1/positionMargin"): takes("symbol amount type", "positionSide", type="1 2"),
}

_PAGED: Final = f"idLessThan {_SPAN}"
_PRODUCT: Final = "USDT-FUTURES"
_PRODUCTS: Final = "USDT-FUTURES COIN-FUTURES USDC-FUTURES SUSDT-FUTURES SCOIN-FUTURES SUSDC-FUTURES"
_MIX: Final = "/api/v2/mix"
_PLANS: Final = "normal_plan track_plan profit_loss"
BITGET: Final[Mapping[tuple[str, str], Documented]] = {
    ("GET", "/api/v2/public/time"): takes(),
    ("GET", "/api/v2/spot/account/info"): takes(),
    ("GET", "/api/v2/spot/market/tickers"): takes("", "symbol"),
    ("GET", "/api/v2/common/trade-rate"): takes("symbol businessType", businessType="mix spot margin"),
    ("GET", f"{_MIX}/market/contracts"): takes("productType", "symbol", productType=_PRODUCTS),
    ("GET", f"{_MIX}/market/ticker"): takes("symbol productType", productType=_PRODUCT),
    ("GET", f"{_MIX}/market/merge-depth"): takes(
        "symbol productType", "precision limit", productType=_PRODUCT, limit="1 5 15 50 max"
    ),
    ("GET", f"{_MIX}/market/current-fund-rate"): takes("productType", "symbol", productType=_PRODUCT),
    ("GET", f"{_MIX}/market/query-position-lever"): takes("symbol productType", productType=_PRODUCT),
    ("GET", f"{_MIX}/account/account"): takes("symbol productType marginCoin", productType=_PRODUCT),
    ("GET", f"{_MIX}/account/accounts"): takes("productType", productType=_PRODUCT),
    ("GET", f"{_MIX}/account/bill"): takes("productType", f"symbol coin businessType onlyFunding {_PAGED}"),
    ("GET", f"{_MIX}/position/all-position"): takes("productType", "marginCoin", productType=_PRODUCT),
    ("GET", f"{_MIX}/position/single-position"): takes("productType symbol marginCoin", productType=_PRODUCT),
    ("GET", f"{_MIX}/order/detail"): takes("symbol productType", "orderId clientOid", productType=_PRODUCT),
    ("GET", f"{_MIX}/order/orders-pending"): takes("productType", f"orderId clientOid symbol status {_PAGED}"),
    ("GET", f"{_MIX}/order/orders-plan-pending"): takes(
        "planType productType", f"orderId clientOid symbol {_PAGED}", planType=_PLANS
    ),
    ("GET", f"{_MIX}/order/orders-plan-history"): takes(
        "planType productType", f"orderId clientOid planStatus symbol {_PAGED}", planType=_PLANS
    ),
    ("GET", f"{_MIX}/order/plan-sub-order"): takes("planType planOrderId productType", planType=_PLANS),
    ("GET", f"{_MIX}/order/fills"): takes("productType", f"orderId symbol {_PAGED}", productType=_PRODUCT),
    ("POST", f"{_MIX}/order/place-order"): takes(
        "symbol productType marginMode marginCoin size side orderType",
        "price tradeSide force clientOid reduceOnly presetStopSurplusPrice presetStopLossPrice stpMode",
        productType=_PRODUCT,
        marginMode="crossed isolated",
        side="buy sell",
        orderType="limit market",
        force="gtc ioc fok post_only",
        reduceOnly="YES NO",
    ),
    ("POST", f"{_MIX}/order/place-plan-order"): takes(
        "planType symbol productType marginMode marginCoin size triggerPrice triggerType side orderType",
        "price callbackRatio tradeSide clientOid reduceOnly stopSurplusTriggerPrice stopLossTriggerPrice stpMode",
        planType="normal_plan track_plan",
        marginMode="crossed isolated",
        triggerType="mark_price fill_price",
        side="buy sell",
        orderType="limit market",
        reduceOnly="YES NO",
    ),
    ("POST", f"{_MIX}/order/cancel-order"): takes("symbol productType", "marginCoin orderId clientOid"),
    ("POST", f"{_MIX}/order/cancel-plan-order"): takes(
        "productType",
        "orderIdList symbol marginCoin planType",
        planType="normal_plan profit_plan loss_plan pos_profit pos_loss moving_plan",
    ),
    ("POST", f"{_MIX}/account/set-leverage"): takes(
        "symbol productType marginCoin", "leverage longLeverage shortLeverage holdSide"
    ),
    ("POST", f"{_MIX}/account/set-margin-mode"): takes(
        "symbol productType marginCoin marginMode", marginMode="crossed isolated"
    ),
    ("POST", f"{_MIX}/account/set-margin"): takes(
        "symbol productType marginCoin amount holdSide", holdSide="long short"
    ),
}

_CURSOR: Final = f"cursor {_SPAN}"
_CATEGORIES: Final = "SPOT USDT-FUTURES COIN-FUTURES USDC-FUTURES"
_IDS: Final = "orderId clientOid"
_V3: Final = "/api/v3"
BITGET_UNIFIED: Final[Mapping[tuple[str, str], Documented]] = {
    ("GET", "/api/v2/public/time"): takes(),
    ("GET", f"{_V3}/market/instruments"): takes("category", "symbol", category=_CATEGORIES),
    ("GET", f"{_V3}/market/tickers"): takes("category", "symbol", category=_CATEGORIES),
    ("GET", f"{_V3}/market/orderbook"): takes("category symbol", "limit", category=_PRODUCT),
    ("GET", f"{_V3}/market/current-fund-rate"): takes("", "category symbol"),
    ("GET", f"{_V3}/market/position-tier"): takes("category", "symbol coin", category=_PRODUCT),
    ("GET", f"{_V3}/account/info"): takes(),
    ("GET", f"{_V3}/account/settings"): takes(),
    ("GET", f"{_V3}/account/assets"): takes(),
    ("GET", f"{_V3}/account/fee-rate"): takes("symbol category", category=_PRODUCT),
    ("GET", f"{_V3}/account/financial-records"): takes(
        "category", f"coin type {_CURSOR}", category=f"{_CATEGORIES} MARGIN OTHER"
    ),
    ("GET", f"{_V3}/position/current-position"): takes("category", "symbol posSide", category=_PRODUCT),
    ("GET", f"{_V3}/trade/order-info"): takes("", _IDS),
    ("GET", f"{_V3}/trade/unfilled-orders"): takes("", f"category symbol {_CURSOR}", category=_PRODUCT),
    ("GET", f"{_V3}/trade/history-orders"): takes("category", f"symbol {_CURSOR}", category=_PRODUCT),
    ("GET", f"{_V3}/trade/fills"): takes("", f"category orderId {_CURSOR}", category=_PRODUCT),
    ("GET", f"{_V3}/trade/unfilled-strategy-orders"): takes("category", "type", category=_PRODUCT, type="tpsl trigger"),
    ("GET", f"{_V3}/trade/history-strategy-orders"): takes(
        "category", f"type {_CURSOR}", category=_PRODUCT, type="tpsl trigger"
    ),
    ("GET", f"{_V3}/trade/strategy-sub-orders"): takes("orderId", "limit cursor"),
    ("POST", f"{_V3}/trade/place-order"): takes(
        "category symbol qty side orderType",
        "price timeInForce posSide clientOid reduceOnly stpMode tpTriggerBy slTriggerBy takeProfit stopLoss "
        "tpOrderType slOrderType tpLimitPrice slLimitPrice marginMode",
        category=_PRODUCT,
        side="buy sell",
        orderType="limit market",
        timeInForce="ioc fok gtc post_only",
        reduceOnly="yes no",
        marginMode="crossed isolated",
    ),
    ("POST", f"{_V3}/trade/place-strategy-order"): takes(
        "category symbol",
        "clientOid type tpslMode qty side posSide reduceOnly tpTriggerBy slTriggerBy takeProfit stopLoss tpOrderType "
        "slOrderType tpLimitPrice slLimitPrice triggerBy triggerPrice triggerOrderType triggerOrderPrice",
        category=_PRODUCT,
        type="tpsl trigger",
        tpslMode="full partial",
        side="buy sell",
        posSide="long short",
        reduceOnly="yes no",
        slTriggerBy="market mark",
        slOrderType="limit market",
    ),
    ("POST", f"{_V3}/trade/modify-order"): takes(
        "symbol category", f"{_IDS} qty price autoCancel pxAmendType", category=_PRODUCT, autoCancel="yes no"
    ),
    ("POST", f"{_V3}/trade/cancel-order"): takes("", f"{_IDS} category", extra="symbol"),
    ("POST", f"{_V3}/trade/cancel-strategy-order"): takes("", _IDS),
    ("POST", f"{_V3}/account/set-leverage"): takes(
        "category leverage",
        "symbol coin posSide marginMode longLeverage shortLeverage",
        category=_PRODUCT,
        marginMode="crossed isolated",
    ),
    ("POST", f"{_V3}/account/set-margin"): takes(
        "category symbol posSide operation amount", category=_PRODUCT, posSide="long short", operation="add remove"
    ),
}
REQUESTS: Final = {"binance": BINANCE, "bitget": BITGET, "bitget-uta": BITGET_UNIFIED}
