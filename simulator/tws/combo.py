"""Combinations (BAG): the instrument that a client's legs describe."""

from simulator.tws.catalogue import Catalogue
from simulator.tws.instrument import COMBO_ORDER_TYPES, Instrument, Part
from simulator.tws.requests import Request

# What gateways call a combination that was made up by its client.
CON_ID = 28812380


class NoCombination(Exception):
    """Legs that make no combination: *code* and *message* as TWS would answer."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def combined(catalogue: Catalogue, request: Request) -> Instrument:
    """Return the combination that a request describes; raises NoCombination (321, 200)."""
    rows = request.groups.get("legs", [])
    if not rows:
        raise NoCombination(
            321, "Error validating request.-'bN' : cause - Security type 'BAG' requires combo leg details."
        )
    parts = tuple(_part(catalogue, row) for row in rows)
    currency = request.text("currency") or parts[0].instrument.currency
    factors = {part.instrument.multiplier for part in parts}
    return Instrument(
        "BAG " + " ".join(f"{part.sign * part.ratio}x{part.instrument.con_id}" for part in parts),
        CON_ID,
        request.text("symbol") or parts[0].instrument.symbol,
        "BAG",
        "Combination",
        1.0,
        exchange=request.text("exchange") or "SMART",
        currency=currency,
        local_symbol=request.text("symbol"),
        trading_class="COMB",
        multiplier=factors.pop() if len(factors) == 1 else "",
        order_types=COMBO_ORDER_TYPES,
        valid_exchanges="SMART",
        parts=parts,
    )


def _part(catalogue: Catalogue, row: tuple[str, ...]) -> Part:
    con_id, ratio, action = row[0], row[1], row[2]
    found = catalogue.with_id(int(con_id)) if con_id.isdigit() else None
    if found is None:
        raise NoCombination(200, "No security definition has been found for the request")
    if action not in {"BUY", "SELL"} or not ratio.isdigit() or int(ratio) < 1:
        raise NoCombination(321, "Error validating request.-'bN' : cause - Invalid combo leg details.")
    return Part(found, int(ratio), 1 if action == "BUY" else -1)
