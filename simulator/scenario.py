"""
The demo's opening: Ada says /start as soon as the bot listens, and the page lists five things to try.

A hint's step either fills the message box (`text`) or moves the simulated
world (`path` and `body`, posted by the page; `done` is said afterwards).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.routing import Route

from simulator.telegram import people

if TYPE_CHECKING:
    from starlette.requests import Request

    from simulator.telegram.state import Telegram

ADA = 111


def _type(text: str) -> dict[str, Any]:
    return {"label": text, "text": text}


def _move(label: str, path: str, body: dict[str, Any], done: str) -> dict[str, Any]:
    return {"label": label, "path": path, "body": body, "done": done}


GUIDANCE = "Apple raises guidance for the holiday quarter"
SUPPLIERS = "Apple lifts its guidance to suppliers for next year"
GAINERS = ["TSLA", "AMD", "NVDA"]
HINTS: tuple[dict[str, Any], ...] = (
    {
        "title": "Set an alert, then make it fire.",
        "steps": [
            _type("AAPL > 200"),
            _move("Push 201", "/sim/market/tick", {"symbol": "AAPL", "last": 201.0}, "AAPL traded at 201"),
        ],
    },
    {
        "title": "Hear a headline the moment it is out.",
        "steps": [
            _type('news AAPL "guidance"'),
            _move(
                "Publish it",
                "/sim/market/news",
                {
                    "symbol": "AAPL",
                    "headline": GUIDANCE,
                    "article": f"<p>{GUIDANCE}, citing strong demand in all regions.</p>",
                },
                "Headline published",
            ),
            _move(
                "News of three providers",
                "/sim/market/news",
                {
                    "symbol": "AAPL",
                    "headline": SUPPLIERS,
                    "article": f"<p>{SUPPLIERS}, the company said.</p>",
                    "providers": ["DJ-N", "BRFG", "FLY"],
                },
                "Three providers published one story",
            ),
        ],
    },
    {
        "title": "Watch a scanner for newcomers.",
        "steps": [
            _type("scan TOP_PERC_GAIN top 10"),
            _move(
                "Lift TSLA",
                "/sim/market/scanner",
                {"scan_code": "TOP_PERC_GAIN", "symbols": GAINERS},
                "TSLA leads the gainers",
            ),
            _move(
                "A scan changes",
                "/sim/market/scanner",
                {"scan_code": "TOP_PERC_GAIN", "symbols": ["GME", *reversed(GAINERS)]},
                "GME leads the gainers, and they changed places",
            ),
        ],
    },
    {
        "title": "Order something. Nothing trades before your Confirm.",
        "steps": [
            _type("buy 10 AAPL 199.5"),
            _move("Push 199", "/sim/market/tick", {"symbol": "AAPL", "last": 199.0}, "AAPL traded at 199"),
        ],
    },
    {
        "title": "Ring the bell and read the day's summary.",
        "steps": [
            _type("/summary"),
            _move("Ring the bell", "/sim/market/session", {"action": "close"}, "The closing bell rang"),
        ],
    },
)


async def opening(telegram: Telegram) -> None:
    """Let Ada say /start once a bot has asked for updates, so that the page's first sight is the bot's own words."""
    await telegram.updates.polled.wait()
    people.write(telegram, ADA, ADA, {"text": "/start"})


async def _hints(_: Request) -> JSONResponse:
    return JSONResponse(list(HINTS))


def hint_routes() -> list[Route]:
    """Return GET /sim/hints: the list of {"title", "steps"}."""
    return [Route("/sim/hints", _hints)]
