"""Headlines live and past, articles, bulletins, and the ways in which TWS refuses them."""

from base64 import b64decode
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from simulator.tws.clock import ManualClock
from simulator.tws.control import market_routes
from simulator.tws.document import pdf
from simulator.tws.exchange import Exchange
from simulator.tws.news_provider import NEWS_PROVIDERS, TAPES
from simulator.tws.server import TwsServer

APPLE = (265598, "AAPL", "STK", "", "0.0", "", "", "SMART", "", "USD", "", "")
ALL = "+".join(NEWS_PROVIDERS)


def quote(req_id: int, contract: Any = APPLE, generics: str = "mdoff,292") -> Any:
    return (1, 11, req_id, *contract, 0, generics, 0, 0, "")


def tape(symbol: str) -> Any:
    return (0, symbol, "NEWS", "", "0.0", "", "", symbol.partition(":")[0], "", "", "", "")


def past(start: str = "", end: str = "", total: int = 300, codes: str = ALL) -> Any:
    return (86, 9, 265598, codes, start, end, total, "")


def errors(messages: Any) -> list[int]:
    return [int(one[3]) for one in messages if one[0] == "4"]


def texts(messages: Any, message_id: str = "86") -> list[str]:
    return [one[5] for one in messages if one[0] == message_id]


@pytest.fixture
async def http(exchange: Exchange, server: TwsServer) -> Any:
    app = Starlette(routes=market_routes(exchange, server))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sim/sim/market/") as client:
        yield client


async def test_some_headlines_of_the_past_begin_with_metadata(bare: Any) -> None:
    answer = await bare.ask(*past())
    told = texts(answer)
    assert 0 < sum(one.startswith("{A:800015:L:en:K:") for one in told) < len(told)
    assert [one[2] for one in answer[:-1]] == sorted((one[2] for one in answer[:-1]), reverse=True)
    assert answer[-1] == ["87", "9", "0"]
    assert errors(await bare.ask(*past(codes="NOPE"))) == [10276]


async def test_of_many_headlines_the_latest_300_come_newest_first(
    bare: Any, exchange: Exchange, clock: ManualClock
) -> None:
    for number in range(310):
        await clock.advance(1)
        exchange.publish("AAPL", f"Headline {number}", meta="")
    assert texts(await bare.ask(*past(total=500))) == [f"Headline {number}" for number in range(309, 9, -1)]
    few = await bare.ask(*past(total=3))
    assert (len(texts(few)), few[-1]) == (3, ["87", "9", "1"])


async def test_a_start_is_exclusive_an_end_inclusive_and_beside_a_start_ignored(
    bare: Any, exchange: Exchange, clock: ManualClock, server: TwsServer
) -> None:
    times = []
    for number in range(3):
        await clock.advance(60)
        exchange.publish("AAPL", f"Headline {number}", meta="")
        (told,) = [one for one in await bare.ask(*past(total=1)) if one[0] == "86"]
        times.append(told[2])
    assert texts(await bare.ask(*past(start=times[0]))) == ["Headline 2", "Headline 1"]
    assert texts(await bare.ask(*past(end=times[1], total=2))) == ["Headline 1", "Headline 0"]
    assert texts(await bare.ask(*past(times[1], times[1]))) == ["Headline 2"]
    assert errors(await bare.ask(*past("yesterday"))) == [321]
    # As an operator found it.
    server.faults.news_backward = True
    assert texts(await bare.ask(*past(times[1], times[0], total=2))) == ["Headline 1", "Headline 0"]


async def test_live_headlines_have_their_metadata_beside_them(bare: Any, exchange: Exchange) -> None:
    await bare.ask(*quote(1))
    exchange.publish("AAPL", "Apple hebt Prognose an", meta="A:800015:L:de", is_hot=True)
    ((*_, headline, extra),) = await bare.answers()
    assert (headline, extra) == ("!Apple hebt Prognose an", "A:800015:L:de")
    assert texts(await bare.ask(*past(total=1))) == ["{A:800015:L:de}!Apple hebt Prognose an"]


async def test_each_provider_has_its_tapes_under_their_own_names(bare: Any, exchange: Exchange) -> None:
    assert set(TAPES.values()) == set(NEWS_PROVIDERS)
    rows = (await bare.ask(85))[0]
    assert rows[1:4] == [str(len(NEWS_PROVIDERS)), "BRFG", "Briefing.com General Market Columns"]
    for number, symbol in enumerate(TAPES):
        assert await bare.ask(*quote(100 + number, tape(symbol))) == []
    # No provider's code makes a tape of Dow Jones.
    assert errors(await bare.ask(*quote(99, tape("DJ-N:DJ-N_ALL")))) == [200]
    for provider in NEWS_PROVIDERS:
        exchange.publish(None, f"By {provider}", provider=provider, meta="")
        told = await bare.answers()
        assert {(one[3], one[5]) for one in told} == {(provider, f"By {provider}")}
        assert len(told) == list(TAPES.values()).count(provider)
    listed = await bare.ask(9, 8, 7, 0, "", "NEWS", "", "0.0", "", "", "DJTOP", "", "", "", "", 0, "", "", "")
    assert sum(one[0] == "10" for one in listed) == sum(symbol.startswith("DJTOP:") for symbol in TAPES)


