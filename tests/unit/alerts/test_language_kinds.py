"""Every row of PRODUCT A1's table, what it means, and what is refused or asked back beside it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts import language
from alerts.condition import (
    AllOf,
    AnyOf,
    AtSession,
    AtTime,
    Both,
    Channel,
    Comparison,
    Crossing,
    DayMove,
    Direction,
    Draft,
    EveryTime,
    Inverse,
    NewsMatch,
    Op,
    Options,
    OrderEvent,
    OrderMatch,
    Pattern,
    Phrase,
    PositionMove,
    Repeat,
    Stale,
    TradingTime,
    Trailing,
    Unit,
    Velocity,
    Way,
)
from alerts.errors import AlertSyntaxError
from alerts.operand import (
    AccountValue,
    Arithmetic,
    AverageCost,
    AverageVolume,
    Extreme,
    Indicator,
    Number,
    OptionValue,
    PositionValue,
    Price,
    Sign,
    Volume,
)
from alerts.sequel import order_line
from market.quote import BarSize

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
ABOVE_200 = Comparison(Price("AAPL"), Op.GT, Number(200.0))


def parse(text: str) -> Draft:
    return language.parse(text, NOW, NEW_YORK)


def refusal(text: str) -> AlertSyntaxError:
    with pytest.raises(AlertSyntaxError) as caught:
        parse(text)
    return caught.value


AAPL, MSFT = Price("AAPL"), Price("MSFT")
CALL = "SPY 20261218 C600"
RSI = Indicator("AAPL", "rsi", 14, BarSize.HOUR_1)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("AAPL > high(52w)", Comparison(AAPL, Op.GT, Extreme("AAPL", is_high=True, days=364))),
        ("AAPL < low(20d)", Comparison(AAPL, Op.LT, Extreme("AAPL", is_high=False, days=20))),
        ("AAPL enters 190..200", Channel(AAPL, enters=True, low=190.0, high=200.0)),
        ("AAPL leaves $190 to $200", Channel(AAPL, enters=False, low=190.0, high=200.0)),
        ("AAPL +5%", DayMove("AAPL", 5.0, Way.UP)),
        ("AAPL-3%today", DayMove("AAPL", 3.0, Way.DOWN)),
        ("AAPL − 3 % today", DayMove("AAPL", 3.0, Way.DOWN)),  # noqa: RUF001  what a phone makes of a minus
        ("AAPL +/- 4% from 187.20", DayMove("AAPL", 4.0, Way.EITHER, 187.2)),
        ("AAPL is down 3%", DayMove("AAPL", 3.0, Way.DOWN)),
        ("AAPL gaps 3%", DayMove("AAPL", 3.0, Way.EITHER, is_gap=True)),
        ("AAPL gaps down 3%", DayMove("AAPL", 3.0, Way.DOWN, is_gap=True)),
        ("AAPL moves 2% in 15m", Velocity("AAPL", 2.0, Unit.PERCENT, Way.EITHER, timedelta(minutes=15))),
        ("AAPL drops $3 within 5 minutes", Velocity("AAPL", 3.0, Unit.MONEY, Way.DOWN, timedelta(minutes=5))),
        ("AAPL +2% in 1h", Velocity("AAPL", 2.0, Unit.PERCENT, Way.UP, timedelta(hours=1))),
        ("AAPL trails 5% up", Trailing("AAPL", 5.0, Unit.PERCENT, from_low=True)),
        (
            "TSLA trails 2 atr(14, 1d)",
            Trailing("TSLA", 2.0, Unit.ATR, atr=Indicator("TSLA", "atr", 14, BarSize.DAY_1)),
        ),
        ("AAPL volume > 10M", Comparison(Volume("AAPL"), Op.GT, Number(1e7))),
        (
            "AAPL volume > 2 * avgvolume(20)",
            Comparison(Volume("AAPL"), Op.GT, Arithmetic(Number(2.0), Sign.TIMES, AverageVolume("AAPL", 20))),
        ),
        ("AAPL / MSFT > 0.45", Comparison(Arithmetic(AAPL, Sign.OVER, MSFT), Op.GT, Number(0.45))),
        (
            "BRK.A - 1500*BRK.B > 200",
            Comparison(
                Arithmetic(Price("BRK.A"), Sign.MINUS, Arithmetic(Number(1500.0), Sign.TIMES, Price("BRK.B"))),
                Op.GT,
                Number(200.0),
            ),
        ),
        (
            "AAPL > 200 and rsi(14,1h) < 70 and not SPY -1%",
            Both((ABOVE_200, Comparison(RSI, Op.LT, Number(70.0)), Inverse(DayMove("SPY", 1.0, Way.DOWN)))),
        ),
        (f"{CALL} iv > 0.25", Comparison(OptionValue(CALL, "iv"), Op.GT, Number(0.25))),
        (f"{CALL} iv > 25%", Comparison(OptionValue(CALL, "iv"), Op.GT, Number(0.25))),
        (f"{CALL} open interest > 10k", Comparison(OptionValue(CALL, "openinterest"), Op.GT, Number(1e4))),
        (f"{CALL} dte < 7", Comparison(OptionValue(CALL, "dte"), Op.LT, Number(7.0))),
        ("position AAPL pnl% > 20", Comparison(PositionValue("AAPL", "pnl%"), Op.GT, Number(20.0))),
        ("position AAPL pnl < -1,500", Comparison(PositionValue("AAPL", "pnl"), Op.LT, Number(-1500.0))),
        ("positions any -5%", PositionMove("any", -5.0)),
        ("position ANY -5%", PositionMove("ANY", -5.0)),
        (
            "AAPL > avgcost * 1.1",
            Comparison(AAPL, Op.GT, Arithmetic(AverageCost("AAPL"), Sign.TIMES, Number(1.1))),
        ),
        ("account cushion < 10%", Comparison(AccountValue("cushion"), Op.LT, Number(10.0))),
        ("my account net liq < 100k", Comparison(AccountValue("netliq"), Op.LT, Number(1e5))),
        ("account dailypnl < -1000", Comparison(AccountValue("dailypnl"), Op.LT, Number(-1000.0))),
        ("orders filled", OrderMatch(OrderEvent.FILLED)),
        ("orders AAPL canceled", OrderMatch(OrderEvent.CANCELLED, "AAPL")),
        ('at 15:45 ET weekdays "check MOC"', AtTime(15, 45, "America/New_York", (0, 1, 2, 3, 4), "check MOC")),
        ("at 3:45pm mon, wed", AtTime(15, 45, "", (0, 2))),
        ("every 30m rth", EveryTime(timedelta(minutes=30))),
        ("at close - 10m", AtSession(is_open=False, offset=timedelta(minutes=-10))),
        ("at 10m before the close", AtSession(is_open=False, offset=timedelta(minutes=-10))),
        ("AAPL stale 5m", Stale("AAPL", timedelta(minutes=5))),
        ("news portfolio", NewsMatch("portfolio")),
        ("news PORTFOLIO", NewsMatch("PORTFOLIO")),
        (
            'news AAPL "guidance" or /downgrad/i',
            NewsMatch("AAPL", words=AnyOf((Phrase("guidance"), Pattern("downgrad", ignore_case=True)))),
        ),
        (
            'news AAPL ("cut" or "raise") and "guidance" if moves 1% in 5m',
            NewsMatch(
                "AAPL",
                words=AllOf((AnyOf((Phrase("cut"), Phrase("raise"))), Phrase("guidance"))),
                gate=Velocity("AAPL", 1.0, Unit.PERCENT, Way.EITHER, timedelta(minutes=5)),
            ),
        ),
        (
            "AAPL crosses macd(1d)",
            Crossing(AAPL, Direction.EITHER, Indicator("AAPL", "macd", 12, BarSize.DAY_1, (26.0, 9.0), "macd")),
        ),
        (
            "AAPL > bbands(20, 2.5, 1h) upper live",
            Comparison(AAPL, Op.GT, Indicator("AAPL", "bbands", 20, BarSize.HOUR_1, (2.5,), "upper", live=True)),
        ),
    ],
)
def test_every_row_of_the_language_means_what_it_says(line: str, meant: object) -> None:
    assert parse(line).condition == meant


def test_every_option_is_read() -> None:
    line = (
        "AAPL > 200 to @desk every cooldown 30m max 5 for 2m rth until 2026-12-24 critical tag Earnings"
        ' hysteresis 0.5% then buy 10 limit 199.5 note "hi"'
    )
    assert parse(line).options == Options(
        repeat=Repeat.EVERY,
        cooldown=timedelta(minutes=30),
        note="hi",
        critical=True,
        most=5,
        hold=timedelta(minutes=2),
        hours=TradingTime.RTH,
        until=datetime(2026, 12, 25, 5, 0, tzinfo=UTC),
        tag="earnings",
        hysteresis_pct=0.5,
        then="buy 10 limit 199.5",
        to="desk",
    )
    assert parse("AAPL > 200 expires 30d").options.until == NOW + timedelta(days=30)
    assert order_line("buy 10 limit 199.5", "AAPL") == "buy 10 AAPL limit 199.5"
    assert order_line("sell 5 MSFT market", "AAPL") == "sell 5 MSFT market"


@pytest.mark.parametrize(
    ("line", "position", "readings"),
    [
        ("AAPL enters 200..190", 12, ("AAPL enters 190..200",)),
        ("AAPL moves 3 in 15m", 11, ("AAPL moves 3% in 15m", "AAPL moves $3 in 15m")),
        ("AAPL trails 5", 12, ("AAPL trails 5%", "AAPL trails $5")),
        ("AAPL trails 1,5%", 12, ("AAPL trails 1.5%", "AAPL trails 15%")),
        ("account cushion < 0.1", 18, ("account cushion < 10%", "account cushion < 0.1%")),
        ("account netliq < 99,5", 17, ("account netliq < 99.5", "account netliq < 995")),
        (f"{CALL} iv > 25", 23, (f"{CALL} iv > 25%", f"{CALL} iv > 2500%")),
        (f"{CALL} delta > 50", 26, (f"{CALL} delta > 0.5",)),
        ("AAPL > 200k", 7, ("AAPL > 200000",)),
        ("AAPL > high(52)", 12, ("AAPL > high(52d)", "AAPL > high(52w)")),
        ("AAPL rsi(14) < 30", 9, ("AAPL rsi(14, 1h) < 30", "AAPL rsi(14, 1d) < 30")),
        ("AAPL > vwap", 7, ("AAPL > vwap(1m)", "AAPL > $VWAP")),
        ("positions any ±5%", 14, ("positions any +5%", "positions any -5%")),
        ("AAPL rsi(14 1h) < 30", 12, ("AAPL rsi(14, 1h) < 30",)),
        ("AAPL rsi < 30", 5, ("AAPL rsi(14, 1h) < 30",)),
        ("AAPL > 200 every 30m", 17, ("AAPL > 200 every cooldown 30m",)),
        ("AAPL / MSFT", 11, ("AAPL / MSFT > 0.45",)),
        ("AAPL 5%", 5, ("AAPL +5%",)),
        ("AAPL > 5%", 7, ("AAPL +5%",)),
    ],
)
def test_dangerous_lines_are_asked_back_with_what_they_may_mean(
    line: str, position: int, readings: tuple[str, ...]
) -> None:
    error = refusal(line)
    assert (error.position, error.examples[: len(readings)]) == (position, readings)
    assert len(error.examples) == 2
    for example in error.examples:
        parse(example)


@pytest.mark.parametrize(
    ("line", "position", "expected"),
    [
        ("AAPL + 5% > 300", 10, "end of the line"),
        ("MSFT > AAPL - 5%", 14, "a price, without %"),
        ("200 > 100", 0, "a symbol"),
        ("AAPL iv > 0.3", 0, "an option"),
        ("AAPL > bbands(20, 2, 1d)", 21, "upper or middle or lower"),
        ("AAPL macd(26, 12, 9, 1d) > 0", 10, "the shorter length first"),
        ("AAPL sma(50, 1d) upper > 5", 17, "only one"),
        ("rsi(AAPL, 14, 1h) < 30", 4, "the symbol goes in front"),
        ("news * if moves 1% in 5m", 10, "a symbol, portfolio or watchlist"),
        ("news AAPL /(/", 10, "a regular expression"),
        (r"news AAPL /(?=look)\1/", 10, "that RE2 knows"),
        ("at 25:00", 3, "a time of day"),
        ("at 15:45 Moon/Base", 9, "a time zone"),
        ("orders fild", 11, "filled, rejected or cancelled"),
        ("AAPL > 200 until 2020-01-01", 17, "still to come"),
        ("AAPL > 200 until 12/24", 17, "a day, like friday"),
        ("AAPL > 200 max 0", 15, "from 1 to"),
        ("AAPL > 200 once max 3", 16, "either `once` or `max`"),
        ("AAPL > 200 rth eth", 15, "either `rth` or `eth`"),
        ("AAPL > 200 until friday expires 2d", 24, "either `until` or `expires`"),
        ("AAPL > 200 hysteresis $3", 22, "a percentage"),
        ('news AAPL "x" for 2m', 14, "no `for` here"),
        ("scan TOP_PERC_GAIN for 2m", 19, "no `for` here"),
        ("orders filled for 2m", 14, "no `for` here"),
        ("at 15:45 for 2m", 9, "no `for` here"),
        ("every 30m for 2m", 10, "no `for` here"),
        ("at close for 2m", 9, "no `for` here"),
        ("news AAPL hysteresis 1%", 10, "no `hysteresis` here"),
        ("AAPL trails 5% hysteresis 1%", 15, "no `hysteresis` here"),
        ("AAPL moves 2% in 15m hysteresis 1%", 21, "no `hysteresis` here"),
        ("AAPL gaps 3% hysteresis 1%", 13, "no `hysteresis` here"),
        ("AAPL stale 5m hysteresis 1%", 14, "no `hysteresis` here"),
        ("AAPL > 200 then sell some", 16, "an order"),
        ("every 30m then buy 10 limit 5", 15, "names its symbol"),
        ("AAPL stale 2s", 11, "from 5s"),
        ("AAPL moves 2% in 3d", 17, "from 10s to 1d"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(line: str, position: int, expected: str) -> None:
    error = refusal(line)
    assert (error.position, expected in error.expected) == (position, True), error.expected
    for example in error.examples:
        parse(example)


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        ("AAPL tral 5%", "trails"),
        ("AAPL mvoes 2% in 5m", "moves"),
        ("AAPL > 5 adn MSFT > 3", "and"),
        ("account cushon < 10%", "cushion"),
        ("AAPL > 200 criticl", "critical"),
        ("AAPL rsii(14, 1h) < 30", "rsi"),
    ],
)
def test_near_misses_are_suggested(line: str, suggestion: str) -> None:
    error = refusal(line)
    assert error.suggestion == suggestion
    parse(error.examples[0])
