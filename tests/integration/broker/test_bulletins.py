"""IBKR's own bulletins, live and repeated."""

from datetime import UTC, datetime

import pytest

from market.news import BULLETINS, Headline
from simulator.tws.exchange import Exchange
from simulator.tws.server import TwsServer
from tests.fakes.clock import FakeClock
from tests.fakes.eventually import eventually
from tests.integration.broker.conftest import Desk

DOWN, UP = "NYSE is unavailable", "NYSE is available again"
IN_GAP = " (while the link was down)"


@pytest.fixture
def heard(desk: Desk) -> list[Headline]:
    headlines: list[Headline] = []
    desk.news.connect(headlines.append)
    return headlines


async def back(desk: Desk, server: TwsServer, exchange: Exchange, *meanwhile: str) -> None:
    """Lose the link, let bulletins come out *meanwhile*, and wait until it is up again."""
    server.drop_all()
    for text in meanwhile:
        exchange.bulletin(text)
    await eventually(lambda: not desk.session.status.is_usable)
    await desk.up()


def texts(heard: list[Headline]) -> list[str]:
    return [one.text for one in heard]


async def test_bulletins_come_as_headlines_once_while_somebody_listens(
    desk: Desk, exchange: Exchange, server: TwsServer, heard: list[Headline]
) -> None:
    await desk.news.hold_bulletins()
    await desk.news.hold_bulletins()
    assert [fields for fields in server.requests if fields[0] == "12"] == [("12", "1", "1")]
    exchange.bulletin("ISLAND  is down", kind=2, exchange="ISLAND")
    exchange.bulletin("System restart at 23:45 ET")
    await eventually(lambda: len(heard) == 2)
    assert [(one.con_id, one.provider, one.text) for one in heard] == [
        (BULLETINS, "IBKR", "ISLAND is down"),
        (BULLETINS, "IBKR", "System restart at 23:45 ET"),
    ]
    await desk.news.release_bulletins()
    assert not [fields for fields in server.requests if fields[0] == "13"]
    await desk.news.release_bulletins()
    await eventually(lambda: any(fields[0] == "13" for fields in server.requests))


async def test_an_exchange_that_is_gone_and_back_twice_a_day_is_told_each_time(
    desk: Desk, exchange: Exchange, heard: list[Headline]
) -> None:
    await desk.news.hold_bulletins()
    for text in (DOWN, UP, DOWN, UP):
        exchange.bulletin(text, exchange="NYSE")
    await eventually(lambda: len(heard) == 4)
    assert texts(heard) == [DOWN, UP, DOWN, UP]
    assert len({one.article_id for one in heard}) == 4


async def test_what_a_gap_repeats_is_told_as_often_as_it_happened_anew(
    desk: Desk, exchange: Exchange, server: TwsServer, heard: list[Headline]
) -> None:
    await desk.news.hold_bulletins()
    exchange.bulletin(DOWN)
    exchange.bulletin(UP)
    await eventually(lambda: len(heard) == 2)
    await back(desk, server, exchange, DOWN, "System restart at 23:45 ET")
    await back(desk, server, exchange)
    exchange.bulletin(UP)
    await eventually(lambda: len(heard) == 5)
    assert texts(heard) == [DOWN, UP, DOWN + IN_GAP, "System restart at 23:45 ET" + IN_GAP, UP]


async def test_what_came_before_anybody_listened_is_never_told(
    desk: Desk, exchange: Exchange, server: TwsServer, heard: list[Headline]
) -> None:
    exchange.bulletin("NYSE was down this morning")
    await desk.news.hold_bulletins()
    await back(desk, server, exchange)
    await desk.news.release_bulletins()
    exchange.bulletin("Nobody listens")
    await desk.news.hold_bulletins()
    await back(desk, server, exchange)
    exchange.bulletin(DOWN)
    await eventually(lambda: heard)
    assert texts(heard) == [DOWN]


async def test_who_listens_before_the_link_is_up_is_not_told_of_the_past(
    desk: Desk, exchange: Exchange, server: TwsServer, heard: list[Headline]
) -> None:
    server.faults.refuse("reset", 1)
    server.drop_all()
    await eventually(lambda: not desk.session.status.is_usable)
    exchange.bulletin("NYSE was down this morning")
    await desk.news.hold_bulletins()
    await desk.up()
    exchange.bulletin(DOWN)
    await eventually(lambda: heard)
    assert texts(heard) == [DOWN]


async def test_midnight_does_not_tell_again_but_another_night_does(
    desk: Desk, exchange: Exchange, server: TwsServer, heard: list[Headline], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock(datetime(2026, 11, 18, 23, 55, tzinfo=UTC))
    monkeypatch.setattr(desk.news._bulletins, "_clock", clock)
    await desk.news.hold_bulletins()
    exchange.bulletin("System restart at 23:45 ET")
    await eventually(lambda: heard)
    clock.advance(600)
    await back(desk, server, exchange)
    assert len(heard) == 1
    # TWS has started anew, and counts from one again.
    clock.advance(86_000)
    exchange.newsroom.bulletins.clear()
    await back(desk, server, exchange, "System restart at 23:45 ET")
    assert texts(heard) == ["System restart at 23:45 ET", "System restart at 23:45 ET" + IN_GAP]


async def test_the_same_number_and_words_of_a_tws_that_started_anew_are_news(
    desk: Desk, exchange: Exchange, server: TwsServer, heard: list[Headline]
) -> None:
    await desk.news.hold_bulletins()
    exchange.bulletin(DOWN)
    await eventually(lambda: heard)
    exchange.newsroom.bulletins.clear()
    await back(desk, server, exchange)
    exchange.bulletin(DOWN)
    await eventually(lambda: len(heard) == 2)
    assert texts(heard) == [DOWN, DOWN]


async def test_a_tws_that_does_not_tell_its_time_repeats_nothing_either(
    desk: Desk, exchange: Exchange, server: TwsServer, heard: list[Headline], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.bulletins._ANSWER_S", 0.3)
    server.faults.swallowed.add(49)
    exchange.bulletin("NYSE was down this morning")
    await desk.news.hold_bulletins()
    exchange.bulletin(DOWN)
    await eventually(lambda: heard)
    assert texts(heard) == [DOWN]