async def test_a_provider_that_is_not_allowed_is_refused_and_the_others_are_heard(
    bare: Any, http: httpx.AsyncClient, exchange: Exchange
) -> None:
    await http.post("faults", json={"kind": "no_news", "providers": ["FLY"]})
    assert errors(await bare.ask(*quote(1, tape("FLY:FLY_ALL")))) == [10276]
    assert errors(await bare.ask(*quote(2, generics="mdoff,292:FLY"))) == [10276]
    assert errors(await bare.ask(*past())) == [10276]
    await bare.ask(*quote(3))
    for provider in ("FLY", "BRFG"):
        exchange.publish("AAPL", f"By {provider}", provider=provider, meta="")
    assert texts(await bare.answers(), "84") == ["By BRFG"]
    await http.post("faults", json={"kind": "heal"})
    assert await bare.ask(*quote(1, tape("FLY:FLY_ALL"))) == []


async def test_headlines_alone_take_a_line_and_beside_prices_none(bare: Any, server: TwsServer) -> None:
    await bare.ask(*quote(1))
    await bare.ask(*quote(2, tape("BRFG:BRFG_ALL")))
    assert server.lines_used() == 2
    await bare.ask(*quote(3, generics="292"))
    assert server.lines_used() == 3


async def test_headlines_find_no_line_where_all_are_taken(connect: Any, server: TwsServer) -> None:
    clients = [await connect(client_id=number) for number in range(1, 5)]
    for client in clients:
        for req_id in range(1, 26):
            client.send(*quote(req_id))
        assert await client.answers() == []
    assert server.lines_used() == 100
    assert errors(await clients[0].ask(*quote(99))) == [101]
    clients[0].send(2, 2, 1)
    assert await clients[0].ask(*quote(99)) == []


async def test_the_latest_headlines_come_again_with_a_new_subscription(
    bare: Any, http: httpx.AsyncClient, exchange: Exchange
) -> None:
    for text in ("First", "Second", "Third"):
        exchange.publish("AAPL", text, meta="")
    assert await bare.ask(*quote(1)) == []
    await http.post("faults", json={"kind": "old_news", "count": 2})
    assert texts(await bare.ask(*quote(2)), "84") == ["Second", "Third"]


async def test_one_story_of_several_providers_by_command(bare: Any, http: httpx.AsyncClient) -> None:
    await bare.ask(*quote(1))
    body = {"symbol": "AAPL", "headline": "Apple rises", "providers": ["DJ-N", "BRFG", "FLY"], "language": "fr"}
    ids = (await http.post("news", json=body)).json()["article_ids"]
    told = await bare.answers()
    assert [(one[3], one[4]) for one in told] == list(zip(("DJ-N", "BRFG", "FLY"), ids, strict=True))
    assert {(one[5], one[6]) for one in told} == {("Apple rises", "A:800015:L:fr")}
    raw = {"symbol": "AAPL", "headline": "Apple", "meta": "A:800008,800015:L:Chinese (Simplified),en", "hot": True}
    await http.post("news", json=raw)
    assert (await bare.answers())[0][5:] == ["!Apple", "A:800008,800015:L:Chinese (Simplified),en"]


async def test_a_binary_article_comes_in_base64(bare: Any, http: httpx.AsyncClient) -> None:
    made = (await http.post("news", json={"headline": "A (scanned) filing", "pdf": True})).json()
    ((*_, kind, text),) = await bare.ask(84, 4, "BRFG", made["article_id"], "")
    assert (kind, b64decode(text)) == ("1", pdf("A (scanned) filing"))
    given = (await http.post("news", json={"headline": "Another", "document": "JVBERi0xLjQ="})).json()
    assert (await bare.ask(84, 5, "BRFG", given["article_id"], ""))[0][2:] == ["1", "JVBERi0xLjQ="]


def test_a_document_is_a_pdf_whose_table_finds_its_objects() -> None:
    made = pdf(r"A (scanned) \ filing € of 2026")
    assert made.startswith(b"%PDF-1.4\n")
    assert rb"A \(scanned\) \\ filing ? of 2026" in made
    start = int(made.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert made[start:].startswith(b"xref\n0 6\n")
    rows = made[start:].split(b"\n")[3:8]
    assert all(made[int(row[:10]) :].startswith(b"%d 0 obj" % number) for number, row in enumerate(rows, 1))


async def test_bulletins_by_command_reach_those_who_asked(bare: Any, http: httpx.AsyncClient) -> None:
    await http.post("bulletin", json={"text": "Of this morning"})
    assert await bare.ask(12, 1, 1) == [["14", "1", "1", "1", "Of this morning", ""]]
    await http.post("bulletin", json={"text": "ISLAND is down", "kind": 2, "exchange": "ISLAND"})
    assert await bare.answers() == [["14", "1", "2", "2", "ISLAND is down", "ISLAND"]]
    await bare.ask(13, 1)
    await http.post("bulletin", json={"text": "Nobody listens"})
    assert await bare.answers() == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("news", {"headline": "h", "providers": ["BRFG", "NOPE"]}),
        ("news", {"headline": "h", "providers": "BRFG"}),
        ("news", {"headline": "h", "document": "not base64"}),
        ("bulletin", {}),
        ("bulletin", {"text": "t", "kind": 4}),
        ("faults", {"kind": "no_news"}),
    ],
)
async def test_news_that_makes_no_sense_is_a_bad_request(http: httpx.AsyncClient, path: str, body: Any) -> None:
    answer = await http.post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
