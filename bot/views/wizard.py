"""The wizard's screens: what stands in it so far, and the buttons for what is asked just now."""

from collections.abc import Sequence
from string import ascii_uppercase

from bot.callback_data import Code
from bot.views.keyboard import button, grid, rows, shortened
from bot.views.message import Button, Message, Rows, Style, text
from bot.views.numbers import exact, price
from bot.views.quotes import stepped_to
from bot.wizard import CHOICES, KINDS, Step, Wizard
from market.instrument import Instrument

_STEPS = tuple(Step)
_NAMES = {Step.SYMBOL: "symbol", Step.KIND: "kind", Step.LEVEL: "level", Step.OPTIONS: "options"}
_EXAMPLES = {"level": "205", "note": "earnings on Thursday", "symbol": "apple"}
_LABELS = {
    "repeat": {"": "Usual", "once": "Once", "every": "Every", "1h": "1 / h"},
    "hours": {"": "Usual hours", "rth": "RTH", "eth": "ETH"},
    "ends": {"": "No end", "1d": "⌛ 1d", "1w": "⌛ 1w", "30d": "⌛ 30d"},
    "sound": {"": "🔔 Normal", "critical": "❗ Critical", "silent": "🔕 Silent"},
}
_MOST_KNOWN = 16
_MOST_FOUND = 6


def screen(
    form_id: int, wizard: Wizard, *, known: Sequence[Instrument] = (), found: Sequence[Instrument] = (), note: str = ""
) -> Message:
    """
    Return the wizard as it stands.

    *known* are the person's own instruments, *found* what a search came to; *note* (plain text) says what went wrong.
    """
    number = _STEPS.index(wizard.step) + 1
    about = f" · {text(wizard.label)}" if wizard.label else ""
    lines = [f"🪄 <b>New alert</b> · step {number}/4{about}", *_so_far(wizard)]
    if note:
        lines.append(f"🤔 {text(note)}")
    lines.append(_ask(wizard))
    body = {
        Step.SYMBOL: lambda: _symbols(form_id, wizard, known, found),
        Step.KIND: lambda: _kinds(form_id, wizard),
        Step.LEVEL: lambda: _levels(form_id, wizard),
        Step.OPTIONS: lambda: _options(form_id, wizard),
    }[wizard.step]()
    return Message("\n".join(lines), rows(*body, _steps(form_id, wizard), _end(form_id, wizard)))


def resume_or_anew(form_id: int, wizard: Wizard) -> Message:
    """Return the question whether an unfinished wizard goes on."""
    lines = ["🪄 <b>You have begun an alert already.</b>", *_so_far(wizard)]
    return Message(
        "\n".join(lines),
        rows(
            (
                button("▶️ Go on", Code.WIZARD, form_id, "resume", "x"),
                button("🔁 Start again", Code.WIZARD, form_id, "new", "x"),
            )
        ),
    )


def question(wizard: Wizard, what: str) -> Message:
    """Return the question for *what* (level, note or symbol), answered by a reply."""
    asked = {"level": "Which level", "note": "Which note", "symbol": "Which symbol or company"}[what]
    about = f" for {text(wizard.label)}" if wizard.label else ""
    example = _EXAMPLES[what]
    return Message(f"⌨️ <b>{asked}</b>{about}?\nReply with it, for example <code>{example}</code>", asks=example)


def handed_on() -> Message:
    """Return what stands in the place of a wizard that goes on in a newer message."""
    return Message("🪄 <b>This goes on below.</b>")


def saved(line: str) -> Message:
    """Return what stands in the place of a wizard that is done."""
    return Message(f"🪄 <b>Done</b>: <code>{text(line)}</code>")


def cancelled() -> Message:
    """Return what stands in the place of a wizard that was given up."""
    return Message("✖️ <b>Given up.</b> Nothing was saved.")


def _so_far(wizard: Wizard) -> list[str]:
    """Return what is filled in, in words."""
    parts = [wizard.label, KINDS[wizard.kind].label if wizard.kind else "", _level(wizard)]
    parts += [CHOICES[name][value] for name in CHOICES if (value := getattr(wizard, name))]
    parts.append(f"“{shortened(wizard.note, 60)}”" if wizard.note else "")
    told = " · ".join(text(part) for part in parts if part)
    return [f"<b>{told}</b>"] if told else []


