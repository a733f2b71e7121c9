"""What was chosen by its number is shown and kept by its name, where that means nothing else."""

import asyncio
from zoneinfo import ZoneInfo

import pytest

from alerts.language import parse
from alerts.naming import name_of
from alerts.rulebook import Rulebook
from market.errors import AmbiguousSymbol, LinkDown
from market.instrument import Instrument
from tests.fakes.feeds import FakeFinder
from tests.unit.alerts.drafts import AAPL, EURUSD, NOW, tick
from tests.unit.alerts.test_kinds import CALL
from tests.unit.alerts.test_rulebook import ME, Desk

UTC = ZoneInfo("UTC")
BMW = Instrument(14094, "BMW", primary_exchange="IBIS", currency="EUR")
BMW_US = Instrument(999, "BMW", primary_exchange="PINK")
LOW = Instrument(500, "LOW", primary_exchange="NYSE")
TOYOTA = Instrument(7, "7203", primary_exchange="TSEJ", currency="JPY")


class Venues(FakeFinder):
    """Knows instruments by what a test says; a name with several is ambiguous."""

    def __init__(self, **names: object) -> None:
        super().__init__()
        self.names = {name.replace("_at_", "@").replace("_in_", "/"): one for name, one in names.items()}

    async def find(self, symbol: str) -> Instrument:
        found = self.names.get(symbol)
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, Instrument) else await super().find(symbol)


class Numbers(FakeFinder):
    """Finds instruments by their conIds, too."""

    def __init__(self, *instruments: Instrument) -> None:
        super().__init__(*instruments)
        self.numbers = {f"#{one.con_id}": one for one in instruments}

    async def find(self, symbol: str) -> Instrument:
        return self.numbers.get(symbol) or await super().find(symbol)


def named(instrument: Instrument, finder: FakeFinder) -> str:
    return asyncio.run(name_of(instrument, finder, NOW))


@pytest.mark.parametrize(
    ("instrument", "name"),
    [(AAPL, "AAPL"), (LOW, "LOW"), (EURUSD, "EUR.USD"), (CALL, "SPY 20261218 C600"), (TOYOTA, "#7")],
)
def test_the_symbol_is_enough_where_it_means_one_instrument_and_the_language_takes_it(
    instrument: Instrument, name: str
) -> None:
    assert named(instrument, FakeFinder(instrument)) == name


def test_the_venue_is_named_where_the_symbol_means_another_or_several() -> None:
    assert named(BMW, Venues(BMW=BMW_US, BMW_at_IBIS=BMW)) == "BMW@IBIS"
    several = AmbiguousSymbol("BMW", (BMW, BMW_US))
    assert named(BMW, Venues(BMW=several, BMW_at_IBIS=several, BMW_at_IBIS_in_EUR=BMW)) == "BMW@IBIS/EUR"


def test_the_number_stays_where_no_name_means_it_or_nobody_can_be_asked() -> None:
    assert named(BMW, FakeFinder()) == "#14094"
    assert named(BMW, Venues(BMW=LinkDown("closed"))) == "#14094"


async def test_a_line_about_a_number_is_kept_by_its_name_and_reads_back_as_the_same_alert() -> None:
    desk = Desk()
    book = Rulebook(desk.store, desk.engine, Numbers(AAPL), desk.ticks, desk.news, desk.scans, desk.clock)
    line = "#265598 > 200 and #265598 rsi(14, 1h) < 70 or #265598 moves 2% in 15m"
    made = (await book.create(line, ME, ME)).rule
    assert made.text == "AAPL > 200 and AAPL rsi(14, 1h) < 70 or AAPL moves 2% in 15m"
    assert dict(made.instruments) == {"AAPL": AAPL}
    assert parse(made.text, NOW, UTC) == made.draft
    desk.ticks.push(tick(201.0))
    assert desk.engine.standing(made.id, NOW)["AAPL"] == 201.0
