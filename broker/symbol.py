"""From a symbol as typed to what IBKR is asked for, in the order in which it is asked."""

import re

from broker.library import Contract

# The currencies that IDEALPRO trades; `EUR.USD` is a pair because both are here, `BRK.B` is not.
# fmt: off
CURRENCIES = frozenset({
    "AED", "AUD", "CAD", "CHF", "CNH", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY", "KRW", "MXN", "NOK",
    "NZD", "PLN", "SAR", "SEK", "SGD", "TRY", "USD", "ZAR",
})
_COINS = frozenset({"ADA", "AVAX", "BCH", "BTC", "DOGE", "ETH", "LINK", "LTC", "SOL", "SUI", "XRP"})
# fmt: on

_COIN_VENUES = ("PAXOS", "ZEROHASH")

_CON_ID = re.compile(r"#(\d+)")
_PAIR = re.compile(r"([A-Z]{3,5})\.([A-Z]{3})(?:@([A-Z0-9.]+))?")
_OPTION = re.compile(r"(\S+) (\d{8}) (?:([CP]) ?(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?) ?([CP]))")
_VERTICAL = re.compile(r"(\S+) (\d{8}) ([CP])(\d+(?:\.\d+)?)/([CP])?(\d+(?:\.\d+)?)")
_OCC = re.compile(r"([A-Z]{1,6}) *(\d{6})([CP])(\d{8})")
_FUTURE = re.compile(r"(\S+) (\d{6}|\d{8})(?:@([A-Z0-9.]+))?")
_SHARE = re.compile(r"([A-Z0-9][A-Z0-9.-]*)(?:@([A-Z0-9.]+))?(?:/([A-Z]{3}))?")


def tidy(typed: str) -> str:
    """Return *typed* in the one form under which it is remembered: upper case, single blanks, no leading `$`."""
    return " ".join(typed.upper().split()).removeprefix("$")


def queries(symbol: str) -> list[Contract]:
    """
    Return the contracts to ask for in turn until one is known; empty where *symbol* (tidy) has no form we know.

    A bare symbol is a US share first, then a share anywhere, then an index; an option one on a US share or index, then
    one on a future, then one listed elsewhere.
    """
    for pattern, make in _FORMS:
        if found := pattern.fullmatch(symbol):
            made = make(*found.groups())
            if made:
                return made
    return []


def pair_queries(symbol: str) -> list[Contract]:
    """Return what is asked for where *symbol* (tidy) is a pair without its dot: `EURUSD`; empty where it is none."""
    return _pair(symbol[:3], symbol[3:], None) if len(symbol) == len("EURUSD") else []


def vertical_legs(symbol: str) -> tuple[str, str] | None:
    """Return the symbols of the two options of a vertical spread (tidy): bought and sold by who buys it; else None."""
    found = _VERTICAL.fullmatch(symbol)
    if found is None:
        return None
    root, expiry, right, bought, other, sold = found.groups()
    if (other or right) != right or float(bought) == float(sold):
        return None
    return f"{root} {expiry} {right}{float(bought):g}", f"{root} {expiry} {right}{float(sold):g}"


def _con_id(number: str) -> list[Contract]:
    return [Contract(conId=int(number))]


def _pair(base: str, quote: str, venue: str | None) -> list[Contract]:
    if base in _COINS and quote in CURRENCIES:
        # An account is with one of the two; the other's contracts are unknown to it.
        venues = (venue,) if venue else _COIN_VENUES
        return [Contract(secType="CRYPTO", symbol=base, currency=quote, exchange=one) for one in venues]
    if base in CURRENCIES and quote in CURRENCIES:
        return [Contract(secType="CASH", symbol=base, currency=quote, exchange=venue or "IDEALPRO")]
    return []


def _option(root: str, expiry: str, right: str | None, strike: str | None, *other: str | None) -> list[Contract]:
    price, side = strike or other[0] or "", right or other[1] or ""
    return [
        Contract(
            secType=kind,
            symbol=root.replace(".", " "),
            lastTradeDateOrContractMonth=expiry,
            strike=float(price),
            right=side,
            exchange=exchange,
            currency=currency,
        )
        for kind, exchange, currency in (("OPT", "SMART", "USD"), ("FOP", "", ""), ("OPT", "", ""))
    ]


def _occ(root: str, expiry: str, right: str, strike: str) -> list[Contract]:
    return _option(root, f"20{expiry}", right, str(int(strike) / 1000))


def _future(root: str, expiry: str, venue: str | None) -> list[Contract]:
    return [Contract(secType="FUT", symbol=root, lastTradeDateOrContractMonth=expiry, exchange=venue or "")]


def _share(root: str, venue: str | None, currency: str | None) -> list[Contract]:
    # IBKR writes share classes with a blank: BRK B.
    symbol = root.replace(".", " ")
    if venue or currency:
        home = currency or ("USD" if venue in US_VENUES else "")
        return [Contract(secType="STK", symbol=symbol, exchange=venue or "SMART", currency=home)]
    return [
        Contract(secType="STK", symbol=symbol, exchange="SMART", currency="USD"),
        Contract(secType="STK", symbol=symbol, exchange="SMART"),
        Contract(secType="IND", symbol=symbol),
    ]


# Where shares that are listed in the US have their primary listing.
US_VENUES = frozenset({"NYSE", "NASDAQ", "ARCA", "AMEX", "BATS", "IEX", "ISLAND", "PINK", "OTCLNKECN", "LTSE"})

_FORMS = (
    (_CON_ID, _con_id),
    (_PAIR, _pair),
    (_OCC, _occ),
    (_OPTION, _option),
    (_FUTURE, _future),
    (_SHARE, _share),
)
