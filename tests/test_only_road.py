"""The only road to an order: who may even name the library's order calls, proved over the syntax tree."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("market", "alerts", "trading", "storage", "broker", "bot")
DOOR = Path("broker/orders.py")
SOCKET = {DOOR, Path("broker/call.py")}
"""The only files that could hand the library's client a message of their own making."""
ORDER_CALLS = {"placeOrder", "cancelOrder", "reqGlobalCancel", "exerciseOptions"}
RAW_CALLS = {"send", "sendMsg", "sendAsync"}
"""What writes to the socket: an order is a message as any other."""
SIDE_DOORS = {"import_module", "__import__"}
HARMLESS = {"importlib.metadata", "importlib.resources"}


def folded(node: ast.AST) -> str | None:
    """Return the text that *node* always is, put together as it may be, or None."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
            return folded(inner)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = [folded(left), folded(right)]
        case ast.JoinedStr(values=values):
            parts = [folded(value) for value in values]
        case ast.Call(func=ast.Attribute(value=glue, attr="join"), args=[ast.List() | ast.Tuple() as listed]):
            between, words = folded(glue), [folded(value) for value in listed.elts]
            return None if between is None or None in words else between.join(word for word in words if word)
        case _:
            return None
    return None if None in parts else "".join(part for part in parts if part)


GATEWAY_CALLS = {"submit", "change"}
SENDER = Path("trading/sending.py")
"""The one caller of the order gateway's `submit` and `change`, which asks the guards right before."""


def sends_in(tree: ast.AST) -> set[str]:
    """Return the uses of what hands an order to a gateway: `submit` of anything, `change` of what is called one."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in GATEWAY_CALLS:
            holder = ast.unparse(node.value)
            if node.attr == "submit" or "gateway" in holder or "orders" in holder:
                found.add(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr" and len(node.args) > 1:
            found |= {str(folded(node.args[1]))} & GATEWAY_CALLS
    return found


def names_in(tree: ast.AST) -> set[str]:
    """Return every identifier, attribute and constant text of *tree*: getattr(ib, "place" + "Order") counts too."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add(node.name)
        elif (text := folded(node)) is not None:
            found.add(text)
    return found


def raw_calls_in(tree: ast.AST, *, of_any: bool) -> set[str]:
    """Return the uses of what writes to a socket: of a client or its connection, or *of_any* object."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in RAW_CALLS:
            holder = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if of_any or node.attr == "sendMsg" or holder.lstrip("_") in {"client", "conn"}:
                found.add(node.attr)
        elif folded(node) in RAW_CALLS - {"send"}:
            found.add(str(folded(node)))
    return found


def side_doors_in(tree: ast.AST) -> set[str]:
    """Return the ways round the import contracts: modules imported by a name that is only known while it runs."""
    found = names_in(tree) & SIDE_DOORS
    for node in ast.walk(tree):
        named: list[str] = []
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            named = [node.module or ""]
        found |= {name for name in named if name.partition(".")[0] == "importlib" and name not in HARMLESS}
    return found


def offences(path: Path, tree: ast.AST) -> set[str]:
    """Return what the file at *path* (seen from the root) must not name."""
    found = side_doors_in(tree)
    if path != DOOR:
        found |= names_in(tree) & ORDER_CALLS
    if path != SENDER:
        found |= sends_in(tree)
    if path not in SOCKET:
        found |= raw_calls_in(tree, of_any=path.parts[0] == "broker")
    return found


def offenders(root: Path) -> Iterator[str]:
    """Yield the files of *root*'s rooms that name what they must not."""
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            found = offences(path.relative_to(root), ast.parse(path.read_text(encoding="utf-8")))
            if found:
                yield f"{path.relative_to(root)}: {', '.join(sorted(found))}"


def test_order_calls_are_named_in_the_door_alone() -> None:
    assert list(offenders(ROOT)) == []


def test_the_gateway_is_handed_to_trading_alone_and_asked_to_send_by_one_module() -> None:
    sender = ast.parse((ROOT / SENDER).read_text(encoding="utf-8"))
    assert sends_in(sender) == GATEWAY_CALLS


GATEWAY = "IbOrders"
MAKER = Path("bot/wiring/link.py")
"""The one module that makes the gateway, as `orders` of its `Link`."""
HOLDERS = {"OrderDesk", "OrderTracker", "IbOrderFeed", "Link", "Parts"}
"""Who is handed it whole: `Parts` as the list of open orders that it types it as, `Link` to hand it on."""
READ = {"open_orders", "executions", "is_read_only"}


def is_gateway(node: ast.AST) -> bool:
    """Tell whether *node* is what the wiring calls the gateway: `link.orders`, or `orders` where it is made."""
    match node:
        case ast.Attribute(value=holder, attr="orders"):
            return ast.unparse(holder).rpartition(".")[2] == "link"
        case ast.Name(id="orders", ctx=ast.Load()):
            return True
    return False


def gateway_uses(tree: ast.AST) -> set[str]:
    """Return what is done with the gateway: `name(...)` for who is handed it, `.name` for what is asked of it."""
    found = set()
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.keyword) and is_gateway(child.value):
                assert isinstance(node, ast.Call)
                found.add(f"{ast.unparse(node.func)}(...)")
            elif is_gateway(child) and not isinstance(node, ast.keyword):
                match node:
                    case ast.Attribute(attr=attr):
                        found.add(f".{attr}")
                    case ast.Call(func=func):
                        found.add(f"{ast.unparse(func)}(...)")
                    case _:
                        found.add(ast.unparse(node))
    return found


