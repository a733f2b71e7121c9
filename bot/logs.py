"""Logging with every secret taken out at the last moment, when a record is already text."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

_TOKEN = re.compile(r"\d{6,12}:[A-Za-z0-9_-]{30,}")
_LINE = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"

# PTB logs the Bot API address at DEBUG and httpx each request's URL at INFO; both have the token in them. aiosqlite
# logs every statement with its values, secrets of cards and of authenticator apps among them.
_CHATTY = (
    "httpx",
    "httpcore",
    "telegram",
    "apscheduler",
    "ib_async",
    "ib_insync",
    "alembic",
    "uvicorn.access",
    "aiosqlite",
)
# The libraries log each of IBKR's answers "no such instrument" as an error; broker/ judges and logs these itself.
# APScheduler warns whenever a look is still at work when the next is due, which is as it should be.
_SHOUTING = ("ib_async.wrapper", "ib_insync.wrapper", "apscheduler.scheduler")


class Redactor:
    """Takes the bot's token, and whatever else looks like one, out of a text."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        self._secrets = tuple(secret for secret in secrets if secret)

    def __call__(self, text: str) -> str:
        """Return *text* with every secret replaced by `***`."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _TOKEN.sub("***", text)


class RedactingFormatter(logging.Formatter):
    """A line per record; the finished text, tracebacks included, goes through the redactor."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__(_LINE)
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one redacted text."""
        return self._redact(super().format(record))


class JsonFormatter(logging.Formatter):
    """A JSON object per record, redacted as a whole."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one redacted line of JSON."""
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return self._redact(json.dumps(entry, ensure_ascii=False))


def configure(level: str, style: str, secrets: tuple[str, ...]) -> Redactor:
    """
    Send all logs to standard error at *level*, as lines or (*style* "json") as JSON; return the redactor in use.

    The filter sits on the handler's formatter: filters on loggers do not see their children's records.
    """
    redact = Redactor(secrets)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(redact) if style == "json" else RedactingFormatter(redact))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    for name in _SHOUTING:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return redact
