"""Each guard allows what stands at its edge and denies what is one step over it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from market.account import AccountSummary
from market.instrument import Instrument, SecType
from market.quote import DataKind, Quote
from market.ticket import OrderTicket, parse
from trading.errors import Limit, OrderDenied
from trading.limits import Circumstances, Limits, TradingState, check, exact, market_price, order_value

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
AAPL = Instrument(265598, "AAPL")
ACCOUNT = AccountSummary("DU1", "USD", net_liquidation=Decimal(100_000), buying_power=Decimal(200_000))
QUOTE = Quote(AAPL, last=200.0, bid=199.98, ask=200.02, received=NOW)


def verdict(
    text: str, limits: Limits | None = None, *, instrument: Instrument = AAPL, **given: Any
) -> OrderDenied | None:
    ticket = text if isinstance(text, OrderTicket) else parse(text)
    try:
        usual = {"quote": QUOTE, "now": NOW, "summary": ACCOUNT, "account": "DU1"}
        check(limits or Limits(), ticket, instrument, Circumstances(**{**usual, **given}))
    except OrderDenied as denial:
        return denial
    return None


def denied_by(*args: Any, **given: Any) -> Limit | None:
    denial = verdict(*args, **given)
    return denial.limit if denial else None


def test_an_ordinary_order_passes() -> None:
    assert verdict("buy 10 AAPL 199.5") is None
    assert verdict("sell 10 AAPL market") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("buy 10 AAPL 199.5", "1995"),
        ("buy 10 AAPL market", "2000.2"),
        ("sell 10 AAPL market", "1999.8"),
        ("sell 10 AAPL 199", "1999.8"),
        ("sell 10 AAPL 210", "2100"),
        ("buy 10 AAPL stop 210", "2100"),
        ("buy 10 AAPL stop 190", "2000.2"),
        ("sell 10 AAPL stop 190", "1999.8"),
        ("buy 10 AAPL stop 210 limit 212", "2120"),
        ("sell 10 AAPL stop 190 limit 189", "1999.8"),
        ("buy 10 AAPL trail 2", "2020.2"),
        ("buy 10 AAPL trail 10%", "2200.22"),
        ("sell 10 AAPL trail 10%", "1999.8"),
        ("buy 10 AAPL moc", "2000.2"),
        ("buy 10 AAPL loc 190", "1900"),
        ("buy 10 AAPL mid", "2000.2"),
        ("buy 10 AAPL 199.5 tp 250 sl 150", "1995"),
    ],
)
def test_an_order_is_worth_what_it_may_come_to(text: str, value: str) -> None:
    assert order_value(parse(text), AAPL, QUOTE) == Decimal(value)


def test_a_multiplier_counts() -> None:
    assert order_value(parse("buy 1 ES 6000"), replace(AAPL, multiplier="50"), QUOTE) == Decimal(300_000)


def test_without_any_price_an_order_has_no_value() -> None:
    assert order_value(parse("buy 1 AAPL market"), AAPL, Quote(AAPL)) is None


def test_order_value_to_the_cent() -> None:
    limits = Limits(order_value=Decimal("1995.00"))
    assert denied_by("buy 10 AAPL 199.5", limits) is None
    assert denied_by("buy 1 AAPL 1995.01", replace(limits, collar_pct=None)) is Limit.ORDER_VALUE
    denial = verdict("buy 10 AAPL 199.51", limits)
    assert denial is not None
    assert (denial.limit, denial.allowed, denial.actual) == (
        Limit.ORDER_VALUE,
        Decimal("1995.00"),
        Decimal("1995.10"),
    )


def test_a_market_order_is_valued_at_the_price_it_would_meet() -> None:
    limits = Limits(order_value=Decimal("2000.20"))
    assert denied_by("buy 10 AAPL market", limits) is None
    assert denied_by("buy 10 AAPL market", Limits(order_value=Decimal("2000.19"))) is Limit.ORDER_VALUE


@pytest.mark.parametrize(("age_s", "limit"), [(60.0, None), (60.001, Limit.QUOTE_AGE)])
def test_quote_age(age_s: float, limit: Limit | None) -> None:
    quote = replace(QUOTE, received=NOW - timedelta(seconds=age_s))
    assert denied_by("buy 10 AAPL 199.5", quote=quote) is limit


def test_a_quote_from_before_the_clock_was_set_back_is_of_no_known_age() -> None:
    assert denied_by("buy 10 AAPL 199.5", quote=replace(QUOTE, received=NOW + timedelta(seconds=2))) is None
    assert denied_by("buy 10 AAPL 199.5", quote=replace(QUOTE, received=NOW + timedelta(hours=3))) is Limit.QUOTE_AGE


@pytest.mark.parametrize(
    ("text", "sides", "limit"),
    [
        ("buy 10 AAPL 199.5", {"bid": 199.98, "ask": 200.02}, None),
        ("sell 10 AAPL market", {"bid": 199.98}, None),
        ("buy 10 AAPL market", {"bid": 199.98}, Limit.QUOTE_AGE),
        ("sell 10 AAPL 199.5", {"ask": 200.02}, Limit.QUOTE_AGE),
        ("buy 10 AAPL 199.5", {}, Limit.QUOTE_AGE),
    ],
)
def test_an_old_trade_is_no_price_for_an_order_that_meets_nobody_however_the_other_side_moves(
    text: str, sides: dict[str, float], limit: Limit | None
) -> None:
    quote = Quote(AAPL, last=200.0, received=NOW, last_time=NOW - timedelta(seconds=60), **sides)  # type: ignore[arg-type]
    assert denied_by(text, quote=quote) is None
    quote.last_time = NOW - timedelta(seconds=60.1)
    assert denied_by(text, quote=quote) is limit


@pytest.mark.parametrize("kind", [kind for kind in DataKind if kind is not DataKind.LIVE])
def test_delayed_and_frozen_data_is_older_than_any_age_that_is_allowed(kind: DataKind) -> None:
    quote = replace(QUOTE, kind=kind)
    denial = verdict("buy 10 AAPL market", Limits(quote_age_s=86_400), quote=quote)
    assert denial is not None
    assert (denial.limit, denial.actual) == (Limit.QUOTE_AGE, kind.value)
    assert denied_by("buy 10 AAPL 199.5", quote=quote) is Limit.QUOTE_AGE
    assert denied_by("buy 10 AAPL 199.5 outside", quote=quote, is_open=False) is Limit.QUOTE_AGE
    assert denied_by("buy 10 AAPL 199.5", quote=quote, is_open=False) is None
    assert denied_by("buy 10 AAPL 199.5", Limits(quote_age_s=None), quote=quote) is None


@pytest.mark.parametrize("text", ["buy 10 AAPL market", "sell 10 AAPL market", "buy 10 AAPL 150"])
def test_the_prior_close_is_no_live_price(text: str) -> None:
    quote = Quote(AAPL, close=150.0, received=NOW)
    for limits in (Limits(), Limits(None, None, None, None, None)):
        denial = verdict(text, limits, quote=quote)
        assert denial is not None
        assert (denial.limit, denial.actual) == (Limit.QUOTE_MISSING, Decimal("150.0"))


def test_while_the_market_rests_the_prior_close_will_do_for_a_limit_order_alone() -> None:
    quote = Quote(AAPL, close=150.0, received=NOW)
    assert denied_by("buy 10 AAPL 149", quote=quote, is_open=False) is None
    assert denied_by("buy 10 AAPL 149 outside", quote=quote, is_open=False) is Limit.QUOTE_MISSING
    assert denied_by("buy 10 AAPL market", quote=quote, is_open=False) is Limit.QUOTE_MISSING
    assert denied_by("sell 10 AAPL market", quote=quote, is_open=False) is Limit.QUOTE_MISSING


@pytest.mark.parametrize(
    ("text", "prices", "limit"),
    [
        ("buy 10 AAPL market", {"ask": 150.0}, None),
        ("buy 10 AAPL market", {"bid": 150.0}, Limit.QUOTE_MISSING),
        ("sell 10 AAPL market", {"bid": 150.0}, None),
        ("sell 10 AAPL market", {"last": 150.0}, None),
    ],
)
def test_a_last_price_or_the_side_that_the_order_meets_is_a_live_price(
    text: str, prices: dict[str, float], limit: Limit | None
) -> None:
    assert denied_by(text, quote=Quote(AAPL, received=NOW, **prices)) is limit  # type: ignore[arg-type]


def test_a_quote_does_not_age_while_the_market_rests() -> None:
    quote = replace(QUOTE, received=NOW - timedelta(hours=14))
    assert denied_by("buy 10 AAPL 199.5", quote=quote, is_open=False) is None
    assert denied_by("buy 10 AAPL 199.5 outside", quote=quote, is_open=False) is Limit.QUOTE_AGE


@pytest.mark.parametrize("quote", [Quote(AAPL, received=NOW), replace(QUOTE, received=None)])
def test_without_a_price_there_is_no_order_even_with_every_limit_off(quote: Quote) -> None:
    off = Limits(None, None, None, None, None)
    assert denied_by("buy 10 AAPL 199.5", off, quote=quote) is Limit.QUOTE_MISSING


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("buy 10 AAPL 210.02", None),
        ("buy 10 AAPL 210.03", Limit.COLLAR),
        ("sell 10 AAPL 189.99", None),
        ("sell 10 AAPL 189.98", Limit.COLLAR),
        ("buy 10 AAPL 1", None),
        ("sell 10 AAPL 2000", None),
        ("buy 10 AAPL market", None),
    ],
)
def test_the_collar_fences_in_the_hurting_side_only(text: str, limit: Limit | None) -> None:
    assert denied_by(text, Limits(collar_pct=Decimal(5))) is limit


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("buy 10 AAPL stop 300 limit 315", None),
        ("buy 10 AAPL stop 300 limit 315.01", Limit.COLLAR),
        ("sell 10 AAPL stop 100 limit 95", None),
        ("sell 10 AAPL stop 100 limit 94.99", Limit.COLLAR),
        ("buy 10 AAPL stop 100 limit 210.02", None),
        ("buy 10 AAPL stop 100 limit 210.03", Limit.COLLAR),
    ],
)
def test_a_stop_orders_limit_is_held_to_its_trigger_where_that_is_further(text: str, limit: Limit | None) -> None:
    assert denied_by(text, Limits(collar_pct=Decimal(5))) is limit


@pytest.mark.parametrize(
    ("text", "width", "limit"),
    [
        ("sell 10 SPY 20261218 C600/C610 -2.00", 10.0, None),
        ("sell 10 SPY 20261218 C600/C610 -2.01", 10.0, Limit.COLLAR),
        ("buy 10 SPY 20261218 C600/C610 2.00", -10.0, None),
        ("buy 10 SPY 20261218 C600/C610 9.00", -10.0, Limit.COLLAR),
        ("buy 10 SPY 20261218 C600/C610 0.05", 0.0, None),
        ("buy 10 SPY 20261218 C600/C610 0.06", 0.0, Limit.COLLAR),
    ],
)
def test_at_a_price_of_zero_the_collar_is_a_part_of_the_width_or_a_few_steps(
    text: str, width: float, limit: Limit | None
) -> None:
    spread = Instrument(-1, "SPY", SecType.COMBO, multiplier="100", width=width)
    quote = Quote(spread, bid=0.0, ask=0.0, received=NOW)
    limits = Limits(kinds=None, order_value=None, daily_value=None, collar_pct=Decimal(20))
    assert denied_by(text, limits, instrument=spread, quote=quote) is limit


@pytest.mark.parametrize(
    "one",
    [
        Instrument(1, "BRK B"),
        Instrument(2, "BRK B", SecType.OPTION, expiry="20261218", strike=500, right="C", multiplier="100"),
        Instrument(-3, "BRK B", SecType.COMBO, local_symbol="BRK B 20261218 C500/C510"),
        Instrument(4, "BRK B", SecType.CFD),
    ],
    ids=lambda one: one.sec_type.value,
)
def test_a_forbidden_class_of_shares_is_forbidden_with_all_that_is_written_on_it(one: Instrument) -> None:
    for forbidden in ("BRK.B", "BRK B"):
        limits = Limits(kinds=None, forbidden=frozenset({forbidden}))
        assert denied_by("buy 1 AAPL 199.5", limits, instrument=one) is Limit.FORBIDDEN
    assert denied_by("buy 1 AAPL 199.5", Limits(kinds=None, symbols=frozenset({"BRK.B"})), instrument=one) is None


def test_the_collar_holds_exactly_at_its_edge() -> None:
    quote = Quote(AAPL, last=200.0, bid=200.0, ask=200.0, received=NOW)
    assert denied_by("buy 10 AAPL 210", Limits(collar_pct=Decimal(5)), quote=quote) is None
    denial = verdict("buy 10 AAPL 210.01", Limits(collar_pct=Decimal(5)), quote=quote)
    assert denial is not None
    assert (denial.limit, denial.actual) == (Limit.COLLAR, Decimal("5.00"))


@pytest.mark.parametrize(("recent", "limit"), [(9, None), (10, Limit.ORDERS_PER_MINUTE)])
def test_orders_per_minute(recent: int, limit: Limit | None) -> None:
    assert denied_by("buy 10 AAPL 199.5", recent_orders=recent) is limit


@pytest.mark.parametrize("kind", [kind for kind in SecType if kind is not SecType.STOCK])
def test_only_allowed_kinds(kind: SecType) -> None:
    instrument = replace(AAPL, sec_type=kind)
    assert denied_by("buy 1 AAPL 199.5", instrument=instrument) is Limit.SEC_TYPE
    assert denied_by("buy 1 AAPL 199.5", Limits(kinds=frozenset({kind})), instrument=instrument) is None


@pytest.mark.parametrize(("text", "limit"), [("buy 1 AAPL 199.5", None), ("buy 1.5 AAPL 199.5", Limit.QUANTITY)])
def test_stocks_come_whole(text: str, limit: Limit | None) -> None:
    assert denied_by(text) is limit


@pytest.mark.parametrize(
    ("step", "text", "limit"),
    [
        (0.01, "buy 1 AAPL 199.51", None),
        (0.01, "buy 1 AAPL 199.515", Limit.TICK_SIZE),
        (0.05, "buy 1 AAPL 199.55", None),
        (0.05, "buy 1 AAPL 199.52", Limit.TICK_SIZE),
        (0.0001, "buy 1 AAPL 199.5151", None),
        (0.00001, "buy 1 AAPL 199.51511", None),
        (0.0, "buy 1 AAPL 199.5151", None),
    ],
)
def test_a_price_is_a_multiple_of_the_smallest_step(step: float, text: str, limit: Limit | None) -> None:
    assert denied_by(text, instrument=replace(AAPL, min_tick=step)) is limit


@pytest.mark.parametrize("position", [-10, 0, 10])
def test_halted_means_nothing_at_all(position: int) -> None:
    for text in ("buy 10 AAPL 199.5", "sell 10 AAPL market"):
        given = {"state": TradingState.HALTED, "position": Decimal(position)}
        assert denied_by(text, **given) is Limit.TRADING_STATE


@pytest.mark.parametrize(
    ("text", "position", "limit"),
    [
        ("sell 10 AAPL market", 10, None),
        ("sell 11 AAPL market", 10, Limit.TRADING_STATE),
        ("sell 1 AAPL market", 0, Limit.TRADING_STATE),
        ("buy 1 AAPL market", 10, Limit.TRADING_STATE),
        ("buy 10 AAPL market", -10, None),
        ("buy 11 AAPL market", -10, Limit.TRADING_STATE),
        ("sell 1 AAPL market", -10, Limit.TRADING_STATE),
    ],
)
def test_reducing_lets_a_position_shrink_but_not_turn(text: str, position: int, limit: Limit | None) -> None:
    assert denied_by(text, state=TradingState.REDUCING, position=Decimal(position)) is limit


def test_the_largest_order_that_can_be_typed_is_denied_not_tripped_over() -> None:
    assert denied_by("buy 1000b AAPL 999999999999.99", Limits(collar_pct=None)) is Limit.ORDER_VALUE


def test_prices_without_a_side_of_the_book_fall_back_to_the_last_trade() -> None:
    quote = Quote(AAPL, last=200.0)
    ticket = parse("buy 10 AAPL market")
    assert market_price(ticket.side, quote) == Decimal("200.0")


def test_float_noise_does_not_reach_money() -> None:
    assert exact((199.98 + 200.03) / 2) == Decimal("200.005")
    assert exact(0.1 + 0.2) == Decimal("0.3")
    assert exact(None) is None
