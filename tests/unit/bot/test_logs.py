"""Nothing secret reaches a log line, by whichever way it came."""

import json
import logging
from collections.abc import Iterator

import pytest

from bot.logs import JsonFormatter, RedactingFormatter, Redactor, configure

TOKEN = "42:short-demo-token"
SHAPED = "123456789:" + "Ab_-" * 9


@pytest.fixture
def restored() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    chatty = {
        name: logging.getLogger(name).level
        for name in (
            "httpx",
            "aiosqlite",
            "httpcore",
            "telegram",
            "apscheduler.scheduler",
            "ib_async.wrapper",
            "ib_insync.wrapper",
            "alembic",
            "ib_async",
            "ib_insync",
            "uvicorn.access",
        )
    }
    yield
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    for name, old in chatty.items():
        logging.getLogger(name).setLevel(old)


def record(message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    trace = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("x", logging.ERROR, __file__, 1, message, args, trace)


@pytest.mark.parametrize("secret", [TOKEN, SHAPED])
def test_a_token_in_message_arguments_or_traceback_is_taken_out(secret: str) -> None:
    try:
        int("https://api.telegram.org/bot" + secret + "/getMe")
    except ValueError as caught:
        error = caught
    for formatter in (RedactingFormatter(Redactor((TOKEN,))), JsonFormatter(Redactor((TOKEN,)))):
        line = formatter.format(record("calling %s", f"/bot{secret}/getMe", error=error))
        assert secret not in line
        assert "***" in line


def test_a_json_line_is_one_object() -> None:
    entry = json.loads(JsonFormatter(Redactor()).format(record("price %s", "1 < 2\n3")))
    assert entry["message"] == "price 1 < 2\n3"
    assert entry["level"] == "ERROR"


@pytest.mark.usefixtures("restored")
def test_libraries_that_log_addresses_are_kept_quiet() -> None:
    configure("DEBUG", "line", (TOKEN,))
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
    assert not logging.getLogger("aiosqlite").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("telegram.ext").isEnabledFor(logging.DEBUG)
    assert logging.getLogger("bot.app").isEnabledFor(logging.DEBUG)
