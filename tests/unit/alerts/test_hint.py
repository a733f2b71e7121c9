"""Comparisons as people say them, where the language has a sign: the line that was probably meant is offered."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from alerts.errors import AlertSyntaxError
from alerts.hint import meant
from alerts.language import looks_like_alert, parse

NOW = datetime(2026, 11, 18, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("AAPL greater then 200", "AAPL > 200"),
        ("AAPL is greater then 200", "AAPL > 200"),
        ("AAPL Bigger than 200", "AAPL > 200"),
        ("AAPL exceeds 200", "AAPL > 200"),
        ("AAPL less then 180", "AAPL < 180"),
        ("AAPL more or equal 200", "AAPL >= 200"),
        ("AAPL => 200", "AAPL >= 200"),
        ("AAPL =< 200", "AAPL <= 200"),
        ("AAPL = 200", "AAPL hits 200"),
        ("AAPL equals 200", "AAPL hits 200"),
        ("AAPL > 200 and MSFT lower then 400", "AAPL > 200 and MSFT < 400"),
    ],
)
def test_a_comparison_that_the_language_does_not_know_is_offered_as_one_that_it_does(line: str, offered: str) -> None:
    assert looks_like_alert(line)
    with pytest.raises(AlertSyntaxError) as refused:
        parse(line, NOW, ZoneInfo("UTC"))
    assert refused.value.examples[0] == offered


@pytest.mark.parametrize("line", ["I want more then 3 apples", "it is 5", "then 3", "ok = fine", "higher", "more"])
def test_talk_is_no_comparison(line: str) -> None:
    assert not looks_like_alert(line)


def test_nothing_is_meant_where_no_comparison_is_wanted() -> None:
    assert meant("AAPL greater then 200", 5, {"DURATION"}) == ("", 5)
    assert meant("AAPL greater then 200", 5, {"OP"}) == (">", 17)
    assert meant("AAPL croses 200", 5, {"OP", "_CROSSES"}) == ("crosses", 11)
    assert meant("AAPL 200", 5, {"OP"}) == ("", 5)


@pytest.mark.parametrize(
    ("line", "corrected"),
    [
        ("news AAPL guidance", 'news AAPL "guidance"'),
        ("news * fda approval silent", 'news * "fda approval" silent'),
        ("news AAPL guidance or outlook if moves 1% in 5m", 'news AAPL "guidance" or "outlook" if moves 1% in 5m'),
        ("news portfolio cuts and guidance from BRFG", 'news portfolio "cuts" and "guidance" from BRFG'),
    ],
)
def test_words_of_a_headline_without_quotes_are_put_into_quotes(line: str, corrected: str) -> None:
    with pytest.raises(AlertSyntaxError) as caught:
        parse(line, NOW, ZoneInfo("America/New_York"))
    assert caught.value.examples[0] == corrected
