"""
What the market side can refuse, told in fields; words for people are made in `bot/views/errors.py`.

* MarketError
  + SymbolError
    - UnknownSymbol       IBKR knows no such instrument
    - AmbiguousSymbol     several instruments answer to this name
  + TicketSyntaxError     the text is no order
  + TicketContradiction   the parts of an order do not go together (a ValueError, too)
  + LinkDown              there is no usable link to IBKR right now
  + RequestTimeout        IBKR did not answer in time
  + BrokerError           IBKR answered with an error code
    - NoMarketData        no subscription, or a competing session
    - PacingViolation     too many historical requests
    - ReadOnlyApi         the gateway refuses orders (its Read-Only API setting)
"""


class MarketError(Exception):
    """Anything the market side could not do."""


class SymbolError(MarketError):
    """A name that does not lead to one instrument."""

    def __init__(self, symbol: str, candidates: tuple[object, ...] = ()) -> None:
        super().__init__(symbol)
        self.symbol = symbol
        self.candidates = candidates


class UnknownSymbol(SymbolError):
    """IBKR knows no *symbol*; *candidates* are its nearest matches (`Instrument`s), best first."""


class AmbiguousSymbol(SymbolError):
    """Several instruments answer to *symbol*; *candidates* are they (`Instrument`s)."""


class TicketSyntaxError(MarketError):
    """
    The text is no order.

    *position* is the offset (in characters) of the first thing not understood,
    *expected* what could stand there, *examples* lines that would work.
    """

    def __init__(self, text: str, position: int, expected: str, examples: tuple[str, ...] = ()) -> None:
        super().__init__(text, position, expected)
        self.text = text
        self.position = position
        self.expected = expected
        self.examples = examples


class TicketContradiction(MarketError, ValueError):
    """A ticket whose *field* does not go with the rest of it, and why (*fault*, one of `market.order.Fault`)."""

    def __init__(self, fault: str, field: str) -> None:
        super().__init__(fault, field)
        self.fault = fault
        self.field = field


class LinkDown(MarketError):
    """There is no usable link to IBKR; *reason* is the link's own (see `broker.status.LinkReason`)."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class RequestTimeout(MarketError):
    """IBKR did not answer *request* within *timeout_s* seconds."""

    def __init__(self, request: str, timeout_s: float) -> None:
        super().__init__(request, timeout_s)
        self.request = request
        self.timeout_s = timeout_s


class BrokerError(MarketError):
    """IBKR answered with error *code* and its own words *text*."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


class NoMarketData(BrokerError):
    """No subscription for this data, or another session holds it (354, 10089, 10168, 10197)."""


class PacingViolation(BrokerError):
    """IBKR's pacing limits were hit (162 with a pacing text, 100, 420)."""


class ReadOnlyApi(BrokerError):
    """The gateway's "Read-Only API" setting refuses every order call (321)."""
