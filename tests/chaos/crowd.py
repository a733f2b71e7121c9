"""A crowd of alerts, put straight into the database of a bot that has not started yet: as many as a run needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import Random

from sqlalchemy import insert

from alerts.condition import Comparison, Condition, Crossing, Direction, Draft, Op
from alerts.operand import Number, Price
from alerts.rule import Rule
from alerts.wording import format_draft
from market.instrument import Instrument
from simulator.tws.catalogue import Catalogue
from simulator.tws.exchange import Exchange
from storage.database import Database
from storage.rules import rule_columns
from storage.tables import rules as rules_table
from tests.fakes.clock import FakeClock

PEOPLE = (111, 222, 333)
_STEP = 0.003
# As `alerts.pricewatch` keeps it: last seen below, not crossed yet.
_SEEN_BELOW: Mapping[str, object] = {"sides": [[-1, False]]}


@dataclass(frozen=True, slots=True)
class Crossed:
    """One crossing to come: a print of *symbol* at *price* that fires alert *number*, once."""

    symbol: str
    price: float
    number: int


def crossings(count: int, symbols: int, catalogue: Catalogue, chance: Random) -> list[Crossed]:
    """Return *count* crossings over the invented shares, each symbol's rising, in a mixed order."""
    shares = list(islice((one for one in catalogue.main() if one.long_name.startswith("INVENTED")), symbols))
    turns = [shares[number % symbols] for number in range(count)]
    chance.shuffle(turns)
    steps = dict.fromkeys((one.key for one in shares), 0)
    found = []
    for number, share in enumerate(turns, 1):
        steps[share.key] += 1
        found.append(Crossed(share.key, round(share.price * (1 + _STEP * steps[share.key]) + 0.01, 2), number))
    return found


async def settle(folder: Path, expected: Sequence[Crossed], exchange: Exchange, *, crossing: bool = False) -> None:
    """
    Make the database with an alert a cent below each of the *expected* prices, shared out among three people.

    It is made at the *exchange*'s time.

    They are levels; with *crossing* every second one must be crossed from below, where it has seen the price before:
    the alert of a person who set it while the bot ran.
    """
    clock = FakeClock(datetime.fromtimestamp(exchange.clock.time(), UTC))
    database = await Database.open(url(folder), clock=clock, boot_id="crowd")
    rows = []
    for one in expected:
        listed = exchange.catalogue.named(one.symbol)
        share = Instrument(
            listed.con_id, listed.symbol, primary_exchange=listed.primary_exchange, name=listed.long_name
        )
        price, level = Price(share.symbol), Number(round(one.price - 0.01, 2))
        condition: Condition = Comparison(price, Op.GE, level)
        if crossing and one.number % 2:
            condition = Crossing(price, Direction.ABOVE, level)
        draft = Draft(condition)
        owner, now = PEOPLE[one.number % len(PEOPLE)], clock.now()
        rule = Rule(one.number, owner, owner, format_draft(draft), draft, {share.symbol: share}, now, now)
        if isinstance(condition, Crossing):
            rule = rule.remembering(_SEEN_BELOW)
        rows.append({"id": one.number, **rule_columns(rule)})
    async with database.writing() as connection:
        await connection.execute(insert(rules_table), rows)
    await database.close()


def url(folder: Path) -> str:
    """Return the database's address, as `tests.flow.process` gives it to the bot."""
    return f"sqlite:///{folder / 'squawkbot.db'}"
