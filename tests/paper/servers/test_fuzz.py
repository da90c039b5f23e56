"""Whatever is sent, the answer is a venue's answer: no endpoint breaks, and nothing impossible is taken."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.paper.servers.binance.routes import PRIVATE as BINANCE_PRIVATE
from bot.paper.servers.binance.routes import PUBLIC as BINANCE_PUBLIC
from bot.paper.servers.bitget.routes import PRIVATE as BITGET_PRIVATE
from bot.paper.servers.bitget.routes import PUBLIC as BITGET_PUBLIC
from bot.paper.servers.bitget.unified.routes import PRIVATE as UNIFIED_PRIVATE
from bot.paper.servers.bitget.unified.routes import PUBLIC as UNIFIED_PUBLIC
from tests.paper.servers.flavours import TWINS
from tests.paper.servers.wire import Client

ROUTES = {
    "binance": sorted([*BINANCE_PUBLIC, *BINANCE_PRIVATE]),
    "bitget": sorted([*BITGET_PUBLIC, *BITGET_PRIVATE]),
    "bitget-uta": sorted([*UNIFIED_PUBLIC, *UNIFIED_PRIVATE]),
}
NAMES = [
    "symbol side type quantity price timeInForce reduceOnly newClientOrderId positionSide algoType triggerPrice",
    "closePosition clientAlgoId orderId algoId origClientOrderId startTime endTime limit fromId incomeType leverage",
    "marginType dualSidePosition amount productType marginCoin marginMode orderType size force clientOid tradeSide",
    "planType triggerType holdSide orderIdList planStatus planOrderId idLessThan businessType posMode pageNo pageSize",
    "category qty posSide tpslMode stopLoss slOrderType triggerOrderType cursor holdMode operation",
]
WORDS = [
    "ETHUSDT BUY SELL MARKET LIMIT GTC IOC GTX true false BOTH CONDITIONAL STOP_MARKET USDT USDT-FUTURES crossed",
    "buy sell market limit gtc isolated post_only YES NO normal_plan pos_loss profit_loss mark_price short long mix",
    "tpsl trigger full partial yes no add remove SPOT OTHER",
    "CROSSED hedge_mode one_way_mode 0 1 -1 1.5 0.001 2000 2100 1e9 1e400",
    "1E-400 99999999999999999999 NaN Infinity 1_000",
]
VALUES = st.one_of(
    st.sampled_from(" ".join(WORDS).split()),
    st.text(string.printable, max_size=8),
    st.text(max_size=4).filter(lambda text: "\ud800" not in text and text.isprintable()),
    st.integers(min_value=-(10**19), max_value=10**19).map(str),
)
PARAMS = st.dictionaries(st.sampled_from(" ".join(NAMES).split()), VALUES, max_size=12)
NASTY = ["", "0", "-1", "1e400", "1e-400", "-1e400", "9" * 40, "NaN", "Infinity", "1_0", "\x00", "é", "x" * 500]
SENSIBLE: dict[str, dict[str, object]] = {
    "binance": {
        "symbol": "ETHUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1",
        "price": "2010",
        "algoType": "CONDITIONAL",
        "triggerPrice": "1900",
        "orderId": "1",
        "algoId": "1",
        "leverage": "5",
        "amount": "5",
    },
    "bitget": {
        "productType": "USDT-FUTURES",
        "symbol": "ETHUSDT",
        "marginCoin": "USDT",
        "marginMode": "crossed",
        "side": "sell",
        "orderType": "limit",
        "size": "1",
        "price": "2010",
        "planType": "normal_plan",
        "triggerPrice": "1900",
        "orderId": "1",
        "leverage": "5",
        "amount": "5",
    },
}
SENSIBLE["bitget-uta"] = {
    **SENSIBLE["bitget"],
    "category": "USDT-FUTURES",
    "qty": "1",
    "posSide": "short",
    "stopLoss": "2300",
    "holdMode": "one_way_mode",
    "operation": "add",
    "type": "tpsl",
    "tpslMode": "partial",
}


@pytest.mark.parametrize("flavour", TWINS)
def test_every_parameter_of_every_endpoint_may_be_nonsense(flavour: str) -> None:
    client = Client(flavour)
    names = " ".join(NAMES).split()
    for method, path in ROUTES[flavour]:
        for name in names:
            for value in NASTY:
                status, _ = client.ask(method, path, **{**SENSIBLE[flavour], name: value})
                assert status in {200, 400, 401}, (method, path, name, value)
    assert client.desk.engine.account.wallet <= 10_000


@pytest.mark.parametrize("flavour", TWINS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_request_breaks_the_server(flavour: str, data: st.DataObject) -> None:
    client = Client(flavour)
    for _ in range(3):
        method, path = data.draw(st.sampled_from(ROUTES[flavour]))
        start = SENSIBLE[flavour] if data.draw(st.booleans()) else {}
        status, _ = client.ask(method, path, **{**start, **data.draw(PARAMS)})
        assert status in {200, 400, 401}
    account = client.desk.engine.account
    assert account.wallet <= 10_000
    assert len(client.desk.orders()) <= 3


@pytest.mark.parametrize("value", [None, [], [1], {}, {"a": 1}, True, 1.5, "x", ["x"], [{"orderId": None}], [[]]])
@pytest.mark.parametrize("name", ["orderIdList", "size", "qty", "symbol", "clientOid", "price", "reduceOnly"])
@pytest.mark.parametrize("flavour", ["bitget", "bitget-uta"])
def test_json_of_the_wrong_kind_is_refused_or_read(flavour: str, name: str, value: object) -> None:
    client = Client(flavour)
    for method, path in ROUTES[flavour]:
        if method == "POST":
            status, _ = client.ask(method, path, **{**SENSIBLE[flavour], name: value})
            assert status in {200, 400}
