"""What is said of firings that were found after a gap, and of what stayed unknown in it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.codec import firing_from_json, firing_to_json
from alerts.rule import AccountCause, Away, Firing, PriceCause
from bot.views.firing import firing
from bot.views.notices import Notice, notice
from market.quote import Quote, TickField
from tests.unit.alerts.drafts import AAPL, rule

EASTERN = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 20, 20, 54, 10, tzinfo=UTC)
AT = datetime(2026, 11, 20, 20, 42, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CAUSE = PriceCause(AAPL, TickField.LAST, 201.0, from_minute=True)


def said(away: Away, cause: PriceCause | AccountCause = CAUSE, line: str = "AAPL > 200") -> list[str]:
    fired = firing_from_json(firing_to_json(Firing("1:1:1", rule(line), AT, cause, away=away)))
    return firing(fired, now=NOW, zone=EASTERN, quote=Quote(AAPL, last=199.4)).html.splitlines()


def test_the_first_line_says_that_it_was_while_nobody_watched_and_when() -> None:
    lines = said(Away(AT.replace(second=0), MINUTE))
    assert lines[0] == "🔔 <b>AAPL ▲ 201.00</b> · <b>while I was away, 15:42 ET</b>"
    assert "🕰 11 min ago: I had no live data then and found it afterwards · price now <code>199.40</code>" in lines
    assert lines[-1] == "<i>15:42 ET, by historical bars</i>"
    assert not any("Late" in line or "unknown" in line for line in lines)


def test_a_coarse_bar_says_between_which_times_it_was() -> None:
    begin = datetime(2026, 11, 20, 20, 40, tzinfo=UTC)
    assert "while I was away, between 15:40 ET and 15:45 ET" in said(Away(begin, 5 * MINUTE))[0]


def test_what_happened_in_the_minute_in_which_live_data_came_again_was_not_surely_missed() -> None:
    begin = AT.replace(second=0)
    lines = said(Away(begin, MINUTE, live=begin + MINUTE / 2))
    assert lines[0] == "🔔 <b>AAPL ▲ 201.00</b> · <b>as I came back, 15:42 ET</b>"
    assert any(line.startswith("🕰 11 min ago, in the minute in which live data came again") for line in lines)
    assert not any("no live data" in line for line in lines)


def test_what_only_waited_for_what_was_before_it_was_not_missed() -> None:
    begin = AT.replace(second=0)
    lines = said(Away(begin, MINUTE, live=begin))
    assert lines[0] == "🔔 <b>AAPL ▲ 201.00</b> · <b>while I caught up, 15:42 ET</b>"
    assert any(line.startswith("🕰 11 min ago: I was still looking up what I had missed before") for line in lines)


def test_an_order_that_is_unknown_is_said_to_be() -> None:
    lines = said(Away(AT.replace(second=0), MINUTE, is_unordered=True))
    assert "⚠️ Order within the minute unknown: by its prices it may have happened, or just not" in lines


def test_a_state_that_nobody_saw_come_about_says_since_when() -> None:
    away = Away(datetime(2026, 11, 20, 15, 31, tzinfo=UTC), 27 * MINUTE, is_observed=False)
    lines = said(away, AccountCause({"account cushion": 0.05}), "account cushion < 10%")
    assert lines[0].endswith("<b>found as I came back</b>")
    assert any(line.startswith("🕰 Not observable 10:31 ET to 10:58 ET; this is how it stands now") for line in lines)


@pytest.mark.parametrize("count", [1, 30])
def test_what_stayed_unknown_is_one_message_that_names_every_alert(count: int) -> None:
    alerts = [
        {"rule_id": n, "alert": "account cushion < 10%", "reason": "", "state": [["account cushion", 0.23]]}
        for n in range(1, count)
    ]
    alerts.append({"rule_id": count, "alert": "AAPL > 200", "reason": "IBKR 162: <no> permissions", "state": []})
    begin, end = datetime(2026, 11, 20, 15, 31, tzinfo=UTC), datetime(2026, 11, 20, 15, 58, tzinfo=UTC)
    payload = {"notice": Notice.UNOBSERVED.value, "at": end.isoformat(), "begin": begin.isoformat(),
               "end": end.isoformat(), "alerts": alerts}  # fmt: skip
    html = notice(payload, now=end, zone=EASTERN).html
    what = "1 alert" if count == 1 else "30 alerts"
    assert html.splitlines()[0] == f"🕳 <b>{what} not observable 10:31 ET to 10:58 ET</b> (27 min)"
    assert all(f"#{n}" in html for n in range(1, count + 1))
    assert len(html) < 4096
    if count == 1:
        assert "#1 <code>AAPL &gt; 200</code> · IBKR 162: &lt;no&gt; permissions" in html
    else:
        assert "#1 <code>account cushion &lt; 10%</code> · state now: account cushion 0.23" in html


def test_a_gap_over_midnight_names_both_days() -> None:
    begin, end = datetime(2026, 11, 19, 15, 31, tzinfo=UTC), NOW
    payload = {"notice": Notice.UNOBSERVED.value, "at": end.isoformat(), "begin": begin.isoformat(),
               "end": end.isoformat(), "alerts": [{"rule_id": 1, "alert": "x", "reason": "", "state": []}]}  # fmt: skip
    head = notice(payload, now=end, zone=EASTERN).html.splitlines()[0]
    assert "not observable Thu 19 Nov 10:31 ET to Fri 20 Nov 15:54 ET" in head
    away = Away(begin, end - begin, is_observed=False)
    lines = said(away, AccountCause({"account cushion": 0.05}), "account cushion < 10%")
    assert any("Not observable Thu 19 Nov 10:31 ET to Fri 20 Nov 15:54 ET" in line for line in lines)


def test_a_bar_of_an_hour_over_midnight_names_both_days() -> None:
    begin = datetime(2026, 11, 20, 4, 30, tzinfo=UTC)
    words = said(Away(begin, 60 * MINUTE))[0]
    assert "while I was away, between Thu 19 Nov 23:30 ET and Fri 20 Nov 00:30 ET" in words