def test_the_gateway_is_made_once_and_handed_to_named_holders_alone() -> None:
    uses, makers = set(), set()
    for path in [ROOT / "bot/app.py", *sorted((ROOT / "bot/wiring").glob("*.py"))]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        uses |= gateway_uses(tree)
        if GATEWAY in names_in(tree):
            makers.add(path.relative_to(ROOT))
    assert makers == {MAKER}
    assert uses == {f"{holder}(...)" for holder in HOLDERS} | {f".{name}" for name in READ}


@pytest.mark.parametrize(
    ("line", "use"),
    [
        ("HaltHandler(reply, link.orders)", "HaltHandler(...)"),
        ("Chat(orders=house.link.orders)", "Chat(...)"),
        ("gateway = link.orders", "gateway = link.orders"),
        ("(link.orders, 1)", "(link.orders, 1)"),
        ("await self._house.link.orders.reserve()", ".reserve"),
    ],
)
def test_a_gateway_that_goes_elsewhere_is_seen(line: str, use: str) -> None:
    assert gateway_uses(ast.parse(line)) == {use}


def functions_of(path: Path) -> dict[str, ast.AST]:
    """Return every function of a module by its name."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def callers_of(functions: dict[str, ast.AST], name: str) -> set[str]:
    """Return the functions that name the method *name*."""
    return {
        one
        for one, function in functions.items()
        if any(isinstance(node, ast.Attribute) and node.attr == name for node in ast.walk(function))
    }


def test_nothing_is_sent_but_from_where_the_guards_were_asked_last() -> None:
    """Walk up from `submit` and `change`: every way to them begins in a function that calls `last_check` before."""
    functions = functions_of(SENDER)
    reached = {name for name, function in functions.items() if sends_in(function)}
    ways = set(reached)
    while reached:
        name = reached.pop()
        function = functions[name]
        asked = [n.lineno for n in ast.walk(function) if isinstance(n, ast.Attribute) and n.attr == "last_check"]
        if asked:
            sent = [n.lineno for n in ast.walk(function) if isinstance(n, ast.Attribute) and n.attr in ways - {name}]
            assert min(asked) < min(sent), f"{name} sends before it asks"
            continue
        above = callers_of(functions, name) - {name}
        assert above, f"{name} sends, and nobody asked the guards"
        assert name.startswith("_"), f"{name} can be called from outside without the guards"
        reached |= above - ways
        ways |= above


def test_the_door_itself_names_them() -> None:
    assert {"placeOrder", "cancelOrder"} <= names_in(ast.parse((ROOT / DOOR).read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("path", "line", "named"),
    [
        ("bot/shortcut.py", 'getattr(ib, "placeOrder")(contract, order)', "placeOrder"),
        ("broker/history.py", "ib.reqGlobalCancel()", "reqGlobalCancel"),
        ("broker/news.py", 'getattr(ib, "place" + "Order")(contract, order)', "placeOrder"),
        ("broker/news.py", 'getattr(ib, "can" + ("cel" + "Order"))(order)', "cancelOrder"),
        ("broker/news.py", """getattr(ib, f"place{'Order'}")(contract, order)""", "placeOrder"),
        ("broker/news.py", 'getattr(ib, "".join(["exercise", "Options"]))()', "exerciseOptions"),
        ("broker/scanner.py", "self._link.ib().client.send(3, 1)", "send"),
        ("broker/scanner.py", "write = ib.client.send", "send"),
        ("broker/session.py", 'ib.client.conn.sendMsg(b"3")', "sendMsg"),
        ("broker/session.py", 'getattr(ib.client, "send" + "Msg")(b"3")', "sendMsg"),
        ("bot/shortcut.py", 'ib.client.send("3")', "send"),
        ("bot/shortcut.py", "import importlib", "importlib"),
        ("bot/shortcut.py", "from importlib import util", "importlib"),
        ("bot/shortcut.py", 'import importlib.metadata\nimportlib.import_module("broker.orders")', "import_module"),
        ("broker/orders.py", '__import__("broker.call")', "__import__"),
        ("trading/desk.py", "await self._gateway.submit(order, ref)", "submit"),
        ("trading/tracker.py", "send = self._gateway.change", "change"),
        ("bot/app.py", "await orders.submit(order, ref)", "submit"),
        ("bot/wiring/link.py", "await orders.change(order, 1, ref, 0)", "change"),
        ("bot/wiring/dealing.py", "await link.orders.submit(order, ref)", "submit"),
        ("bot/wiring/chat.py", "again = house.link.orders.change", "change"),
        ("bot/handlers.py", "await desk._sender._gateway.submit(order, ref)", "submit"),
        ("bot/app.py", 'getattr(orders, "sub" + "mit")(order, ref)', "submit"),
    ],
)
def test_a_deliberate_violation_is_seen(tmp_path: Path, path: str, line: str, named: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(f"{line}\n", encoding="utf-8")
    assert list(offenders(tmp_path)) == [f"{path}: {named}"]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("bot/handlers.py", "await self._reply.send(chat_id, message)"),
        ("bot/health.py", 'import importlib.metadata\nimportlib.metadata.version("squawkbot")'),
        ("broker/call.py", "ib.client.send(1)"),
        ("broker/orders.py", "ib.placeOrder(contract, order)"),
    ],
)
def test_what_is_no_way_to_an_order_is_left_alone(tmp_path: Path, path: str, line: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(f"{line}\n", encoding="utf-8")
    assert list(offenders(tmp_path)) == []
