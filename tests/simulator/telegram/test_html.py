"""HTML becomes text and entities the way TDLib does it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.telegram.entities import read_formatted
from simulator.telegram.errors import ApiError
from simulator.telegram.html import parse_html, utf16_length


def refusal(source: str) -> str:
    with pytest.raises(ApiError) as caught:
        parse_html(source)
    return caught.value.description.removeprefix("Bad Request: can't parse entities: ")


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("b", "bold"),
        ("strong", "bold"),
        ("i", "italic"),
        ("em", "italic"),
        ("u", "underline"),
        ("ins", "underline"),
        ("s", "strikethrough"),
        ("strike", "strikethrough"),
        ("del", "strikethrough"),
        ("code", "code"),
        ("pre", "pre"),
        ("tg-spoiler", "spoiler"),
        ("blockquote", "blockquote"),
    ],
)
def test_every_plain_tag_makes_its_entity(tag: str, kind: str) -> None:
    assert parse_html(f"x <{tag}>yz</{tag}>") == ("x yz", [{"type": kind, "offset": 2, "length": 2}])


def test_offsets_count_utf16_units() -> None:
    text, entities = parse_html("📈📉 <b>AAPL 🔔</b> <i>é</i>")
    assert text == "📈📉 AAPL 🔔 é"
    assert entities == [
        {"type": "bold", "offset": 5, "length": 7},
        {"type": "italic", "offset": 13, "length": 1},
    ]


def test_attributes_make_links_languages_spoilers_and_folded_quotes() -> None:
    source = (
        '<a href="https://example.org/?a=1&amp;b=2">link</a><pre><code class="language-python">x</code></pre>'
        '<span class="tg-spoiler">s</span><blockquote expandable>long</blockquote>'
        '<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>'
    )
    _, entities = parse_html(source)
    assert entities == [
        {"type": "text_link", "url": "https://example.org/?a=1&b=2", "offset": 0, "length": 4},
        {"type": "pre", "language": "python", "offset": 4, "length": 1},
        {"type": "spoiler", "offset": 5, "length": 1},
        {"type": "expandable_blockquote", "offset": 6, "length": 4},
        {"type": "custom_emoji", "custom_emoji_id": "5368324170671202286", "offset": 10, "length": 2},
    ]


def test_a_moment_keeps_its_format_and_its_fallback() -> None:
    text, entities = parse_html('at <tg-time unix="1795348288" format="wDt">Sun 06:51 ET</tg-time>')
    assert text == "at Sun 06:51 ET"
    assert entities == [
        {"type": "date_time", "unix_time": 1795348288, "date_time_format": "wDt", "offset": 3, "length": 12}
    ]
    assert refusal('<tg-time unix="soon">x</tg-time>') == "Invalid Unix time specified"
    assert refusal('<tg-time unix="1" format="xyz">x</tg-time>') == "Invalid date-time format specified"


def test_references_are_read_and_unknown_ones_left_alone() -> None:
    assert parse_html("&lt;b&gt; &amp; &quot;x&quot; &#128276; &#x1F514; &nbsp; &")[0] == '<b> & "x" 🔔 🔔 &nbsp; &'


def test_nested_entities_come_outermost_first() -> None:
    _, entities = parse_html("<b>a <i>b</i></b>")
    assert [entity["type"] for entity in entities] == ["bold", "italic"]


def test_empty_tags_make_no_entity() -> None:
    assert parse_html("<b></b>x") == ("x", [])


@pytest.mark.parametrize(
    ("source", "wording"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("é <x>y</x>", 'Unsupported start tag "x" at byte offset 3'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a href>x</a>", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
        ("<a href=x_y>x</a>", "Unexpected end of name token at byte offset 8"),
        ('<a href="x>x</a>', "Unclosed start tag at byte offset 0"),
        ("<br>", 'Unsupported start tag "br" at byte offset 0'),
    ],
)
def test_bad_markup_is_refused_in_tdlibs_words(source: str, wording: str) -> None:
    assert refusal(source) == wording


@given(st.text(alphabet=st.sampled_from("<>/&;=\"' abicode#x12é🔔-")))
def test_no_text_breaks_the_parser(source: str) -> None:
    try:
        text, entities = parse_html(source)
    except ApiError:
        return
    for entity in entities:
        assert 0 <= entity["offset"] < entity["offset"] + entity["length"] <= utf16_length(text)


def test_text_is_trimmed_and_its_entities_with_it() -> None:
    formatted = read_formatted("  \n <b> x </b>\n", "HTML", None)
    assert formatted.text == "x"
    assert formatted.entities == [{"type": "bold", "offset": 0, "length": 1}]


def test_telegram_finds_commands_links_and_names_by_itself() -> None:
    formatted = read_formatted("🔔 /alert $AAPL #earnings @ada_l https://example.org/x, a@b.org 1/2", "", None)
    found = {(entity["type"], entity["offset"], entity["length"]) for entity in formatted.entities}
    assert found == {
        ("bot_command", 3, 6),
        ("cashtag", 10, 5),
        ("hashtag", 16, 9),
        ("mention", 26, 6),
        ("url", 33, 21),
        ("email", 56, 7),
    }


def test_nothing_is_formatted_or_found_inside_code() -> None:
    formatted = read_formatted("<code>/alert <b>x</b> $AAPL</code>", "HTML", None)
    assert [entity["type"] for entity in formatted.entities] == ["code"]


def test_explicit_entities_are_kept_and_checked() -> None:
    bold = {"type": "bold", "offset": 0, "length": 2}
    assert read_formatted("🔔", "", [bold]).entities == [bold]
    for wrong in ({"type": "bold", "offset": 1, "length": 2}, {"type": "loud", "offset": 0, "length": 1}, "bold"):
        with pytest.raises(ApiError):
            read_formatted("🔔", "", [wrong])


def test_more_than_a_hundred_entities_are_refused() -> None:
    assert len(read_formatted("<b>x</b> " * 100, "HTML", None).entities) == 100
    with pytest.raises(ApiError, match="ENTITIES_TOO_LONG"):
        read_formatted("<b>x</b> " * 101, "HTML", None)


def test_markdown_is_refused_in_so_many_words() -> None:
    with pytest.raises(ApiError, match="HTML only"):
        read_formatted("*x*", "MarkdownV2", None)
