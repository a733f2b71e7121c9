"""The catalogue: which listed instruments a client's contract means, and which a name looks like."""

from collections.abc import Iterable
from datetime import date

from simulator.tws.instrument import Instrument, Wanted
from simulator.tws.listing import instruments

# As many rows as a gateway was seen to answer.
MOST_SAMPLES = 16

SEC_TYPES = {
    "STK", "OPT", "FUT", "IND", "FOP", "CASH", "BAG", "WAR", "BOND", "CMDTY", "NEWS", "FUND", "CFD", "CONTFUT",
    "CRYPTO",
}  # fmt: skip
_WITHOUT_PRICE = {"OPT", "FOP", "NEWS"}


class UnknownInstrument(Exception):
    """No instrument is called *key*."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Catalogue:
    """Everything listed on the day the exchange opened, with so many *invented* shares (QAAA, QAAB, ...)."""

    def __init__(self, today: date, invented: int = 0) -> None:
        self._all = instruments(today, invented)
        self._by_key = {one.key: one for one in self._all}
        self._by_con_id = {one.con_id: one for one in self._all}

    def named(self, key: str) -> Instrument:
        """Return the instrument that commands call *key*; raises UnknownInstrument."""
        found = self._by_key.get(key.strip()) or self._by_key.get(key.strip().upper())
        if found is None:
            raise UnknownInstrument(key)
        return found

    def with_id(self, con_id: int) -> Instrument | None:
        """Return the instrument of a contract id, None where there is none."""
        return self._by_con_id.get(con_id)

    def main(self) -> list[Instrument]:
        """Return everything that has a price of its own: all but options and news."""
        return [one for one in self._all if one.sec_type not in _WITHOUT_PRICE]

    def find(self, wanted: Wanted) -> list[Instrument]:
        """Return every instrument that *wanted* describes, in listing order."""
        if wanted.con_id:
            found = self._by_con_id.get(wanted.con_id)
            return [found] if found and wanted.matches(found) else []
        if wanted.is_blank:
            return []
        return [one for one in self._all if wanted.matches(one)]

    def options(self, under_con_id: int) -> list[Instrument]:
        """Return the options on an underlying."""
        return [one for one in self._all if one.is_option and one.under_con_id == under_con_id]

    def like(self, pattern: str) -> list[Instrument]:
        """
        Return what *pattern* may mean, best first: the symbol itself, then
        symbols that begin with it, then names that contain it.
        """
        sought = pattern.strip().upper()
        if not sought:
            return []
        seen: dict[tuple[str, str, str], Instrument] = {}
        for one in self._ranked(sought):
            seen.setdefault((one.symbol, one.sec_type, one.currency), one)
        return list(seen.values())[:MOST_SAMPLES]

    def _ranked(self, sought: str) -> Iterable[Instrument]:
        named = [one for one in self._all if one.sec_type not in _WITHOUT_PRICE]
        yield from (one for one in named if one.symbol == sought)
        yield from (one for one in named if one.symbol.startswith(sought))
        yield from (one for one in named if sought in one.long_name.upper())
