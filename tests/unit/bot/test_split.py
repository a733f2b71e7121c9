"""Long texts in pieces that Telegram takes."""

from html import escape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.split import length, plain, split

LINES = st.lists(
    st.text(
        st.characters(codec="utf-8", exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\x00"), max_size=60
    ),
    min_size=1,
    max_size=40,
)


class Balance(HTMLParser):
    """Fails where a tag is not closed in its own piece."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@given(LINES, st.integers(20, 200))
def test_splitting_loses_no_word_and_stays_within_the_limit(lines: list[str], limit: int) -> None:
    html = "\n".join(f"<b>{escape(line, quote=False)}</b>" for line in lines)
    pieces = split(html, limit)
    assert all(length(piece) <= limit for piece in pieces)
    assert "".join(map(plain, pieces)).replace("\n", "") == plain(html).replace("\n", "")


@given(LINES, st.integers(20, 200))
def test_every_piece_closes_what_it_opens(lines: list[str], limit: int) -> None:
    html = "<blockquote expandable><i>" + escape("\n".join(lines), quote=False) + "</i></blockquote>"
    for piece in split(html, limit):
        balance = Balance()
        balance.feed(piece)
        balance.close()
        assert balance.open == []


def test_a_short_text_stays_whole() -> None:
    assert split("<b>AAPL ▲ 200.15</b>") == ["<b>AAPL ▲ 200.15</b>"]


def test_a_cut_falls_between_lines() -> None:
    assert split("one two\nthree four\nfive", 12) == ["one two", "three four", "five"]


@pytest.mark.parametrize(("html", "units"), [("<b>a</b>", 1), ("&lt;", 1), ("🔔", 2), ("<code>ü</code>x", 2)])
def test_length_counts_utf16_units_without_tags(html: str, units: int) -> None:
    assert length(html) == units


def test_no_piece_has_more_than_a_hundred_tags() -> None:
    pieces = split("\n".join(f"<b>{number}</b>" for number in range(250)))
    assert [piece.count("<b>") for piece in pieces] == [100, 100, 50]
    assert all(piece.count("<b>") == piece.count("</b>") for piece in pieces)
