"""From a size to a number of units, always rounded down."""

from dataclasses import replace
from decimal import Decimal

import pytest

from market.account import AccountSummary
from market.instrument import Instrument, SecType
from market.order_rules import OrderRules
from market.quote import Quote
from market.ticket import parse
from tests.fakes.clock import FakeClock
from tests.fakes.desk import CHAT, TRADER, DeskBench
from tests.fakes.trading import AAPL, ACCOUNT, SHARE_RULES
from trading.appraisal import Appraisal
from trading.confirmation import Outcome
from trading.errors import NotSizable, SizeFault
from trading.limits import Limits
from trading.sizing import sized

ES = Instrument(11004968, "ES", SecType.FUTURE, multiplier="50", min_tick=0.25)
SAP = Instrument(14204, "SAP", currency="EUR")
BTC = Instrument(479624278, "BTC", SecType.CRYPTO)
EUR = Instrument(12087792, "EUR", SecType.FOREX)
COIN = OrderRules(frozenset(), Decimal("0.0001"), Decimal("0.0001"), ((Decimal(0), Decimal("0.25")),))
LOT = OrderRules(frozenset(), Decimal(100), Decimal(100), ((Decimal(0), Decimal("0.01")),))
RICH = AccountSummary(ACCOUNT, "USD", net_liquidation=Decimal(100_000), rates={"EUR": Decimal("1.25")})


def seen(price: float | None = 200.0, held: int = 0, **more: object) -> Appraisal:
    clock = FakeClock()
    quote = Quote(AAPL, last=price, bid=price, ask=price, received=clock.now())
    basis = Appraisal(ACCOUNT, quote, clock.now(), Decimal(held), summary=RICH, rules=SHARE_RULES)
    return replace(basis, **more)  # type: ignore[arg-type]  each test says what is different


def quantity(line: str, given: Appraisal, instrument: Instrument = AAPL) -> Decimal:
    return sized(parse(line), instrument, given).quantity


@pytest.mark.parametrize(
    ("line", "held", "expected"),
    [
        ("buy $5000 AAPL 199.5", 0, 25),
        ("buy $4987.50 AAPL 199.5", 0, 25),
        ("buy $4987.49 AAPL 199.5", 0, 24),
        ("buy $5000 AAPL market", 0, 25),
        ("buy $1000 AAPL stop 250", 0, 4),
        ("sell half AAPL market", 11, 5),
        ("sell all AAPL 210", 11, 11),
        ("sell quarter AAPL market", 11, 2),
        ("buy 50% position AAPL market", -11, 5),
        ("buy 5% nlv AAPL 200", 0, 25),
        ("buy 5% nlv AAPL 200.01", 0, 24),
        ("buy AAPL risk 0.5% 200 sl 190", 0, 50),
        ("buy AAPL risk 0.5% 200 sl 189.9", 0, 49),
        ("sell AAPL risk 0.5% 200 sl 210", 0, 50),
        ("buy AAPL risk 0.5% market sl 182", 0, 27),
    ],
)
def test_a_size_is_the_most_that_was_asked_for(line: str, held: int, expected: int) -> None:
    assert quantity(line, seen(held=held)) == expected


def test_what_a_contract_stands_for_counts() -> None:
    assert quantity("buy ES 202612 risk 0.5% 6000 sl 5995", seen(6000.0), ES) == 2
    assert quantity("buy $600000 ES 202612 6000", seen(6000.0), ES) == 2


def test_the_accounts_money_is_exchanged_and_without_a_rate_there_is_no_size() -> None:
    assert quantity("buy 5% nlv SAP 200", seen(), SAP) == 20
    with pytest.raises(NotSizable) as caught:
        quantity("buy 5% nlv SAP 200", seen(summary=replace(RICH, rates={})), SAP)
    assert (caught.value.fault, caught.value.currencies) == (SizeFault.NO_RATE, ("USD", "EUR"))


def test_money_itself_is_of_the_instruments_own_currency() -> None:
    assert quantity("buy $5000 SAP 200", seen(summary=None), SAP) == 25


def test_it_is_rounded_down_to_what_ibkr_takes() -> None:
    assert quantity("buy $5000 BTC.USD 60000", seen(60_000.0, rules=COIN), BTC) == Decimal("0.0833")
    assert quantity("buy $50000 AAPL 199.5", seen(rules=LOT)) == 200
    assert quantity("buy $5000 EUR.USD 1.1", seen(1.1, rules=None), EUR) == 4545


@pytest.mark.parametrize(
    ("line", "given", "fault"),
    [
        ("buy $199 AAPL 199.5", seen(), SizeFault.TOO_SMALL),
        ("buy $5000 AAPL 199.5", seen(rules=LOT), SizeFault.TOO_SMALL),
        ("sell half AAPL market", seen(held=1), SizeFault.TOO_SMALL),
        ("sell half AAPL market", seen(), SizeFault.NOTHING_HELD),
        ("sell half AAPL market", seen(held=-10), SizeFault.NOTHING_HELD),
        ("buy 50% position AAPL market", seen(held=10), SizeFault.NOTHING_HELD),
        ("buy $5000 AAPL market", seen(None), SizeFault.NO_PRICE),
        ("buy 5% nlv AAPL 200", seen(summary=None), SizeFault.NO_NET_LIQUIDATION),
        ("buy 5% nlv AAPL 200", seen(summary=AccountSummary(ACCOUNT, "USD")), SizeFault.NO_NET_LIQUIDATION),
        ("buy AAPL risk 0.5% market sl 201", seen(), SizeFault.STOP_PASSED),
        ("sell AAPL risk 0.5% market sl 199", seen(), SizeFault.STOP_PASSED),
    ],
)
def test_what_comes_to_nothing_is_refused_with_its_reason(line: str, given: Appraisal, fault: SizeFault) -> None:
    with pytest.raises(NotSizable) as caught:
        quantity(line, given)
    assert caught.value.fault is fault


async def test_the_card_keeps_what_was_asked_for_and_the_order_what_it_comes_to() -> None:
    bench = DeskBench()
    shown = await bench.propose("buy $5000 AAPL 199.5")
    assert (shown.ticket.quantity, shown.ticket.size) == (Decimal(25), None)
    assert shown.asked == parse("buy $5000 AAPL 199.5").size
    await bench.confirm(shown)
    assert bench.gateway.submitted[0][1].quantity == 25


async def test_a_new_card_after_a_move_works_the_size_out_anew() -> None:
    bench = DeskBench()
    shown = await bench.propose("buy $5000 AAPL market")
    assert shown.ticket.quantity == 24
    bench.move_to(220)
    answer = await bench.confirm(shown)
    assert answer.outcome is Outcome.DRIFTED
    assert answer.replacement is not None
    assert (answer.replacement.ticket.quantity, answer.replacement.asked) == (Decimal(22), shown.asked)


async def test_a_size_meets_the_limits_like_any_number() -> None:
    bench = DeskBench(Limits(order_value=Decimal(4000)))
    with pytest.raises(Exception, match="order value"):
        await bench.desk.propose(parse("buy $5000 AAPL 199.5"), user_id=TRADER, chat_id=CHAT)
