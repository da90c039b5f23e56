"""Classify a node's errors: a contract's revert, the endpoint's quota, a request too large, or a passing fault.

Codes alone are ambiguous: -32005 is a daily quota at one provider and a range of blocks at another, -32000 is
everything, and -32015 a halted contract here and a gateway's time-out there. So the method, the code, the text and the
data are judged together, and only what can't be anything else counts as a contract's answer: revert data, code 3, or
the exact text of a revert or an EVM halt. Everything that is not recognised is a passing fault, which is retried and
never remembered. The wordings are those of tests/recorded/rpc_errors.json.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from bot.core.errors import Retryable

CALL: Final = "eth_call"
LOGS: Final = "eth_getLogs"
REVERTED: Final = 3
LIMIT_EXCEEDED: Final = -32005


class Meaning(StrEnum):
    """The meaning of an error object, or of an HTTP status in its place."""

    CONTRACT = "contract"
    """The called contract reverted or halted: an answer like any other."""
    QUOTA = "quota"
    """The endpoint refuses all requests for a while."""
    TOO_LARGE = "too_large"
    """It does not accept so much in one request: blocks of a range, calls of a batch, gas or bytes of a call."""
    TOO_MANY_RESULTS = "too_many_results"
    """What this very request would find is too much, or takes too long to find."""
    NO_STATE = "no_state"
    """It does not have the block, or its state: it lags, or has pruned it."""
    UNSUPPORTED = "unsupported"
    """It does not support that, or not in this form."""
    FAULT = "fault"
    """Anything else: a transient fault."""


class RateLimited(Retryable):
    """The endpoint refuses all requests for ``seconds``, if it says how long."""

    def __init__(self, message: str, seconds: float | None) -> None:
        super().__init__(message)
        self.seconds = seconds


class NoAnswer(Retryable):
    """Nothing came in time."""


class Dropped(Retryable):
    """The connection was closed instead of an answer, twice: how some nodes refuse what is too large."""


class ShortBatch(Retryable):
    """A batch did not come back whole."""


class RpcError(Retryable):
    """The endpoint answered with an error object, or with an HTTP status in its place.

    Attributes:
        code: the JSON-RPC code, or the HTTP status.
        said: the text alone, redacted and cut.
        data: the revert data where it carries any, as hexadecimal text.
        meaning: what to make of it.
    """

    def __init__(self, message: str, *, code: int, said: str, data: str | None, meaning: Meaning) -> None:
        super().__init__(message)
        self.code = code
        self.said = said
        self.data = data
        self.meaning = meaning


_QUOTA_CODES: Final = frozenset({402, 429, LIMIT_EXCEEDED, -32007, -32011, -32012, -32016, -32017, -32018, -32029})
"""HTTP 402 and 429; Infura and many (-32005), QuickNode (-32007), the OP stack's proxyd (-32011 to -32018: no healthy
backend, over capacity, over rate limit), Alchemy and others (-32029)."""
_SIZE_CODES: Final = frozenset({413, -32014, -32614})
"""HTTP 413; proxyd's batches (-32014), QuickNode's ranges of blocks (-32614)."""
_UNSUPPORTED_CODES: Final = frozenset({-32601, -32602, -32004})


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_RANGE: Final = _words(
    r"blocks?[ -]?(range|distance)",
    r"range (is )?(too|limit|allowed|\d+ (exceeds|is bigger))",
    r"(exceeds?|exceeded|max(imum)?)\b.*\b(range|blocks)\b",
    r"(too many|limited to|at most|no more than|maximum of) (a )?[\d,.]*\s*k?\s*blocks?",
    r"limited to a? ?[\d,.]+ range",
)
_SIZE: Final = _words(
    r"batch (is )?(too|size|limit|of more)",
    r"(max(imum)?|limit|too (many|large|big)|exceed(s|ed)?)\b.*\bbatch",
    r"batch(es|ing)?( requests?)? (is |are )?(not|un)",
    r"(entity|payload|body|content|request) (is )?too (large|big)",
    r"(exceeds|exceeded|above|over|higher than|greater than)\b.*\bgas( ?limit| ?cap)?\b",
    r"gas( ?limit| ?cap| required)?( is)? (too (high|large)|exceed)",
    r"gas limit\b.*\b(greater|higher|above|exceed)",
    r"intrinsic gas too high",
)
_RESULTS: Final = _words(
    r"more than \d+ (results|logs)",
    r"max results",
    r"too many (results|logs|events)",
    r"response (size|is too|too)",
    r"logs matched by query exceeds",
    r"query must be smaller",
    r"time(d)? ?out",
)
_RATE: Final = _words(
    r"rate[ -]?limit",
    r"rate exceeded",
    r"too many requests",
    r"(request|usage|daily|monthly|capacity) limit",
    r"compute units",
    r"request count exceeded",
    r"quota",
    r"over capacity",
    r"credits",
    r"throttl",
    r"limit reached",
    r"no backend is currently healthy",
)
_NO_STATE: Final = _words(
    r"header (not found|for hash not found)",
    r"missing trie node",
    r"(unknown|unfinalized|future) block\b",
    r"block\b.*\b(not found|not available|does not exist|out of range)",
    r"(historical|archive|archival|state)\b.*\b(not available|unavailable|pruned|not found|require)",
    r"resource not found",
    r"history (has been|was) pruned",
    r"blockoutofrange",
)
_UNSUPPORTED: Final = _words(
    r"(method|module|parameter|namespace)\b.*\b(not (found|supported|available|allowed|enabled|whitelisted)|"
    r"unsupported|does not exist|disabled)",
    r"(un|not )supported",
    r"cannot unmarshal",
    r"invalid (argument|params|block hash|type)",
    r"cannot access blocks other than",
)
_WORD_OF_CONTRACT: Final = re.compile(
    r"(vm exception while processing transaction: )?(execution )?revert(ed)?( with reason string .*|:.*)?"
    r"|(evm error:? )?out ?of ?gas( ?\(\w*\)|: gas (required exceeds|exhaust(s|ed))[\w ]*:? \d+)?"
    r"|(evm error:? )?(\w*oog|invalidfeopcode|opcodenotfound|invalidjump|stackunderflow|stackoverflow|outofoffset)"
    r"|(evm error:? )?(statechangeduringstaticcall|callnotallowedinsidestatic|notactivated|calltoodeep)"
    r"|(vm exception while processing transaction: )?(invalid|undefined) opcode(: .*)?|invalid instruction"
    r"|invalid jump( destination)?|stack underflow( \(\d+ <=> \d+\))?|stack (limit reached|overflow)( [\d() ]+)?"
    r"|write protection|static ?call violation|return data out of bounds|gas uint64 overflow|max call depth exceeded",
    re.IGNORECASE | re.DOTALL,
)
"""The exact texts of geth, Erigon and Nethermind, of reth and anvil (``EVM error …``), and of Ganache."""
_WORD_IN_DATA: Final = re.compile(
    r"reverted( 0x([0-9a-f]{2})*)?|bad instruction [0-9a-f]+|out of gas|bad jump destination .*|stack underflow.*"
    r"|out of stack.*",
    re.IGNORECASE,
)
"""OpenEthereum's and Gnosis' ``VM execution error.`` carries what happened in its data."""
_HEX: Final = re.compile(r"(?:reverted )?(0x(?:[0-9a-f]{2})*)", re.IGNORECASE)


_RULES: Final[tuple[tuple[Meaning, Callable[[str, int, str], object]], ...]] = (
    (Meaning.TOO_MANY_RESULTS, lambda method, _, told: method == LOGS and _RESULTS.search(told)),
    (Meaning.TOO_LARGE, lambda method, _, told: method == LOGS and _RANGE.search(told)),
    (Meaning.TOO_LARGE, lambda _, __, told: _SIZE.search(told)),
    (Meaning.QUOTA, lambda _, __, told: _RATE.search(told)),
    (Meaning.TOO_LARGE, lambda _, code, __: code in _SIZE_CODES),
    (Meaning.TOO_LARGE, lambda method, code, _: code == LIMIT_EXCEEDED and method in {LOGS, ""}),
    (Meaning.QUOTA, lambda _, code, __: code in _QUOTA_CODES),
    (Meaning.NO_STATE, lambda _, __, told: _NO_STATE.search(told)),
    (Meaning.UNSUPPORTED, lambda _, code, told: code in _UNSUPPORTED_CODES or _UNSUPPORTED.search(told)),
)
"""In order: an explicit text takes precedence over an ambiguous code."""


def revert_data(data: object) -> str | None:
    """Return the hexadecimal text of revert data, or None where an error's ``data`` is something else."""
    found = _HEX.fullmatch(data) if isinstance(data, str) else None
    return None if found is None else found[1]


def meaning_of(method: str, code: int, text: str, data: object = None) -> Meaning:
    """Classify an error.

    Args:
        method: what was asked; empty for a batch that was refused whole.
        code: the JSON-RPC code, or the HTTP status where there is no error object.
        text: its message.
        data: its ``data``, whatever that is.
    """
    if method == CALL and _is_word_of_contract(code, text, data):
        return Meaning.CONTRACT
    told = text if data is None else f"{text} {data}"
    return next((meaning for meaning, fits in _RULES if fits(method, code, told)), Meaning.FAULT)


def _is_word_of_contract(code: int, text: str, data: object) -> bool:
    if code == REVERTED or revert_data(data) is not None or _WORD_OF_CONTRACT.fullmatch(text.strip()):
        return True
    return isinstance(data, str) and _WORD_IN_DATA.fullmatch(data.strip()) is not None
