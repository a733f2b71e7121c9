"""Combos: two options as one instrument, which IBKR knows by its legs alone."""

from market.instrument import ComboLeg, Instrument, SecType, combo_id
from market.order import Side


def vertical(bought: Instrument, sold: Instrument) -> Instrument:
    """
    Return the vertical spread of two options of one expiry: who buys it buys *bought* and sells *sold*.

    It is routed as its legs are (SMART for options on shares, guaranteed then), and its price is the difference of
    theirs.
    """
    legs = (ComboLeg(bought.con_id, 1, Side.BUY.value), ComboLeg(sold.con_id, 1, Side.SELL.value))
    return Instrument(
        con_id=combo_id(legs),
        symbol=bought.symbol,
        sec_type=SecType.COMBO,
        exchange=bought.exchange,
        currency=bought.currency,
        local_symbol=f"{bought.label}/{sold.right}{sold.strike:g}",
        trading_class=bought.trading_class,
        expiry=bought.expiry,
        right=bought.right,
        multiplier=bought.multiplier,
        name=bought.name,
        min_tick=min(bought.min_tick, sold.min_tick),
        legs=legs,
        width=_width(bought, sold),
        magnifier=bought.magnifier,
    )


def _width(bought: Instrument, sold: Instrument) -> float:
    """
    Return how far the strikes are apart: below zero where who buys the spread may owe that much, and never get any.

    A call is worth the more the lower its strike is, a put the higher.
    """
    worth = sold.strike - bought.strike if bought.right == "C" else bought.strike - sold.strike
    return round(worth, 8)
