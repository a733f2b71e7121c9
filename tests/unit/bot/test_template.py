"""Own words for alerts: what is a template, what is not, and what an alert says by one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.codec import firing_to_json
from alerts.condition import OrderEvent
from alerts.default import Kind
from alerts.language import parse as parse_alert
from alerts.rule import (
    AccountCause,
    Cause,
    FeedCause,
    Firing,
    NewsCause,
    OrderCause,
    PriceCause,
    Rule,
    ScanCause,
    TimeCause,
)
from bot.views.message import Message
from bot.views.outbox import render
from bot.views.template import LONGEST, Flaw, Slot, TemplateFault, check, filled, parse, possible
from market.instrument import Instrument
from market.news import Headline
from market.quote import DataKind, Quote, TickField
from market.scan import ScanRow, ScanSpec
from tests.fakes.chat import AAPL, EVIL, NEW_YORK, TRADER, VIEWER, Chat
from tests.fakes.clock import FakeClock
from tests.fakes.reply import check_message

NOW = FakeClock().now()
PRICE = PriceCause(AAPL, TickField.LAST, 200.15, bid=200.1, ask=200.2, change_pct=1.82)


def fired(cause: Cause = PRICE, line: str = "AAPL > 200", instrument: Instrument = AAPL) -> Firing:
    draft = parse_alert(line, NOW, NEW_YORK)
    symbols = {instrument.symbol: instrument}
    rule = Rule(3, TRADER, TRADER, line, draft, symbols, NOW, NOW).fired(NOW, spent=False, memory={})
    return Firing("3:1:x", rule, NOW, cause)


def told(firing: Firing, template: str | None, *, after_s: float = 1, **more: object) -> Message:
    now = NOW + timedelta(seconds=after_s)
    shown = render(
        "firing",
        firing_to_json(firing),
        now=now,
        zone=NEW_YORK,
        wording=lambda _rule: template,
        **more,  # type: ignore[arg-type]
    )
    check_message(shown)
    return shown


@pytest.mark.parametrize(
    ("said", "flaw", "position"),
    [
        ("", Flaw.EMPTY, 0),
        (" \n ", Flaw.EMPTY, 0),
        ("x" * (LONGEST + 1), Flaw.LONG, LONGEST),
        ("a\nb\nc\nd\ne\nf", Flaw.LONG, 11),
        ("at {price", Flaw.UNCLOSED, 3),
        ("{", Flaw.UNCLOSED, 0),
        ("{{price}}", Flaw.UNCLOSED, 0),
        ("{pri{ce}", Flaw.UNCLOSED, 0),
        ("}", Flaw.UNOPENED, 0),
        ("price} now", Flaw.UNOPENED, 5),
        ("{price}}", Flaw.UNOPENED, 7),
        ("{}", Flaw.UNKNOWN, 0),
        ("hit {prise}", Flaw.UNKNOWN, 4),
        ("{Price}", Flaw.UNKNOWN, 0),
        ("{ price }", Flaw.UNKNOWN, 0),
        ("{change}", Flaw.UNKNOWN, 0),
        ("{0}", Flaw.UNKNOWN, 0),
        ("{symbol.__class__}", Flaw.PART, 0),
        ("{symbol[0]}", Flaw.PART, 0),
        ("{price.real}", Flaw.PART, 0),
        ("{note()}", Flaw.PART, 0),
        ("{price:>99999999}", Flaw.FORMAT, 0),
        ("{price!r}", Flaw.FORMAT, 0),
        ("{price:.2f}", Flaw.FORMAT, 0),
        ("{price:{price}}", Flaw.UNCLOSED, 0),
        ("{note}" * 7, Flaw.MANY, 36),
    ],
)
def test_what_is_no_template_is_refused_with_where(said: str, flaw: Flaw, position: int) -> None:
    with pytest.raises(TemplateFault) as refusal:
        parse(said)
    assert (refusal.value.flaw, refusal.value.position) == (flaw, position)


def test_a_template_is_text_and_placeholders_in_order() -> None:
    assert parse("{symbol} hit {price} ({change%})") == (
        Slot.SYMBOL,
        " hit ",
        Slot.PRICE,
        " (",
        Slot.CHANGE,
        ")",
    )


@given(st.text(max_size=40))
def test_any_text_is_either_a_template_that_keeps_every_character_or_refused(said: str) -> None:
    try:
        parts = parse(said)
    except TemplateFault as fault:
        is_within = 0 <= fault.position <= len(said)
    else:
        is_within = True
        assert "".join("{" + part + "}" if isinstance(part, Slot) else part for part in parts) == said
    assert is_within


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (Kind.LEVEL, set()),
        (Kind.VELOCITY, set()),
        (Kind.INDICATOR, set()),
        (Kind.POSITION, {Slot.PRICE, Slot.CHANGE}),
        (Kind.NEWS, {Slot.PRICE, Slot.CHANGE}),
        (Kind.ORDERS, {Slot.PRICE, Slot.CHANGE}),
        (Kind.FEED, {Slot.PRICE, Slot.CHANGE}),
        (Kind.ACCOUNT, {Slot.SYMBOL, Slot.PRICE, Slot.CHANGE}),
        (Kind.SCANNER, {Slot.SYMBOL, Slot.PRICE, Slot.CHANGE}),
        (Kind.TIME, {Slot.SYMBOL, Slot.PRICE, Slot.CHANGE}),
    ],
)
def test_a_kind_refuses_what_it_has_no_value_for(kind: Kind, missing: set[Slot]) -> None:
    assert set(Slot) - set(possible(kind)) == missing
    for slot in Slot:
        if slot in missing:
            with pytest.raises(TemplateFault) as refusal:
                check(f"see {{{slot}}}", kind)
            assert (refusal.value.flaw, refusal.value.position, refusal.value.found) == (Flaw.ABSENT, 4, slot)
        else:
            assert check(f"see {{{slot}}}", kind)


def test_a_value_is_never_read_as_a_template() -> None:
    assert filled(parse("{note}!"), {Slot.NOTE: "{price}"}) == "{price}!"


def test_a_price_is_told_in_its_owners_words_with_number_time_and_buttons_as_ever() -> None:
    standard, own = told(fired(), None), told(fired(), "{symbol} hit {price} ({change%}), {condition}, {time}")
    assert own.html.startswith("🔔 <b>AAPL hit 200.15 (+1.82%), AAPL above 200.00, 10:00 ET</b>\n"), own.html
    assert "· alert #3" in own.html
    assert "Bid" not in own.html
    assert own.buttons == standard.buttons


def test_the_marks_are_added_to_any_wording() -> None:
    firing = fired(replace(PRICE, kind=DataKind.DELAYED), "AAPL > 200 critical")
    quote = Quote(AAPL, last=201.0, received=NOW)
    html = told(firing, "wake up", after_s=720, may_repeat=True, quote=quote).html
    first = html.splitlines()[0]
    assert first.startswith("🔔 <b>wake up</b>")
    assert "CRITICAL" in first
    assert "delayed" in first
    for mark in ("<b>Late</b>", "told 12 min after", "now <code>201.00</code>", "↻", "received · delayed · alert #3"):
        assert mark in html, mark


def test_the_note_is_told_once_wherever_it_stands() -> None:
    firing = fired(line='AAPL > 200 note "check the 10-Q"')
    assert told(firing, "{symbol}: {note}").html.count("check the 10-Q") == 1
    assert told(firing, "{symbol}").html.count("📝 check the 10-Q") == 1


def test_neither_the_wording_nor_what_is_filled_in_is_markup() -> None:
    evil = fired(replace(PRICE, instrument=EVIL))
    html = told(evil, "<a href='tg://x'>{symbol}</a> & {price}").html
    assert "&lt;a href='tg://x'&gt;&lt;b&gt;&amp;EVIL&lt;/a&gt; &amp; 200.15" in html


@pytest.mark.parametrize("template", ["{note}", "{symbol} {", "{nonsense}"])
def test_what_cannot_be_filled_in_falls_back_to_the_standard_words(template: str) -> None:
    assert told(fired(), template) == told(fired(), None)


def test_a_placeholder_without_a_value_falls_back_to_the_standard_words() -> None:
    on_account = fired(AccountCause({"account cushion": 9.0}), "account cushion < 10%")
    assert told(on_account, "{symbol} at {price}") == told(on_account, None)


@pytest.mark.parametrize(
    ("cause", "line", "kept"),
    [
        (NewsCause(Headline("BRFG", "BRFG$1", "Apple raises guidance", NOW), AAPL), 'news AAPL "guidance"', "guidance"),
        (ScanCause(ScanSpec("TOP_PERC_GAIN"), (ScanRow(1, AAPL),)), "scan TOP_PERC_GAIN top 10", "1 new: <b>AAPL</b>"),
        (OrderCause(OrderEvent.FILLED, "BUY 10 AAPL", AAPL, 199.5), "orders filled", "BUY 10 AAPL"),
        (TimeCause(NOW, "check MOC"), 'at 15:45 ET weekdays "check MOC"', "check MOC"),
        (FeedCause(AAPL, NOW), "AAPL stale 5m", "nothing received"),
        (AccountCause({"account cushion": 9.0}), "account cushion < 10%", "cushion ▼ 9.00%"),
    ],
)
def test_what_no_placeholder_holds_stays_below_the_wording(cause: Cause, line: str, kept: str) -> None:
    html = told(fired(cause, line), "look: {condition}").html
    assert html.startswith("🔔 <b>look: ")
    assert kept in html
    assert "alert #3" in html


@pytest.fixture
async def chat() -> Chat:
    chat = Chat()
    chat.floor.last = 196.42
    await chat.say("AAPL > 200")
    chat.quote(AAPL, 196.42)
    return chat


async def test_a_wording_is_set_for_one_alert_with_a_preview(chat: Chat) -> None:
    answer = await chat.say("/template 1 {symbol} hit {price}")
    assert answer.startswith("✅ Wording set for alert #1.")
    assert "🔔 AAPL hit 196.42" in answer
    assert chat.templates.kept == {(TRADER, "rule:1"): "{symbol} hit {price}"}


@pytest.mark.parametrize("kind", ["level", "Level", "day move"])
async def test_a_wording_is_set_for_a_kind(chat: Chat, kind: str) -> None:
    assert "🔔 AAPL at 200.15" in await chat.say(f"/template {kind} {{symbol}} at {{price}}")
    assert chat.templates.kept == {(TRADER, f"kind:{kind.lower()}"): "{symbol} at {price}"}


async def test_a_refusal_says_why_and_where_and_changes_nothing(chat: Chat) -> None:
    answer = await chat.say("/template 1 {symbol} hit {prise}")
    assert "there is no placeholder {prise}, perhaps {price}." in answer
    assert "{symbol} hit {prise}\n             ^" in answer
    assert "Nothing was changed" in answer
    answer = await chat.say("/template account {symbol}")
    assert "have no {symbol} when they fire" in answer
    assert chat.templates.kept == {}


async def test_someone_elses_alert_takes_no_wording(chat: Chat) -> None:
    assert "not there any more" in await chat.say("/template 1 hello", VIEWER)
    assert chat.templates.kept == {}


async def test_a_wording_is_taken_back_by_word_and_by_button(chat: Chat) -> None:
    await chat.say("/template level {symbol}!")
    await chat.say("/template 1 {symbol}?")
    assert "standard words again" in await chat.say("/template 1 reset")
    assert "as set for level alerts: {symbol}!" in await chat.say("/template 1")
    await chat.tap("Standard: level alerts")
    assert chat.templates.kept == {}
    assert "had no wording" in await chat.say("/template level reset")


async def test_the_overview_lists_what_is_set(chat: Chat) -> None:
    assert "standard words" in await chat.say("/template")
    await chat.say("/template level {symbol}!")
    assert "level alerts: {symbol}!" in await chat.say("/template")


async def test_neither_number_nor_kind_is_told_so(chat: Chat) -> None:
    assert "neither an alert's number nor a kind" in await chat.say("/template hello {price}")


async def test_the_wording_is_typed_after_a_button_and_may_be_answered_again(chat: Chat) -> None:
    anchor = chat.reply.last_id
    await chat.tap("Edit")
    await chat.tap("Wording")
    await chat.tap("Type it")
    question = chat.reply.last_id
    assert "there is no placeholder" in await chat.say("{cost}", reply_to=question)
    await chat.say("{symbol} is at {price}", reply_to=question)
    assert chat.templates.kept == {(TRADER, "rule:1"): "{symbol} is at {price}"}
    assert "AAPL is at 196.42" in chat.reply.shown[anchor].html
    assert question in chat.reply.deleted
