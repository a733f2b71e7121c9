"""People: who is in, who asks to be, and what an admin did about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.callback_data import Code, Place
from bot.views.keyboard import button, clamped, grid, pager, rows, shortened
from bot.views.message import Message, Rows, Style, text
from bot.views.numbers import moment
from trading.access import Role

_HERE = Place.HERE
_NAME = 60
_LABEL = 20
PAGE = 12
_ROLES = {
    Role.VIEWER: "viewer: reads, own alerts",
    Role.TRADER: "trader: orders within limits",
    Role.ADMIN: "admin: people, limits, halt",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """
    One person as /users shows them: *role* None for the blocked, *is_founder* for those of the environment.

    *has_code* says that their authenticator app is set up, *locked_until* that too many codes were wrong.
    """

    user_id: int
    role: Role | None
    name: str = ""
    is_founder: bool = False
    at: datetime | None = None
    has_code: bool = False
    locked_until: datetime | None = None


def listing(people: Sequence[Shown], page: int, *, now: datetime, zone: ZoneInfo, is_open: bool) -> Message:
    """Return who is in and who is blocked, a page of them; *is_open* is the setting PAIRING."""
    page = clamped(page, len(people), PAGE)
    some = people[page * PAGE : (page + 1) * PAGE]
    inside = sum(one.role is not None for one in people)
    lines = [f"👥 <b>{inside} {'person' if inside == 1 else 'people'}</b>" + _blocked_count(len(people) - inside)]
    lines += [_line(one, now, zone) for one in some]
    lines.append(_how_in(is_open=is_open))
    cards = [button(shortened(_called(one), _LABEL), Code.MEMBER_CARD, _HERE, one.user_id) for one in some]
    return Message("\n".join(lines), rows(*grid(cards, 2), pager(Code.MEMBER_LIST, page, len(people), size=PAGE)))


def card(person: Shown, *, now: datetime, zone: ZoneInfo, is_you: bool, done: str = "") -> Message:
    """Return one person with what an admin can do; *done* (plain text) is what has just been done."""
    lines = [f"✅ <b>{text(done)}</b>"] if done else []
    lines += [f"👤 <b>{text(_called(person))}</b>", _line(replace(person, name=""), now, zone)]
    if is_you:
        lines.append("This is you. Another admin can change what you may do.")
    elif person.is_founder:
        lines.append("TELEGRAM_USERS on the host gives the role. Blocking holds until it is taken back here.")
    actions = () if is_you else _actions(person)
    back = (button("« People", Code.MEMBER_LIST, _HERE, 0),)
    return Message("\n".join(lines), rows(*grid(actions, 2), back))


def gone() -> Message:
    """Return what is shown in the place of somebody who is not known any more."""
    return Message(
        "👤 <b>This person is not known any more.</b>", rows((button("« People", Code.MEMBER_LIST, _HERE, 0),))
    )


def paired(role: Role) -> Message:
    """Return what someone reads whose pairing code was good."""
    return Message(
        f"✅ <b>You are in</b>, as {_ROLES[role]}.\nThe code is used up. /start shows what I can do for you."
    )


def not_paired() -> Message:
    """Return what someone who is in reads of a code that changed nothing."""
    return Message(
        "🔑 <b>That code changed nothing.</b> It is unknown, used, or older than 10 minutes; and who is named on the "
        "host (TELEGRAM_USERS) has the role given there."
    )


def stranger(payload: Mapping[str, Any], _at: datetime) -> str:
    """Return the notice about someone who is not in and wrote."""
    return (
        f"👤 <b>A stranger writes to me</b>: {text(shortened(str(payload['name']), _NAME))}, "
        f"id <code>{int(payload['user_id'])}</code>\n"
        "They get no answer, and you hear of them this once. The name is their own choice: allow only whom you know."
    )


def stranger_buttons(payload: Mapping[str, Any]) -> Rows:
    """Return the choice about a stranger."""
    user_id = int(payload["user_id"])
    return (
        (
            button("👁 Allow as viewer", Code.MEMBER_ALLOW, user_id),
            button("⛔ Block", Code.MEMBER_BLOCK, Place.HERE, user_id, style=Style.DANGER),
        ),
    )


def has_paired(payload: Mapping[str, Any], _at: datetime) -> str:
    """Return the notice about someone who came in by a pairing code."""
    return (
        f"🔑 <b>{text(shortened(str(payload['name']), _NAME))} is in</b> by a pairing code, "
        f"as {text(str(payload['role']))}; id <code>{int(payload['user_id'])}</code>\n"
        "Codes are made on the host. If nobody made one, block this person and look who has access there."
    )


def has_paired_buttons(payload: Mapping[str, Any]) -> Rows:
    """Return what can be done about someone who came in."""
    return ((button("👤 Open", Code.MEMBER_CARD, Place.ANEW, int(payload["user_id"])),),)


def let_in(_payload: Mapping[str, Any], _at: datetime) -> str:
    """Return what someone reads whom an admin has let in."""
    return f"✅ <b>You are in</b>, as {_ROLES[Role.VIEWER]}.\n/start shows what I can do for you."


def decided(name: str, *, is_in: bool) -> Message:
    """Return what the notice about a stranger shows once an admin has decided."""
    said = "is in, as a viewer." if is_in else "is blocked: they get no answer, and nobody hears of them again."
    return Message(f"👤 <b>{text(shortened(name, _NAME))}</b> {said}\n/users shows everyone.")


def _line(person: Shown, now: datetime, zone: ZoneInfo) -> str:
    facts = [f"<code>{person.user_id}</code>", text(person.name) if person.name else ""]
    if person.role is None:
        facts.append("⛔ <b>blocked</b>")
    else:
        facts.append(f"<b>{person.role.name.lower()}</b>")
    facts.append("from TELEGRAM_USERS" if person.is_founder else "")
    if person.at is not None:
        facts.append(f"since {moment(person.at, zone, now)}")
    if person.locked_until is not None and now < person.locked_until:
        facts.append(f"🔒 codes locked until {moment(person.locked_until, zone, now)}")
    elif person.has_code:
        facts.append("🔐 code set up")
    return " · ".join(fact for fact in facts if fact)


def _called(person: Shown) -> str:
    return person.name or f"User {person.user_id}"


def _blocked_count(count: int) -> str:
    return f" · {count} blocked" if count else ""


def _how_in(*, is_open: bool) -> str:
    if not is_open:
        return "<i>Nobody else can come in: set PAIRING=on on the host to allow it, or add them to TELEGRAM_USERS.</i>"
    return "<i>To let someone in: <code>squawkbot pair trader</code> on the host makes a code for 10 minutes.</i>"


def _actions(person: Shown) -> tuple[Any, ...]:
    if person.role is None:
        return (button("↩️ Unblock", Code.MEMBER_UNBLOCK, _HERE, person.user_id),)
    found = []
    if not person.is_founder and person.role is not Role.VIEWER:
        found.append(button("👁 Viewer only", Code.MEMBER_LOWER, _HERE, person.user_id))
    if not person.is_founder:
        found.append(button("🚪 Remove", Code.MEMBER_REMOVE, _HERE, person.user_id))
    found.append(button("⛔ Block", Code.MEMBER_BLOCK, _HERE, person.user_id, style=Style.DANGER))
    return tuple(found)
