from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from alerts import language
from alerts.condition import (
    Both,
    Comparison,
    Crossing,
    Direction,
    Draft,
    Either,
    NewsMatch,
    Op,
    Options,
    Repeat,
    ScanChange,
    ScanEntry,
)
from alerts.errors import AlertSyntaxError
from alerts.language import looks_like_alert
from alerts.operand import (
    Indicator,
    Number,
    Price,
    PriceField,
)
from market.quote import BarSize
from market.scan import ScanSpec
from tests.unit.alerts.drafts import WORD_TICKERS

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
ABOVE_200 = Comparison(Price("AAPL"), Op.GT, Number(200.0))


def parse(text: str) -> Draft:
    return language.parse(text, NOW, NEW_YORK)


def condition(text: str) -> object:
    return parse(text).condition


def refusal(text: str) -> AlertSyntaxError:
    with pytest.raises(AlertSyntaxError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "AAPL > 200",
        "aapl>200",
        "AAPL above 200",
        "AAPL over $200",
        "  AAPL is above 200.00 ",
        "tell me when AAPL rises above 200",
        "Alert me if AAPL goes over 200",
        "when AAPL > 200",
        "(AAPL > 200)",
        "$AAPL > 200",
    ],
)
def test_a_level_can_be_said_in_many_ways(text: str) -> None:
    assert condition(text) == ABOVE_200


def test_levels_have_fields_and_four_signs() -> None:
    assert condition("AAPL bid <= 199.5") == Comparison(Price("AAPL", PriceField.BID), Op.LE, Number(199.5))
    assert condition("EUR.USD mid > 1.10") == Comparison(Price("EUR.USD", PriceField.MID), Op.GT, Number(1.1))
    assert condition("tell me when AAPL drops below 180") == Comparison(Price("AAPL"), Op.LT, Number(180.0))
    assert condition("AAPL ≥ 180") == Comparison(Price("AAPL"), Op.GE, Number(180.0))
    assert condition("AAPL falls to 180") == Comparison(Price("AAPL"), Op.LE, Number(180.0))
    assert condition("AAPL rises to 180") == Comparison(Price("AAPL"), Op.GE, Number(180.0))


def test_reaching_a_level_is_crossing_it_from_either_side() -> None:
    crossing = Crossing(Price("AAPL"), Direction.EITHER, Number(200.0))
    for text in ("AAPL crosses 200", "AAPL hits 200", "when AAPL reaches 200"):
        assert condition(text) == crossing
    assert condition("when apple reaches 200") == Crossing(Price("APPLE"), Direction.EITHER, Number(200.0))


def test_studies_are_taken_of_the_symbol_spoken_of() -> None:
    short, long = Indicator("AAPL", "sma", 20, BarSize.DAY_1), Indicator("AAPL", "sma", 50, BarSize.DAY_1)
    assert condition("AAPL crosses above sma(50, 1d)") == Crossing(Price("AAPL"), Direction.ABOVE, long)
    assert condition("sma(20,1d) of AAPL crosses below sma(50,1d)") == Crossing(short, Direction.BELOW, long)
    assert condition("AAPL rsi(14, 1h) < 30") == Comparison(
        Indicator("AAPL", "rsi", 14, BarSize.HOUR_1), Op.LT, Number(30.0)
    )
    assert condition("MSFT > 5 and AAPL > 200 and rsi(14,1h) < 70") == Both(
        (
            Comparison(Price("MSFT"), Op.GT, Number(5.0)),
            ABOVE_200,
            Comparison(Indicator("AAPL", "rsi", 14, BarSize.HOUR_1), Op.LT, Number(70.0)),
        )
    )


def test_and_binds_stronger_than_or() -> None:
    low, other = Comparison(Price("AAPL"), Op.LT, Number(1.0)), Comparison(Price("MSFT"), Op.GT, Number(3.0))
    assert condition("AAPL < 1 or AAPL > 200 and MSFT > 3") == Either((low, Both((ABOVE_200, other))))
    assert condition("(AAPL < 1 or AAPL > 200) and MSFT > 3") == Both((Either((low, ABOVE_200)), other))


