"""Headlines and stories."""

from datetime import UTC, datetime

import pytest

from broker.headline import cleaned, language_of, tapes_of
from market.errors import BrokerError
from market.instrument import Instrument
from market.news import Headline
from simulator.tws.exchange import Exchange
from simulator.tws.news_provider import NEWS_PROVIDERS, TAPES
from simulator.tws.server import TwsServer
from tests.fakes.eventually import eventually
from tests.integration.broker.conftest import Desk

# As many are asked for as there are, and a second name of one.
_TAPES = len(TAPES) + 1


@pytest.fixture
async def aapl(desk: Desk) -> Instrument:
    return await desk.contracts.find("AAPL")


@pytest.fixture
def heard(desk: Desk) -> list[Headline]:
    headlines: list[Headline] = []
    desk.news.connect(headlines.append)
    return headlines


async def test_a_headline_says_whose_it_is(
    desk: Desk, aapl: Instrument, exchange: Exchange, server: TwsServer, heard: list[Headline]
) -> None:
    msft = await desk.contracts.find("MSFT")
    await desk.news.hold(aapl)
    await desk.news.hold(msft)
    await eventually(lambda: sum("mdoff,292" in fields for fields in server.requests) == 2)
    exchange.publish("AAPL", "Apple raises guidance", provider="DJNL")
    exchange.publish("MSFT", "Microsoft says nothing")
    await eventually(lambda: len(heard) == 2)
    by_text = {one.text: one for one in heard}
    assert by_text["Apple raises guidance"].con_id == aapl.con_id
    assert by_text["Apple raises guidance"].provider == "DJNL"
    assert by_text["Microsoft says nothing"].con_id == msft.con_id
    assert all(one.time.tzinfo is not None and one.article_id for one in heard)


async def test_broad_tape_brings_all(desk: Desk, exchange: Exchange, server: TwsServer, heard: list[Headline]) -> None:
    await desk.news.hold(None)
    await eventually(lambda: sum("NEWS" in fields for fields in server.requests) == _TAPES)
    exchange.publish(None, "FDA approval for something", provider="FLY")
    headline = await eventually(lambda: next((one for one in heard if "FDA" in one.text), None))
    assert (headline.con_id, headline.provider) == (0, "FLY")
    await desk.news.release(None)
    await eventually(lambda: sum(fields[0] == "2" for fields in server.requests) == _TAPES)


async def test_the_metadata_before_a_headline_is_taken_off(
    desk: Desk, aapl: Instrument, exchange: Exchange, server: TwsServer, heard: list[Headline]
) -> None:
    await desk.news.hold(aapl)
    await eventually(lambda: any("mdoff,292" in fields for fields in server.requests))
    exchange.publish("AAPL", "{A:800015:L:en:K:0.97:C:0.9}!Apple in court")
    await eventually(lambda: heard)
    assert (heard[0].text, heard[0].language) == ("Apple in court", "en")


@pytest.mark.parametrize(
    ("headline", "text", "language", "is_hot"),
    [
        ("Plain words", "Plain words", "", False),
        ("{A:800015:L:en:K:0.97:C:0.9}Words", "Words", "en", False),
        ("!{A:800015:L:DE}! Words", "Words", "de", True),
        ("! {A:800015:L:zh-CN}Words", "Words", "zh", True),
        ("{A:800015:L:en}!Words!", "Words!", "en", True),
        ("{A:800015:L:en}{K:n/a:L:fr}Words", "Words", "fr", False),
        ("{A:800008,800015:L:Chinese (Simplified and Traditional),en:K:n/a:C:0.98}Words", "Words", "en", False),
        ("{A:800008:L:Chinese (Simplified and Traditional)}Words", "Words", "zh", False),
        ("{A:800015:L:Klingon}Words", "Words", "", False),
        ("{A:800015} {curly} words", "{curly} words", "", False),
        ("{unclosed words", "{unclosed words", "", False),
        ("", "", "", False),
    ],
)
def test_cleaning(headline: str, text: str, language: str, *, is_hot: bool) -> None:
    assert cleaned(headline) == (text, language, is_hot)


