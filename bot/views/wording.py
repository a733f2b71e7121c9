"""The wording of alerts: what is set, how it looks when it fires, and why a text is no template."""

from collections.abc import Mapping, Sequence

from alerts.default import Kind
from alerts.rule import Rule
from bot.callback_data import Code, Place
from bot.views.condition import describe
from bot.views.keyboard import button, rows, shortened
from bot.views.message import Button, Message, text
from bot.views.template import LONGEST, MOST_LINES, Flaw, Slot, TemplateFault, emphasised

_LINE = 120
_SHOWN = 12
_STANDING = (
    "Marks (late, repeat, delayed, critical), the time, the alert's number and the buttons are always added by me. "
    "If a value is missing when it fires, you get my standard words."
)
_WHY = {
    Flaw.EMPTY: "it is empty",
    Flaw.LONG: f"it may have at most {LONGEST} characters and {MOST_LINES} lines",
    Flaw.UNCLOSED: "this brace is not closed; braces stand around placeholders only",
    Flaw.UNOPENED: "this brace was not opened; braces stand around placeholders only",
    Flaw.MANY: "there are more than 6 placeholders in it",
}


def overview(templates: Mapping[str, str]) -> Message:
    """Return a person's templates by what they are for, and how one is set."""
    lines = ["🗣 <b>Your wording</b>" if templates else "🗣 <b>All your alerts speak in my standard words</b>"]
    listed = list(templates.items())[:_SHOWN]
    for scope, said in listed:
        lines.append(f"{text(named(scope))}: <code>{text(shortened(said, _LINE))}</code>")
    if len(templates) > _SHOWN:
        lines.append(f"and {len(templates) - _SHOWN} more")
    lines += ["", *_how()]
    resets = [(_reset(scope),) for scope, _ in listed]
    return Message("\n".join(lines), rows(*resets))


def saved(scope: str, preview: str | None, rule: Rule | None) -> Message:
    """Return the answer to a template that is set, with how it will look (None: nothing is left to read)."""
    return Message(
        f"✅ <b>Wording set for {text(named(scope))}.</b> {_looks(preview)}\n{_STANDING}",
        rows((_reset(scope), *_card(rule))),
    )


def standing(rule: Rule, scope: str, said: str | None, preview: str | None, slots: Sequence[Slot]) -> Message:
    """Return one alert's wording *said*: by *scope* its own or that of its kind; None is the standard one."""
    lines = [f"🗣 <b>Wording of alert #{rule.id}</b> · {text(shortened(describe(rule), _LINE))}"]
    if said is None:
        lines.append("Now: my standard words.")
    else:
        lines.append(f"Now, as set for {text(named(scope))}: <code>{text(said)}</code>\n{_looks(preview)}")
    lines += [
        f"Placeholders: {_slots(slots)}",
        f"Set it: <code>/template {rule.id} {text(_example(slots))}</code>",
        _STANDING,
    ]
    ask = button("⌨️ Type it", Code.TEMPLATE_ASK, rule.id)
    again = (_reset(scope),) if said is not None else ()
    return Message("\n".join(lines), rows((ask, *again), _card(rule)))


def question(rule: Rule, slots: Sequence[Slot]) -> Message:
    """Return the question for an alert's wording, which is answered by a reply."""
    return Message(
        f"🗣 <b>Wording</b> for alert #{rule.id}, {text(shortened(describe(rule), _LINE))}?\n"
        f"Reply with it. Placeholders: {_slots(slots)}",
        asks=_example(slots),
    )


def kind_standing(kind: Kind, said: str | None, slots: Sequence[Slot], scope: str) -> Message:
    """Return the wording of a kind of alert."""
    now = "Now: my standard words." if said is None else f"Now: <code>{text(said)}</code>"
    return Message(
        f"🗣 <b>Wording of {text(named(scope))}</b>\n{now}\nPlaceholders: {_slots(slots)}\n"
        f"Set it: <code>/template {text(kind.value)} {text(_example(slots))}</code>\n{_STANDING}",
        rows((_reset(scope),)) if said is not None else (),
    )


