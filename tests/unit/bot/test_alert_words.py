"""What an alert's answer and cards say of its options: every number as it was typed, in the person's own time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.aftermath import Aftermath
from alerts.condition import Draft
from alerts.history import Backtest
from bot.views.alerts import AlertRow, created
from bot.views.editing import edit_card
from bot.views.past import history, would_have_fired
from market.quote import BarSize
from tests.fakes.chat import AAPL, NEW_YORK
from tests.unit.bot.samples import BERLIN, LEVEL, NOW, fired, rule


def told(line: str, zone: ZoneInfo = NEW_YORK) -> str:
    return created(rule(line, AAPL), None, already_true=False, now=NOW, zone=zone).html


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("AAPL > 200", "Fires once"),
        ("AAPL > 200 every", "Fires every time"),
        ("AAPL +5%", "Fires once a session"),
        ("AAPL gaps 3%", "Fires once a session"),
        ("AAPL volume > 10M", "Fires once a session"),
        ("AAPL +5% every", "Fires every time"),
        ("AAPL +5% once", "Fires once"),
        ("AAPL > 200 cooldown 90s", "Fires every time, at most once in 90s"),
        ("AAPL > 200 cooldown 90m", "Fires every time, at most once in 1 h 30 min"),
        ("AAPL > 200 cooldown 2165m", "Fires every time, at most once in 2165m"),
    ],
)
def test_how_often_it_fires_is_said_as_its_kind_and_options_have_it(line: str, words: str) -> None:
    assert words in told(line).splitlines()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("AAPL > 200 for 90s", "after it held 90s"),
        ("AAPL > 200 for 2m", "after it held 2 min"),
        ("AAPL > 200 every hysteresis 0.25%", "hysteresis 0.25%"),
        ("AAPL > 200 max 1", "only 1 time"),
        ("AAPL > 200 max 1234", "only 1234 times"),
    ],
)
def test_every_number_of_an_option_is_repeated(line: str, words: str) -> None:
    assert words in told(line).splitlines()


def ending(until: datetime, zone: ZoneInfo) -> str:
    plain = rule("AAPL > 200", AAPL)
    draft = Draft(plain.draft.condition, replace(plain.draft.options, until=until))
    html = created(replace(plain, draft=draft), None, already_true=False, now=NOW, zone=zone).html
    return next(line for line in html.splitlines() if line.startswith("until"))


def test_an_end_is_said_in_the_persons_zone_with_its_time_and_a_midnight_as_the_day_before() -> None:
    friday = datetime(2026, 11, 21, tzinfo=NEW_YORK).astimezone(UTC)
    assert ending(friday, NEW_YORK) == "until the end of Fri 20 Nov"
    assert ending(friday, BERLIN) == "until Sat 21 Nov 06:00 CET (00:00 ET)"
    assert ending(datetime(2027, 1, 1, tzinfo=BERLIN).astimezone(UTC), BERLIN) == "until the end of Thu 31 Dec"
    assert ending(datetime(2027, 3, 1, tzinfo=BERLIN).astimezone(UTC), BERLIN) == "until the end of Sun 28 Feb 2027"
    assert ending(datetime(2026, 11, 20, 20, 45, tzinfo=UTC), NEW_YORK) == "until 15:45 ET"


@pytest.mark.parametrize(
    ("line", "chosen"),
    [
        ("AAPL > 200", "• Any hour"),
        ("AAPL +5%", "• Usual (RTH)"),
        ("AAPL rsi(14, 1h) < 30", "• Usual (RTH)"),
        ("AAPL +5% eth", "• ETH"),
    ],
)
def test_the_edit_card_says_which_hours_hold_without_being_chosen(line: str, chosen: str) -> None:
    card = edit_card(AlertRow(rule(line, AAPL)), now=NOW, zone=NEW_YORK)
    assert chosen in [one.label for row in card.buttons for one in row]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (90, "Would not have fired in the last 90 days"),
        (87, "Would not have fired in the last 90 days"),
        (5, "Would not have fired in the last 5 days, as far back as 1m bars were had"),
        (1, "Would not have fired in the last 1 day, as far back as 1m bars were had"),
    ],
)
def test_would_have_fired_speaks_of_the_days_that_were_seen(days: int, words: str) -> None:
    seen = Backtest((), (), NOW - timedelta(days=days), NOW, BarSize.MIN_1, AAPL)
    assert would_have_fired(seen, 90, NEW_YORK).splitlines() == [f"🧮 {words}"]


def test_a_history_of_one_firing_says_once() -> None:
    one = fired("AAPL > 200", LEVEL, AAPL)
    assert "Fired once" in history(one.rule, [Aftermath(one, None, None)], 0, now=NOW, zone=NEW_YORK).html


def test_would_have_fired_says_what_was_taken_for_what() -> None:
    seen = Backtest((), (), NOW - timedelta(days=90), NOW, BarSize.HOUR_1, AAPL, note="bid and ask taken as the trades")
    assert would_have_fired(seen, 90, NEW_YORK).endswith("<i>bid and ask taken as the trades</i>")
