from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from alerts.example import TOPICS
from alerts.language import parse
from alerts.rule import Rule
from alerts.spoken import symbols_in
from bot.views.condition import describe, subject
from market.instrument import Instrument, SecType

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
SPY_CALL = Instrument(1, "SPY", SecType.OPTION, expiry="20261218", strike=600.0, right="C")
EURUSD = Instrument(2, "EUR", SecType.FOREX, currency="USD", min_tick=0.00005)
KNOWN = {"SPY 20261218 C600": SPY_CALL, "EUR.USD": EURUSD}


def rule(line: str) -> Rule:
    draft = parse(line, NOW, ZoneInfo("UTC"))
    named = {symbol: KNOWN.get(symbol, Instrument(9, symbol)) for symbol in symbols_in(draft.condition)}
    return Rule(1, 1, 1, line, draft, named, created=NOW, since=NOW)


@pytest.mark.parametrize(
    ("line", "words", "about"),
    [
        ("AAPL > 200", "AAPL above 200.00", "AAPL"),
        ("EUR.USD mid > 1.1", "EUR.USD mid above 1.10000", "EUR.USD"),
        ("AAPL volume > 10M", "AAPL volume above 10,000,000", "AAPL"),
        ("AAPL volume > 2 * avgvolume(20)", "AAPL volume above 2 * AAPL average volume of 20 days", "AAPL"),
        ("AAPL enters 190..200", "AAPL enters 190.00 to 200.00", "AAPL"),
        ("AAPL -3% today", "AAPL down 3% today", "AAPL"),
        ("AAPL ±4% from 187.2", "AAPL up or down 4% from 187.20", "AAPL"),
        ("AAPL gaps up 3%", "AAPL gaps up 3% at the open", "AAPL"),
        ("AAPL drops $3 in 5m", "AAPL drops $3.00 within 5m", "AAPL"),
        ("AAPL trails 5%", "AAPL 5% below its high since set", "AAPL"),
        ("TSLA trails 2 atr(14, 1d) up", "TSLA 2 * ATR(14, 1d) above its low since set", "TSLA"),
        ("AAPL macd(1d) histogram > 0", "AAPL MACD(12, 26, 9, 1d) histogram above 0.00", "AAPL"),
        ("AAPL rsi(14, 1h) live < 30", "AAPL RSI(14, 1h) on the running bar below 30", "AAPL"),
        ("AAPL > high(52w)", "AAPL above AAPL 364-day high", "AAPL"),
        ("BRK.A - 1500*BRK.B > 200", "BRK.A ~ 1,500 * BRK.B above 200", "BRK.A"),
        ("SPY 20261218 C600 iv > 25%", "SPY 20261218 C600 implied volatility above 0.25", "SPY 20261218 C600"),
        ("position AAPL pnl% > 20", "P&L in % of your AAPL above 20%", "AAPL"),
        ("positions any -5%", "any position down 5% today", "Any position"),
        ("position any pnl < -500", "P&L of any position below ~500", "Any position"),
        ("AAPL > avgcost * 1.1", "AAPL above AAPL average cost * 1.1", "AAPL"),
        ("account cushion < 10%", "the account's cushion below 10%", "Account"),
        ("account netliq < 100k", "the account's net liquidation below 100,000", "Account"),
        ("orders filled", "an order is filled", "Orders"),
        ("orders AAPL rejected", "an order in AAPL is rejected", "AAPL"),
        ('at 15:45 ET weekdays "check MOC"', "at 15:45 New York time on weekdays: check MOC", "Time"),
        ("every 30m rth", "every 30m", "Time"),
        ("at close - 10m", "10m before the close", "Time"),
        ("at open", "at the open", "Time"),
        ("AAPL stale 5m", "nothing heard of AAPL for 5m", "AAPL"),
        ("news portfolio", "news on your positions", "Portfolio"),
        (
            'news AAPL "guidance" and /downgrad/i if moves 1% in 5m',
            'news on AAPL with "guidance" and /downgrad/i, if it moves 1% within 5m',
            "AAPL",
        ),
        (
            "not (AAPL > 200 and SPY -1%) or MSFT > 400",
            "not (AAPL above 200.00 and SPY down 1% today) or MSFT above 400.00",
            "AAPL",
        ),
    ],
)
def test_every_kind_has_words(line: str, words: str, about: str) -> None:
    assert describe(rule(line)) == words.replace("~", "\N{MINUS SIGN}").replace(" * ", " \N{MULTIPLICATION SIGN} ")
    assert subject(rule(line)) == about


@pytest.mark.parametrize("line", [line for topic in TOPICS for line in topic.lines])
def test_every_example_has_words_and_a_subject(line: str) -> None:
    assert describe(rule(line))
    assert subject(rule(line))
