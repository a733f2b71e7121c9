"""Updates and frames that nobody means well with: random, mutated, huge, forged; the same ones for the same seed."""

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

from bot.callback_data import Code

PEOPLE = (111, 222, 333, 999, 0, -5, 2**63)
_TEXTS = (
    "", " ", "\0", "\x00AAPL > 200", "\u202e002 > LPAA", "Z\u0338\u0327\u0322\u034ea\u0337\u0353l\u0335" * 200,
    "\U0001f3f4\u200d☠\ufe0f" * 500, "AAPL > " * 900,
    "(" * 4000, "not " * 1000 + "AAPL > 1", "AAPL > 1e999", "AAPL > -0", "AAPL > NaN", "AAPL > " + "9" * 4000,
    "news AAPL /(a+)+$/", "news * /" + "(" * 200 + "/", "<b><i><u>&lt;&#0;</b>", "/alert", "/alert@somebody_else x",
    "/template 1 {0.__class__}", "/hook 1 http://127.0.0.1/", "/import", "/" + "a" * 4000, "/buy", "/sell all all all",
    "buy 1e99 AAPL market", "buy -1 AAPL 1", "buy 10 AAPL 199.5 tp sl tp sl", "at 99:99", "every 0s", "AAPL ±0%",
    "$" * 4096, "AAPL\nMSFT\nTSLA" * 300, "'; DROP TABLE rules; --", "%s%n%x", "{symbol}", "\ud7ff\ufffe\ufdd0",
    "AAPL rsi(0, 1m) < 0", "AAPL > sma(999999999, 1d)", "scan X price > 1 top 99999", "AAPL trails 0%", "#" + "9" * 99,
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**31, 2**63, 2**200, 1e308, "", "x", "\0", "9" * 5000, [], [[]], {}, {"id": {}}, ["a", 1, None],
)  # fmt: skip
_FIELDS = (
    "", "0", "-1", "1", "2147483647", "9223372036854775808", "1.7976931348623157E308", "nan", "inf", "-inf", "1e999",
    "x" * 5000, "\t", "\u202e", "AAPL", "1;2;3;4;5;6", "20261122 10:00:00 US/Eastern", "Mars/Olympus", "<xml/>", "None",
)  # fmt: skip


def updates(count: int, chance: Random, tokens: Sequence[str]) -> list[dict[str, Any]]:
    """Return *count* updates; *tokens* are callback data of cards that stand in somebody's chat."""
    makers: tuple[Callable[[Random, Sequence[str]], dict[str, Any]], ...] = (_message, _press, _mutated, _mutated, _odd)
    return [chance.choice(makers)(chance, tokens) for _ in range(count)]


def frames(count: int, chance: Random, real: Sequence[tuple[Any, ...]]) -> list[tuple[str, ...]]:
    """Return *count* messages of TWS: some made up, some of the *real* ones with a few fields changed or cut off."""
    return [_made_up(chance) if chance.random() < 0.5 or not real else _bent(chance, real) for _ in range(count)]


def _user(chance: Random) -> dict[str, Any]:
    return {"id": chance.choice(PEOPLE), "is_bot": False, "first_name": chance.choice(_TEXTS)[:64] or "?"}


def _message(chance: Random, _tokens: Sequence[str]) -> dict[str, Any]:
    user = _user(chance)
    text = chance.choice(_TEXTS) if chance.random() < 0.7 else _noise(chance)
    chat = {"id": user["id"], "type": "private"}
    return {"message": {"message_id": chance.randint(1, 10**6), "date": 1, "chat": chat, "from": user, "text": text}}


def _press(chance: Random, tokens: Sequence[str]) -> dict[str, Any]:
    user = _user(chance)
    data = chance.choice(tokens) if tokens and chance.random() < 0.3 else _data(chance)
    if data in tokens and user["id"] == 222:
        # Only that person may press it, and then it would be no forgery.
        user["id"] = 111
    message = {
        "message_id": chance.randint(1, 99),
        "date": chance.choice((0, 1)),
        "chat": {"id": user["id"], "type": "private"},
    }
    return {
        "callback_query": {
            "id": str(chance.random()),
            "from": user,
            "chat_instance": "1",
            "data": data,
            "message": message,
        }
    }


def _data(chance: Random) -> str:
    code = chance.choice([code.value for code in Code])
    parts = [
        code,
        *(
            chance.choice(("0", "1", "-1", "99999999999999999999", "h", "a", "", "é", "x" * 40, "\0"))
            for _ in range(chance.randint(0, 5))
        ),
    ]
    return chance.choice((":", ":", ":", "|", "")).join(map(str, parts))[: chance.choice((64, 64, 4000))]


def _mutated(chance: Random, tokens: Sequence[str]) -> dict[str, Any]:
    update: dict[str, Any] = json.loads(json.dumps(chance.choice((_message, _press))(chance, tokens)))
    for _ in range(chance.randint(1, 3)):
        place: Any = update
        while isinstance(place, dict) and place:
            key = chance.choice(list(place))
            if not isinstance(place[key], dict) or not place[key] or chance.random() < 0.2:
                if place is not update:
                    place[key] = _value(chance)
                elif chance.random() < 0.5:
                    update[key] = _value(chance)
                break
            place = place[key]
    return update


def _value(chance: Random) -> Any:
    """Return a value of its own: one that two places share could come to hold itself, which no JSON can say."""
    return deepcopy(chance.choice(_VALUES))


def _odd(chance: Random, _tokens: Sequence[str]) -> dict[str, Any]:
    kind = chance.choice(("message", "callback_query", "edited_message", "poll", "my_chat_member", "from_the_future"))
    return {kind: _tree(chance, 4)}


def _tree(chance: Random, depth: int) -> Any:
    if depth == 0 or chance.random() < 0.3:
        return _value(chance)
    names = (
        "message_id",
        "id",
        "chat",
        "from",
        "date",
        "text",
        "data",
        "entities",
        "document",
        "reply_to_message",
        "x",
    )
    return {chance.choice(names): _tree(chance, depth - 1) for _ in range(chance.randint(0, 5))}


def _noise(chance: Random) -> str:
    return "".join(
        chr(chance.choice((chance.randint(1, 0x2FF), chance.randint(0x600, 0xD7FF))))
        for _ in range(chance.randint(1, 300))
    )


def _made_up(chance: Random) -> tuple[str, ...]:
    # Not 4 (what TWS says) of -1: that would be a notice, such as 1100, and believed.
    number = chance.choice([str(chance.randint(1, 110)), str(chance.randint(-5, 10**6)), chance.choice(_FIELDS)])
    return (number, *(chance.choice(_FIELDS) for _ in range(chance.randint(0, 40))))


def _bent(chance: Random, real: Sequence[tuple[Any, ...]]) -> tuple[str, ...]:
    fields = [str(field) for field in chance.choice(real)]
    for _ in range(chance.randint(1, 4)):
        fields[chance.randrange(len(fields))] = chance.choice(_FIELDS)
    if chance.random() < 0.3:
        fields = fields[: chance.randint(1, len(fields))]
    return tuple(fields)
