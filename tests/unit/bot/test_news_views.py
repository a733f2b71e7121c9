"""Golden texts of news; GOLDEN=write writes them anew, and a person reads the difference."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from alerts.codec import firing_to_json
from alerts.mute import Mutes
from alerts.rule import Firing, NewsCause, RuleState
from bot.callback_data import Code, decode
from bot.views import news as views
from bot.views.article import article_pages
from bot.views.digest import digest
from bot.views.firing import firing, news_keys
from bot.views.gathered import Entry, Gathered, Reason, entry_of, gathered
from bot.views.message import Message
from bot.views.news_alert import Around
from bot.views.news_home import Home, home
from market.errors import BrokerError
from market.news import BULLETIN_PROVIDER, Article, Headline, Provider
from market.quote import DataKind
from storage.mute import Mute
from tests.fakes.chat import AAPL, EVIL, MSFT, NEW_YORK
from tests.fakes.firings import fired_by
from tests.fakes.golden import check_golden
from tests.fakes.reply import check_message
from tests.unit.bot.samples import NOW, STORY, quote, rule

NAMES = {"DJNL": "Dow Jones Newsletters", "BRFG": "Briefing.com General Market Columns"}
LONG_ID = "DJ-RT$" + "0a1b2c3d" * 9
TELLS = replace(STORY, provider="DJNL", time=NOW - timedelta(minutes=2), is_hot=True)
BULLETIN = Headline(BULLETIN_PROVIDER, "bulletin:3:1", "NASDAQ is down & out", NOW, -1)


def name_of(code: str) -> str:
    return NAMES.get(code, code)


def told(line: str, headline: Headline, *, about: bool = True, **around: object) -> Message:
    cause = NewsCause(headline, AAPL if about else None)
    fired = firing_of(line, cause)
    beside = replace(Around(name_of), **around)  # type: ignore[arg-type]
    return firing(fired, now=NOW, zone=NEW_YORK, around=beside)


def firing_of(line: str, cause: NewsCause, number: int = 12) -> Firing:
    return fired_by(rule(line, AAPL, number=number).with_state(RuleState.ARMED, NOW), cause, NOW)


def listing(count: int) -> views.Listing:
    found = [
        replace(STORY, article_id=f"DJNL${number}", time=NOW - timedelta(hours=number), is_hot=number == 1)
        for number in range(count)
    ]
    return views.of_instrument(AAPL, found)


def listed(found: views.Listing, page: int = 0) -> Message:
    return views.headlines(found, page, names=name_of, now=NOW, zone=NEW_YORK)


def many(reason: Reason, count: int) -> Gathered:
    entries = []
    for number in range(1, count + 1):
        story = replace(STORY, text=f"Headline {number} of AAPL & Co", is_hot=number == 2)
        fired = firing_of('news AAPL "guidance"', NewsCause(story if number % 5 else BULLETIN, AAPL), number)
        entries.append(entry_of_firing(fired, number))
    return gathered(reason, entries)


def entry_of_firing(fired: Firing, row_id: int) -> Entry:
    return entry_of(firing_to_json(fired), row_id=row_id)


def told_together(reason: Reason, count: int) -> Message:
    return digest(many(reason, count), 40, now=NOW, zone=NEW_YORK, silent=True)


PAGES = article_pages("<p>One <b>bold</b> &amp; two.</p><p>Three</p>" * 200, views.STORY_PAGE)
TURN = (Code.NEWS_STORY, ("DJNL", "DJNL$1"))
GUIDANCE = rule('news AAPL "guidance"', AAPL)
SCREEN = Home(
    [Provider("DJNL", NAMES["DJNL"]), Provider("BRFG", NAMES["BRFG"])],
    [GUIDANCE, rule("news portfolio", number=13)],
    [Mute(AAPL.con_id, "", "AAPL"), Mute(0, "DJNL", NAMES["DJNL"])],
)

MESSAGES = {
    "news": lambda: listed(listing(3)),
    "news-page": lambda: listed(listing(20), 1),
    "news-none": lambda: listed(listing(0)),
    "news-watchlist": lambda: listed(
        views.of_list(
            "watchlist",
            [views.Line(STORY, ("AAPL", "MSFT", "NVDA", "TSLA")), views.Line(replace(STORY, article_id="x"), ("<A>",))],
            5,
            ("MSFT", "NVDA"),
        )
    ),
    "news-portfolio-empty": lambda: listed(views.of_list("portfolio", (), 0, ())),
    "news-home": lambda: home(SCREEN),
    "news-home-empty": lambda: home(Home([], (), ())),
    "news-home-down": lambda: home(Home(None, [GUIDANCE], (), undone=Mute(AAPL.con_id, "", "AAPL"))),
    "story": lambda: views.story(PAGES, 1, TURN, provider=NAMES["DJNL"], headline=STORY, now=NOW, zone=NEW_YORK),
    "story-unknown": lambda: views.story(("",), 0, TURN, provider=NAMES["DJNL"], headline=None, now=NOW, zone=NEW_YORK),
    "story-document": lambda: views.document(
        Article("BRFG", "BRFG$1", "", b"%PDF-1.4"), provider=NAMES["BRFG"], headline=STORY, now=NOW, zone=NEW_YORK
    ),
    "story-gone": lambda: views.refused(
        BrokerError(10172, "Failed to request news article: not found"), provider=NAMES["DJNL"], headline=STORY
    ),
    "story-not-allowed": lambda: views.refused(
        BrokerError(10276, "News feed is not allowed."), provider=NAMES["DJNL"], headline=None
    ),
    "firing-news": lambda: told('news AAPL "guidance"', TELLS, quote=quote(), held=Decimal(40)),
    "firing-news-delayed": lambda: told(
        "news AAPL", replace(TELLS, is_hot=False), quote=replace(quote(), kind=DataKind.DELAYED), held=Decimal(-20)
    ),
    "firing-news-gate": lambda: told('news AAPL "guidance" if moves 1% in 5m critical', TELLS),
    "firing-news-broad": lambda: told('news * "guidance"', TELLS, about=False),
    "firing-news-bulletin": lambda: told("news *", BULLETIN, about=False),
    "firing-news-muted": lambda: told(
        'news AAPL "guidance"', TELLS, mutes=Mutes(frozenset({AAPL.con_id}), frozenset({"DJNL"}))
    ),
    "digest-news": lambda: told_together(Reason.NEWS, 12),
    "digest-news-one": lambda: told_together(Reason.NEWS, 1),
    "digest-news-hourly": lambda: told_together(Reason.HOURLY, 3),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_says_what_its_golden_file_says(name: str) -> None:
    message = MESSAGES[name]()
    check_message(message)
    check_golden(name, message)


def test_the_longest_headlines_fit_into_every_message() -> None:
    loud = replace(TELLS, text="<&😀" * 400, provider="WXYZ", article_id=LONG_ID)
    for about in (True, False):
        check_message(told('news AAPL "guidance"', loud, about=about, quote=quote(), held=Decimal("1e9")))
    check_message(told("news *", replace(BULLETIN, text="<&😀" * 1500), about=False))
    lines = [views.Line(replace(loud, article_id=f"{LONG_ID}{n}"), (EVIL.label, MSFT.label)) for n in range(300)]
    check_message(listed(views.of_list("portfolio", lines, 300, tuple(f"<{n}>" for n in range(30))), 36))
    check_message(views.story(PAGES, 0, TURN, provider="<&>" * 99, headline=loud, now=NOW, zone=NEW_YORK))
    check_message(views.refused(BrokerError(10172, "<&>" * 900), provider="<&>" * 9, headline=loud))
    fired = firing_of("news AAPL", NewsCause(loud, AAPL))
    everything = gathered(Reason.NEWS, [entry_of_firing(fired, number) for number in range(25)])
    check_message(digest(everything, 10**12, now=NOW, zone=NEW_YORK, silent=True))
    words = " or ".join(f'"word{n} <&>"' for n in range(20))
    rules = [rule(f"news AAPL {words}", AAPL, number=n) for n in range(1, 99)]
    mutes = [Mute(n, "", f"<&{n}>" * 20) for n in range(1, 99)]
    check_message(home(Home([Provider(f"P{n}", "<&>" * 99) for n in range(50)], rules, mutes)))


def test_an_article_whose_id_no_button_holds_is_still_one_tap_away() -> None:
    message = told("news AAPL", replace(TELLS, article_id=LONG_ID))
    data = next(one.data for row in message.buttons for one in row if "Full story" in one.label)
    assert decode(data).code is Code.NEWS_TOLD
    assert decode(data).args == ("n", "0", "12", "1")
    short = views.button_id(replace(TELLS, article_id=LONG_ID))
    assert views.is_digest(short)
    assert short != views.button_id(replace(TELLS, article_id=LONG_ID + "x"))
    assert views.button_id(replace(TELLS, article_id="DJ-RT$0f5a2d5e11112222333344")) == "DJ-RT$0f5a2d5e11112222333344"


def test_the_buttons_alone_are_those_of_the_message() -> None:
    fired = firing_of('news AAPL "guidance"', NewsCause(TELLS, AAPL))
    around = Around(name_of)
    assert news_keys(fired, around) == firing(fired, now=NOW, zone=NEW_YORK, around=around).buttons


@pytest.mark.parametrize(
    ("title", "body", "name"),
    [
        ("Apple raises its guidance & more", b"%PDF-1.7", "Apple raises its guidance & more.pdf"),
        ("../../etc/passwd", b"%PDF", "etc passwd.pdf"),
        ('DJ/\\:*?"<>|', b"PK", "DJ.bin"),
        ("😀", b"%PDF", "story.pdf"),
        ("word " * 40, b"%PDF", "word word word word word word word word word word word word.pdf"),
    ],
)
def test_a_document_is_named_after_its_headline(title: str, body: bytes, name: str) -> None:
    assert views.file_name(title, body) == name


def test_an_old_headline_says_its_day() -> None:
    old = replace(TELLS, time=NOW - timedelta(days=2))
    assert "Wed 18 Nov 14:32 ET" in told("news AAPL", old).html.splitlines()[0]


def test_a_holding_without_a_price_begins_its_line() -> None:
    message = told('news AAPL "guidance"', TELLS, held=Decimal(150))
    assert "\nYou hold 150\n" in message.html
