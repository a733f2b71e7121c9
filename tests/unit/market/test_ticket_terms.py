"""Every size, type, option and symbol of the order language; what contradicts is refused where it does."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from market.errors import TicketSyntaxError
from market.ticket import (
    Algo,
    OrderTicket,
    OrderType,
    Side,
    Size,
    SizeUnit,
    TicketContradiction,
    TimeInForce,
    Urgency,
    format_ticket,
    parse,
)
from market.ticket_example import ASKED_BACK, OPTIONS, SIZES, SYMBOLS, TYPES

MONEY, HELD, WORTH, RISK = SizeUnit.MONEY, SizeUnit.POSITION_PCT, SizeUnit.NET_LIQUIDATION_PCT, SizeUnit.RISK_PCT
LIMITED: Mapping[str, Any] = {"order_type": OrderType.LIMIT, "limit_price": Decimal("199.5")}
MARKET: Mapping[str, Any] = {"order_type": OrderType.MARKET}
EVENING = datetime(2026, 12, 25, 4, 59, 59, tzinfo=UTC)


def ticket(line: str, **fields: object) -> OrderTicket:
    """Return the ticket of *fields* on the side *line* begins with; of ten AAPL where they say nothing else."""
    quantity = Decimal(0) if "size" in fields else Decimal(10)
    all_fields: dict[str, Any] = {"quantity": quantity, "symbol": "AAPL", **fields}
    return OrderTicket(Side(line.partition(" ")[0].upper()), **all_fields)


def of(unit: SizeUnit, amount: str) -> Size:
    """Return a size."""
    return Size(unit, Decimal(amount))


def refused(text: str) -> TicketSyntaxError:
    """Return how *text* is refused."""
    with pytest.raises(TicketSyntaxError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("sell half TSLA market", {"size": of(HELD, "50"), "symbol": "TSLA", **MARKET}),
        ("sell all TSLA market", {"size": of(HELD, "100"), "symbol": "TSLA", **MARKET}),
        ("sell quarter TSLA", {"size": of(HELD, "25"), "symbol": "TSLA"}),
        ("sell 25% TSLA", {"size": of(HELD, "25"), "symbol": "TSLA"}),
        ("buy 12.5% position TSLA", {"size": of(HELD, "12.5"), "symbol": "TSLA"}),
        ("buy $5000 AAPL", {"size": of(MONEY, "5000")}),
        ("buy $5,000.50 AAPL 199.5", {"size": of(MONEY, "5000.5"), **LIMITED}),
        ("buy $5k AAPL", {"size": of(MONEY, "5000")}),
        ("buy 5% nlv AAPL", {"size": of(WORTH, "5")}),
        ("sell 5% netliq AAPL 199.5", {"size": of(WORTH, "5"), **LIMITED}),
        ("buy AAPL risk 0.5% sl 182", {"size": of(RISK, "0.5"), "stop_loss": Decimal(182)}),
        ("buy AAPL 199.5 sl 182 risk 0.5%", {"size": of(RISK, "0.5"), "stop_loss": Decimal(182), **LIMITED}),
        ("buy 0.5% risk AAPL sl 182", {"size": of(RISK, "0.5"), "stop_loss": Decimal(182)}),
        ("buy ALL risk 1% sl 100", {"size": of(RISK, "1"), "stop_loss": Decimal(100), "symbol": "ALL"}),
    ],
)
def test_how_much_can_be_said_in_money_and_in_shares_of_something(line: str, fields: dict[str, Any]) -> None:
    assert parse(line) == ticket(line, **fields)


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("sell 10 AAPL stop 190", {"order_type": OrderType.STOP, "stop_price": Decimal(190)}),
        ("sell 10 AAPL stp $190", {"order_type": OrderType.STOP, "stop_price": Decimal(190)}),
        (
            "sell 10 AAPL stop 190 limit 189",
            {"order_type": OrderType.STOP_LIMIT, "stop_price": Decimal(190), "limit_price": Decimal(189)},
        ),
        (
            "buy 10 AAPL stop 200 @ 201",
            {"order_type": OrderType.STOP_LIMIT, "stop_price": Decimal(200), "limit_price": Decimal(201)},
        ),
        ("sell 10 AAPL trail 1.50", {"order_type": OrderType.TRAIL, "trail_amount": Decimal("1.5")}),
        ("sell 10 AAPL trail $1.50", {"order_type": OrderType.TRAIL, "trail_amount": Decimal("1.5")}),
        ("sell 10 AAPL trail 2%", {"order_type": OrderType.TRAIL, "trail_pct": Decimal(2)}),
        ("sell 10 AAPL moc", {"order_type": OrderType.MARKET_ON_CLOSE}),
        ("sell 10 AAPL loc 199", {"order_type": OrderType.LIMIT_ON_CLOSE, "limit_price": Decimal(199)}),
        ("buy 10 AAPL mid", {"order_type": OrderType.MIDPRICE}),
        ("buy 10 AAPL mid cap 200", {"order_type": OrderType.MIDPRICE, "limit_price": Decimal(200)}),
        ("buy 10 AAPL at 199.5", dict(LIMITED)),
    ],
)
def test_each_type_has_its_words(line: str, fields: dict[str, Any]) -> None:
    assert parse(line) == ticket(line, **fields)


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ("tp 210 sl 190", {"take_profit": Decimal(210), "stop_loss": Decimal(190)}),
        ("sl 190", {"stop_loss": Decimal(190)}),
        ("oco stop 205", {"oco_stop": Decimal(205)}),
        ("ioc", {"time_in_force": TimeInForce.IOC}),
        ("opg", {"time_in_force": TimeInForce.OPG}),
        ("gtd 2026-12-24", {"time_in_force": TimeInForce.GTD, "last_day": date(2026, 12, 24)}),
        (
            "gtd 2026-12-24 9:30 outside",
            {
                "time_in_force": TimeInForce.GTD,
                "good_till": datetime(2026, 12, 24, 14, 30, tzinfo=UTC),
                "outside_rth": True,
            },
        ),
        (
            "gtd 2026-12-24T15:30+01:00",
            {"time_in_force": TimeInForce.GTD, "good_till": datetime(2026, 12, 24, 14, 30, tzinfo=UTC)},
        ),
        ("adaptive", {"algo": Algo.ADAPTIVE, "urgency": Urgency.NORMAL}),
        ("adaptive urgent gtc", {"algo": Algo.ADAPTIVE, "urgency": Urgency.URGENT, "time_in_force": TimeInForce.GTC}),
        ("twap", {"algo": Algo.TWAP}),
        ("twap 10:00-15:30", {"algo": Algo.TWAP, "algo_start": time(10), "algo_end": time(15, 30)}),
        ("vwap from 10:00 to 15:30", {"algo": Algo.VWAP, "algo_start": time(10), "algo_end": time(15, 30)}),
        ("vwap until 15:30", {"algo": Algo.VWAP, "algo_end": time(15, 30)}),
    ],
)
def test_each_option_has_its_words_before_the_price_and_after_it(words: str, fields: dict[str, Any]) -> None:
    expected = ticket("buy", **LIMITED, **fields)
    assert parse(f"buy 10 AAPL 199.5 {words}") == expected
    assert parse(f"buy 10 AAPL {words} 199.5") == expected


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Auckland", "America/New_York"])
def test_a_day_alone_is_the_exchanges_wherever_the_person_is(zone: str) -> None:
    read = parse("buy 10 AAPL 199.5 gtd 2026-12-24", ZoneInfo(zone))
    assert (read.last_day, read.good_till) == (date(2026, 12, 24), None)
    assert format_ticket(read) == "buy 10 AAPL 199.5 gtd 2026-12-24"


def test_a_time_is_where_the_person_is() -> None:
    berlin = parse("buy 10 AAPL 199.5 gtd 2026-12-24 23:59:59", ZoneInfo("Europe/Berlin"))
    assert berlin.good_till == datetime(2026, 12, 24, 22, 59, 59, tzinfo=UTC)
    # And means that moment wherever it is read again.
    assert parse(format_ticket(berlin), ZoneInfo("Asia/Tokyo")) == berlin


def test_a_time_that_the_clocks_show_twice_is_asked_back_with_both() -> None:
    error = refused("buy 10 AAPL 199.5 gtd 2026-11-01 01:30 outside")
    assert "twice" in error.expected
    assert error.examples == (
        "buy 10 AAPL 199.5 gtd 2026-11-01T01:30:00-04:00 outside",
        "buy 10 AAPL 199.5 gtd 2026-11-01T01:30:00-05:00 outside",
    )
    first, second = (parse(line).good_till for line in error.examples)
    assert first is not None
    assert second is not None
    assert second - first == timedelta(hours=1)


def test_a_time_that_the_clocks_pass_over_is_refused() -> None:
    error = refused("buy 10 AAPL 199.5 gtd 2027-03-14 02:30")
    assert "pass over" in error.expected
    assert parse("buy 10 AAPL 199.5 gtd 2027-03-14 03:30").good_till == datetime(2027, 3, 14, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "symbol"),
    [
        ("ES 202612", "ES 202612"),
        ("es 202612@cme", "ES 202612@CME"),
        ("ES 20261218", "ES 20261218"),
        ("SPY 20261218 C600", "SPY 20261218 C600"),
        ("spy 20261218 c600.50", "SPY 20261218 C600.5"),
        ("SPY 20261218 600P", "SPY 20261218 P600"),
        ("SPY 20261218 P 600", "SPY 20261218 P600"),
        ("SPY 261218 C600", "SPY 20261218 C600"),
        ("BRK.B 20261218 C400", "BRK.B 20261218 C400"),
        ("SPY 20261218 C600/C610", "SPY 20261218 C600/C610"),
        ("SPY 20261218 p600/590", "SPY 20261218 P600/P590"),
        ("SPY   261218C00600000", "SPY 261218C00600000"),
        ("SPY261218C00600000", "SPY261218C00600000"),
        ("EUR.USD", "EUR.USD"),
        ("BTC.USD@PAXOS", "BTC.USD@PAXOS"),
    ],
)
def test_a_symbol_takes_the_words_that_belong_to_it(typed: str, symbol: str) -> None:
    assert parse(f"buy 10 {typed} 4.20") == ticket(
        "buy", symbol=symbol, order_type=OrderType.LIMIT, limit_price=Decimal("4.2")
    )
    assert parse(f"buy 10 {typed}").symbol == symbol


def test_six_digits_are_a_month_only_after_a_root() -> None:
    assert parse("buy 1 ES 202612 @ 6000").symbol == "ES 202612"
    assert parse("buy 1 BRK.A 202612").limit_price == Decimal(202612)
    assert parse("buy 1 NVR 702699").limit_price == Decimal(702699)
    assert parse("buy 1 ES limit 202612").symbol == "ES"


@pytest.mark.parametrize("symbol", ["ES 202612", "SPY 20261218 C610/C600", "#265598"])
def test_a_price_below_zero_is_for_what_can_trade_there(symbol: str) -> None:
    assert parse(f"buy 1 {symbol} -2.35").limit_price == Decimal("-2.35")


@pytest.mark.parametrize(
    "line", ["buy 10 AAPL -5", "buy 1 SPY 20261218 C600 -5", "buy 1 EUR.USD -1", "buy 10 AAPL tp -5"]
)
def test_no_other_price_is_below_zero(line: str) -> None:
    assert "above zero" in refused(line).expected


@pytest.mark.parametrize(
    ("line", "at", "expected"),
    [
        ("buy 10 AAPL 199.5 tp 190 sl 180", "tp", "the profit above it, since this order buys"),
        ("buy 10 AAPL 199.5 sl 205", "sl", "the stop loss below the entry"),
        ("buy 10 AAPL 199.5 sl 199.5", "sl", "the stop loss below the entry"),
        ("buy 10 AAPL sl 210 tp 205", "sl", "the stop loss below the entry"),
        ("buy 10 AAPL stop 200 sl 205", "sl", "the stop loss below the entry"),
        ("sell 10 AAPL loc 199.5 tp 205", "tp", "the profit below it, since this order sells"),
        ("sell 10 AAPL 210 oco stop 290", "oco", "the stop below the limit price"),
        ("buy 10 AAPL 190 oco stop 180", "oco", "the stop above the limit price"),
        ("sell 10 AAPL market oco stop 190", "oco", "one limit price beside `oco stop`"),
        ("sell 10 AAPL 210 oco stop 190 sl 230", "oco", "without `tp` and `sl`"),
        ("buy AAPL risk 0.5%", "risk", "a stop loss"),
        ("buy 0.5% risk AAPL 199.5", "0.5%", "a stop loss"),
        ("sell 10 AAPL moc gtc", "gtc", "a time that the type can have"),
        ("sell 10 AAPL ioc stop 190", "ioc", "a time that the type can have"),
        ("sell 10 AAPL trail 2% opg", "opg", "a time that the type can have"),
        ("sell 10 AAPL moc outside", "outside", "regular hours only"),
        ("buy 10 AAPL market opg eth", "eth", "regular hours only"),
        ("buy 10 AAPL stop 200 twap", "twap", "an algorithm for a market or limit order"),
        ("buy 10 AAPL 199.5 ioc adaptive", "adaptive", "an algorithm for a market or limit order"),
        ("buy 10 AAPL 199.5 vwap from 15:30 till 10:00", "vwap", "a start before the end"),
        ("sell 10 AAPL trail 100%", "100%", "less than 100%"),
        ("sell 150% TSLA", "150%", "at most 100%"),
        ("buy 0% nlv TSLA", "0%", "above 0%"),
        ("buy 10 AAPL risk 0.5% sl 180", "risk", "one size only"),
        ("buy 10 AAPL 199.5 gtd 1999-12-30", "1999-12-30", "the last day"),
    ],
)
def test_what_contradicts_is_refused_at_the_word_that_does(line: str, at: str, expected: str) -> None:
    error = refused(line)
    assert line[error.position :].split(maxsplit=1)[0] == at
    assert expected in error.expected


@pytest.mark.parametrize(
    ("line", "at", "examples"),
    [
        ("buy 25% TSLA market", "25%", ("buy 25% nlv TSLA market", "buy 25% position TSLA market")),
        ("buy half TSLA", "half", ("buy 50% nlv TSLA", "buy 50% position TSLA")),
        ("buy $1.000 MSFT", "$1.000", ("buy $1 MSFT", "buy $1000 MSFT")),
        ("buy 1.125 BTC.USD market", "1.125", ("buy 1.1250 BTC.USD market", "buy 1125 BTC.USD market")),
        ("buy 10 AAPL 199.5 tp 210,5", "210,5", ("buy 10 AAPL 199.5 tp 210.5", "buy 10 AAPL 199.5 tp 2105")),
        ("buy all 10", "all", ("buy 10 ALL",)),
        ("sell third TSLA", "third", ("sell 33% TSLA",)),
        ("buy 10 shares of AAPL 199.5", "shares", ("buy 10 AAPL 199.5",)),
        ("sell 10 AAPL 210 stop 190", "stop", ("sell 10 AAPL 210 oco stop 190", "buy 10 AAPL 199.5 sl 190")),
        ("sell 10 AAPL stop 190 189", "189", ("buy 10 AAPL stop 190 limit 191", "sell 10 AAPL stop 190")),
        ("sell 10 AAPL 210 oco 190", "190", ("sell 10 AAPL 210 oco stop 190",)),
        ("buy 10 AAPL mid 200", "200", ("buy 10 AAPL mid cap 200",)),
        ("buy 1 SPY 20261218 C600/P610 2", "C600/P610", ("buy 1 SPY 20261218 C600/C610 2.35",)),
        ("buy 1 SPY 20261318 C600", "20261318", ("buy 10 SPY 20261218 C600 4.20",)),
        ("buy 1 ES 202612 C6000", "202612", ("buy 10 SPY 20261218 C600 4.20",)),
        ("buy 10 AAPL 199.5 gtd friday", "friday", ("buy 10 AAPL 199.5 gtd 2026-12-24",)),
        ("buy 10 AAPL market twap from 10", "10", ("buy 1000 AAPL market twap from 10:00 till 15:30",)),
        ("buy 10 AAPL 199.5, tp 210", "199.5,", ("buy 10 AAPL 199.5 tp 210",)),
        ("buy 10 AAPL 199.5 sl 5%", "5%", ("buy 10 AAPL 199.5 tp 210 sl 190",)),
        ("buy 10 AAPL makret", "makret", ("buy 10 AAPL market",)),
        ("sell 10 AAPL tral 2%", "tral", ("sell 10 AAPL trail 2%",)),
        ("buy 10 AAPL 199.5 outsid gtc", "outsid", ("buy 10 AAPL 199.5 outside gtc",)),
        ("buy 10 AAPL limt 199.5", "limt", ("buy 10 AAPL limit 199.5",)),
    ],
)
def test_what_is_not_clear_is_asked_back_with_lines_that_work(line: str, at: str, examples: tuple[str, ...]) -> None:
    error = refused(line)
    assert line[error.position :].split(maxsplit=1)[0] == at
    assert error.examples[: len(examples)] == examples
    assert len(set(error.examples)) == 2
    for example in error.examples:
        parse(example)


def test_two_words_wrong_are_told_one_after_the_other() -> None:
    assert refused("sell 10 AAPL tral 2% gtcc").examples == ("sell 10 AAPL trail 2%", "sell 10 AAPL trail 1.50")
    assert "perhaps `trail`" in refused("sell 10 AAPL tral 2% gtcc").expected
    assert "perhaps `gtc`" in refused("sell 10 AAPL trail 2% gtcc").expected


@pytest.mark.parametrize("example", SIZES + TYPES + OPTIONS + SYMBOLS, ids=lambda example: example.written)
def test_every_example_works_and_shows_what_it_is_for(example: Any) -> None:
    assert example.lines
    for line in example.lines:
        assert parse(format_ticket(parse(line))) == parse(line)
    assert set(example.written.split()) <= set(example.lines[0].split()) | {"AAPL", "$LOW", "BTC.USD"}


@pytest.mark.parametrize("example", ASKED_BACK, ids=lambda example: example.written)
def test_every_example_of_a_question_is_asked_back(example: Any) -> None:
    refused(example.written)


@pytest.mark.parametrize(
    "fields",
    [
        {"size": of(MONEY, "5"), "quantity": Decimal(1)},
        {"size": of(MONEY, "-5")},
        {"size": of(HELD, "101")},
        {"size": of(RISK, "1")},
        {"order_type": OrderType.STOP},
        {"order_type": OrderType.TRAIL},
        {"order_type": OrderType.TRAIL, "trail_pct": Decimal(1), "trail_amount": Decimal(1)},
        {"order_type": OrderType.TRAIL, "trail_amount": Decimal(-1)},
        {**LIMITED, "stop_price": Decimal(5)},
        {**LIMITED, "take_profit": Decimal("1E-19")},
        {**LIMITED, "time_in_force": TimeInForce.GTD},
        {**LIMITED, "time_in_force": TimeInForce.GTD, "good_till": datetime(2026, 12, 24)},  # noqa: DTZ001  that is the point
        {**LIMITED, "good_till": EVENING},
        {**LIMITED, "algo": Algo.ADAPTIVE},
        {**LIMITED, "urgency": Urgency.URGENT},
        {**LIMITED, "algo_start": time(10)},
        {**LIMITED, "algo": Algo.TWAP, "algo_start": time(10, tzinfo=UTC)},
        {"quantity": Decimal("1E+13")},
    ],
)
def test_a_ticket_that_cannot_be_written_cannot_be_made(fields: dict[str, Any]) -> None:
    with pytest.raises(TicketContradiction):
        ticket("buy", **fields)
