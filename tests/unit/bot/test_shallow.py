"""Hostile or broken HTML is made shallow before a parser sees it, and its words stay."""

from html.parser import HTMLParser

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.views.article import article_pages
from bot.views.shallow import DEEPEST, shallow

INLINE = {"b", "i"}
KEPT = INLINE | {"p", "div", "br", "ul", "li", "table", "tr", "td", "blockquote"}
DROPPED = {"script", "svg", "template"}
# A table's body is implied, and words in bold are opened anew within a block.
IMPLIED = 2


class Depth(HTMLParser):
    """Follows balanced HTML; *deepest* is how many tags stood within each other."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.deepest = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.now += 1
            self.deepest = max(self.deepest, self.now)

    def handle_endtag(self, tag: str) -> None:
        self.now -= 1


def pruned(body: str) -> str:
    return shallow(body, kept=KEPT, inline=INLINE, dropped=DROPPED)


def depth_of(body: str) -> int:
    """Return how deep a parser that repairs HTML finds the pruned *body*."""
    depth = Depth()
    depth.feed(nh3.clean(pruned(body), tags=KEPT | {"tbody"}, attributes={}))
    depth.close()
    return depth.deepest


@pytest.mark.parametrize(
    "nest",
    [
        "<b>x",
        "<div>",
        "<p><b>x",
        "<ul><li>x",
        "<table><tr><td>x",
        "<b class={n}>x",
        "<b x{n}<i>",
        "<li><blockquote>x",
        "<div><table><tr><td></div>x",
        "<b></x><i>x",
        "<svg><b>x</svg><div>",
        "<!-- </b> --><b>x",
    ],
)
def test_whatever_is_nested_stays_shallow(nest: str) -> None:
    assert depth_of("".join(nest.format(n=n) for n in range(500))) <= DEEPEST * IMPLIED


@given(st.lists(st.sampled_from([f"<{end}{tag}>" for tag in sorted(KEPT | {"svg", "a"}) for end in ("", "/")] + ["x"])))
def test_no_mixture_of_tags_is_deep(soup: list[str]) -> None:
    assert depth_of("".join(soup * 20)) <= DEEPEST * IMPLIED


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("<p>a<p>b", "<p>a</p><p>b"),
        ('<p class="a>b" id=x>c</P>', "<p>c</p>"),
        ("<b>a<i>b</b>c</i>", "<b>a<i>b</b>c</i>"),
        ("a < b <> c<3 <b", "a &lt; b &lt;> c&lt;3 &lt;b"),
        ("<a href=x>link</a><o:p>word</o:p>", "linkword"),
        ("x<script>if (a<b) '</p>' <svg></script>y", "xy"),
        ("x<svg><svg></svg>z</svg>y<svg/>z", "xyz"),
        ("<!-- <b> -->x<!DOCTYPE html><!--never ended <p>", "x"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
        ("<div>" * (DEEPEST + 1) + "x", "<div>" * DEEPEST + "<br>x"),
        ("<b>" * (DEEPEST + 1) + "x", "<b>" * DEEPEST + "x"),
    ],
)
def test_what_is_left(body: str, html: str) -> None:
    assert pruned(body) == html


def test_a_story_of_nothing_but_open_tags_is_still_read() -> None:
    (first, *_) = article_pages("<b>x" * 40_000, 3000)
    assert first.startswith("<b>xxx")


def test_paragraphs_that_nobody_ended_are_paragraphs() -> None:
    pages = article_pages("".join(f"<p>word{n}" for n in range(2000)), 3000)
    assert "\n\n".join(pages).split("\n\n") == [f"word{n}" for n in range(2000)]
