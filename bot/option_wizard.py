"""
An option order put together by buttons. Pure; what is filled in is kept as JSON (`storage/forms.py`).

Expiry, call or put, strike, then how much at what price; a second strike makes a vertical spread of it. Each step can
be gone back to.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from market.instrument import Instrument, SecType
from market.option import Greeks, OptionChain

T = TypeVar("T")

UNDERLYINGS = frozenset({SecType.STOCK, SecType.INDEX, SecType.FUTURE})
"""The kinds that options are asked for on."""
EXPIRIES, STRIKES = 12, 6
"""How many of each are shown at once."""
PRICES = ("bid", "mid", "ask", "market")

UNKNOWN = Greeks()
"""The model says nothing."""

_QUANTITY = re.compile(r"[1-9][0-9]{0,3}")
_PRICE = re.compile(r"-?[0-9]{1,6}(?:\.[0-9]{1,4})?")


class Step(StrEnum):
    """What is asked for just now."""

    EXPIRY = "expiry"
    RIGHT = "right"
    STRIKE = "strike"
    SECOND = "second"
    TERMS = "terms"


@dataclass(frozen=True, slots=True)
class OptionRow:
    """
    One option or spread, *symbol* as an order line has it; each price None where it did not come.

    *is_listed* is false where IBKR knows no such contract, None where it could not be asked.
    """

    symbol: str
    is_listed: bool | None = None
    bid: float | None = None
    ask: float | None = None
    greeks: Greeks = UNKNOWN
    instrument: Instrument | None = None

    @property
    def mid(self) -> float | None:
        """The middle of bid and ask, or None without both."""
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True)
class OptionWizard:
    """
    What is filled in so far, of an option on the instrument *con_id*; *root* is its symbol in an order line.

    *strike* and *second* are as written ("602.5"): who buys a spread buys the first and sells the second. *page* counts
    from the page that opens first. *at* is one of `PRICES` or a price as typed.
    """

    con_id: int
    label: str
    root: str
    decimals: int = 2
    price: float | None = None
    step: Step = Step.EXPIRY
    expiry: str = ""
    right: str = ""
    strike: str = ""
    second: str = ""
    page: int = 0
    side: str = "buy"
    quantity: str = "1"
    at: str = "mid"

    @classmethod
    def about(cls, instrument: Instrument, price: float | None) -> "OptionWizard":
        """Return one that asks for an expiry of options on *instrument*, whose price is *price* now."""
        root = instrument.label if instrument.sec_type is SecType.STOCK else instrument.symbol
        return cls(instrument.con_id, instrument.label, root, instrument.decimals, price)

    @property
    def symbol(self) -> str:
        """The option, or the spread, as an order line has it; "" before it is known."""
        if not self.strike:
            return ""
        spread = f"/{self.right}{self.second}" if self.second else ""
        return f"{self.root} {self.expiry} {self.right}{self.strike}{spread}"

    def symbol_at(self, strike: float) -> str:
        """Return the single option at *strike*."""
        return f"{self.root} {self.expiry} {self.right}{written(strike)}"

    def line(self, price: str) -> str:
        """Return the order line at *price* ("market", or a number)."""
        return f"{self.side} {self.quantity} {self.symbol} {price}"

    def chosen(self, what: str, value: str, chain: OptionChain) -> "OptionWizard":
        """
        Return it with *value* for *what*.

        Raises KeyError or ValueError for what no button says that is shown now, or was before.
        """
        after = self._chosen(what, value, chain)
        needs = {Step.RIGHT: after.expiry, Step.STRIKE: after.expiry and after.right}
        if not needs.get(after.step, after.step is Step.EXPIRY or (after.expiry and after.right and after.strike)):
            raise ValueError(value)
        return after

    def _chosen(self, what: str, value: str, chain: OptionChain) -> "OptionWizard":
        match what:
            case "expiry":
                _one_of(value, chain.expiries)
                return replace(self, expiry=value, second="", page=0).onward()
            case "right":
                _one_of(value, ("C", "P"))
                return replace(self, right=value, second="", page=0).onward()
            case "strike" | "second":
                _one_of(value, [written(one) for one in chain.strikes])
                return self._struck(what, value)
            case "page":
                return replace(self, page=int(value))
            case "step":
                return replace(self, step=Step(value), page=0)
            case _:
                return self._with_terms(what, value)

    def _struck(self, what: str, value: str) -> "OptionWizard":
        if what == "strike":
            return replace(self, strike=value, second="", page=0).onward()
        if value == self.strike:
            raise ValueError(value)
        return replace(self, second=value, step=Step.TERMS, page=0)

    def _with_terms(self, what: str, value: str) -> "OptionWizard":
        """Return it with a side, a quantity, a price, or as a single option again."""
        match what:
            case "side":
                _one_of(value, ("buy", "sell"))
                return replace(self, side=value)
            case "quantity":
                if not _QUANTITY.fullmatch(value):
                    raise ValueError(value)
                return replace(self, quantity=value)
            case "at":
                if value not in PRICES and not _PRICE.fullmatch(value):
                    raise ValueError(value)
                return replace(self, at=value)
            case "single":
                return replace(self, second="")
            case _:
                raise KeyError(what)

    def onward(self) -> "OptionWizard":
        """Return it at the first step that is still to be filled in."""
        missing = ((self.expiry, Step.EXPIRY), (self.right, Step.RIGHT), (self.strike, Step.STRIKE))
        step = next((step for said, step in missing if not said), Step.TERMS)
        # Another expiry or right has other prices for the same strike: the strikes are shown again.
        return replace(self, step=Step.STRIKE if step is Step.TERMS and self.step is not Step.STRIKE else step)

    def expiries(self, chain: OptionChain, today: str) -> tuple[Sequence[str], bool, bool]:
        """Return the page's expiries, none before *today* (YYYYMMDD), and whether there are some before or after."""
        open_ones = [one for one in chain.expiries if one >= today]
        return _page(open_ones, self.page * EXPIRIES, EXPIRIES)

    def strikes(self, chain: OptionChain) -> tuple[Sequence[float], bool, bool]:
        """Return the strikes of the page, the first around the money or the first leg; and whether there are others."""
        around = float(self.strike) if self.step is Step.SECOND else self.price
        everything = [one for one in chain.strikes if self.step is not Step.SECOND or written(one) != self.strike]
        middle = len(everything) // 2
        if around is not None and everything:
            middle = min(range(len(everything)), key=lambda index: abs(everything[index] - around))
        return _page(everything, middle - STRIKES // 2 + self.page * STRIKES, STRIKES)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self) | {"step": self.step.value}

    @classmethod
    def from_json(cls, data: Any) -> "OptionWizard":  # noqa: ANN401  whatever JSON has
        """Return what `to_json` wrote. Raises TypeError or ValueError where it is not ours."""
        return cls(**{**data, "step": Step(data["step"])})


def written(strike: float) -> str:
    """Return a strike as an order line has it: `600`, `602.5`."""
    return f"{strike:.4f}".rstrip("0").rstrip(".")


def _one_of(value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError(value)


def _page(items: Sequence[T], start: int, size: int) -> tuple[Sequence[T], bool, bool]:
    """Return *size* of *items* from about *start*, and whether there are some before and after them."""
    first = max(0, min(start, len(items) - size))
    return items[first : first + size], first > 0, first + size < len(items)
