"""
What clients may send, message by message, read strictly.

Every message that the simulator knows has a layout here: the names of the
fields after the message id. `=3` is a version number that must be just so,
`faProfile<177` a field of server versions below 177, and `*group` a group
that is there only under a condition. A message with one field too many or too
few is a violation, never a guess.

Source: the encoders of ib_insync 0.9.86, ib_async 2.1.0 and ibapi 10.19.4.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

CONTRACT = (
    "conId symbol secType lastTradeDate strike right multiplier exchange primaryExchange currency"
    " localSymbol tradingClass"
)

_PLACE_ORDER = (
    f"orderId {CONTRACT} secIdType secId action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account"
    " openClose origin orderRef transmit parentId blockOrder sweepToFill displaySize triggerMethod outsideRth"
    " hidden *combo sharesAllocation discretionaryAmt goodAfterTime goodTillDate faGroup faMethod faPercentage"
    " faProfile<177 modelCode shortSaleSlot designatedLocation exemptCode ocaType rule80A settlingFirm allOrNone"
    " minQty percentOffset eTradeOnly firmQuoteOnly nbboPriceCap auctionStrategy startingPrice stockRefPrice"
    " delta stockRangeLower stockRangeUpper overridePercentageConstraints volatility volatilityType"
    " deltaNeutralOrderType deltaNeutralAuxPrice *deltaNeutral continuousUpdate referencePriceType"
    " trailStopPrice trailingPercent scaleInitLevelSize scaleSubsLevelSize scalePriceIncrement *scale"
    " scaleTable activeStartTime activeStopTime hedgeType *hedge optOutSmartRouting clearingAccount"
    " clearingIntent notHeld *underlying algoStrategy *algo algoId whatIf orderMiscOptions solicited"
    " randomizeSize randomizePrice *pegBench *conditions adjustedOrderType triggerPrice lmtPriceOffset"
    " adjustedStopPrice adjustedStopLimitPrice adjustedTrailingAmount adjustableTrailingUnit extOperator"
    " softDollarName softDollarValue cashQty mifid2DecisionMaker mifid2DecisionAlgo mifid2ExecutionTrader"
    " mifid2ExecutionAlgo dontUseAutoPriceForHedge isOmsContainer discretionaryUpToLimitPrice"
    " usePriceMgmtAlgo duration postToAts autoCancelParent advancedErrorOverride manualOrderTime *atsAndPegs"
)

_SCANNER = (
    "reqId rows instrument locationCode scanCode abovePrice belowPrice aboveVolume marketCapAbove marketCapBelow"
    " moodyRatingAbove moodyRatingBelow spRatingAbove spRatingBelow maturityDateAbove maturityDateBelow"
    " couponRateAbove couponRateBelow excludeConvertible averageOptionVolumeAbove scannerSettingPairs"
    " stockTypeFilter filterOptions options"
)

_HISTORICAL = (
    f"reqId {CONTRACT} includeExpired endDateTime barSize duration useRTH whatToShow formatDate *legs"
    " keepUpToDate chartOptions"
)

LAYOUTS: dict[int, tuple[str, str]] = {
    1: ("reqMktData", f"=11 reqId {CONTRACT} *legs *underlying generics snapshot regulatorySnapshot options"),
    2: ("cancelMktData", "=2 reqId"),
    3: ("placeOrder", _PLACE_ORDER),
    4: ("cancelOrder", "=1 orderId manualCancelTime"),
    5: ("reqOpenOrders", "=1"),
    6: ("reqAccountUpdates", "=2 subscribe account"),
    7: ("reqExecutions", "=3 reqId clientId account time symbol secType exchange side"),
    8: ("reqIds", "=1 count"),
    9: ("reqContractDetails", f"=8 reqId {CONTRACT} includeExpired secIdType secId issuerId"),
    12: ("reqNewsBulletins", "=1 allMessages"),
    13: ("cancelNewsBulletins", "=1"),
    14: ("setServerLogLevel", "=1 level"),
    15: ("reqAutoOpenOrders", "=1 bind"),
    16: ("reqAllOpenOrders", "=1"),
    17: ("reqManagedAccts", "=1"),
    20: ("reqHistoricalData", _HISTORICAL),
    22: ("reqScannerSubscription", _SCANNER),
    23: ("cancelScannerSubscription", "=1 reqId"),
    24: ("reqScannerParameters", "=1"),
    25: ("cancelHistoricalData", "=1 reqId"),
    49: ("reqCurrentTime", "=1"),
    50: ("reqRealTimeBars", f"=3 reqId {CONTRACT} barSize whatToShow useRTH options"),
    51: ("cancelRealTimeBars", "=1 reqId"),
    58: ("reqGlobalCancel", "=1"),
    59: ("reqMarketDataType", "=1 type"),
    61: ("reqPositions", "=1"),
    62: ("reqAccountSummary", "=1 reqId group tags"),
    63: ("cancelAccountSummary", "=1 reqId"),
    64: ("cancelPositions", "=1"),
    71: ("startApi", "=2 clientId optionalCapabilities"),
    76: ("reqAccountUpdatesMulti", "=1 reqId account model ledgerAndNLV"),
    77: ("cancelAccountUpdatesMulti", "=1 reqId"),
    78: ("reqSecDefOptParams", "reqId symbol futFopExchange underSecType underConId"),
    81: ("reqMatchingSymbols", "reqId pattern"),
    84: ("reqNewsArticle", "reqId provider articleId options"),
    85: ("reqNewsProviders", ""),
    86: ("reqHistoricalNews", "reqId conId providers start end total options"),
    87: ("reqHeadTimeStamp", f"reqId {CONTRACT} includeExpired useRTH whatToShow formatDate"),
    90: ("cancelHeadTimeStamp", "reqId"),
    91: ("reqMarketRule", "ruleId"),
    92: ("reqPnL", "reqId account model"),
    93: ("cancelPnL", "reqId"),
    94: ("reqPnLSingle", "reqId account model conId"),
    95: ("cancelPnLSingle", "reqId"),
    97: ("reqTickByTickData", f"reqId {CONTRACT} tickType ticks ignoreSize"),
    98: ("cancelTickByTickData", "reqId"),
    99: ("reqCompletedOrders", "apiOnly"),
}

# Fields of each kind of order condition after its type, the conjunction included.
_CONDITION_FIELDS = {"1": 6, "3": 3, "4": 3, "5": 4, "6": 5, "7": 5}


class MalformedRequest(Exception):
    """A client message is unknown or has the wrong shape; *reason* says how."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Request:
    """One decoded client message: its *kind*, its fields by name, and lists of groups."""

    kind: str
    values: dict[str, str] = field(default_factory=dict)
    groups: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a field as it came."""
        return self.values[name]

    def whole(self, name: str, default: int = 0) -> int:
        """Return a field as an integer, *default* where it is empty; raises MalformedRequest."""
        return int(self.number(name, default))

    def number(self, name: str, default: float = 0.0) -> float:
        """Return a field as a float, *default* where it is empty; raises MalformedRequest."""
        value = self.values[name]
        if not value:
            return default
        try:
            return float(value)
        except ValueError:
            raise MalformedRequest(f"{self.kind}: {name} is no number: {value!r}") from None

    def flag(self, name: str) -> bool:
        """Return a field as a boolean; raises MalformedRequest."""
        value = self.values[name]
        if value not in {"", "0", "1"}:
            raise MalformedRequest(f"{self.kind}: {name} is no flag: {value!r}")
        return value == "1"


class _Reader:
    """The fields of one message, taken from the front."""

    def __init__(self, fields: tuple[str, ...], version: int) -> None:
        self._fields = fields
        self._at = 1
        self._version = version
        number = fields[0] if fields else ""
        if not number.isdigit() or int(number) not in LAYOUTS:
            raise MalformedRequest(f"unknown message {number!r}")
        kind, self._layout = LAYOUTS[int(number)]
        self.request = Request(kind)

    def read(self) -> Request:
        for token in self._layout.split():
            if token.startswith("="):
                self._literal(token[1:])
            elif token.startswith("*"):
                _GROUPS[token[1:]](self)
            else:
                name, _, below = token.partition("<")
                if not below or self._version < int(below):
                    self.request.values[name] = self.take(name)
        if self._at != len(self._fields):
            raise MalformedRequest(
                f"{self.request.kind}: {len(self._fields)} fields where {self._at} belong at {self._version}"
            )
        return self.request

    def take(self, name: str) -> str:
        if self._at >= len(self._fields):
            raise MalformedRequest(f"{self.request.kind}: ends at {self._at} fields, before {name}")
        self._at += 1
        return self._fields[self._at - 1]

    def _literal(self, expected: str) -> None:
        found = self.take("version")
        if found != expected:
            raise MalformedRequest(f"{self.request.kind}: version {found!r} where {expected} belongs")

    def several(self, names: str) -> None:
        for name in names.split():
            self.request.values[name] = self.take(name)

    def counted(self, group: str, width: int) -> None:
        count = self.take(f"number of {group}")
        if count and not count.isdigit():
            raise MalformedRequest(f"{self.request.kind}: number of {group} is {count!r}")
        self.request.groups[group] = [tuple(self.take(group) for _ in range(width)) for _ in range(int(count or 0))]

    def legs(self) -> None:
        if self.request.values["secType"] == "BAG":
            self.counted("legs", 4)

    def combo(self) -> None:
        if self.request.values["secType"] == "BAG":
            self.counted("legs", 8)
            self.counted("legPrices", 1)
            self.counted("routing", 2)

    def underlying(self) -> None:
        self.several("deltaNeutralContract")
        if self.request.flag("deltaNeutralContract"):
            self.several("underConId underDelta underPrice")

    def delta_neutral(self) -> None:
        if self.request.values["deltaNeutralOrderType"]:
            self.several(
                "deltaNeutralConId deltaNeutralSettlingFirm deltaNeutralClearingAccount"
                " deltaNeutralClearingIntent deltaNeutralOpenClose deltaNeutralShortSale"
                " deltaNeutralShortSaleSlot deltaNeutralDesignatedLocation"
            )

    def scale(self) -> None:
        if self.request.number("scalePriceIncrement") > 0:
            self.several(
                "scalePriceAdjustValue scalePriceAdjustInterval scaleProfitOffset scaleAutoReset"
                " scaleInitPosition scaleInitFillQty scaleRandomPercent"
            )

    def hedge(self) -> None:
        if self.request.values["hedgeType"]:
            self.several("hedgeParam")

    def algo(self) -> None:
        if self.request.values["algoStrategy"]:
            self.counted("algo", 2)

    def peg_bench(self) -> None:
        if self.request.values["orderType"] in {"PEG BENCH", "PEGBENCH"}:
            self.several(
                "referenceContractId isPeggedChangeAmountDecrease peggedChangeAmount"
                " referenceChangeAmount referenceExchangeId"
            )

    def conditions(self) -> None:
        count = int(self.take("number of conditions") or 0)
        conditions = []
        for _ in range(count):
            number = self.take("condition")
            if number not in _CONDITION_FIELDS:
                raise MalformedRequest(f"{self.request.kind}: unknown condition {number!r}")
            rest = tuple(self.take("condition") for _ in range(_CONDITION_FIELDS[number]))
            conditions.append((number, *rest))
        self.request.groups["conditions"] = conditions
        if count:
            self.several("conditionsIgnoreRth conditionsCancelOrder")

    def ats_and_pegs(self) -> None:
        values = self.request.values
        if values["exchange"] == "IBKRATS":
            self.several("minTradeQty")
        if values["orderType"] in {"PEG BEST", "PEGBEST"}:
            self.several("minCompeteSize competeAgainstBestOffset")
            if values["competeAgainstBestOffset"] in {"Infinite", "Infinity"}:
                self.several("midOffsetAtWhole midOffsetAtHalf")
        elif values["orderType"] in {"PEG MID", "PEGMID"}:
            self.several("midOffsetAtWhole midOffsetAtHalf")


_GROUPS: dict[str, Callable[[_Reader], None]] = {
    "legs": _Reader.legs,
    "combo": _Reader.combo,
    "underlying": _Reader.underlying,
    "deltaNeutral": _Reader.delta_neutral,
    "scale": _Reader.scale,
    "hedge": _Reader.hedge,
    "algo": _Reader.algo,
    "pegBench": _Reader.peg_bench,
    "conditions": _Reader.conditions,
    "atsAndPegs": _Reader.ats_and_pegs,
}


def decode(fields: tuple[str, ...], version: int) -> Request:
    """
    Return the message in *fields* as a client at server *version* must send it.

    Raises MalformedRequest for an unknown message id, a wrong version number
    and a wrong number of fields.
    """
    return _Reader(fields, version).read()
