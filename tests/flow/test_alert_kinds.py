"""
Every kind of PRODUCT A1's table through the real process: each is seen to fire, and to stay silent.

One bot for all of them, on a trading morning. A line and its *silent* twin are set side by side, the twin first: when
the line has fired, the twin has seen the same and has not.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from simulator.tws.exchange import Exchange
from tests.flow.alerting import fired, firings, heard, judged, made
from tests.flow.alerting import later as turned
from tests.flow.chat import Shown, said
from tests.flow.conftest import Stage, opened_stage, trading_day

pytestmark = pytest.mark.asyncio(loop_scope="module")
# A Wednesday, ten minutes before eleven in New York.
MORNING = datetime(2026, 11, 18, 15, 50, tzinfo=UTC)
Step = Callable[[Stage], Awaitable[None]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("kinds")
    async with opened_stage(trading_day(folder, MORNING), folder) as stage:
        await stage.up()
        yield stage


def prints(symbol: str, *prices: float, size: float = 100) -> Step:
    """Print trades of *symbol*, one after the other."""

    async def step(stage: Stage) -> None:
        for price in prices:
            stage.world.exchange.push(symbol, price, size=size)

    return step


def moves(symbol: str, percent: float) -> Step:
    """Print a trade *percent* away from the prior close."""

    async def step(stage: Stage) -> None:
        exchange = stage.world.exchange
        close = exchange.book(exchange.catalogue.named(symbol)).previous_close
        exchange.push(symbol, round(close * (1 + percent / 100), 2))

    return step


def later(**ahead: float) -> Step:
    """Turn the clock forward, once the bot has worked through what happened before: ticks bear the time they came."""

    async def step(stage: Stage) -> None:
        await turned(stage, timedelta(**ahead))

    return step


def headline(symbol: str, text: str) -> Step:
    """Publish a headline."""

    async def step(stage: Stage) -> None:
        await heard(stage, "news")
        stage.world.exchange.publish(symbol, text)

    return step


def ranks(code: str, *symbols: str) -> Step:
    """Put *symbols* on top of a scan."""

    async def step(stage: Stage) -> None:
        await heard(stage, "scan")
        stage.world.exchange.rank(code, symbols)

    return step


def buys(line: str) -> Step:
    """Place an order and confirm it."""

    async def step(stage: Stage) -> None:
        card = await stage.ada.ask(line, "confirm?")
        await stage.ada.press(card, "✅")

    return step


def steps(*parts: Step) -> Step:
    """Do one after the other."""

    async def step(stage: Stage) -> None:
        for part in parts:
            await part(stage)

    return step


# TWS tells the account's values every three minutes.
ACCOUNT_TOLD = later(minutes=3, seconds=5)


@dataclass(frozen=True)
class Case:
    """
    *start*, then the lines are set, then *stir*: *line* fires and its message *says* so, *silent* does not.

    *has_bars*: its level comes from bars, which must be there before anything can be told from *stir*.
    """

    kind: str
    line: str | Callable[[Exchange], str]
    silent: str | Callable[[Exchange], str]
    start: Step
    stir: Step
    says: str = ""
    has_bars: bool = False
    at_once: bool = False

    @staticmethod
    def words(line: str | Callable[[Exchange], str], stage: Stage) -> str:
        """Return the line as it is typed."""
        return line if isinstance(line, str) else line(stage.world.exchange)


def _volume(ahead: float) -> Callable[[Exchange], str]:
    def line(exchange: Exchange) -> str:
        return f"XOM volume > {exchange.book(exchange.catalogue.named('XOM')).volume + ahead:.0f}"

    return line


def _gap(factor: float) -> Callable[[Exchange], str]:
    def line(exchange: Exchange) -> str:
        book = exchange.book(exchange.catalogue.named("NVDA"))
        return f"NVDA gaps {abs(book.open / book.previous_close - 1) * 100 * factor:.4f}%"

    return line


NOTHING = steps()
CASES = [
    Case("level", "AAPL > 200", "AAPL > 201", prints("AAPL", 196.0), prints("AAPL", 200.5), "AAPL ▲ 200.50"),
    Case(
        "level of a bid",
        "AAPL bid <= 180",
        "AAPL bid <= 179",
        prints("AAPL", 196.0),
        prints("AAPL", 180.0),
        "AAPL bid ▼",
    ),
    Case(
        "level of a middle",
        "EUR.USD mid > 1.10",
        "EUR.USD mid > 1.12",
        prints("EUR.USD", 1.08),
        prints("EUR.USD", 1.11),
        "EUR.USD",
    ),
    Case(
        "crossing",
        "MSFT crosses 430",
        "MSFT crosses below 430",
        prints("MSFT", 421.0),
        prints("MSFT", 431.0),
        "MSFT ▲ 431.00",
    ),
    Case(
        "crossing of an average",
        "PLTR crosses above sma(20, 1d)",
        "PLTR crosses below sma(20, 1d)",
        prints("PLTR", 5.0),
        prints("PLTR", 6.0, 400.0),
        "PLTR ▲ 400.00",
        has_bars=True,
    ),
    Case(
        "channel entered",
        "JPM enters 190..200",
        "JPM enters 180..190",
        prints("JPM", 211.0),
        prints("JPM", 195.0),
        "JPM",
    ),
    Case("channel left", "BAC leaves 38..41", "BAC leaves 30..50", prints("BAC", 39.7), prints("BAC", 42.0), "BAC"),
    Case("day move", "DIS +5%", "DIS +8%", moves("DIS", 0.5), moves("DIS", 6.0), "+6.0"),
    Case(
        "day move from a price",
        "KO ±4% from 71",
        "KO ±9% from 71",
        prints("KO", 71.0),
        prints("KO", 75.0),
        "+5.63% from 71.00",
    ),
    Case(
        "velocity",
        "BA moves 2% in 15m",
        "BA moves 9% in 15m",
        prints("BA", 152.0),
        prints("BA", 152.1, 156.0),
        "within 15m",
    ),
    Case(
        "trailing",
        "WMT trails 5%",
        "WMT trails 20%",
        prints("WMT", 80.0),
        prints("WMT", 81.0, 90.0, 85.0),
        "from its high 90.00",
    ),
    Case("volume", _volume(1e6), _volume(9e6), prints("XOM", 117.0), prints("XOM", 117.1, size=2e6), "XOM volume ▲"),
    Case(
        "indicator",
        "GME rsi(2, 1m) > 90",
        "GME sma(3, 1m) > 500",
        prints("GME", 22.0),
        steps(
            prints("GME", 30.0),
            later(minutes=1),
            prints("GME", 40.0),
            later(minutes=1),
            prints("GME", 50.0),
            later(minutes=1, seconds=5),
        ),
        "GME RSI(2, 1m) ▲",
    ),
    Case(
        "indicator on the running bar",
        "GME rsi(2, 1m) live > 95",
        "GME ema(2, 1m) live > 9000",
        prints("GME", 22.0),
        # So far up that a minute which ends in between, at 22, does not matter.
        prints("GME", 6000.0, 7000.0, 8000.0),
        "GME",
    ),
    Case("range", "F > high(20d)", "F < low(52w)", prints("F", 10.95), prints("F", 30.0), "F ▲ 30.00", has_bars=True),
    Case("gap", _gap(0.5), _gap(2.0), NOTHING, prints("NVDA", 131.0), "NVDA", at_once=True),
    Case(
        "two instruments",
        "AMD / INTC > 7",
        "AMD / INTC > 8",
        steps(prints("INTC", 22.85), prints("AMD", 158.0)),
        steps(prints("INTC", 22.86), prints("AMD", 165.0)),
        "AMD / INTC ▲ 7.218",
    ),
    Case(
        "two instruments apart",
        "AMD - 6 * INTC > 40",
        "AMD - 6 * INTC > 90",
        steps(prints("INTC", 22.85), prints("AMD", 158.0)),
        steps(prints("INTC", 22.86), prints("AMD", 190.0)),
        "AMD \N{MINUS SIGN} 6 \N{MULTIPLICATION SIGN} INTC ▲ 52.84",
    ),
    Case(
        "compound",
        "NFLX > 710 and QQQ > 490 and not SPY -5%",
        "NFLX > 710 and QQQ > 500",
        steps(prints("NFLX", 702.0), prints("QQQ", 487.0), prints("SPY", 571.0)),
        steps(prints("SPY", 571.1), prints("NFLX", 711.0), prints("QQQ", 491.0)),
        "QQQ",
    ),
    Case(
        "option",
        "SPY 20261204 C570 delta > 0.8",
        "SPY 20261204 C570 delta < 0.1",
        prints("SPY", 571.0),
        prints("SPY", 620.0),
        "SPY 20261204 C570 delta ▲ 0.",
    ),
    Case(
        "position",
        "position AAPL pnl% > 30",
        "position AAPL pnl% > 90",
        prints("AAPL", 196.0),
        steps(prints("AAPL", 230.0), ACCOUNT_TOLD),
        "P&L of your AAPL ▲",
    ),
    Case(
        "what was paid",
        # 60 for 388.40 each; the account's P&L must stay as it is, for the case after this one.
        "MSFT > avgcost * 1.15",
        "MSFT > avgcost * 2",
        prints("MSFT", 421.0),
        prints("MSFT", 450.0),
        "MSFT ▲ 450.00",
    ),
    Case(
        "account",
        "account dailypnl < -20000",
        "account cushion < 10%",
        prints("AAPL", 196.0),
        steps(prints("AAPL", 10.0), ACCOUNT_TOLD),
        "Today's P&L of the account ▼",
    ),
    Case("orders", "orders filled", "orders rejected", prints("T", 21.75), buys("buy 1 T 22"), "Filled"),
    Case(
        "scanner",
        "scan TOP_PERC_GAIN top 5",
        "scan HOT_BY_VOLUME top 5",
        NOTHING,
        ranks("TOP_PERC_GAIN", "GME", "SAP", "F"),
        "new",
    ),
    Case(
        "news",
        'news AAPL "guidance" or /downgrad/i',
        'news AAPL "merger"',
        NOTHING,
        headline("AAPL", "Apple Downgraded at a broker"),
        "Downgraded",
    ),
    Case(
        "feed",
        "TSLA stale 5m",
        "TSLA stale 3h",
        prints("TSLA", 248.0),
        later(minutes=5, seconds=5),
        "TSLA",
    ),
]


async def forget(stage: Stage, *answers: Shown) -> None:
    """Delete the alerts, for the next case."""
    for answer in answers:
        await stage.ada.press(answer, "↩️ Undo", wait=10)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind.replace(" ", "-"))
async def test_a_line_fires_and_its_twin_that_is_not_meant_stays_silent(stage: Stage, case: Case) -> None:
    await case.start(stage)
    twin, silent = await made(stage, case.words(case.silent, stage))
    answer, number = await made(stage, case.words(case.line, stage))
    # A gap that is there already fires with the opening price, which may come before or after the answer.
    assert case.at_once or await firings(stage, number) == []
    if case.has_bars:
        await judged(stage, number)
    await case.stir(stage)
    told = await fired(stage, number)
    assert case.says in said(told)
    silent_ones = await firings(stage, silent)
    assert silent_ones == [], [said(one) for one in silent_ones]
    await forget(stage, answer, twin)
