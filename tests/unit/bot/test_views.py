"""
Golden texts of scans, status, help and notices; GOLDEN=write writes them anew, and a person reads the difference.

Those of alerts, news, orders and errors stand in files of their own.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.rule import (
    RuleState,
)
from bot.commands import listed
from bot.views import help as help_views
from bot.views import status as status_views
from bot.views.notices import Notice
from bot.views.outbox import render
from broker.status import LinkReason, LinkState, LinkStatus
from tests.fakes.chat import ACCOUNT, NEW_YORK
from tests.fakes.golden import check_golden
from tests.fakes.reply import check_message
from tests.unit.bot.samples import (
    BERLIN,
    NOW,
    notice_message,
)
from trading.access import Role

UP = LinkStatus(
    LinkState.UP,
    NOW - timedelta(days=3, hours=4),
    address="127.0.0.1:4002",
    client_id=17,
    library="ib_async 2.1.0",
    server_version=178,
    accounts=(ACCOUNT,),
)
REPORT = status_views.StatusReport(
    version="0.1.0",
    started=NOW - timedelta(hours=5),
    link=UP,
    alerts={RuleState.ARMED: 14, RuleState.PAUSED: 2, RuleState.BLIND: 0},
    last_tick=NOW - timedelta(seconds=1),
    lines=12,
    most_lines=90,
    telegram_lag_s=0.412,
    next_summary=NOW + timedelta(hours=2),
)
DOWN = replace(
    REPORT,
    link=LinkStatus(LinkState.DOWN, NOW - timedelta(minutes=3), LinkReason.REFUSED, 7, "127.0.0.1:4002", 17),
    last_tick=None,
    telegram_trouble="timed out",
    outbox_depth=31,
    next_summary=None,
)


MESSAGES = {
    "status-good": lambda: status_views.status(REPORT, now=NOW, zone=NEW_YORK),
    "status-bad": lambda: status_views.status(DOWN, now=NOW, zone=BERLIN),
    "status-data": lambda: status_views.status(
        replace(
            REPORT,
            link=replace(REPORT.link, broken_farms=("usfarm",)),
            rivalled=["NVDA"],
            not_live=[f"S{number}" for number in range(10)],
            stale=[("BMW", NOW - timedelta(minutes=7))],
        ),
        now=NOW,
        zone=NEW_YORK,
    ),
    "help": lambda: help_views.help_page(listed(Role.TRADER)),
    "start": lambda: help_views.welcome(listed(Role.VIEWER)),
    "not-understood": help_views.not_understood,
    "was-away": lambda: help_views.was_away("AAPL > 200"),
    "notice-link-lost": lambda: notice_message(Notice.LINK_LOST, reason="client id in use"),
    "notice-link-lost-restart": lambda: notice_message(
        Notice.LINK_LOST, reason="lost ibkr", advice="restart", since=(NOW - timedelta(minutes=16)).isoformat()
    ),
    "notice-link-lost-login": lambda: notice_message(
        Notice.LINK_LOST, reason="refused", advice="login", since=(NOW - timedelta(minutes=6)).isoformat()
    ),
    "notice-competing": lambda: notice_message(Notice.TROUBLE, trouble="competing session", subjects=["AAPL", "MSFT"]),
    "notice-delayed": lambda: notice_message(
        Notice.TROUBLE, trouble="delayed data", subjects=[f"S{number}" for number in range(15)]
    ),
    "notice-frozen": lambda: notice_message(Notice.TROUBLE, trouble="frozen data", subjects=["<A>"]),
    "notice-farm": lambda: notice_message(Notice.TROUBLE, trouble="farm down", subjects=["usfarm", "usfarm.nj"]),
    "notice-read-only": lambda: notice_message(Notice.TROUBLE, trouble="read-only api", subjects=[]),
    "notice-competing-over": lambda: notice_message(
        Notice.TROUBLE_OVER,
        trouble="competing session",
        subjects=["AAPL"],
        since=(NOW - timedelta(minutes=6)).isoformat(),
    ),
    "notice-read-only-over": lambda: notice_message(
        Notice.TROUBLE_OVER, trouble="read-only api", subjects=[], since=(NOW - timedelta(minutes=6)).isoformat()
    ),
    "notice-blind-refused": lambda: notice_message(
        Notice.ALERT_BLIND,
        rule_id=4,
        alert="AAPL > 1",
        reason="IBKR 354: Requested market data is not subscribed. Check API status by selecting the Account menu …",
    ),
    "notice-link-back": lambda: notice_message(
        Notice.LINK_BACK, since=(NOW - timedelta(minutes=3)).isoformat(), alerts=2
    ),
    "notice-blind": lambda: notice_message(Notice.ALERT_BLIND, rule_id=4, alert="AAPL > 1", reason="no <data>"),
    "notice-expired": lambda: notice_message(Notice.ALERT_EXPIRED, rule_id=4, alert="AAPL > 1 until friday", fired=2),
    "notice-split": lambda: notice_message(
        Notice.ALERT_SPLIT,
        rule_id=4,
        symbol="AAPL",
        split="2:1",
        alert="AAPL > 202.5",
        adjusted="AAPL > 101.25",
        before=202.5,
        after=101.25,
    ),
    "notice-split-several": lambda: notice_message(
        Notice.ALERT_SPLIT,
        rule_id=4,
        symbol="AAPL",
        split="1:20",
        alert="AAPL - 2 * MSFT > 3",
        adjusted="",
        before=None,
        after=None,
    ),
    "notice-renamed": lambda: notice_message(Notice.ALERT_RENAMED, rule_id=4, old="FB", new="META", alert="META > 700"),
    "notice-cards-cancelled": lambda: notice_message(Notice.ORDER_CARDS_CANCELLED, count=2),
    "notice-chat-closed": lambda: notice_message(Notice.CHAT_CLOSED, chat_id=222, reason="bot was blocked by the user"),
    "notice-group-closed": lambda: notice_message(Notice.CHAT_CLOSED, chat_id=-5, reason="bot was kicked"),
    "notice-rival": lambda: notice_message(Notice.RIVAL),
    "notice-rival-gone": lambda: notice_message(Notice.RIVAL_GONE, since="2026-11-20T19:10:00+00:00"),
    "interrupted": lambda: help_views.interrupted("AAPL > 200"),
    "press-interrupted": help_views.press_interrupted,
    "notice-message-failed": lambda: notice_message(Notice.MESSAGE_FAILED, kind="firing", row_id=3, reason="KeyError"),
    "notice-task-died": lambda: notice_message(Notice.TASK_DIED, task="watcher", reason="OSError", restart_s=2.0),
    "notice-test": lambda: notice_message(Notice.TEST),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_says_what_its_golden_file_says(name: str) -> None:
    message = MESSAGES[name]()
    check_message(message)
    check_golden(name, message)


def test_an_unknown_row_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="gossip"):
        render("gossip", {}, now=NOW, zone=NEW_YORK)
    with pytest.raises(ValueError, match="gossip"):
        render("notice", {"notice": "gossip", "at": NOW.isoformat()}, now=NOW, zone=NEW_YORK)
