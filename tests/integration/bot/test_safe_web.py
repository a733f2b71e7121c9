"""Requests to the web over real sockets: the checked address, the host's own certificate, and nothing else."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence

import pytest

from bot.safe_web import Answer, Reach, SafeWeb, Unanswered, Unreachable
from tests.fakes.web import HOST, FakeWeb, status, to_loopback, trusting


@pytest.fixture
async def server() -> AsyncIterator[FakeWeb]:
    async with FakeWeb(is_tls=True) as server:
        yield server


@pytest.fixture
async def web() -> AsyncIterator[SafeWeb]:
    web = SafeWeb(to_loopback(tls=trusting()))
    yield web
    await web.close()


async def test_the_request_goes_to_the_checked_address_under_the_hosts_own_name(server: FakeWeb, web: SafeWeb) -> None:
    answer = await web.post(f"https://{HOST}:{server.port}/in?key=1", b'{"a":1}', {"X-One": "1"})
    assert answer == Answer(200)
    (got,) = server.got
    assert (got.path, got.body, got.name) == ("/in?key=1", b'{"a":1}', HOST)
    assert got.headers["host"] == f"{HOST}:{server.port}"
    assert got.headers["x-one"] == "1"


async def test_a_certificate_of_another_name_is_refused_before_anything_is_sent(server: FakeWeb, web: SafeWeb) -> None:
    with pytest.raises(Unreachable, match=r"certificate was refused.*Hostname mismatch"):
        await web.post(f"https://other.example.com:{server.port}/", b"{}", {})
    assert server.got == []


async def test_a_certificate_that_nobody_signed_is_refused_before_anything_is_sent(server: FakeWeb) -> None:
    web = SafeWeb(to_loopback())
    with pytest.raises(Unreachable, match="certificate was refused"):
        await web.post(f"https://{HOST}:{server.port}/", b"{}", {})
    assert server.got == []
    await web.close()


async def test_a_name_is_resolved_once_a_request_and_the_answer_is_what_is_connected_to(server: FakeWeb) -> None:
    asked = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        # A second look-up would lead to where nobody listens: DNS rebinding.
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.99"]

    reach = to_loopback(tls=trusting())
    web = SafeWeb(Reach(check=reach.check, allows=reach.allows, resolve=resolve, tls=reach.tls))
    await web.post(f"https://{HOST}:{server.port}/", b"{}", {})
    assert asked == [(HOST, server.port)]
    await web.close()


async def test_a_connection_is_never_shared_between_names_of_one_address(server: FakeWeb, web: SafeWeb) -> None:
    for _ in range(2):
        await web.post(f"https://{HOST}:{server.port}/", b"{}", {})
    assert server.connections == 2
    with pytest.raises(Unreachable):
        await web.post(f"https://other.example.com:{server.port}/", b"{}", {})


async def test_where_the_first_address_is_dead_the_next_is_tried(server: FakeWeb) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.2", "127.0.0.1"]

    reach = to_loopback(tls=trusting())
    web = SafeWeb(Reach(check=reach.check, allows=reach.allows, resolve=resolve, tls=reach.tls))
    assert await web.post(f"https://{HOST}:{server.port}/", b"{}", {}) == Answer(200)
    await web.close()


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_not_a_way(server: FakeWeb, web: SafeWeb, code: int) -> None:
    server.plan.append(status(code, f"Location: https://{HOST}:{server.port}/elsewhere"))
    assert (await web.post(f"https://{HOST}:{server.port}/", b"{}", {})).status == code
    assert len(server.got) == 1


async def test_of_an_endless_answer_next_to_nothing_is_read(server: FakeWeb, web: SafeWeb) -> None:
    server.plan.append(1 << 40)
    assert await web.post(f"https://{HOST}:{server.port}/", b"{}", {}) == Answer(200)


async def test_how_long_to_wait_is_read_where_it_is_a_number_of_seconds(server: FakeWeb, web: SafeWeb) -> None:
    server.plan += [status(429, "Retry-After: 30"), status(503, "Retry-After: Fri, 20 Nov 2026 15:00:00 GMT")]
    assert await web.post(f"https://{HOST}:{server.port}/", b"{}", {}) == Answer(429, 30.0)
    assert await web.post(f"https://{HOST}:{server.port}/", b"{}", {}) == Answer(503, None)


async def test_what_left_without_an_answer_may_have_arrived(server: FakeWeb, web: SafeWeb) -> None:
    server.plan.append(None)
    with pytest.raises(Unanswered):
        await web.post(f"https://{HOST}:{server.port}/", b"{}", {})
    assert len(server.got) == 1


async def test_a_host_that_keeps_silent_is_left_in_time(server: FakeWeb) -> None:
    server.plan.append(asyncio.Event())
    web = SafeWeb(to_loopback(tls=trusting()), timeout_s=0.5)
    with pytest.raises(Unanswered, match="no answer in time"):
        await web.post(f"https://{HOST}:{server.port}/", b"{}", {})
    await web.close()


async def test_where_nobody_listens_nothing_arrived(web: SafeWeb) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable, match="cannot be connected to"):
            await web.post(f"https://{HOST}:{taken.getsockname()[1]}/", b"{}", {})


async def test_plain_http_where_tls_is_spoken_is_told_as_such(web: SafeWeb) -> None:
    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as plain:
        port = plain.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match="no TLS"):
            await web.post(f"https://{HOST}:{port}/", b"{}", {})


async def test_no_proxy_of_the_environment_is_used(
    server: FakeWeb, web: SafeWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    another = SafeWeb(to_loopback(tls=trusting()))
    assert await another.post(f"https://{HOST}:{server.port}/", b"{}", {}) == Answer(200)
    await another.close()


async def test_no_error_has_the_address_in_it(server: FakeWeb, web: SafeWeb) -> None:
    server.plan.append(None)
    for url in (f"https://{HOST}:{server.port}/s3cret", f"https://other.example.com:{server.port}/s3cret"):
        with pytest.raises((Unanswered, Unreachable)) as caught:
            await web.post(url, b"{}", {})
        assert "s3cret" not in f"{caught.value!r} {caught.value.__cause__!r}"