def _level(wizard: Wizard) -> str:
    kind = KINDS.get(wizard.kind)
    return f"{wizard.level} {kind.unit}".strip() if kind and wizard.level else ""


def _ask(wizard: Wizard) -> str:
    match wizard.step:
        case Step.SYMBOL:
            letters = f" Search: <code>{text(wizard.typed)}</code>" if wizard.typed else ""
            return f"Which instrument? One of yours, or spell it and search.{letters}"
        case Step.KIND:
            return "What about it?"
        case Step.LEVEL:
            now = "" if wizard.price is None else f" Now <code>{price(wizard.price, wizard.decimals)}</code>."
            return f"Which level?{now}"
        case _:
            return "Any options? Save when it is right."


def _symbols(form_id: int, wizard: Wizard, known: Sequence[Instrument], found: Sequence[Instrument]) -> Rows:
    candidates = [_pick(form_id, one, _named(one)) for one in found[:_MOST_FOUND]]
    mine = [] if wizard.typed else [_pick(form_id, one, one.label) for one in known[:_MOST_KNOWN]]
    letters = [button(letter, Code.WIZARD, form_id, "key", letter) for letter in (*ascii_uppercase, ".")]
    search = (
        button("🔎 Search", Code.WIZARD, form_id, "find", "x"),
        button("⌫", Code.WIZARD, form_id, "del", "x"),
        button("⌨️ Type it", Code.WIZARD, form_id, "ask", "symbol"),
    )
    return rows(*grid(candidates, 2), *grid(mine, 4), *grid(letters, 7), search)


def _pick(form_id: int, instrument: Instrument, label: str) -> Button:
    return button(shortened(label, 26), Code.WIZARD, form_id, "pick", instrument.con_id)


def _named(instrument: Instrument) -> str:
    venue = instrument.primary_exchange or instrument.exchange
    return " · ".join(filter(None, (instrument.label, instrument.name or venue)))


def _kinds(form_id: int, wizard: Wizard) -> Rows:
    return grid(
        [
            button(_dotted(kind.label, chosen=name == wizard.kind), Code.WIZARD, form_id, "kind", name)
            for name, kind in KINDS.items()
        ],
        3,
    )


def _levels(form_id: int, wizard: Wizard) -> Rows:
    kind = KINDS[wizard.kind]
    if kind.is_price:
        picks = [
            button(
                f"{'▲' if float(step) > 0 else '▼'} {exact(value, wizard.decimals)}",
                Code.WIZARD,
                form_id,
                "level",
                f"{value:f}",
            )
            for step in kind.presets
            if wizard.price is not None
            for value in [stepped_to(wizard.price * (1 + float(step) / 100), wizard.min_tick, wizard.decimals)]
        ]
    else:
        picks = [button(f"{one} {kind.unit}".strip(), Code.WIZARD, form_id, "level", one) for one in kind.presets]
    return rows(*grid(picks, 3), (button("⌨️ Type it", Code.WIZARD, form_id, "ask", "level"),))


def _options(form_id: int, wizard: Wizard) -> Rows:
    choices = [
        tuple(
            button(_dotted(label, chosen=getattr(wizard, name) == value), Code.WIZARD, form_id, name, value or "none")
            for value, label in _LABELS[name].items()
        )
        for name in CHOICES
    ]
    return rows(*choices, (button("📝 Note", Code.WIZARD, form_id, "ask", "note"),))


def _steps(form_id: int, wizard: Wizard) -> tuple[Button, ...]:
    """Return the way to every other step that can be gone to."""
    kind = KINDS.get(wizard.kind)
    open_steps = {
        Step.SYMBOL: True,
        Step.KIND: bool(wizard.con_id),
        Step.LEVEL: bool(wizard.con_id and kind and kind.has_level),
        Step.OPTIONS: wizard.is_whole,
    }
    return tuple(
        button(f"✏️ {_NAMES[step].capitalize()}", Code.WIZARD, form_id, "step", step.value)
        for step in _STEPS
        if open_steps[step] and step is not wizard.step
    )


def _end(form_id: int, wizard: Wizard) -> tuple[Button, ...]:
    save = (button("✅ Save", Code.WIZARD, form_id, "save", "x", style=Style.SUCCESS),) if wizard.is_whole else ()
    return (*save, button("✖️ Cancel", Code.WIZARD, form_id, "cancel", "x"))


def _dotted(label: str, *, chosen: bool) -> str:
    return f"• {label}" if chosen else label
