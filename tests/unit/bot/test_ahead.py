"""Words made while their rows are committed: used for these rows, at once, or not at all."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.ahead import WordsAhead
from bot.views.message import Message
from storage.message import MessageState, OutboxMessage, Priority
from tests.fakes.clock import FakeClock

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Desk:
    """Counts what it renders and what is prepared; a row that says so cannot be rendered."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOON)
        self.rendered: list[int] = []
        self.prepared: list[str] = []
        self.words = WordsAhead(self.render, (KeyError,), self.clock, lambda made: self.prepared.append(made.html))

    def render(self, row: OutboxMessage) -> Message:
        self.rendered.append(row.id)
        return Message(row.payload["says"])


def row(number: int, says: str = "hello", target: str | None = None) -> OutboxMessage:
    return OutboxMessage(
        id=number,
        chat_id=111,
        kind="firing",
        payload={"says": says},
        state=MessageState.SENDING,
        priority=Priority.ALERT,
        silent=False,
        created=NOON,
        happened=NOON,
        dedupe_key=f"firing:{number}",
        reply_to=None,
        edit_key=None,
        boot_id="boot",
        attempts=0,
        next_try=None,
        message_id=None,
        error="",
        may_repeat=False,
        target=target,
    )


def test_a_row_that_was_foretold_is_rendered_once_and_prepared() -> None:
    desk, coming = Desk(), row(1)
    desk.words.prepare([coming])
    assert desk.words.of(coming).html == "hello"
    assert (desk.rendered, desk.prepared) == ([1], ["hello"])


def test_another_row_that_got_the_same_id_has_words_of_its_own() -> None:
    desk = Desk()
    desk.words.prepare([row(1, "taken back")])
    assert desk.words.of(row(1, "stored")).html == "stored"


def test_a_row_that_changed_since_is_rendered_anew() -> None:
    desk, coming = Desk(), row(1)
    desk.words.prepare([coming])
    assert desk.words.of(replace(coming, may_repeat=True)).html == "hello"
    assert desk.rendered == [1, 1]


def test_words_are_not_kept_until_they_are_stale() -> None:
    desk, coming = Desk(), row(1)
    desk.words.prepare([coming])
    desk.clock.advance(1.0)
    desk.words.of(coming)
    assert desk.rendered == [1, 1]


def test_a_row_that_cannot_be_rendered_fails_as_it_is_sent_and_spoils_no_other() -> None:
    desk, broken, good = Desk(), replace(row(1), payload={}), row(2)
    desk.words.prepare([broken, good])
    with pytest.raises(KeyError):
        desk.words.of(broken)
    assert desk.words.of(good).html == "hello"
    assert desk.rendered == [1, 2, 1]


def test_what_goes_to_the_web_has_no_words() -> None:
    desk = Desk()
    desk.words.prepare([row(1, target="https://example.com/x")])
    assert desk.rendered == []


def test_of_many_rows_at_once_most_are_left_for_later() -> None:
    desk = Desk()
    desk.words.prepare([row(number) for number in range(200)])
    assert len(desk.rendered) < 10
