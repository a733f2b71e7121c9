"""Decision 14: no public object of broker/ hands out the library's connection."""

import importlib
import inspect
import pkgutil
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

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
CLOSED = {"broker.call", "broker.library"}
"""The modules that no other room may import; see `test_the_modules_that_lead_to_it_are_closed_to_other_rooms`."""
PROJECT = Path(__file__).parents[3] / "pyproject.toml"


def next_to(thing: object) -> Iterator[tuple[str, object]]:
    """Yield what public attributes, items and closures of *thing* hold, each with its step."""
    if isinstance(thing, Mapping):
        yield from ((f"[{key!r}]", value) for key, value in thing.items())
    elif isinstance(thing, list | tuple | set | frozenset):
        yield from ((f"[{number}]", value) for number, value in enumerate(thing))
    elif inspect.isroutine(thing):
        yield from (("()", cell.cell_contents) for cell in getattr(thing, "__closure__", None) or ())
        if asks_nothing(thing):
            yield "()", thing()
    elif not inspect.isclass(thing):
        yield from ((f".{name}", getattr(thing, name)) for name in dir(thing) if not name.startswith("_"))


def reachable(thing: object, path: str, seen: dict[int, object]) -> Iterator[tuple[str, object]]:
    """Yield everything that *thing* leads to in public, with the way to it; what is *seen* is kept, ids come again."""
    if id(thing) in seen or isinstance(thing, str | bytes | int | float | Decimal | None) or inspect.ismodule(thing):
        return
    seen[id(thing)] = thing
    yield path, thing
    if not isinstance(thing, FORBIDDEN):
        for step, found in next_to(thing):
            yield from reachable(found, path + step, seen)


def asks_nothing(method: Callable[..., Any]) -> bool:
    """Return whether *method* is one of this room's (or this test's) that gives its answer at once, for nothing."""
    if not inspect.ismethod(method) or not method.__module__.startswith((broker.__name__, __name__)):
        return False
    if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
        return False
    needed = [one for one in inspect.signature(method).parameters.values() if one.default is one.empty]
    return all(one.kind in {one.VAR_POSITIONAL, one.VAR_KEYWORD} for one in needed)


def promised(hint: object) -> Iterator[object]:
    """Yield every type that a return annotation speaks of."""
    yield hint
    for part in get_args(hint):
        yield from promised(part)


def is_forbidden(hint: object) -> bool:
    """Return whether an annotation promises the connection in any of its parts."""
    return any(isinstance(part, type) and issubclass(part, FORBIDDEN) for part in promised(hint))


def callables_of(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the module's own public functions, and its public classes' own public methods and properties."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(thing):
            yield name, thing
        elif inspect.isclass(thing):
            for inner, member in vars(thing).items():
                function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if not inner.startswith("_") and inspect.isfunction(function):
                    yield f"{name}.{inner}", function


def promises(module: ModuleType) -> list[str]:
    """Return the public functions and methods of *module* whose return annotation promises the connection."""
    return [
        f"{module.__name__}.{name}"
        for name, function in callables_of(module)
        if is_forbidden(get_type_hints(function).get("return"))
    ]


def open_modules() -> list[ModuleType]:
    """Return the room's modules that other rooms may import."""
    names = [f"broker.{found.name}" for found in pkgutil.iter_modules(broker.__path__)]
    return [importlib.import_module(name) for name in names if name not in CLOSED]


def leaks(thing: object) -> list[str]:
    """Return the public ways from *thing* to the library's connection."""
    return [path for path, found in reachable(thing, type(thing).__name__, {}) if isinstance(found, FORBIDDEN)]


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


async def test_a_method_that_hands_it_out_is_seen(desk: Desk) -> None:
    class Leaky(IbTickFeed):
        def connection(self) -> object:
            return self._link

    leaky = Leaky.__new__(Leaky)
    leaky.__dict__.update(desk.feed.__dict__)
    assert leaks(leaky) == ["Leaky.connection()"]


def test_no_public_function_or_method_promises_the_connection() -> None:
    modules = open_modules()
    assert {"broker.session", "broker.orders", "broker.market_data"} <= {module.__name__ for module in modules}
    assert [leak for module in modules for leak in promises(module)] == []


def test_deliberate_promises_are_seen() -> None:
    leaky = ModuleType("leaky")
    source = """
from collections.abc import Awaitable, Callable
from broker.call import Link
from broker.library import IB
def link_of(session: object) -> Link: ...
async def later() -> list[Link | None]: ...
class Feed:
    def asked(self, name: str) -> Callable[[], Awaitable[IB]]: ...
    @property
    def ib(self) -> IB: ...
    def _own(self) -> IB: ...
    def prices(self) -> list[float]: ...
"""
    exec(compile(source, "leaky", "exec"), vars(leaky))  # noqa: S102  a module made for this test
    assert promises(leaky) == ["leaky.link_of", "leaky.later", "leaky.Feed.asked", "leaky.Feed.ib"]


def test_the_modules_that_lead_to_it_are_closed_to_other_rooms() -> None:
    contracts = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    allowed = {
        module: contract["allowed_importers"]
        for contract in contracts
        if contract["type"] == "protected"
        for module in contract["protected_modules"]
    }
    assert {module: allowed.get(module) for module in CLOSED} == {module: ["broker"] for module in CLOSED}