def test_news_take_phrases_in_any_quotes() -> None:
    assert condition('news AAPL "guidance" or "outlook"') == NewsMatch("AAPL", ("guidance", "outlook"))
    assert condition("news * “FDA approval”") == NewsMatch("*", ("FDA approval",))
    assert condition("news * „FDA approval“") == NewsMatch("*", ("FDA approval",))
    assert condition("news aapl") == NewsMatch("AAPL")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("news AAPL from djnl", NewsMatch("AAPL", providers=("DJNL",))),
        ('news * "FDA" from DJNL, BRFG and DJ-RTA', NewsMatch("*", ("FDA",), providers=("DJNL", "BRFG", "DJ-RTA"))),
        ("news portfolio in english", NewsMatch("portfolio", languages=("en",))),
        ("news watchlist in en or zh-CN from FLY", NewsMatch("watchlist", providers=("FLY",), languages=("en", "zh"))),
        ("news bulletins", NewsMatch("bulletins")),
        ('news bulletins "halt" or "down"', NewsMatch("bulletins", ("halt", "down"))),
        ("news BULLETINS", NewsMatch("BULLETINS")),
        ("news IN in en", NewsMatch("IN", languages=("en",))),
    ],
)
def test_news_may_be_of_some_providers_and_languages_only(text: str, match: NewsMatch) -> None:
    assert condition(text) == match


def test_scans_take_bounds_in_any_order() -> None:
    assert condition("scan TOP_PERC_GAIN") == ScanEntry(ScanSpec("TOP_PERC_GAIN"))
    spec = ScanSpec("TOP_PERC_GAIN", rows=10, above_price=5.0, above_volume=1_000_000)
    for text in ("price > 5 volume > 1M top 10", "top 10 volume > 1,000,000 price above $5"):
        assert condition(f"scan top_perc_gain {text}") == ScanEntry(spec)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("on stk.nasdaq", ScanSpec("GAIN", location="STK.NASDAQ")),
        ("on STK.EU.IBIS", ScanSpec("GAIN", "STOCK.EU", "STK.EU.IBIS")),
        ("on stk.aeb,stk.sbf top 50", ScanSpec("GAIN", "STK", "STK.AEB,STK.SBF")),
        ("on FUT.GLOBEX", ScanSpec("GAIN", "FUT.US", "FUT.GLOBEX")),
        ("on ETF.EQ.US.MAJOR", ScanSpec("GAIN", "ETF.EQ.US", "ETF.EQ.US.MAJOR")),
        ("price greater than 5", ScanSpec("GAIN", above_price=5.0)),
        ("where priceAbove = 5 where volumeAbove = 500k", ScanSpec("GAIN", above_price=5.0, above_volume=500_000)),
        ("marketcap > 1B", ScanSpec("GAIN", filters=(("marketCapAbove1e6", "1000"),))),
        ("where marketcapabove1e6 = 1000", ScanSpec("GAIN", filters=(("marketCapAbove1e6", "1000"),))),
        ("market cap < $0.5B", None),
        ("market cap below 500m", ScanSpec("GAIN", filters=(("marketCapBelow1e6", "500"),))),
        ("change > -3%", ScanSpec("GAIN", filters=(("changePercAbove", "-3"),))),
        ("average volume > 500k", ScanSpec("GAIN", filters=(("avgVolumeAbove", "500000"),))),
        ("where stkTypes = inc:ADR", ScanSpec("GAIN", filters=(("stkTypes", "inc:ADR"),))),
        ("where b = 2 where a = 1,000", ScanSpec("GAIN", filters=(("a", "1000"), ("b", "2")))),
    ],
)
def test_scans_have_a_place_and_any_of_ibkrs_filters(text: str, spec: ScanSpec | None) -> None:
    if spec is None:
        assert "amount" in refusal(f"scan GAIN {text}").expected
        return
    assert condition(f"scan GAIN {text}") == ScanEntry(spec)


def test_of_a_scan_only_some_changes_may_be_asked_for() -> None:
    assert condition("scan GAIN only new") == ScanEntry(ScanSpec("GAIN"), (ScanChange.NEW,))
    two = (ScanChange.NEW, ScanChange.JUMPED)
    assert condition("scan GAIN top 10 only jumps 3 and new") == ScanEntry(ScanSpec("GAIN", rows=10), two, 3)
    assert parse("scan GAIN only dropped once").options == Options(Repeat.ONCE)


def test_options_stand_in_any_order() -> None:
    options = Options(Repeat.EVERY, cooldown=parse("A > 1 cooldown 30m").options.cooldown, note="say “hi”", silent=True)
    assert parse('AAPL > 200 every cooldown 30m silent note "say \\“hi\\”"').options == options
    assert parse('AAPL > 200 silent note "say \\“hi\\”" cooldown 1800s every').options == options
    assert parse("news AAPL critical").options == Options(critical=True)
    assert parse("scan HOT_BY_VOLUME top 5 once").options == Options(Repeat.ONCE)