@pytest.mark.parametrize(
    ("extra", "language"),
    [
        ("A:800015:L:en:K:n/a:C:0.67", "en"),
        ("{A:800015:L:de}", "de"),
        ("K:n/a", ""),
        ("", ""),
        ("L:", ""),
        ("L:en", "en"),
    ],
)
def test_the_language_that_stands_beside_a_live_headline(extra: str, language: str) -> None:
    assert cleaned("Words", extra) == ("Words", language, False)
    assert language_of(extra) == language


async def test_a_live_headline_has_its_language(
    desk: Desk, aapl: Instrument, exchange: Exchange, server: TwsServer, heard: list[Headline]
) -> None:
    await desk.news.hold(aapl)
    await eventually(lambda: any("mdoff,292" in fields for fields in server.requests))
    exchange.publish("AAPL", "Apple hebt Prognose an", meta="A:800015:L:de", is_hot=True)
    await eventually(lambda: heard)
    assert (heard[0].text, heard[0].language, heard[0].is_hot) == ("Apple hebt Prognose an", "de", True)
    (past, *_) = await desk.news.headlines(aapl, 1)
    assert past == heard[0] or past.time < heard[0].time
    assert (past.text, past.language, past.is_hot) == ("Apple hebt Prognose an", "de", True)


def test_tapes_that_two_providers_share_are_asked_for_once() -> None:
    assert tapes_of(["BRFG", "DJ-RTG"]) == [("BRFG", "BRFG:BRFG_ALL"), ("DJ-RTG", "DJTOP:GLBNEWS")]
    assert len(tapes_of(["DJ-RT", "DJ-RTPRO"])) == 3


async def test_every_provider_of_the_account_is_heard_on_the_broad_tape(
    desk: Desk, exchange: Exchange, server: TwsServer, heard: list[Headline]
) -> None:
    await desk.news.hold(None)
    await eventually(lambda: server.count("news") == len(TAPES))
    for code in NEWS_PROVIDERS:
        exchange.publish(None, f"By {code}", provider=code)
    await eventually(lambda: {one.provider for one in heard} == set(NEWS_PROVIDERS))
    # One of a provider's two names is refused, which leaves it to be heard by the other.
    assert desk.news.unheard() == {}
    assert desk.news.refused() == {}


@pytest.mark.parametrize("is_backward", [False, True])
async def test_headlines_of_a_gap_are_found_however_tws_reads_dates(
    desk: Desk, aapl: Instrument, exchange: Exchange, server: TwsServer, is_backward: bool
) -> None:
    server.faults.news_backward = is_backward
    # The past is told in whole seconds.
    begin = datetime.fromtimestamp(exchange.clock.time(), UTC)
    exchange.publish("AAPL", "In the gap")
    assert [one.text for one in await desk.news.headlines_since(aapl, begin)] == ["In the gap"]


async def test_the_account_has_its_providers_without_being_asked_again(desk: Desk) -> None:
    await eventually(lambda: desk.news.known_providers)
    assert {"BRFG", "DJNL", "FLY"} <= {one.code for one in desk.news.known_providers}


async def test_two_listeners_share_one_subscription(
    desk: Desk, aapl: Instrument, exchange: Exchange, server: TwsServer, heard: list[Headline]
) -> None:
    await desk.news.hold(aapl)
    await desk.news.hold(aapl)
    await desk.news.release(aapl)
    await eventually(lambda: sum("mdoff,292" in fields for fields in server.requests) == 1)
    exchange.publish("AAPL", "Still heard")
    await eventually(lambda: heard)
    await desk.news.release(aapl)
    await desk.news.release(aapl)
    await eventually(lambda: any(fields[0] == "2" for fields in server.requests))