def reset(scope: str, *, was_set: bool) -> Message:
    """Return the answer to a reset."""
    if not was_set:
        return Message(f"🗣 <b>{_upper(named(scope))} had no wording of its own.</b> Nothing was changed.")
    return Message(f"↩️ <b>{_upper(named(scope))}: standard words again.</b>")


def refused(fault: TemplateFault, slots: Sequence[Slot], about: str) -> Message:
    """Return why a text is no template for *about* (plain text), where, and which placeholders there are."""
    return Message(
        f"🤔 <b>That is no wording for {text(about)}</b>: {_why(fault)}.\nNothing was changed.\n"
        f"{_where(fault)}Placeholders: {_slots(slots)}\nFor example: <code>{text(_example(slots))}</code>"
    )


def no_such_scope(said: str) -> Message:
    """Return the answer to a /template that names neither an alert nor a kind."""
    kinds = ", ".join(kind.value for kind in Kind)
    return Message(
        f"🤔 <b>{text(shortened(said, 60))} is neither an alert's number nor a kind.</b> Nothing was changed.\n"
        f"Kinds: {text(kinds)}.\n" + "\n".join(_how())
    )


def named(scope: str) -> str:
    """Return what a scope stands for, in plain text: `alert #3`, `level alerts`."""
    what, _, which = scope.partition(":")
    return f"alert #{which}" if what == "rule" else f"{which} alerts"


def _looks(preview: str | None) -> str:
    if preview is None:
        return "Nothing of it is left to read just now, so you get my standard words."
    return "It will look like this:\n<blockquote>" + "\n".join(emphasised(preview)) + "</blockquote>"


def _why(fault: TemplateFault) -> str:
    found = text(shortened(fault.found, 40))
    nearest = f", perhaps <code>{{{fault.nearest}}}</code>" if fault.nearest else ""
    match fault.flaw:
        case Flaw.UNKNOWN:
            return f"there is no placeholder <code>{{{found}}}</code>{nearest}"
        case Flaw.PART:
            return f"<code>{{{found}}}</code> asks for a part of something, and placeholders have none{nearest}"
        case Flaw.FORMAT:
            return f"<code>{{{found}}}</code> asks for a format, and numbers are always written in full{nearest}"
        case Flaw.ABSENT:
            return f"these alerts have no <code>{{{found}}}</code> when they fire"
        case flaw:
            return _WHY[flaw]


def _where(fault: TemplateFault) -> str:
    if fault.flaw in {Flaw.EMPTY, Flaw.LONG}:
        return ""
    start = max(0, fault.position - 20)
    flat = " ".join(fault.text[start : start + 34].splitlines())
    lead = "…" if start else ""
    return f"<pre>{text(lead + flat)}\n{' ' * (len(lead) + fault.position - start)}^</pre>\n"


def _upper(words: str) -> str:
    return text(words[:1].upper() + words[1:])


def _slots(slots: Sequence[Slot]) -> str:
    return " ".join(f"<code>{{{slot}}}</code>" for slot in slots)


def _example(slots: Sequence[Slot]) -> str:
    return "{symbol} hit {price}" if Slot.PRICE in slots else "look at this: {condition}"


def _how() -> tuple[str, ...]:
    return (
        "One alert: <code>/template 3 {symbol} hit {price}</code>",
        "All of a kind: <code>/template level {symbol} hit {price}</code>",
        "Back to standard: <code>/template 3 reset</code>",
        f"Placeholders: {_slots(tuple(Slot))}",
    )


def _reset(scope: str) -> Button:
    return button(f"↩️ Standard: {named(scope)}", Code.TEMPLATE_RESET, scope)


def _card(rule: Rule | None) -> tuple[Button, ...]:
    return () if rule is None else (button("🔔 Open alert", Code.ALERT_CARD, Place.HERE, rule.id),)
