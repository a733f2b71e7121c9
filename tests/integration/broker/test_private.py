"""Decision 14: no public object of broker/ hands out the library's connection."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import fields

import broker.library
from broker.call import Link
from broker.market_data import IbTickFeed
from simulator.tws.server import TwsServer
from tests.integration.broker.conftest import Desk

FORBIDDEN = (
    broker.library.IB,
    broker.library.library.client.Client,
    broker.library.library.wrapper.Wrapper,
    Link,
)


def next_to(thing: object) -> Iterator[tuple[str, object]]:
    """Yield what public attributes, items and closures of *thing* hold, each with its step."""
    if isinstance(thing, Mapping):
        yield from ((f"[{key!r}]", value) for key, value in thing.items())
    elif isinstance(thing, list | tuple | set | frozenset):
        yield from ((f"[{number}]", value) for number, value in enumerate(thing))
    elif inspect.isroutine(thing):
        yield from (("()", cell.cell_contents) for cell in getattr(thing, "__closure__", None) or ())
    elif not inspect.isclass(thing):
        yield from ((f".{name}", getattr(thing, name)) for name in dir(thing) if not name.startswith("_"))


def reachable(thing: object, path: str, seen: set[int]) -> Iterator[tuple[str, object]]:
    """Yield everything that *thing* leads to in public, with the way to it."""
    if id(thing) in seen or isinstance(thing, str | bytes | int | float | type(None)) or inspect.ismodule(thing):
        return
    seen.add(id(thing))
    yield path, thing
    if not isinstance(thing, FORBIDDEN):
        for step, found in next_to(thing):
            yield from reachable(found, path + step, seen)


def leaks(thing: object) -> list[str]:
    """Return the public ways from *thing* to the library's connection."""
    return [path for path, found in reachable(thing, type(thing).__name__, set()) if isinstance(found, FORBIDDEN)]


async def test_no_public_attribute_leads_to_the_connection(desk: Desk, server: TwsServer) -> None:
    aapl = await desk.contracts.find("AAPL")
    await desk.feed.hold(aapl)
    await desk.news.hold(aapl)
    for field in fields(desk):
        assert leaks(getattr(desk, field.name)) == []


async def test_a_deliberate_leak_is_seen(desk: Desk) -> None:
    class Leaky(IbTickFeed):
        @property
        def connection(self) -> object:
            return self._link.ib()

    leaky = Leaky.__new__(Leaky)
    leaky.__dict__.update(desk.feed.__dict__)
    assert leaks(leaky) == ["Leaky.connection"]
