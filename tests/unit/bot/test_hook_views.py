"""Golden texts of what is said about webhooks and own words."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from alerts.default import Kind
from alerts.language import parse
from alerts.rule import Rule
from bot.address import UrlFault
from bot.views import hooks, wording
from bot.views.message import Message
from bot.views.notices import Notice
from bot.views.outbox import render
from bot.views.template import TemplateFault, check, possible
from storage.hook import Hook
from tests.fakes.chat import EVIL, NEW_YORK
from tests.fakes.clock import FakeClock
from tests.fakes.golden import check_golden
from tests.fakes.reply import check_message

NOW = FakeClock().now()
HOST = "hook.example.com"
LINE = "EVIL > 200"
RULE = Rule(3, 222, 222, LINE, parse(LINE, NOW, NEW_YORK), {"EVIL": EVIL}, NOW, NOW)
HOOK = Hook(3, 222, f"https://{HOST}/in?a=<b>&c", "s3cret", NOW)
OTHER = Hook(12, 222, "https://other.example.com:8443/", "s3cret", NOW)


def notice(kind: Notice, **fields: object) -> Callable[[], Message]:
    payload = {"notice": kind.value, "at": NOW.isoformat(), "rule_id": 3, "host": HOST, **fields}
    return lambda: render("notice", payload, now=NOW + timedelta(seconds=1), zone=NEW_YORK)


def refusal(said: str, kind: Kind) -> Message:
    try:
        check(said, kind)
    except TemplateFault as fault:
        return wording.refused(fault, possible(kind), "alert #3")
    raise AssertionError(said)


MESSAGES: dict[str, Callable[[], Message]] = {
    "hook-host-asked": notice(Notice.HOOK_HOST, owner=222, alert=LINE),
    "hook-host-allowed": notice(Notice.HOOK_DECIDED, allowed=True),
    "hook-host-refused": notice(Notice.HOOK_DECIDED, allowed=False),
    "hook-tested": notice(Notice.HOOK_TESTED, reason=""),
    "hook-test-failed": notice(Notice.HOOK_TESTED, reason="it answered with status 500"),
    "hook-failed": notice(Notice.HOOK_FAILED, reason="no answer in time"),
    "hook-set": lambda: hooks.saved(HOOK, is_allowed=True, asked=0),
    "hook-set-asked": lambda: hooks.saved(HOOK, is_allowed=False, asked=1),
    "hook-set-nobody": lambda: hooks.saved(HOOK, is_allowed=False, asked=0),
    "hook-card": lambda: hooks.card(RULE, HOOK, is_allowed=True),
    "hook-card-none": lambda: hooks.card(RULE, None, is_allowed=False),
    "hook-refused": lambda: hooks.refused("http://<b>", UrlFault.SCHEME),
    "hook-overview": lambda: hooks.overview([HOOK, OTHER], [HOST]),
    "hook-overview-none": lambda: hooks.overview([], []),
    "hook-hosts": lambda: hooks.hosts([HOST, "other.example.com:8443"]),
    "template-overview": lambda: wording.overview({"kind:day move": "<b>{symbol}", "rule:3": "{price}"}),
    "template-overview-none": lambda: wording.overview({}),
    "template-saved": lambda: wording.saved("rule:3", "<b>&EVIL hit 200.15\nsecond line", RULE),
    "template-standing": lambda: wording.standing(RULE, "kind:level", "{symbol}!", "EVIL!", possible(Kind.LEVEL)),
    "template-standard": lambda: wording.standing(RULE, "kind:level", None, None, possible(Kind.LEVEL)),
    "template-kind": lambda: wording.kind_standing(Kind.NEWS, None, possible(Kind.NEWS), "kind:news"),
    "template-question": lambda: wording.question(RULE, possible(Kind.LEVEL)),
    "template-reset": lambda: wording.reset("rule:3", was_set=True),
    "template-unknown": lambda: refusal("{symbol} hit {prise}", Kind.LEVEL),
    "template-part": lambda: refusal("{symbol.__class__}", Kind.LEVEL),
    "template-format": lambda: refusal("{price:.2f}", Kind.LEVEL),
    "template-absent": lambda: refusal("the account is at {price}", Kind.ACCOUNT),
    "template-unclosed": lambda: refusal("{symbol hit", Kind.LEVEL),
    "template-long": lambda: refusal("x" * 301, Kind.LEVEL),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_says_what_its_golden_file_says(name: str) -> None:
    message = MESSAGES[name]()
    check_message(message)
    check_golden(name, message)


def test_no_message_but_the_first_has_the_secret_in_it() -> None:
    telling = {name for name, make in MESSAGES.items() if "s3cret" in make().html}
    assert telling == {"hook-set", "hook-set-asked", "hook-set-nobody"}
    assert all(MESSAGES[name]().protect for name in telling)
