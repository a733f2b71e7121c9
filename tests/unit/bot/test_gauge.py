"""The number that an alert speaks about: in its first line, in lists, in digests, with its unit."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from alerts.aftermath import Aftermath
from alerts.codec import firing_to_json
from alerts.rule import AccountCause, Firing, PriceCause, Rule, RuleState
from bot.views.alert_list import ListState, listing
from bot.views.alerts import AlertRow, card, created
from bot.views.gathered import entry_of
from bot.views.gauge import gauge
from bot.views.numbers import MINUS
from bot.views.outbox import render
from bot.views.past import history
from bot.views.template import own_words
from market.instrument import Instrument, SecType
from market.quote import TickField
from tests.fakes.chat import AAPL, EURUSD, MSFT, NEW_YORK
from tests.unit.bot.samples import NOW, fired, rule

CALL = Instrument(600, "SPY", SecType.OPTION, expiry="20261218", strike=600.0, right="C", multiplier="100")
BOTH = {"AAPL / MSFT": 0.46588, "AAPL": 232.1, "MSFT": 498.2}


def asked(line: str) -> Rule:
    known = {one.label: one for one in (AAPL, MSFT, EURUSD, CALL)}
    made = rule(line)
    return replace(made, instruments={symbol: one for symbol, one in known.items() if symbol in line})


@pytest.mark.parametrize(
    ("line", "values", "told"),
    [
        ("AAPL > 200", {"AAPL": 200.15}, "AAPL ▲ 200.15"),
        ("AAPL bid <= 199.5", {"AAPL bid": 199.48}, "AAPL bid ▼ 199.48"),
        ("EUR.USD mid > 1.10", {"EUR.USD mid": 1.10015}, "EUR.USD mid ▲ 1.10015"),
        ("not AAPL > 200", {"AAPL": 199.9}, "AAPL ▼ 199.90"),
        ("AAPL crosses 200", {"AAPL": 199.9}, "AAPL ▼ 199.90"),
        ("AAPL crosses above sma(50, 1d)", {"AAPL": 201.0, "AAPL sma(50, 1d)": 200.5}, "AAPL ▲ 201.00"),
        ("AAPL enters 190..200", {"AAPL": 195.0}, "AAPL 195.00"),
        ("AAPL / MSFT > 0.45", BOTH, "AAPL / MSFT ▲ 0.4659"),
        ("AAPL / MSFT enters 0.45..0.5", BOTH, "AAPL / MSFT 0.4659"),
        ("AAPL - 0.5 * MSFT < -10", {"AAPL - 0.5 * MSFT": -17.0}, "AAPL - 0.5 × MSFT ▼ -17.00"),  # noqa: RUF001
        ("AAPL rsi(14, 1h) < 30", {"AAPL rsi(14, 1h)": 28.41234}, "AAPL RSI(14, 1h) ▼ 28.41"),
        (
            "sma(20, 1d) of AAPL crosses below sma(50, 1d)",
            {"AAPL sma(20, 1d)": 198.2, "AAPL sma(50, 1d)": 198.3},
            "AAPL SMA(20, 1d) ▼ 198.20",
        ),
        ("AAPL volume > 10M", {"AAPL volume": 10_000_123.0}, "AAPL volume ▲ 10,000,123"),
        ("AAPL > high(52w)", {"AAPL": 260.2, "AAPL high(52w)": 260.1}, "AAPL ▲ 260.20"),
        (
            "SPY 20261218 C600 iv > 0.25",
            {"SPY 20261218 C600 iv": 0.2612},
            "SPY 20261218 C600 implied volatility ▲ 0.2612",
        ),
        ("SPY 20261218 C600 dte < 7", {"SPY 20261218 C600 dte": 6.0}, "SPY 20261218 C600 days to expiry ▼ 6"),
        ("position AAPL pnl% > 20", {"position AAPL pnl%": 21.25}, "P&L of your AAPL ▲ +21.25%"),
        ("position AAPL pnl < -500", {"position AAPL pnl": -523.4}, "P&L of your AAPL ▼ -$523.40"),
        ("position AAPL -5%", {"position AAPL day%": -5.2}, "Today's move of your AAPL ▼ -5.20%"),
        ("account cushion < 10%", {"account cushion": 8.5}, "The account's cushion ▼ 8.50%"),
        ("account dailypnl < -1000", {"account dailypnl": -1203.5}, "Today's P&L of the account ▼ -1,203.50"),
    ],
)
def test_the_number_is_the_one_that_the_rule_speaks_about(line: str, values: Mapping[str, float], told: str) -> None:
    assert str(gauge(asked(line), values)).replace(MINUS, "-") == told


@pytest.mark.parametrize(
    ("line", "values", "told", "after"),
    [
        ("AAPL +5%", {"AAPL": 210.2, "AAPL close": 200.0}, "AAPL ▲ 210.20", "+5.10% today"),
        ("AAPL ±4% from 187.20", {"AAPL": 194.72}, "AAPL ▲ 194.72", "+4.02% from 187.20"),
        ("AAPL gaps 3%", {"AAPL open": 206.5, "AAPL close": 200.0}, "AAPL ▲ 206.50", "+3.25% at the open"),
        (
            "AAPL moves 2% in 15m",
            {"AAPL": 195.9, "low": 195.8, "high": 200.0},
            "AAPL ▼ 195.90",
            "-2.05% within 15m",
        ),
        ("AAPL drops $3 in 5m", {"AAPL": 196.9, "low": 196.9, "high": 200.0}, "AAPL ▼ 196.90", "-$3.10 within 5m"),
        ("AAPL trails 5%", {"AAPL": 209.0, "high": 220.0}, "AAPL ▼ 209.00", "-5.00% from its high 220.00"),
        ("AAPL trails $5 up", {"AAPL": 205.5, "low": 200.0}, "AAPL ▲ 205.50", "+$5.50 from its low 200.00"),
    ],
)
def test_of_a_move_it_says_how_far_and_from_where(
    line: str, values: Mapping[str, float], told: str, after: str
) -> None:
    found = gauge(asked(line), values)
    assert found is not None
    assert (str(found), found.after.replace(MINUS, "-")) == (told, after)


def test_of_alternatives_it_is_the_one_that_is_true_and_of_several_together_the_one_whose_tick_it_was() -> None:
    values = {"AAPL": 190.0, "MSFT": 510.0}
    assert str(gauge(asked("AAPL > 200 or MSFT > 500"), values)) == "MSFT ▲ 510.00"
    assert str(gauge(asked("AAPL > 180 and MSFT > 500"), values, MSFT.con_id)) == "MSFT ▲ 510.00"
    assert str(gauge(asked("not AAPL > 200 and MSFT > 500"), values, AAPL.con_id)) == "MSFT ▲ 510.00"


def test_what_is_not_known_is_not_told() -> None:
    assert gauge(asked("AAPL / MSFT > 0.45"), {}) is None
    assert gauge(asked("news AAPL"), {}) is None


def lines(told: Firing) -> list[str]:
    return (
        render("firing", firing_to_json(told), now=NOW, zone=NEW_YORK, may_repeat=False)
        .html.replace(MINUS, "-")
        .splitlines()
    )


def ratio() -> Firing:
    cause = PriceCause(AAPL, TickField.LAST, 232.1, bid=232.0, ask=232.2, change_pct=1.5, values=BOTH)
    return fired("AAPL / MSFT > 0.45", cause, AAPL, MSFT)


def test_a_ratio_fires_with_its_own_value_and_the_prices_beneath() -> None:
    head, about, sides, beneath, *_ = lines(ratio())
    assert head == "🔔 <b>AAPL / MSFT ▲ 0.4659</b>"
    assert about == "AAPL / MSFT above 0.45 · alert #12"
    assert sides == "AAPL: Bid <code>232.00</code> · Ask <code>232.20</code>"
    assert beneath == "AAPL <code>232.10</code> · MSFT <code>498.20</code>"


def test_a_bid_that_a_trade_found_is_told_as_the_bid() -> None:
    cause = PriceCause(AAPL, TickField.LAST, 201.0, values={"AAPL bid": 199.4})
    assert lines(fired("AAPL bid <= 199.5", cause, AAPL))[0] == "🔔 <b>AAPL bid ▼ 199.40</b>"


def test_an_indicator_fires_with_its_value_and_the_price_beneath() -> None:
    cause = PriceCause(AAPL, TickField.LAST, 190.5, change_pct=-2.5, values={"AAPL rsi(14, 1h)": 28.4})
    head, _, beneath, *_ = lines(fired("AAPL rsi(14, 1h) < 30", cause, AAPL))
    assert head == "🔔 <b>AAPL RSI(14, 1h) ▼ 28.40</b>"
    assert beneath == "AAPL <code>190.50 -2.50% today</code>"


def test_any_position_is_told_by_its_name() -> None:
    cause = AccountCause({"position any day%": -5.25}, MSFT)
    told = fired("positions any -5%", cause, state=RuleState.ARMED)
    assert lines(told)[0] == "🔔 <b>Today's move of your MSFT ▼ -5.25%</b>"


def test_a_digest_tells_the_same_number() -> None:
    entry = entry_of(firing_to_json(ratio()))
    assert (entry.name, entry.gist, entry.about) == ("AAPL / MSFT", "AAPL / MSFT ▲ 0.4659", "above 0.45")
    assert entry.con_id == 0


def listed(row: AlertRow) -> str:
    message = listing([row], ListState(0, 1, 50, 1), now=NOW, zone=NEW_YORK)
    return message.html.replace(MINUS, "-").splitlines()[-1]


def test_a_list_shows_the_number_that_each_alert_waits_for() -> None:
    pair, study = asked("AAPL / MSFT > 0.5"), asked("AAPL rsi(14, 1h) < 30")
    row = AlertRow(pair, 232.1, 7.32, values=BOTH)
    assert listed(row) == "#12 <b>AAPL / MSFT above 0.5</b> · now 0.4659 · needs <b>+7.32%</b>"
    assert listed(AlertRow(study, 190.5, values={"AAPL rsi(14, 1h)": 41.2})).endswith(" · now 41.20")
    # What is not known is not stood in for by the price of something else.
    assert "now" not in listed(AlertRow(pair, 232.1))


def test_an_alerts_card_and_its_answer_show_the_number_and_whose_it_is() -> None:
    pair = asked("AAPL / MSFT > 0.5")
    shown = card(AlertRow(pair, 232.1, 7.32, values=BOTH), now=NOW, zone=NEW_YORK).html
    assert "AAPL / MSFT now <code>0.4659</code> · needs <b>+7.32%</b>" in shown
    told = created(pair, None, already_true=False, now=NOW, zone=NEW_YORK, values=BOTH).html
    assert "AAPL / MSFT now <code>0.4659</code>" in told


def test_a_history_tells_the_number_and_whose_price_it_is_later() -> None:
    past = Aftermath(ratio(), 234.42, None)
    line = history(ratio().rule, [past], 0, now=NOW, zone=NEW_YORK).html.splitlines()[-1]
    assert line.endswith("AAPL / MSFT <code>0.4659</code> · AAPL 1 h later 234.42 (+1.00%)")


def test_a_close_before_that_found_a_day_move_is_no_price_to_measure_later_ones_by() -> None:
    cause = PriceCause(AAPL, TickField.CLOSE, 200.0, values={"AAPL": 210.2, "AAPL close": 200.0})
    assert Aftermath(fired("AAPL +5%", cause, AAPL), 234.42, None).price is None


def test_a_volume_is_no_price_to_measure_later_ones_by() -> None:
    cause = PriceCause(AAPL, TickField.VOLUME, 10_000_123.0, values={"AAPL volume": 10_000_123.0})
    past = Aftermath(fired("AAPL volume > 10M", cause, AAPL), 234.42, None)
    line = history(past.firing.rule, [past], 0, now=NOW, zone=NEW_YORK).html.splitlines()[-1]
    assert line.endswith("AAPL volume <code>10,000,123</code> · AAPL 1 h later 234.42")


def test_own_words_tell_the_ratio_and_the_bid_and_not_another_price() -> None:
    assert own_words("{symbol} at {price}", ratio(), NEW_YORK).lines == ("🔔 <b>AAPL / MSFT at 0.4659</b>",)
    cause = PriceCause(AAPL, TickField.LAST, 201.0, values={"AAPL bid": 199.4})
    bid = fired("AAPL bid <= 199.5", cause, AAPL)
    assert own_words("{symbol} at {price}", bid, NEW_YORK).lines == ("🔔 <b>AAPL at 199.40</b>",)


def test_money_of_the_account_has_its_currency() -> None:
    cause = AccountCause({"account netliq": 98_000.0}, None, "EUR")
    assert lines(fired("account netliq < 100k", cause))[0] == "🔔 <b>The account's net liquidation ▼ €98,000.00</b>"
