"""What can be quoted and traded."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache


class SecType(StrEnum):
    """IBKR's security types, by IBKR's own codes."""

    STOCK = "STK"
    OPTION = "OPT"
    FUTURE = "FUT"
    FUTURE_OPTION = "FOP"
    FOREX = "CASH"
    INDEX = "IND"
    CRYPTO = "CRYPTO"
    COMBO = "BAG"
    NEWS = "NEWS"
    BOND = "BOND"
    FUND = "FUND"
    CFD = "CFD"
    WARRANT = "WAR"
    COMMODITY = "CMDTY"
    CONTINUOUS_FUTURE = "CONTFUT"


@dataclass(frozen=True, slots=True)
class ComboLeg:
    """
    One leg of a combo, by IBKR's contract id: *ratio* of it for each combo bought, bought or sold with it.

    *side* is "BUY" or "SELL" as seen by who buys the combo.
    """

    con_id: int
    ratio: int
    side: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """
    One instrument, qualified: its *con_id* is IBKR's lasting identity and alone decides equality.

    A combo has none at IBKR: ours is negative and made from its *legs* (`combo_id`), the same for the same ones. Its
    *local_symbol* is how a user types it.

    *strike* is 0 and *expiry* (YYYYMMDD) and *right* ("C" or "P") are empty where they do not apply.
    *min_tick* is the smallest price step, as prices are quoted. *magnifier* is how many units of the quoted price are
    one of *currency*: 100 where that is quoted in its hundredths (shares in London, grain). *width* is how far the
    strikes of a vertical spread are apart: the most that it can be worth, or below zero the most that its buyer can
    owe; 0 for anything else.
    """

    con_id: int
    symbol: str = field(compare=False)
    sec_type: SecType = field(default=SecType.STOCK, compare=False)
    exchange: str = field(default="SMART", compare=False)
    primary_exchange: str = field(default="", compare=False)
    currency: str = field(default="USD", compare=False)
    local_symbol: str = field(default="", compare=False)
    trading_class: str = field(default="", compare=False)
    expiry: str = field(default="", compare=False)
    strike: float = field(default=0.0, compare=False)
    right: str = field(default="", compare=False)
    multiplier: str = field(default="", compare=False)
    name: str = field(default="", compare=False)
    min_tick: float = field(default=0.01, compare=False)
    legs: tuple[ComboLeg, ...] = field(default=(), compare=False)
    width: float = field(default=0.0, compare=False)
    magnifier: int = field(default=1, compare=False)

    @property
    def label(self) -> str:
        """The instrument as a user would type it: `AAPL`, `EUR.USD`, `ES 202612`, `SPY 20261218 C600`."""
        match self.sec_type:
            case SecType.FOREX | SecType.CRYPTO:
                return f"{self.symbol}.{self.currency}"
            case SecType.OPTION | SecType.FUTURE_OPTION:
                return f"{self.symbol} {self.expiry} {self.right}{self.strike:g}"
            case SecType.FUTURE:
                return f"{self.symbol} {self.expiry[:6]}"
            case SecType.STOCK:
                return self.symbol.replace(" ", ".")
            case SecType.COMBO:
                # Of one that somebody else made, IBKR tells the legs' ids alone.
                return self.local_symbol or f"{self.symbol} combo"
            case _:
                return self.symbol

    @property
    def factor(self) -> Decimal:
        """What one unit is worth at a price of 1, in its currency: 100 for most options, 0.01 for a share in pence."""
        return Decimal(self.multiplier or 1) / self.magnifier

    @property
    def decimals(self) -> int:
        """How many decimals a price of this instrument is written with (at least 2)."""
        return _decimals(self.min_tick)


def combo_id(legs: Iterable[ComboLeg]) -> int:
    """Return the negative id of a combo, the same for the same legs in any order."""
    text = "|".join(sorted(f"{leg.con_id}:{leg.ratio}:{leg.side}" for leg in legs))
    # 62 bits: below zero in any database, and two combos of one id are not to be met.
    return -1 - (int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 2)


@lru_cache(256)
def _decimals(min_tick: float) -> int:
    text = f"{min_tick:.8f}".rstrip("0")
    return max(2, len(text.partition(".")[2]))