async def test_news_is_heard_again_after_a_drop(
    desk: Desk, aapl: Instrument, exchange: Exchange, server: TwsServer, heard: list[Headline]
) -> None:
    await desk.news.hold(aapl)
    await desk.news.hold(None)
    server.faults.drop()
    await eventually(lambda: not desk.session.status.is_usable)
    server.requests.clear()
    await desk.up()
    await eventually(lambda: sum("mdoff,292" in fields for fields in server.requests) == _TAPES + 1)
    exchange.publish("AAPL", "After the drop")
    await eventually(lambda: aapl.con_id in {one.con_id for one in heard})


async def test_providers_headlines_and_stories(desk: Desk, aapl: Instrument, exchange: Exchange) -> None:
    assert {one.code for one in await desk.news.providers()} >= {"BRFG", "DJNL"}
    exchange.publish("AAPL", "The newest", article="<p>The <b>story</b></p>")
    headlines = await desk.news.headlines(aapl, 2)
    assert len(headlines) == 2
    assert headlines[0].text == "The newest"
    assert headlines[0].time >= headlines[1].time
    article = await desk.news.article(headlines[0].provider, headlines[0].article_id)
    assert "<b>story</b>" in article.body


async def test_a_story_that_is_gone_says_so(desk: Desk) -> None:
    with pytest.raises(BrokerError):
        await desk.news.article("BRFG", "BRFG$nothing")


async def test_news_that_is_not_allowed_says_so(desk: Desk, aapl: Instrument, server: TwsServer) -> None:
    server.faults.answer_with("reqMktData", 10276, count=1)
    await desk.news.hold(aapl)
    await eventually(lambda: desk.news.trouble(aapl.con_id))
    assert "not allowed" in desk.news.trouble(aapl.con_id)
    assert desk.news.refused()[aapl.con_id].startswith("IBKR 10276: ")
    await desk.news.release(aapl)
    assert desk.news.refused() == {}


async def test_a_refusal_is_over_when_a_new_subscription_is_not_refused(
    desk: Desk, aapl: Instrument, server: TwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.news, "_quiet_s", 0.3)
    msft = await desk.contracts.find("MSFT")
    server.faults.answer_with("reqMktData", 10276, count=2)
    await desk.news.hold(aapl)
    await desk.news.hold(msft)
    await eventually(lambda: len(desk.news.refused()) == 2)
    server.faults.drop()
    await eventually(lambda: not desk.session.status.is_usable)
    # The first of them is refused again.
    server.faults.answer_with("reqMktData", 10276, count=1)
    await desk.up()
    await eventually(lambda: msft.con_id not in desk.news.refused())
    assert aapl.con_id in desk.news.refused()


async def test_headlines_take_lines_that_prices_do_not_get_then(desk: Desk, aapl: Instrument) -> None:
    cap = desk.feed.cap
    await desk.news.hold(aapl)
    await desk.news.hold(None)
    assert desk.feed.cap == cap - 1 - _TAPES
    await desk.news.release(None)
    await desk.news.release(aapl)
    assert desk.feed.cap == cap


async def test_headlines_that_tws_has_no_line_for_are_asked_for_again(
    desk: Desk,
    aapl: Instrument,
    exchange: Exchange,
    server: TwsServer,
    heard: list[Headline],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(desk.news, "_quiet_s", 0.1)
    server.faults.answer_with("reqMktData", 101, count=2)
    await desk.news.hold(aapl)
    await eventually(lambda: sum("mdoff,292" in fields for fields in server.requests) == 3)
    exchange.publish("AAPL", "Apple raises guidance")
    await eventually(lambda: heard)
    assert desk.news.refused() == {}


async def test_a_provider_that_is_refused_leaves_the_others_to_be_heard(
    desk: Desk, exchange: Exchange, server: TwsServer, heard: list[Headline]
) -> None:
    server.faults.no_news.add("DJ-RTPRO")
    await desk.news.hold(None)
    await eventually(lambda: server.count("news") == len(TAPES) - 3)
    exchange.publish(None, "FDA approval for something", provider="FLY")
    await eventually(lambda: heard)
    assert desk.news.unheard() == {"DJ-RTPRO": "IBKR 10276: News is not allowed."}
    assert desk.news.refused() == {}
