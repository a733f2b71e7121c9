"""Purchases that wait for the money of sales, and outlive a restart."""

from decimal import Decimal

from storage.database import Database
from storage.sequels import SqlSequels
from tests.fakes.clock import FakeClock
from tests.fakes.exchange_floor import CALL, MSFT
from trading.sequel import Sequel, Waiting

SEQUEL = Sequel(
    id=0,
    user_id=7,
    chat_id=-100,
    account="DU1",
    digest="d" * 64,
    cash=Decimal("1234.5678"),
    waiting=(Waiting(MSFT, "$MSFT", Decimal(149)), Waiting(CALL, "SPY 20261218 C600", Decimal("0.25"))),
    created=FakeClock().now(),
)


async def test_what_waits_is_kept_whole(database: Database) -> None:
    sequels = SqlSequels(database)
    added = await sequels.add(SEQUEL)
    (found,) = await sequels.all()
    assert found == added == await sequels.get(added.id)
    assert found.waiting[1].instrument.strike == CALL.strike
    assert (found.cash, found.offered, found.reminded) == (Decimal("1234.5678"), 0, False)


async def test_the_same_orders_of_the_same_person_wait_once(database: Database) -> None:
    sequels = SqlSequels(database)
    first = await sequels.add(SEQUEL)
    second = await sequels.add(SEQUEL)
    assert second.id > first.id
    assert await sequels.all() == (second,)


async def test_an_offer_and_its_end_are_noted_and_a_new_offer_may_end_again(database: Database) -> None:
    sequels = SqlSequels(database)
    added = await sequels.add(SEQUEL)
    await sequels.offered(added.id, 12)
    await sequels.reminded(added.id)
    found = await sequels.get(added.id)
    assert found is not None
    assert (found.offered, found.reminded) == (12, True)
    await sequels.offered(added.id, 13)
    found = await sequels.get(added.id)
    assert found is not None
    assert (found.offered, found.reminded) == (13, False)


async def test_what_is_dropped_is_gone(database: Database) -> None:
    sequels = SqlSequels(database)
    added = await sequels.add(SEQUEL)
    await sequels.drop(added.id)
    assert await sequels.get(added.id) is None
