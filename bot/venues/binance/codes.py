"""Binance's error codes, by what they prove of a write.

Source, for every code: USDⓈ-M Futures documentation, "Error Codes". What is not among ``REJECTIONS`` proves nothing,
and the order is looked up: -1000, -1001, -1006, -1007, -1010 and -1016 (no word on what became of the request), -4000
and -4117 (the order changes as the request comes), -4116 (an order of this id is there, which may be this one) and
-5043 (an earlier amendment is under way).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.core.orders import RejectReason as R
from bot.exchange.facts import Rule, rules

REJECTIONS: Final = (
    *rules(400, R.INSUFFICIENT_MARGIN, ("-2018", "-2019", "-2028", "-4050", "-4051")),
    *rules(400, R.BELOW_MIN_NOTIONAL, ("-4164", "-5029")),
    *rules(400, R.BELOW_MIN_QUANTITY, ("-4003", "-4004")),
    *rules(400, R.ABOVE_MAX_QUANTITY, ("-4005",)),
    *rules(400, R.BAD_LOT, ("-1111", "-4023")),
    *rules(400, R.BAD_TICK, ("-4014",)),
    *rules(400, R.PRICE_OUT_OF_BAND, ("-4001", "-4002", "-4006", "-4007", "-4013", "-4016", "-4024", "-4131")),
    *rules(400, R.PRICE_OUT_OF_BAND, ("-4183", "-4184", "-4210", "-4211", "-1112", "-5041")),
    *rules(400, R.REDUCE_ONLY, ("-2022", "-2024", "-2026", "-4062", "-4118")),
    *rules(400, R.WOULD_TAKE, ("-5022",)),
    *rules(400, R.WOULD_TRIGGER, ("-2021", "-4142")),
    *rules(400, R.BAD_ID, ("-4015", "-1118", "-1119")),
    *rules(400, R.TOO_MANY_ORDERS, ("-2025", "-4045")),
    *rules(429, R.TOO_MANY_ORDERS, ("-1003", "-1015")),
    *rules(418, R.TOO_MANY_ORDERS, ("-1003",)),
    *rules(400, R.MAX_POSITION, ("-2027", "-4400", "-4401")),
    *rules(400, R.UNKNOWN_SYMBOL, ("-1121", "-1110", "-4144")),
    *rules(400, R.MARKET_CLOSED, ("-1122", "-2016", "-4140", "-4141", "-5024")),
    *rules(503, R.MAINTENANCE, ("-1008",)),
    Rule(503, "", R.MAINTENANCE, "Service Unavailable"),
    # refused before the order system is reached: address, time stamp, signature, key, form
    *rules(400, R.OTHER, ("-1002", "-1011", "-1013", "-1014", "-1020", "-1021", "-1022", "-1099", "-5028")),
    *rules(401, R.OTHER, ("-1002", "-2014", "-2015")),
    *rules(400, R.OTHER, ("-1100", "-1101", "-1102", "-1103", "-1104", "-1105", "-1106", "-1108", "-1109")),
    *rules(400, R.OTHER, ("-1114", "-1115", "-1116", "-1117", "-1126", "-1128", "-1130", "-1136")),
    # refused as an order, or as the cancellation of one
    *rules(400, R.OTHER, ("-2010", "-2011", "-2013", "-2014", "-2015", "-2017", "-2020", "-2023")),
    *rules(400, R.OTHER, ("-4008", "-4009", "-4010", "-4011", "-4012", "-4019", "-4020", "-4029", "-4030", "-4031")),
    *rules(400, R.OTHER, ("-4058", "-4060", "-4061", "-4104", "-4120", "-4135", "-4137", "-4138", "-4139")),
    *rules(400, R.OTHER, ("-5021", "-5025", "-5026", "-5027", "-5037", "-5038", "-5039", "-5040")),
    # refused for what the account is, or may do now
    *rules(400, R.OTHER, ("-4027", "-4087", "-4088", "-4109", "-4192", "-4402")),
    # leverage, margin mode, margin
    *rules(400, R.OTHER, ("-4028", "-4046", "-4047", "-4048", "-4049", "-4052", "-4053", "-4054", "-4055", "-4161")),
    *rules(400, R.OTHER, ("-4167", "-4168", "-4202", "-4203", "-4205", "-4206", "-4208", "-4209", "-4403")),
)

_KEY: Final = (
    "does not accept the key: check that it was copied whole, is allowed for this machine, and may trade futures"
)
REMEDIES: Final[Mapping[str, str]] = {
    "-1002": _KEY,
    "-2015": _KEY,
    "-2014": "does not accept the key, which has not the form of one: look for a blank, a cut or an exchanged secret",
    "-1022": "does not accept the key's signature: the secret is another key's, or was not copied whole",
    "-1011": "does not let this machine's address in: allow it for the key",
    "-2017": "says that the account's keys are locked: unlock them at the venue, or ask its support",
    "-4056": "does not accept the kind of the key: make one of the kind HMAC (system generated)",
    "-4057": "does not accept the kind of the key: make one of the kind HMAC (system generated)",
    "-1109": "says that there is no futures account: open it",
    "-4027": "says that the account is of another type: dnbot speaks plain USDⓈ-M accounts, no portfolio margin",
    "-4109": "says that the futures account is inactive: transfer any amount into it",
    "-4402": "does not serve this location; run dnbot where the venue may be used",
}
"""What only a person can mend: what the venue says, and what to do."""