@pytest.mark.parametrize("word", WORD_TICKERS)
def test_tickers_that_are_words_work_in_every_slot(word: str) -> None:
    above = Comparison(Price(word), Op.GT, Number(5.0))
    assert condition(f"{word} > 5") == above
    assert condition(f"when {word} above 5") == above
    assert condition(f"AAPL > 200 and {word} > 5 or {word} > 5") == Either((Both((ABOVE_200, above)), above))
    assert condition(f"${word} bid < 3 once") == Comparison(Price(word, PriceField.BID), Op.LT, Number(3.0))
    assert condition(f"{word} crosses 5") == Crossing(Price(word), Direction.EITHER, Number(5.0))
    assert condition(f"rsi(14, 1h) of {word} < 30") == condition(f"${word} rsi(14, 1h) < 30")
    assert condition(f'news {word} "x"') == NewsMatch(word, ("x",))
    assert condition(f"news ${word}") == NewsMatch(word)


def test_when_before_a_field_word_speaks_of_the_ticker_of_that_name() -> None:
    assert condition("when BID > 5") == Comparison(Price("BID"), Op.GT, Number(5.0))
    assert condition("BID bid > 5") == Comparison(Price("BID", PriceField.BID), Op.GT, Number(5.0))


@pytest.mark.parametrize(
    ("typed", "value"),
    [("200", 200.0), ("$5", 5.0), ("1,234.5", 1234.5), ("1,234,567", 1234567.0), (".5", 0.5), ("-3.2", -3.2)],
)
def test_prices_are_read_as_written(typed: str, value: float) -> None:
    assert condition(f"AAPL > {typed}") == Comparison(Price("AAPL"), Op.GT, Number(value))


def test_a_comma_that_reads_two_ways_is_refused_with_both_readings() -> None:
    assert refusal("AAPL > 199,5 once").examples == ("AAPL > 199.5 once", "AAPL > 1995 once")
    assert refusal("AAPL > 199,500").examples == ("AAPL > 199.500", "AAPL > 199500")
    assert refusal("scan TOP_PERC_GAIN volume > 1,5M").examples == (
        "scan TOP_PERC_GAIN volume > 1.5m",
        "scan TOP_PERC_GAIN volume > 15m",
    )
    assert refusal("AAPL > 199,5").position == 7


@pytest.mark.parametrize(
    "number", ["200k", "5%", "1e5", "1.2.3", "1,23,456", "12,34.5", "9999999999999", "200!", "$", "1_000"]
)
def test_what_is_no_price_is_refused_where_it_stands(number: str) -> None:
    assert refusal(f"AAPL > {number}").position == 7


def test_misspelt_words_get_a_suggestion_that_works() -> None:
    error = refusal("AAPL croses 200")
    assert (error.position, error.suggestion, error.examples[0]) == (5, "crosses", "AAPL crosses 200")
    error = refusal("AAPL > 200 evry")
    assert (error.position, error.suggestion, error.examples[0]) == (11, "every", "AAPL > 200 every")


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 0, "a symbol"),
        ("AAPL", 4, ">, <"),
        ("AAPL >", 6, "a number"),
        ("AAPL > LOW", 7, "low(20d), or $LOW for the symbol"),
        ("rsi(14, 1h) < 30", 0, "a symbol before the indicator"),
        ("AAPL > 5 and", 12, "a symbol"),
        ("AAPL rsi(14) < 30", 9, "a bar size after it"),
        ("AAPL rsi(1, 1h) < 30", 9, "from 2 to 500"),
        ("AAPL rsi(14, 2h) < 30", 13, "1m, 5m, 15m, 1h, 1d"),
        ("news AAPL guidance", 10, "words in quotes"),
        ('news AAPL "!!"', 10, "a word or phrase"),
        ("news AAPL “open", 10, "words in quotes"),
        ("scan TOP_PERC_GAIN top 51", 23, "from 1 to 50"),
        ("scan TOP_PERC_GAIN volume < 5", 26, "lower bound only"),
        ("scan TOP price > 5 price > 6", 25, "only once"),
        ("news AAPL in elvish", 13, "a language, like en or german"),
        ("news AAPL from DJNL from FLY", 25, "only once"),
        ("news bulletins from DJNL", 20, "from IBKR alone"),
        ("news * if moves 1% in 5m", 10, "a symbol, portfolio or watchlist"),
        ("scan TOP change > 5 where changePercAbove = 6", 26, "only once"),
        ("scan TOP only new, new", 19, "only once"),
        ("scan TOP only new 3", 18, "only `jumps` takes a number"),
        ("scan TOP on", 11, "a scan's location"),
        ("scan TOP where priceAbove", 25, "= and a value"),
        ("AAPL > 200 once every", 16, "either `once` or `every`"),
        ("AAPL > 200 once cooldown 5m", 16, "cooldown"),
        ("AAPL > 200 silent silent", 18, "only once"),
        ("AAPL > 200 silent critical", 18, "either `silent`"),
        ("AAPL > 200 cooldown 0m", 20, "1s to 366d"),
        ("AAPL > 200 cooldown 99999999999w", 20, "1s to 366d"),
        ("AAPL > 200 cooldown 5x", 20, "time span"),
        ("(" * 13 + "AAPL > 5" + ")" * 13, 12, "parentheses"),
        ("AAPL > " + "5" * 600, 500, "500 characters"),
    ],
)
def test_a_bad_line_says_where_and_what_was_expected(text: str, position: int, expected: str) -> None:
    error = refusal(text)
    assert error.position == position
    assert expected in error.expected
    assert len(error.examples) == 2
    for line in error.examples:
        parse(line)


