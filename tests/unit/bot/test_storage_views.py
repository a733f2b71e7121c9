"""What is said while nothing can be stored."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.views import storage as views
from bot.views.errors import explain
from bot.views.status import StatusReport, status
from broker.status import LinkState, LinkStatus
from storage.errors import StorageUnavailable
from tests.fakes.golden import check_golden
from tests.fakes.reply import check_message
from trading.errors import Limit, OrderDenied

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=7)
ZONE = ZoneInfo("America/New_York")
REPORT = StatusReport("0.1.0", NOW - timedelta(hours=5), LinkStatus(LinkState.UP, NOW - timedelta(hours=2)))


def test_a_full_disk_is_told_with_what_waits_and_what_helps() -> None:
    lost = views.lost("database or disk is full", 2, since=SINCE, now=NOW, zone=ZONE)
    check_message(lost)
    check_golden("storage-full", lost)


def test_a_locked_database_is_told_before_anything_waits() -> None:
    lost = views.lost("database is locked", 0, since=NOW, now=NOW, zone=ZONE)
    check_message(lost)
    check_golden("storage-locked", lost)


def test_the_end_says_what_waited() -> None:
    back = views.back(1, since=SINCE, now=NOW, zone=ZONE)
    check_message(back)
    check_golden("storage-back", back)


def test_what_could_not_be_stored_is_answered_with_that_nothing_was_sent() -> None:
    answer = explain(StorageUnavailable("attempt to write a readonly database"))
    check_message(answer)
    check_golden("error-storage", answer)


def test_status_says_first_that_nothing_can_be_stored() -> None:
    shown = status(replace(REPORT, storage_trouble="database or disk is full"), now=NOW, zone=ZONE)
    assert "nothing can be stored" in shown.html.splitlines()[0]
    assert "Database: <b>the disk is full</b>" in shown.html
    assert "Database" not in status(REPORT, now=NOW, zone=ZONE).html


def test_money_in_a_denial_has_its_currency() -> None:
    denied = explain(OrderDenied(Limit.ORDER_VALUE, Decimal(50_000), Decimal("980750.00"), "USD")).html
    assert "the order's value would be $980,750.00, the most allowed is $50,000.00." in denied
    assert "€" in explain(OrderDenied(Limit.ORDER_VALUE, Decimal(1), Decimal(2), "EUR")).html
