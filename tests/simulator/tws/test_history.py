"""Historical bars on the wire: times, ends, refusals, and those kept up to date."""

from typing import Any

import pytest

from simulator.tws.clock import ManualClock
from simulator.tws.exchange import Exchange

APPLE = (265598, "AAPL", "STK", "", "0.0", "", "", "SMART", "", "USD", "", "")
EURO = (0, "EUR", "CASH", "", "0.0", "", "", "IDEALPRO", "", "USD", "", "")
SPX = (0, "SPX", "IND", "", "0.0", "", "", "CBOE", "", "USD", "", "")


def bars(
    req_id: Any,
    contract: Any = APPLE,
    end: Any = "",
    size: Any = "1 min",
    duration: Any = "3600 S",
    rth: Any = 1,
    what: str = "TRADES",
    form: Any = 1,
    keep: Any = 0,
) -> Any:
    return (20, req_id, *contract, 0, end, size, duration, rth, what, form, keep, "")


def errors(messages: Any) -> Any:
    return [int(one[3]) for one in messages if one[0] == "4"]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"size": "7 mins"}, 321),
        ({"duration": "2 weeks"}, 321),
        ({"duration": "90000 S"}, 321),
        ({"what": "NONSENSE"}, 321),
        ({"keep": 1, "end": "20240327 16:00:00 US/Eastern"}, 321),
        ({"end": "yesterday"}, 10314),
        ({"contract": EURO}, 162),
        ({"contract": SPX, "what": "BID"}, 162),
        ({"end": "20100101 00:00:00 UTC"}, 162),
        ({"size": "1 secs", "duration": "1 W"}, 162),
    ],
)
async def test_history_that_cannot_be_had_is_an_error(bare: Any, terms: Any, code: Any) -> None:
    assert errors(await bare.ask(*bars(9, **terms))) == [code]


async def test_the_end_of_history_may_be_given_with_and_without_a_zone(bare: Any) -> Any:
    def last(messages: Any) -> Any:
        return messages[0][-8]

    for end in ("20240328 12:00:00 US/Eastern", "20240328-16:00:00", "20240328 12:00:00", "20240328 16:00:00 UTC"):
        assert last(await bare.ask(*bars(9, end=end, size="5 mins"))) == "20240328 11:55:00 US/Eastern"


async def test_times_come_as_text_or_as_seconds_and_days_as_dates(bare: Any) -> None:
    (text,) = await bare.ask(*bars(1))
    assert text[5] == "20240328 13:00:00 US/Eastern"
    (seconds,) = await bare.ask(*bars(2, form=2))
    assert seconds[5] == "1711645200"
    for form in (1, 2):
        (days,) = await bare.ask(*bars(3, size="1 day", duration="5 D", form=form))
        assert days[5] == "20240324"
        assert int(days[4]) == 5
        assert len(days) == 5 + 5 * 8


async def test_bars_without_trades_have_no_volume(bare: Any) -> None:
    (answer,) = await bare.ask(*bars(1, EURO, what="MIDPOINT"))
    assert answer[10:13] == ["-1", "-1", "-1"]


async def test_bars_kept_up_to_date_end_with_the_cancel(bare: Any, exchange: Exchange, clock: ManualClock) -> None:
    await bare.ask(*bars(9, keep=1))
    exchange.push("AAPL", 199.0)
    ((number, _, _, when, opened, close, high, low, _, volume),) = await bare.answers()
    assert (number, when, opened, close, high, low) == (
        "90",
        "20240328 14:00:00 US/Eastern",
        "199.0",
        "199.0",
        "199.0",
        "199.0",
    )
    assert volume == "100"
    assert errors(await bare.ask(25, 1, 9)) == [162]
    exchange.push("AAPL", 198.0)
    await clock.advance(5)
    assert await bare.answers() == []
    assert errors(await bare.ask(25, 1, 9)) == [366]
