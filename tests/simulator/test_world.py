"""The world starts whole, ends promptly, and serves everything its page asks for."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from simulator.scenario import HINTS, opening
from simulator.tws.clock import ManualClock
from simulator.world import TOKEN, World

ADA = 111
PROMPTLY_S = 3


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World(seed=7, limits=False) as world:
        yield world


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=world.telegram_url, trust_env=False) as client:
        yield client


async def test_one_world_holds_a_bot_api_a_page_a_market_and_a_tws(world: World, client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/bot{TOKEN}/getMe")).json()["ok"] is True
    assert "squawkbot" in (await client.get("/")).text
    symbols = {one["symbol"] for one in (await client.get("/sim/market/state")).json()["instruments"]}
    assert {"AAPL", "SPY", "EUR.USD"} <= symbols
    _, writer = await asyncio.open_connection("127.0.0.1", world.tws_port)
    writer.close()
    await writer.wait_closed()


async def test_every_file_the_page_names_is_served_as_what_it_is(client: httpx.AsyncClient) -> None:
    kinds = {"js": {"text/javascript", "application/javascript"}, "css": {"text/css"}}
    waiting = re.findall(r'"(/page/[a-z]+\.(?:js|css))"', (await client.get("/")).text)
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = await client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"].split(";")[0] in kinds[path.rsplit(".")[-1]]
        waiting += [f"/page/{name}" for name in re.findall(r'from "\./([a-z]+\.js)"', answer.text)]
    assert {"/page/app.js", "/page/entities.js", "/page/style.css"} <= seen


async def test_the_page_asks_no_other_host(client: httpx.AsyncClient) -> None:
    html = (await client.get("/")).text
    assert re.findall(r"""(?:src|href)=["']https?:""", html) == []
    assert "default-src 'none'" in html


async def test_each_step_of_the_hints_moves_the_world(client: httpx.AsyncClient) -> None:
    assert (await client.get("/sim/hints")).json() == list(HINTS)
    steps = [step for hint in HINTS for step in hint["steps"]]
    assert [step["text"] for step in steps if "text" in step] == [
        "AAPL > 200",
        'news AAPL "guidance"',
        "scan TOP_PERC_GAIN top 10",
        "buy 10 AAPL 199.5",
        "/summary",
    ]
    for step in steps:
        if "path" in step:
            answer = await client.post(step["path"], json=step["body"])
            assert answer.status_code == 200, answer.text


async def test_a_world_ends_promptly_under_an_open_stream_and_a_long_poll() -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        async with asyncio.timeout(PROMPTLY_S):
            async with World(seed=7, limits=False) as world:
                stream = client.stream("GET", f"{world.telegram_url}/sim/events")
                events = await stream.__aenter__()
                lines = events.aiter_lines()
                await anext(lines)
                poll = asyncio.create_task(client.get(f"{world.telegram_url}/bot{TOKEN}/getUpdates?timeout=50"))
                await world.telegram.updates.polled.wait()
            assert (await poll).json() == {"ok": True, "result": []}
        await stream.__aexit__(None, None, None)


async def test_a_taken_port_is_given_up_for_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with World(web_port=port) as world:
            assert not world.telegram_url.endswith(f":{port}")


async def test_a_free_port_is_taken_as_wished() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with World(web_port=port) as world:
        assert world.telegram_url == f"http://127.0.0.1:{port}"


async def test_telegram_goes_by_the_clock_of_the_exchange() -> None:
    noon = datetime(2026, 11, 20, 17, tzinfo=UTC)
    async with World(clock=ManualClock(noon), limits=False) as world:
        url = f"{world.telegram_url}/sim/chats/{ADA}/messages"
        async with httpx.AsyncClient(trust_env=False) as client:
            sent = (await client.post(url, json={"from_id": ADA, "text": "hello"})).json()
    assert sent["date"] == noon.timestamp()


async def test_ada_says_start_as_soon_as_a_bot_listens(world: World, client: httpx.AsyncClient) -> None:
    scene = asyncio.create_task(opening(world.telegram))
    assert (await client.get(f"/sim/chats/{ADA}/messages")).json() == []
    updates = (await client.get(f"/bot{TOKEN}/getUpdates?timeout=5")).json()["result"]
    assert [update["message"]["text"] for update in updates] == ["/start"]
    await scene


async def test_a_world_without_a_bot_says_so(client: httpx.AsyncClient) -> None:
    assert (await client.get("/sim/bot")).json() == {"state": "none"}
    refused = await client.post("/sim/bot/restart")
    assert refused.status_code == 400
    assert "no bot" in refused.json()["error"]
