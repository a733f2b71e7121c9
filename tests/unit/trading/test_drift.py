"""How far a market has moved where percents say nothing: prices of combinations around zero."""

from dataclasses import replace
from decimal import Decimal

import pytest

from market.quote import Quote
from market.ticket import parse
from tests.fakes.desk import DeskBench
from tests.fakes.trading import AAPL, ACCOUNT, SHARE_RULES
from trading.appraisal import Appraisal
from trading.drift import GONE, drift_pct
from trading.proposal import Proposal

NICKEL = replace(SHARE_RULES, price_steps=((Decimal(0), Decimal("0.05")),))


@pytest.fixture
async def shown() -> Proposal:
    """A card that showed a price of nothing, and no bid or ask."""
    bench = DeskBench()
    card = await bench.propose()
    return replace(card, ticket=parse("buy 1 AAPL 0.01"), reference_price=Decimal(0), bid=None, ask=None)


def seen(last: float, **more: object) -> Appraisal:
    bench = DeskBench()
    quote = Quote(AAPL, last=last)
    return Appraisal(ACCOUNT, quote, bench.clock.now(), **{"rules": NICKEL, **more})  # type: ignore[arg-type]  fields


@pytest.mark.parametrize(
    ("now", "drift"), [(0.0, Decimal(0)), (0.05, Decimal(0)), (-0.05, Decimal(0)), (0.1, GONE), (-3.0, GONE)]
)
async def test_from_a_price_of_nothing_one_step_is_no_move_and_two_are(
    shown: Proposal, now: float, drift: Decimal
) -> None:
    assert drift_pct(shown, [seen(now)]) == drift


@pytest.mark.parametrize(("now", "drift"), [(0.01, Decimal(0)), (0.02, GONE)])
async def test_where_no_steps_are_known_it_is_a_cent(shown: Proposal, now: float, drift: Decimal) -> None:
    assert drift_pct(shown, [seen(now, rules=None)]) == drift


async def test_a_price_below_zero_moves_by_its_size(shown: Proposal) -> None:
    assert drift_pct(replace(shown, reference_price=Decimal(-2)), [seen(-3)]) == 50
