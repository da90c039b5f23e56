"""Bitget's error codes, by what they prove of a write.

Source, for every code: Bitget documentation, contract, "RestAPI Error Code". What is not among ``REJECTIONS`` proves
nothing, and the order is looked up: 40010, 40015, 40725, 40856, 40908, 40910, 43002, 43003, 43059, 45001, 45023 and
45024 (no word on what became of the request), 40200 (an upgrade of the server), and 40708, 40786, 43118, 45034 and
50060 (an order of this id is there, which may be this one).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.core.orders import RejectReason as R
from bot.exchange.facts import rules

REJECTIONS: Final = (
    *rules(400, R.INSUFFICIENT_MARGIN, ("40711", "40712", "40722", "40754", "40756", "40762", "40798", "40800")),
    *rules(400, R.INSUFFICIENT_MARGIN, ("40826", "40893", "43012", "43132", "45002", "45004", "45008", "45123")),
    *rules(400, R.BELOW_MIN_NOTIONAL, ("22034", "43010", "43027", "43037", "43042", "45110", "45114")),
    *rules(400, R.BELOW_MIN_QUANTITY, ("43006", "45111")),
    *rules(400, R.ABOVE_MAX_QUANTITY, ("43007", "43038", "43041", "43051", "45112", "45113", "45120", "40921")),
    *rules(400, R.BAD_LOT, ("22038", "40808")),
    *rules(400, R.BAD_TICK, ("41103", "43028", "45035", "45115")),
    *rules(400, R.PRICE_OUT_OF_BAND, ("22006", "22007", "22008", "22009", "40706", "40718", "40719", "40748")),
    *rules(400, R.PRICE_OUT_OF_BAND, ("40815", "40816", "40820", "40821", "43008", "43009", "43039", "43040")),
    *rules(400, R.PRICE_OUT_OF_BAND, ("45051", "45052", "45121", "22045", "40720", "40721", "40823", "40824", "40825")),
    *rules(400, R.REDUCE_ONLY, ("22002", "25227", "40709", "40717", "40746", "40755", "40757", "40758", "40804")),
    *rules(400, R.REDUCE_ONLY, ("40837", "40838", "40891", "40939", "43023", "43029", "43043", "45003", "45005")),
    *rules(400, R.REDUCE_ONLY, ("45006", "45007", "45014", "22042", "22043", "22044", "22067", "40931", "45108")),
    *rules(400, R.WOULD_TRIGGER, ("40829", "40830", "40831", "40832", "40833", "40834", "40835", "40836", "40915")),
    *rules(400, R.WOULD_TRIGGER, ("40917", "43013", "43014", "43015", "43016", "43034", "43035", "45060", "45061")),
    *rules(400, R.WOULD_TRIGGER, ("45062", "45064", "45065", "45066", "45067", "45122")),
    *rules(400, R.BAD_ID, ("40304", "40305", "40402")),
    *rules(400, R.TOO_MANY_ORDERS, ("40715", "40723", "40761", "40889", "40890", "43005", "43071", "43128", "45118")),
    *rules(429, R.TOO_MANY_ORDERS, ("429",)),
    *rules(400, R.MAX_POSITION, ("22029", "40797", "40928", "45116")),
    *rules(400, R.UNKNOWN_SYMBOL, ("40034", "40072", "40102", "40822", "43048")),
    *rules(400, R.MARKET_CLOSED, ("22004", "22039", "22040", "22041", "40309", "40844", "40845", "45043", "45119")),
    *rules(400, R.MARKET_CLOSED, ("40308", "41114", "43115")),
    # refused before the order system is reached: region, time stamp, signature, key, form
    *rules(400, R.OTHER, ("40000", "40001", "40002", "40003", "40005", "40006", "40007", "40008", "40009", "40011")),
    *rules(400, R.OTHER, ("40012", "40014", "40017", "40018", "40019", "40020", "40036", "40037", "40038", "40041")),
    *rules(400, R.OTHER, ("40053", "40057", "40058", "40059", "40064", "40078", "40079", "40085", "40099", "40103")),
    *rules(400, R.OTHER, ("40104", "40404", "40408", "40409", "40724", "40811", "40812", "40813", "40913", "40924")),
    *rules(400, R.OTHER, ("40925", "41002", "41100", "41101", "43011", "43058", "43111", "43123", "48001", "48002")),
    *rules(400, R.OTHER, ("400171", "400172", "22010", "22030", "22035")),
    # refused for what the account is, or may do now
    *rules(400, R.OTHER, ("40013", "40016", "40022", "40023", "40024", "40025", "40026", "40031", "40035", "40061")),
    *rules(400, R.OTHER, ("40068", "40100", "40101", "40111", "40199", "40301", "40710", "40752", "40753", "40760")),
    *rules(400, R.OTHER, ("40774", "40805", "40807", "40841", "40842", "40846", "40847", "40879", "40880", "40916")),
    *rules(400, R.OTHER, ("40919", "43075", "45009", "45019", "45021", "45107", "45109", "40778", "43049", "45025")),
    # refused as a cancellation or an amendment, with the order as it was
    *rules(400, R.OTHER, ("22001", "22003", "40109", "40764", "40768", "40922", "40923", "43001", "43004", "43025")),
    *rules(400, R.OTHER, ("43026", "45026", "45031", "45055", "45056", "45057", "45129")),
    # leverage, margin mode, margin
    *rules(400, R.OTHER, ("22005", "22011", "22020", "40714", "40716", "40730", "40802", "40814", "40872", "40874")),
    *rules(400, R.OTHER, ("40875", "40920", "43050", "45044", "45045", "45047", "45054", "45097", "45099", "45100")),
    *rules(400, R.OTHER, ("45101", "45102", "45117")),
)

_KEY: Final = "does not accept the key: check that key, secret and passphrase belong together and were copied whole"
_ADDRESS: Final = "does not accept the key from this machine's address: allow it for the key"
_RIGHTS: Final = "does not accept the key for this: give it read and trade permissions for futures"
_PLACE: Final = "does not serve this location; run dnbot where the venue may be used"
_PERSON: Final = "wants its customer to be identified first (KYC): complete that at the venue"
_ACCOUNT: Final = "says that the account is restricted, frozen or closed: ask its support, or take another account"
REMEDIES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("40001", "40006", "40009", "40011", "40012", "40036", "40037", "40041"), _KEY),
    **dict.fromkeys(("22010", "40018", "40038"), _ADDRESS),
    **dict.fromkeys(("40014", "40025", "40061", "40068", "40301"), _RIGHTS),
    **dict.fromkeys(("40000", "40103", "40104"), _PLACE),
    **dict.fromkeys(("40016", "40035", "40100", "40101", "40111"), _PERSON),
    **dict.fromkeys(("40022", "40023", "40024", "40026", "40031", "40710", "40753", "40916"), _ACCOUNT),
    "40085": 'says that the account is a unified one; set kind = "bitget-uta", or take the key of a classic one',
    "40099": "says that the key is of another environment; give demo = true a demo key, and a live one otherwise",
}
"""What only a person can mend: what the venue says, and what to do."""
