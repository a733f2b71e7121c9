"""Companies by names of several words."""

import pytest

from alerts.company import STAND_IN, company_of


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ("when berkshire hathaway reaches 400", "berkshire hathaway", f"when {STAND_IN} reaches 400"),
        (
            "tell me when Bank of America drops below 30 every",
            "Bank of America",
            f"tell me when {STAND_IN} drops below 30 every",
        ),
        ("coca cola > 60 until friday", "coca cola", f"{STAND_IN} > 60 until friday"),
        ("procter & gamble +5%", "procter & gamble", f"{STAND_IN} +5%"),
        ("lowe's companies rsi(14, 1h) < 30", "lowe's companies", f"{STAND_IN} rsi(14, 1h) < 30"),
    ],
)
def test_a_name_of_several_words_stands_where_a_symbol_does(text: str, name: str, line: str) -> None:
    found = company_of(text)
    assert found is not None
    assert (found.name, found.line) == (name, line)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "good morning",
        "what does apple cost",
        "AAPL croses 200",
        "not good > 5",
        "news apple inc > 5",
        "please buy 10 AAPL",
        "one two three four five six seven > 5",
        "5 6 > 7",
    ],
)
def test_what_is_no_line_with_any_name_names_no_company(text: str) -> None:
    assert company_of(text) is None
