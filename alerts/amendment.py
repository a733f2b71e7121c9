"""
A draft with one thing changed: another symbol, another level, another option. Pure.

The walk over a condition goes by the fields of its dataclasses, so that a new kind of condition is walked too.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from alerts.condition import Comparison, Condition, Crossing, DayMove, Draft, Options, PositionMove, Trailing, Velocity
from alerts.operand import Number
from alerts.rule import Rule
from alerts.sequel import order_line as completed
from alerts.wording import format_draft
from market.instrument import Instrument
from market.ticket import parse as parse_ticket


def renamed(condition: Condition, old: str, new: str) -> Condition:
    """Return *condition* with the symbol *new* wherever it had *old*."""

    def change(node: Any) -> Any:  # noqa: ANN401  any dataclass of a condition
        return replace(node, symbol=new) if getattr(node, "symbol", None) == old else node

    changed: Condition = _walked(condition, change)
    return changed


def amount_of(draft: Draft) -> float | None:
    """
    Return the one number that *draft* waits for: a level, or how far something must move. None for a compound.

    It is what "edit level" changes: the fixed side of a comparison or crossing, the percent of a day move, the amount
    of a velocity or trailing rule.
    """
    match draft.condition:
        case Comparison(_, _, Number(value)) | Crossing(_, _, Number(value)):
            return value
        case Comparison(Number(value), _, _) | Crossing(Number(value), _, _):
            return value
        case DayMove(percent=value) | PositionMove(percent=value):
            return value
        case Velocity(amount=value) | Trailing(amount=value):
            return value
        case _:
            return None


def with_amount(draft: Draft, amount: float) -> Draft:
    """Return *draft* waiting for *amount*. Raises ValueError where it has no such number (see `amount_of`)."""
    condition = draft.condition
    match condition:
        case Comparison(right=Number()) | Crossing(right=Number()):
            return replace(draft, condition=replace(condition, right=Number(amount)))
        case Comparison(left=Number()) | Crossing(left=Number()):
            return replace(draft, condition=replace(condition, left=Number(amount)))
        case DayMove() | PositionMove():
            return replace(draft, condition=replace(condition, percent=amount))
        case Velocity() | Trailing():
            return replace(draft, condition=replace(condition, amount=amount))
        case _:
            raise ValueError(condition)


def with_options(draft: Draft, **changes: Any) -> Draft:  # noqa: ANN401  as `dataclasses.replace`
    """Return *draft* with other options."""
    return replace(draft, options=replace(draft.options, **changes))


def watches_the_same(one: Draft, other: Draft) -> bool:
    """Return whether two drafts differ in nothing that is evaluated: in words, sound and address at most."""
    return one.condition == other.condition and _evaluated(one.options) == _evaluated(other.options)


def _evaluated(options: Options) -> Options:
    return replace(options, note="", tag="", silent=False, critical=False, then="", to="")


def with_symbol(rule: Rule, instrument: Instrument) -> Rule:
    """Return *rule* with the symbol that *instrument* has now, where it was written by the plain one it had."""
    draft, found = rule.draft, dict[str, Instrument]()
    for symbol, one in rule.instruments.items():
        is_plain = one == instrument and symbol == one.label
        known = instrument.label if is_plain else symbol
        draft = replace(draft, condition=renamed(draft.condition, symbol, known))
        found[known] = instrument if one == instrument else one
    return replace(rule, draft=draft, text=format_draft(draft), instruments=found)


def without_past_end(draft: Draft, now: datetime) -> Draft:
    """Return *draft* without its `until` where that is over by *now*: what is to watch again has no end then."""
    until = draft.options.until
    return draft if until is None or until > now else with_options(draft, until=None)


def order_line(rule: Rule) -> str:
    """
    Return what `then` prepares as an order line about the rule's own instrument, "" where the rule has no `then`.

    `then buy 10 limit 199.5` speaks of the alert's instrument, `then buy 10 MSFT market` of another. Raises
    TicketSyntaxError where it is no order.
    """
    then = rule.draft.options.then.strip()
    if not then:
        return ""
    instrument = next(iter(rule.instruments.values()), None)
    line = then if instrument is None else completed(then, f"#{instrument.con_id}")
    parse_ticket(line)
    return line


def _walked(node: Any, change: Callable[[Any], Any]) -> Any:  # noqa: ANN401  the tree's nodes are of many types
    if isinstance(node, tuple):
        return tuple(_walked(part, change) for part in node)
    if not dataclasses.is_dataclass(node) or isinstance(node, type):
        return node
    parts = {field.name: _walked(getattr(node, field.name), change) for field in dataclasses.fields(node)}
    return change(replace(node, **parts))
