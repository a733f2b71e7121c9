"""Articles: providers' HTML becomes Telegram's few tags, in pages, and nothing of the text is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.views.article import article_pages
from simulator.telegram.html import parse_html, utf16_length


def only(body: str) -> str:
    (page,) = article_pages(body, 3000)
    return page


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("", ""),
        ("plain & simple", "plain &amp; simple"),
        ("two\nlines\n\n\nand more", "two\nlines\n\nand more"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<b>bold <i>both</i></b> none", "<b>bold </b><b><i>both</i></b> none"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>x</li><li>y</li></ul>", "• x\n• y"),
        ("<script>alert(1)</script>text<style>p{}</style>", "text"),
        ('<a href="javascript:x">link</a> <img src=x onerror=y>', "link"),
        ("<h1>Head</h1>body", "<b>Head</b>\n\nbody"),
        ("<b>open", "<b>open</b>"),
        ("</b></p>closed", "closed"),
        ("a &lt;b&gt; &amp;amp; &#8220;q&#8221; &nbsp;x", "a &lt;b&gt; &amp;amp; “q” x"),
        ("<strong><b>twice</b></strong>", "<b>twice</b>"),
        ("<td>a</td> <td>b</td>", "a b"),
        ("1 < 2", "1 &lt; 2"),
        ("<table><tr><td>Sales</td><td>58 bn</td></tr><tr><td>EPS</td></tr></table>x", "Sales 58 bn\nEPS\n\nx"),
        ("<div><div>a</div></div><div>b</div>", "a\nb"),
        ("a<br><br><br>b", "a\n\nb"),
        ("<p>is\nno break</p>", "is no break"),
        ("<pre>Q3  58 bn\nQ4  60 bn</pre>after", "Q3 58 bn\nQ4 60 bn\n\nafter"),
        ("first\n<b>bold</b>\nlast", "first\n<b>bold</b>\nlast"),
        ("Apple <AAPL.O> and <.SPX> and <P>", "Apple &lt;AAPL.O&gt; and &lt;.SPX&gt; and"),
        ("<b>a<i>b</b>c</i>", "<b>a</b><b><i>b</i></b><i>c</i>"),
        ("<!-- x --><iframe src=x>y</iframe>z<unknown a=b>w</unknown>", "zw"),
    ],
)
def test_what_is_kept_and_what_is_not(body: str, html: str) -> None:
    assert only(body) == html


def test_long_articles_are_paged_between_words_and_nothing_is_lost() -> None:
    words = [f"word{n}" for n in range(2000)]
    pages = article_pages("<p><b>" + " ".join(words) + "</b></p>", 500)
    texts = [parse_html(page)[0] for page in pages]
    assert all(utf16_length(text) <= 500 for text in texts)
    assert " ".join(texts).split() == words


def test_a_page_has_no_more_entities_than_telegram_takes() -> None:
    pages = article_pages("".join(f"<p>{n} <b>bold</b></p>" for n in range(300)), 3000)
    assert all(len(parse_html(page)[1]) <= 80 for page in pages)
    assert "".join(pages).count("<b>bold</b>") == 300


def test_a_story_beyond_all_measure_is_cut_and_says_so() -> None:
    pages = article_pages("word " * 80_000, 3000)
    assert len(pages) <= 70
    assert pages[-1].endswith("<i>Cut here: the story has 400,000 characters.</i>")


def test_a_word_longer_than_a_page_is_cut() -> None:
    pages = article_pages("😀" * 1000, 300)
    assert "".join(pages) == "😀" * 1000
    assert all(utf16_length(page) <= 300 for page in pages)


@given(st.text(alphabet="<>/ab pi&;\n\"'=!-#x😀", max_size=200))
def test_whatever_a_provider_sends_telegram_takes_it(body: str) -> None:
    for page in article_pages(body, 40):
        text, _ = parse_html(page)
        assert utf16_length(text) <= 40
