"""The only road to an order: who may even name the library's order calls, proved over the syntax tree."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("market", "alerts", "trading", "storage", "broker", "bot")
ORDER_CALLS = {"placeOrder", "cancelOrder", "reqGlobalCancel", "exerciseOptions"}
DOOR = Path("broker/orders.py")


def names_in(tree: ast.AST) -> set[str]:
    """Return every identifier, attribute and string constant of *tree*: getattr(ib, "placeOrder") counts too."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add(node.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


def offenders(root: Path) -> list[str]:
    """Return the files of *root*'s rooms that name an order call, the door itself excepted."""
    return [
        str(path.relative_to(root))
        for room in ROOMS
        for path in sorted((root / room).rglob("*.py"))
        if path.relative_to(root) != DOOR and names_in(ast.parse(path.read_text(encoding="utf-8"))) & ORDER_CALLS
    ]


def test_order_calls_are_named_in_the_door_alone() -> None:
    assert offenders(ROOT) == []


def test_the_door_itself_names_them() -> None:
    assert {"placeOrder", "cancelOrder"} <= names_in(ast.parse((ROOT / DOOR).read_text(encoding="utf-8")))


def test_a_deliberate_violation_is_seen(tmp_path: Path) -> None:
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "shortcut.py").write_text('getattr(ib, "placeOrder")(contract, order)\n', encoding="utf-8")
    (tmp_path / "broker").mkdir()
    (tmp_path / "broker" / "history.py").write_text("ib.reqGlobalCancel()\n", encoding="utf-8")
    assert offenders(tmp_path) == ["broker/history.py", "bot/shortcut.py"]
