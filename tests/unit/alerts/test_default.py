from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.condition import Repeat, TradingTime
from alerts.default import TABLE, Defaults, Kind, Rearm, cooldown_of, defaults_of, repeat_of
from alerts.language import parse

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
NONE = timedelta()
TRADED = (30 * SECOND, 5 * MINUTE)
RTH = TradingTime.RTH


def defaults(line: str) -> Defaults:
    return defaults_of(parse(line, NOW, ZoneInfo("UTC")))


@pytest.mark.parametrize(
    ("line", "kind", "repeat", "cooldown", "rearm", "hysteresis_pct", "session", "stale"),
    [
        ("AAPL > 200", "level", "once", NONE, "false", 0.1, None, TRADED),
        ("AAPL / MSFT > 0.45", "level", "once", NONE, "false", 0.1, None, TRADED),
        ("AAPL > high(52w)", "range", "once", NONE, "false", 0.1, None, TRADED),
        ("AAPL crosses 200", "crossing", "once", NONE, "side", 0.1, None, TRADED),
        ("AAPL enters 190..200", "channel", "once", NONE, "side", 0.1, None, TRADED),
        ("AAPL +5%", "day move", "every", NONE, "session", 0, RTH, TRADED),
        ("AAPL gaps 3%", "gap", "every", NONE, "session", 0, RTH, TRADED),
        ("AAPL moves 2% in 15m", "velocity", "every", 15 * MINUTE, "cooldown", 0, None, TRADED),
        ("AAPL trails 5%", "trailing", "once", NONE, "false", 0, None, TRADED),
        ("AAPL volume > 10M", "volume", "every", NONE, "session", 0, RTH, (MINUTE, MINUTE)),
        ("AAPL rsi(14, 1h) < 30", "indicator", "every", HOUR, "false", 0, RTH, (2 * HOUR, 2 * HOUR)),
        ("AAPL > ema(20, 5m)", "indicator", "every", 5 * MINUTE, "false", 0, RTH, (10 * MINUTE, 10 * MINUTE)),
        ("SPY 20261218 C600 iv > 0.25", "option", "every", HOUR, "false", 5, None, (2 * MINUTE, 2 * MINUTE)),
        ("position AAPL pnl% > 20", "position", "every", HOUR, "false", 5, None, (2 * MINUTE, 2 * MINUTE)),
        ("positions any -5%", "position", "every", HOUR, "false", 5, None, (2 * MINUTE, 2 * MINUTE)),
        ("AAPL > avgcost * 1.1", "position", "every", HOUR, "false", 5, None, (2 * MINUTE, 2 * MINUTE)),
        ("account cushion < 10%", "account", "every", HOUR, "false", 5, None, (2 * MINUTE, 2 * MINUTE)),
        ("scan TOP_PERC_GAIN", "scanner", "every", NONE, "at once", 0, None, (NONE, NONE)),
        ("news AAPL", "news", "every", NONE, "at once", 0, None, (NONE, NONE)),
        ("orders filled", "orders", "every", NONE, "at once", 0, None, (NONE, NONE)),
        ("every 30m", "time", "every", NONE, "at once", 0, None, (NONE, NONE)),
        ("at close - 10m", "time", "every", NONE, "at once", 0, None, (NONE, NONE)),
        ("AAPL stale 5m", "feed", "every", NONE, "false", 0, None, (NONE, NONE)),
    ],
)
def test_the_table_of_defaults(
    line: str,
    kind: str,
    repeat: str,
    cooldown: timedelta,
    rearm: str,
    hysteresis_pct: float,
    session: TradingTime | None,
    stale: tuple[timedelta, timedelta],
) -> None:
    found = defaults(line)
    assert (found.kind, found.repeat, found.cooldown, found.rearm) == (kind, repeat, cooldown, rearm)
    assert (found.hysteresis_pct, found.session) == (hysteresis_pct, session)
    assert (found.stale_after, found.stale_after_quiet) == stale


def test_the_table_has_a_row_for_every_kind() -> None:
    assert set(TABLE) == set(Kind)
    assert {kind for kind, row in TABLE.items() if row.hysteresis_ticks} == {"level", "range", "crossing", "channel"}


def test_each_default_is_changed_by_its_option() -> None:
    found = defaults("AAPL > 200 every cooldown 30m hysteresis 0.5% rth")
    assert (found.repeat, found.cooldown, found.session) == (Repeat.EVERY, 30 * MINUTE, RTH)
    assert (found.hysteresis_pct, found.hysteresis_ticks) == (0.5, 0)
    assert defaults("AAPL +5% once").repeat is Repeat.ONCE
    assert defaults("AAPL +5% eth").session is TradingTime.ETH
    assert defaults("AAPL +5% every").rearm is Rearm.FALSE


def test_a_cooldown_or_a_maximum_says_every() -> None:
    assert defaults("AAPL > 200 cooldown 5m").repeat is Repeat.EVERY
    assert defaults("AAPL > 200 max 3").repeat is Repeat.EVERY


def test_a_compound_behaves_as_its_first_part_that_fires_once() -> None:
    found = defaults("rsi(14, 1h) of AAPL < 70 and AAPL > 200 and not SPY -1%")
    assert (found.kind, found.repeat, found.session) == ("level", Repeat.ONCE, None)
    found = defaults("AAPL rsi(14, 1h) < 70 and SPY rsi(14, 1d) < 70")
    assert (found.kind, found.repeat, found.cooldown) == ("indicator", Repeat.EVERY, timedelta(days=1))


def test_the_single_answers_agree_with_the_whole_one() -> None:
    draft = parse("AAPL rsi(14, 1h) < 70", NOW, ZoneInfo("UTC"))
    assert (repeat_of(draft), cooldown_of(draft)) == (Repeat.EVERY, HOUR)