@pytest.mark.parametrize(
    "text",
    [
        "AAPL > 200",
        "aapl croses 200",
        "tell me when it drops",
        "news AAPL",
        "scan",
        "when apple reaches 200",
        "AAPL +5%",
        "AAPL moves 2% in 15m",
        "SPY 20261218 C600 > 4",
        "AAPL rsi(14",
    ],
)
def test_text_for_the_language_is_noticed(text: str) -> None:
    assert looks_like_alert(text)


@pytest.mark.parametrize(
    "text", ["ok", "all", "AAPL", "$LOW", "it", "hello world", "thanks, 5 is fine", "buy 10 AAPL", ""]
)
def test_small_talk_is_not_an_alert(text: str) -> None:
    assert not looks_like_alert(text)


def test_a_line_that_would_be_too_long_in_full_is_refused_so_that_what_is_kept_can_be_read_again() -> None:
    line = " or ".join(f"account netliq > {n}b" for n in range(1, 18))
    assert len(line) < language.LONGEST_LINE
    with pytest.raises(AlertSyntaxError, match="a shorter line"):
        parse(line)
    kept = parse(" or ".join(f"account netliq > {n}b" for n in range(1, 12)))
    assert parse(language.format_draft(kept)) == kept


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("AAPL gaps $3", "a percentage, like 3%"),
        ("AAPL trails 100%", "a fall of less than 100%"),
        ("AAPL -150%", "a fall of less than 100%"),
        ("AAPL drops 100% today", "a fall of less than 100%"),
        ("AAPL gaps down 100%", "a fall of less than 100%"),
        ("AAPL drops 120% in 5m", "a fall of less than 100%"),
        ("AAPL rsi(14, 1h) < 300", "a number from 0 to 100"),
        ("AAPL stoch(14, 3, 3, 1h) crosses -1", "a number from 0 to 100"),
        ("AAPL / 0 > 1", "a number other than 0"),
    ],
)
def test_what_is_always_or_never_true_is_refused(line: str, expected: str) -> None:
    with pytest.raises(AlertSyntaxError) as refused:
        parse(line)
    assert refused.value.expected == expected
    assert all(parse(example) for example in refused.value.examples)


def test_what_only_looks_impossible_is_taken() -> None:
    for line in ("AAPL +150%", "AAPL trails 100% up", "AAPL rsi(14, 1h) * 2 < 150", "AAPL rsi(14, 1h) >= 100"):
        assert parse(language.format_draft(parse(line))) == parse(line)


@pytest.mark.parametrize(
    ("line", "readings"),
    [
        ("AAPL enters 1,900..2,000", ("AAPL enters 1.900..2.000", "AAPL enters 1900..2000")),
        ("AAPL enters 1,900..2000", ("AAPL enters 1.900..2000", "AAPL enters 1900..2000")),
        ("AAPL enters 1900,5..2000", ()),
    ],
)
def test_a_range_whose_commas_read_two_ways_is_asked_back(line: str, readings: tuple[str, ...]) -> None:
    with pytest.raises(AlertSyntaxError) as refused:
        parse(line)
    assert refused.value.readings == readings
    assert all(parse(example) for example in refused.value.examples)


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("AAPL greater than 200", "AAPL > 200"),
        ("AAPL is more than 200", "AAPL > 200"),
        ("AAPL rsi(14, 1h) is lower than 30", "AAPL rsi(14, 1h) < 30"),
        ("tell me when AAPL is less than 180", "AAPL < 180"),
    ],
)
def test_greater_and_less_than_are_everyday_words(line: str, same: str) -> None:
    assert parse(line) == parse(same)
    assert looks_like_alert(line)


@pytest.mark.parametrize("said", ["we are down $5", "we are up 5%", "I am down 5%", "it is greater"])
def test_talk_is_no_broken_alert(said: str) -> None:
    assert not looks_like_alert(said)
