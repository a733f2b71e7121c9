"""Golden texts of cards for every kind of order, of the changes they offer, and of the thread that tells their fate."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.views import card_edit, ticket
from bot.views.message import Message
from bot.views.order_news import order_thread
from bot.views.order_words import brief, spelled, terms
from bot.views.proposal import confirm_label, proposal_card
from market.instrument import ComboLeg, Instrument, SecType
from market.ticket import TIMES, OrderType, Side, parse
from tests.fakes.chat import AAPL, ACCOUNT, EURUSD, MSFT, NEW_YORK
from tests.fakes.golden import check_golden
from tests.fakes.reply import check_message
from tests.unit.bot.samples import NOW, holdings, news_message, proposal, quote
from trading.guarding import Guarding, guarding
from trading.plan import orders_of
from trading.proposal import Leg, LegOrder, LegRole, LegState, OrderNews, Proposal
from trading.state import TradingState

SPY_CALL = Instrument(
    701, "SPY", SecType.OPTION, expiry="20261218", strike=600.0, right="C", multiplier="100", name="SPDR S&P 500 ETF"
)
SPREAD = Instrument(
    -9,
    "SPY 20261218 C600/C610",
    SecType.COMBO,
    local_symbol="SPY 20261218 C600/C610",
    expiry="20261218",
    right="C",
    multiplier="100",
    legs=(ComboLeg(701, 1, "BUY"), ComboLeg(702, 1, "SELL")),
    width=10.0,
)
OWING = replace(SPREAD, con_id=-10, local_symbol="SPY 20261218 C610/C600", width=-10.0)
ES = Instrument(801, "ES", SecType.FUTURE, "CME", expiry="20261218", multiplier="50", min_tick=0.25)
BITCOIN = Instrument(901, "BTC", SecType.CRYPTO, "PAXOS", min_tick=0.25)
BRACKET = "buy 50 AAPL 199.5 tp 210 sl 190"
GUARDS = Guarding(Decimal("195.50"), Decimal("207.50"))


def planned(line: str, instrument: Instrument = AAPL, **more: object) -> Proposal:
    """Return the proposal of *line* with its orders and legs as the desk plans them."""
    one = proposal(line, instrument)
    orders = orders_of(one.ticket, instrument, ACCOUNT, "group-1")
    legs = tuple(Leg(number, f"sb-7-{number}") for number in range(1, len(orders) + 1))
    return replace(one, orders=orders, legs=legs, **more)


def priced(line: str, instrument: Instrument, last: str) -> Proposal:
    price = Decimal(last)
    tick = Decimal(repr(instrument.min_tick))
    return planned(
        line, instrument, reference_price=price, bid=price - tick, ask=price + tick, position_before=Decimal(0)
    )


def listed() -> Proposal:
    one = proposal("sell 150 AAPL market")
    orders = (
        LegOrder(LegRole.PART, AAPL, one.ticket, ACCOUNT, reference_price=Decimal("200.15")),
        LegOrder(LegRole.PART, MSFT, parse("sell 20 MSFT 410"), ACCOUNT),
        LegOrder(LegRole.PART, EURUSD, parse("buy 1000 EUR.USD market"), ACCOUNT),
    )
    legs = tuple(Leg(number, f"sb-7-{number}") for number in (1, 2, 3))
    return replace(one, orders=orders, legs=legs, warnings=("BMW is left as it is: its market is closed",))


def over_accounts() -> Proposal:
    one = proposal("buy 10 AAPL 199.5")
    orders = tuple(LegOrder(LegRole.PART, AAPL, one.ticket, account) for account in (ACCOUNT, "DU7654321"))
    return replace(one, orders=orders, legs=(Leg(1, "sb-7-1"), Leg(2, "sb-7-2")))


def change() -> Proposal:
    one = proposal("buy 50 AAPL 200")
    order = LegOrder(LegRole.CHANGE, AAPL, one.ticket, ACCOUNT, changes="sb-5-1")
    return replace(one, orders=(order,), changed_from=parse("buy 50 AAPL 199.5"))


def told(one: Proposal, *states: tuple[LegState, str], number: int = 1, ref: bool = False) -> OrderNews:
    """Return the news that leg *number* is as the *states* (each with how much is filled) of all legs say."""
    for leg, (state, filled) in zip(one.legs, states, strict=True):
        average = Decimal("199.47") if Decimal(filled) else None
        one = one.with_leg(replace(leg, state=state, filled=Decimal(filled), average_price=average))
    return OrderNews(one, one.legs[number - 1], LegState.SENT, NOW, ref)


def paid(news: OrderNews, *fees: str) -> OrderNews:
    """Return *news* with what each of the orders cost, and brought: ten times as much."""
    one = news.proposal
    for leg, fee in zip(one.legs, fees, strict=True):
        one = one.with_leg(replace(leg, commission=Decimal(fee), realized_pnl=Decimal(fee) * 10))
    return replace(news, proposal=one, leg=next(leg for leg in one.legs if leg.number == news.leg.number))


def because(news: OrderNews, reason: str = "bot stopped") -> OrderNews:
    """Return *news* with the reason for it."""
    leg = replace(news.leg, message=reason)
    return replace(news, leg=leg, proposal=news.proposal.with_leg(leg))


def thread(news: OrderNews) -> Message:
    return order_thread(news, now=NOW, zone=NEW_YORK)


SENT, WORKING, PARTIAL = LegState.SENT, LegState.WORKING, LegState.PARTIAL
FILLED, CANCELLED, REJECTED = LegState.FILLED, LegState.CANCELLED, LegState.REJECTED
IGNORED = "Order Event Warning: Attribute 'Outside Regular Trading Hours' is ignored <based on> the order type."

MESSAGES = {
    "card-offers-guards": lambda: proposal_card(
        proposal("buy 50 AAPL market"), now=NOW, guarding=GUARDS, state=TradingState.REDUCING
    ),
    "card-bracket": lambda: proposal_card(planned(BRACKET), now=NOW),
    "card-bracket-stop-only": lambda: proposal_card(planned("buy 50 AAPL market sl 190"), now=NOW),
    "card-bracket-target-only": lambda: proposal_card(planned("buy 50 AAPL market tp 210"), now=NOW),
    "card-oco": lambda: proposal_card(planned("sell 150 AAPL 210 oco stop 190 gtc"), now=NOW),
    "card-sized": lambda: proposal_card(
        replace(planned("buy 25 AAPL 199.5"), asked=parse("buy $5000 AAPL 199.5").size), now=NOW
    ),
    "card-risked": lambda: proposal_card(
        replace(planned("buy 67 AAPL 199.5 sl 190"), asked=parse("buy AAPL 199.5 risk 0.5% sl 190").size), now=NOW
    ),
    "card-stop-limit": lambda: proposal_card(
        planned("sell 50 AAPL stop 190 limit 189 gtd 2026-12-24 23:59:59"), now=NOW
    ),
    "card-trail": lambda: proposal_card(planned("sell 50 AAPL trail 2% gtc outside"), now=NOW),
    "card-twap": lambda: proposal_card(planned("buy 50 AAPL market twap from 10:00 till 15:30"), now=NOW),
    "card-close": lambda: proposal_card(planned("sell 50 AAPL loc 199"), now=NOW),
    "card-midprice": lambda: proposal_card(planned("buy 50 AAPL mid cap 201"), now=NOW),
    "card-opening": lambda: proposal_card(planned("buy 50 AAPL market opg"), now=NOW),
    "card-option": lambda: proposal_card(priced("buy 2 SPY 20261218 C600 4.20", SPY_CALL, "4.15"), now=NOW),
    "card-spread": lambda: proposal_card(priced("buy 1 SPY 20261218 C600/C610 2.35", SPREAD, "2.30"), now=NOW),
    "card-spread-credit": lambda: proposal_card(priced("buy 1 SPY 20261218 C610/C600 -2.35", OWING, "-2.30"), now=NOW),
    "card-future": lambda: proposal_card(priced("buy 1 ES 202612 @ 6000", ES, "6001.25"), now=NOW),
    "card-pair": lambda: proposal_card(priced("buy 20000 EUR.USD 1.08", EURUSD, "1.08005"), now=NOW),
    "card-coin": lambda: proposal_card(priced("buy 0.5 BTC.USD 97000", BITCOIN, "97010.25"), now=NOW),
    "card-list": lambda: proposal_card(listed(), now=NOW),
    "card-accounts": lambda: proposal_card(over_accounts(), now=NOW),
    "card-change": lambda: proposal_card(change(), now=NOW),
    "card-halted": lambda: proposal_card(proposal(), now=NOW, state=TradingState.HALTED),
    "edit-qty": lambda: card_edit.screen(proposal("sell 50 AAPL 210"), "qty", now=NOW),
    "edit-price": lambda: card_edit.screen(proposal(), "price", now=NOW),
    "edit-type": lambda: card_edit.screen(proposal("buy 50 AAPL 199.5 gtc"), "type", now=NOW),
    "edit-stop": lambda: card_edit.screen(proposal("sell 50 AAPL 210"), "stop", now=NOW),
    "edit-trail": lambda: card_edit.screen(proposal("sell 50 AAPL 210"), "trail", now=NOW),
    "edit-guard": lambda: card_edit.screen(planned(BRACKET), "guard", now=NOW, day_range=4.0),
    "edit-asked": lambda: card_edit.question(proposal(), "price"),
    "trade-size": lambda: ticket.trade_size(Side.BUY, quote(), None, GUARDS, now=NOW),
    "trade-size-held": lambda: ticket.trade_size(Side.SELL, quote(), holdings().held_positions[0], None, now=NOW),
    "thread-working": lambda: thread(told(proposal(), (WORKING, "0"))),
    "thread-warned": lambda: thread(because(told(proposal(), (WORKING, "0")), IGNORED)),
    "thread-bracket-warned": lambda: thread(
        because(told(planned(BRACKET), (PARTIAL, "20"), (SENT, "0"), (SENT, "0"), number=2), IGNORED)
    ),
    "thread-filled": lambda: thread(told(proposal(), (FILLED, "50"))),
    "thread-bracket-waiting": lambda: thread(told(planned(BRACKET), (WORKING, "0"), (WORKING, "0"), (WORKING, "0"))),
    "thread-bracket": lambda: thread(told(planned(BRACKET), (PARTIAL, "20"), (SENT, "0"), (SENT, "0"))),
    "thread-bracket-protected": lambda: thread(told(planned(BRACKET), (FILLED, "50"), (WORKING, "0"), (WORKING, "0"))),
    "thread-bracket-over": lambda: thread(
        told(planned(BRACKET), (FILLED, "50"), (FILLED, "50"), (CANCELLED, "0"), number=3)
    ),
    "thread-list": lambda: thread(told(listed(), (FILLED, "150"), (WORKING, "0"), (REJECTED, "0"), number=3)),
    "news-entry-filled": lambda: news_message(told(planned(BRACKET), (FILLED, "50"), (WORKING, "0"), (WORKING, "0"))),
    "news-closed": lambda: news_message(
        told(replace(planned("sell 50 AAPL market"), position_before=Decimal(80)), (FILLED, "50"))
    ),
    "news-target-filled": lambda: news_message(
        told(planned(BRACKET), (FILLED, "50"), (FILLED, "50"), (WORKING, "0"), number=2)
    ),
    "news-list-over": lambda: news_message(told(listed(), (FILLED, "150"), (FILLED, "20"), (REJECTED, "0"), number=2)),
    "news-list-costs": lambda: news_message(
        paid(told(listed(), (FILLED, "150"), (FILLED, "20"), (FILLED, "1000"), number=3), "1.00", "1.00", "2.00")
    ),
    "news-cancelled-cost": lambda: news_message(paid(told(proposal(), (CANCELLED, "20")), "0.35")),
    "news-at-once-expired": lambda: news_message(told(proposal("buy 50 AAPL 199.5 ioc"), (LegState.EXPIRED, "0"))),
    "news-never-sent": lambda: news_message(
        because(told(listed(), (FILLED, "150"), (LegState.NOT_SENT, "0"), (LegState.NOT_SENT, "0"), number=2))
    ),
    "news-taken-back": lambda: news_message(
        because(told(planned(BRACKET), (CANCELLED, "0"), (CANCELLED, "0"), (CANCELLED, "0")), "never transmitted")
    ),
    "news-change-refused": lambda: news_message(because(told(change(), (REJECTED, "0")), "Price does not conform")),
    "news-changed": lambda: thread(told(change(), (LegState.CHANGED, "0"))),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_says_what_its_golden_file_says(name: str) -> None:
    message = MESSAGES[name]()
    check_message(message)
    check_golden(name, message)


EVERY = [
    "buy 10 AAPL market",
    "buy 10 AAPL 199.5",
    "sell 10 AAPL stop 190",
    "sell 10 AAPL stop 190 limit 189",
    "sell 10 AAPL trail 2%",
    "sell 10 AAPL moc",
    "sell 10 AAPL loc 199",
    "buy 10 AAPL mid",
]


def test_every_type_is_spelled_and_every_time_has_its_words() -> None:
    assert {parse(line).order_type for line in EVERY} == set(OrderType)
    for line in EVERY:
        one = parse(line)
        assert spelled(one, AAPL).startswith(f"{one.side.value} 10 AAPL ")
        for force in TIMES[one.order_type]:
            end = {"good_till": NOW + timedelta(days=3)} if force.value == "GTD" else {}
            words = terms(replace(one, time_in_force=force, **end), AAPL, now=NOW, zone=NEW_YORK)
            assert words
            assert "None" not in words


@pytest.mark.parametrize(
    ("line", "instrument"),
    [
        (BRACKET, AAPL),
        ("sell 1000 AAPL stop 190 limit 189 gtc", AAPL),
        ("buy 10 SPY 20261218 C600 4.20", SPY_CALL),
        ("buy 1 SPY 20261218 C600/C610 2.35", SPREAD),
        ("sell 150 AAPL 210 oco stop 190", AAPL),
    ],
)
def test_confirm_spells_the_whole_order_without_a_cut(line: str, instrument: Instrument) -> None:
    label = confirm_label(planned(line, instrument))
    assert "…" not in label
    one = parse(line)
    numbers = [one.quantity, one.limit_price, one.stop_price, one.take_profit, one.stop_loss, one.oco_stop]
    for number in numbers:
        assert number is None or f"{number:g}".rstrip("0").rstrip(".") in label.replace(",", "")
    assert brief(one, instrument) in label


def test_a_suggestion_lies_on_the_instruments_steps_and_on_the_right_sides() -> None:
    for side, sign in ((Side.BUY, 1), (Side.SELL, -1)):
        found = guarding(side, Decimal("6001.10"), ES, 41.3)
        assert found is not None
        assert (found.stop_loss % Decimal("0.25"), found.take_profit % Decimal("0.25")) == (0, 0)
        assert (found.stop_loss - Decimal(6001)) * sign < 0 < (found.take_profit - Decimal(6001)) * sign


@pytest.mark.parametrize(("entry", "day_range"), [(None, 2.0), (Decimal(0), 2.0), (Decimal("0.01"), None)])
def test_nothing_is_suggested_where_no_price_could_be(entry: Decimal | None, day_range: float | None) -> None:
    assert guarding(Side.BUY, entry, AAPL, day_range) is None


def test_without_a_usual_range_two_percent_stands_for_it() -> None:
    found = guarding(Side.BUY, Decimal(200), AAPL, None)
    assert found == Guarding(Decimal("196.00"), Decimal("208.00"), is_usual=True)


def test_a_spread_bought_the_losing_way_says_what_it_may_cost_and_one_that_closes_says_nothing() -> None:
    card = proposal_card(priced("buy 100 SPY 20261218 C610/C600 0.05", OWING, "0.05"), now=NOW)
    assert "May lose at most <b>$100,500.00</b> before fees" in card.html
    ends = replace(priced("sell 2 SPY 20261218 C600/C610 2.35", SPREAD, "2.30"), position_before=Decimal(2))
    assert "May lose" not in proposal_card(ends, now=NOW).html
    assert (
        "May lose at most <b>$2,295.00</b>"
        in proposal_card(replace(ends, ticket=replace(ends.ticket, quantity=Decimal(3))), now=NOW).html
    )


def test_of_spreads_on_a_list_it_is_said_what_they_may_lose_together() -> None:
    line = "sell 2 SPY 20261218 C600/C610 2.35"
    orders = tuple(
        LegOrder(LegRole.PART, SPREAD, parse(line), account, closable=Decimal(0)) for account in (ACCOUNT, "DU7")
    )
    one = replace(priced(line, SPREAD, "2.30"), orders=orders)
    assert "May lose at most <b>$3,060.00</b> before fees" in proposal_card(one, now=NOW).html


def test_a_card_that_closes_a_position_offers_no_stop_and_target() -> None:
    labels = [one.label for row in proposal_card(proposal("sell 50 AAPL 210"), now=NOW).buttons for one in row]
    assert not any("🛡" in label for label in labels)


@pytest.mark.parametrize(
    ("line", "is_said"),
    [
        ("buy 50 AAPL 200.18", True),
        ("buy 50 AAPL 200.17", False),
        ("sell 50 AAPL 200.12", True),
        ("sell 50 AAPL 200.13", False),
        ("buy 50 AAPL 205 opg", False),
        ("buy 50 AAPL market", False),
        ("buy 50 AAPL stop 199 limit 210", False),
    ],
)
def test_a_limit_that_meets_the_other_side_is_said_to_trade_at_once(line: str, is_said: bool) -> None:
    card = replace(proposal(line), bid=Decimal("200.12"), ask=Decimal("200.18"))
    assert ("it can trade at once" in check_message(proposal_card(card, now=NOW))) is is_said
