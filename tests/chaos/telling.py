"""
What the chats tell of firings: in messages of their own, and in digests, page by page as a person turns them.

A firing is told again where it stands in more than one message, or on two pages; all of these but one must be marked ↻.
"""

import re
import sqlite3
from pathlib import Path
from typing import Any

from tests.chaos.crowd import PEOPLE
from tests.flow.chat import Chat, Shown, labels, said
from tests.flow.conftest import Stage

_MARK = "↻"
_OWN = re.compile(r"· alert #(\d+)\b")
_LISTED = re.compile(r"#(\d+)·\d+")
_PAGE = re.compile(r"page (\d+) of (\d+)")
_COUNT = re.compile(r"(\d+)(?: more)? alerts?\b")
_GONE = "not kept any more"
# What is still to come, and firings that never will; what the chats tell of the others is counted there.
_UNTOLD = """
SELECT count(*) FROM outbox AS told LEFT JOIN outbox AS teller ON teller.id = told.told_by
WHERE told.target IS NULL AND (
    told.state IN ('new', 'sending', 'unknown')
    OR (told.kind = 'firing' AND told.state = 'folded' AND coalesce(teller.state, '') != 'sent')
    OR (told.kind = 'firing' AND told.state = 'failed')
)"""


def asked(folder: Path, query: str) -> Any:
    """Return the one value that *query* finds in the bot's database."""
    database = sqlite3.connect(folder / "squawkbot.db")
    try:
        return database.execute(query).fetchone()[0]
    finally:
        database.close()


def untold(folder: Path) -> int:
    """Return how many messages have not come to their end, or to a bad one."""
    return int(asked(folder, _UNTOLD))


async def tellings(stage: Stage) -> dict[int, list[bool]]:
    """Return for each alert that is told of how often, and whether marked: digests are paged through to their end."""
    found: dict[int, list[bool]] = {}
    for person in PEOPLE:
        chat = stage.desk.chat(person)
        for message in await chat.from_bot():
            for number, is_marked in await _told_in(chat, message):
                found.setdefault(number, []).append(is_marked)
    return found


async def _told_in(chat: Chat, message: Shown) -> list[tuple[int, bool]]:
    own = [int(number) for number in _OWN.findall(said(message))]
    if own or not _LISTED.search(said(message)):
        return [(number, _MARK in said(message)) for number in own]
    is_repeat = any(line.startswith(_MARK) for line in said(message).splitlines())
    texts = await _pages(chat, message)
    lines = [line for text in texts for line in text.splitlines()]
    told = [(int(number), is_repeat or _MARK in line) for line in lines for number in _LISTED.findall(line)]
    if len({_count(text) for text in texts}) == 1:
        return told
    # An old copy, which was never acknowledged: its pages are those of all that the digest has come to tell.
    marks: dict[int, bool] = {}
    for number, is_marked in told:
        marks[number] = marks.get(number, True) and is_marked
    return list(marks.items())


async def _pages(chat: Chat, message: Shown) -> list[str]:
    """
    Return the digest as it was sent, and the pages behind it: what one leaves out the next must have.

    Of an old copy the first page is turned to as well. One whose chat was closed before it was acknowledged has no more
    pages: what it told is told again.
    """
    texts = [said(message)]
    place = _PAGE.search(texts[0])
    wanted, total = 2, int(place[2]) if place else 1
    while wanted <= total and _GONE not in texts[-1]:
        texts.append(await _turned(chat, message, wanted))
        found = _PAGE.search(texts[-1])
        total = int(found[2]) if found else total
        wanted += 1
    if len(texts) > 1 and _GONE not in texts[-1] and _count(texts[0]) != _count(texts[-1]):
        texts.append(await _turned(chat, message, 1))
    return texts


async def _turned(chat: Chat, message: Shown, number: int) -> str:
    """Turn to the next page, which is page *number*, and return what it says."""
    shown = await chat.again(message)
    await chat.press(shown, next(label for label in labels(shown) if "▶" in label), wait=10)

    async def look() -> str:
        text = said(await chat.again(message))
        return text if f"page {number} of " in text or _GONE in text else ""

    turned: str = await chat.desk.until(look, f"page {number} of {said(message)!r}")
    return turned


def _count(text: str) -> str:
    """Return how many firings a digest says that it tells."""
    found = _COUNT.search(text)
    return found[1] if found else ""
