"""A proposal's card: all that a person must know before pressing Confirm."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.callback_data import Code
from bot.views import estimate
from bot.views.alerts import instrument_line
from bot.views.keyboard import button, rows, shortened
from bot.views.message import Button, Message, Rows, Style, text
from bot.views.numbers import EASTERN, exact, price, share, span
from bot.views.order_words import (
    brief,
    changed,
    changed_reference,
    expiry_words,
    headline,
    is_change,
    is_list,
    lasting,
    terms,
)
from bot.views.outcome import seconds_left
from market.instrument import SecType
from market.ticket import OrderType, Side, TimeInForce
from trading.caution import FAR_PCT, SHARE_PCT
from trading.guarding import Guarding
from trading.proposal import Proposal
from trading.state import TradingState

_REASON = 300
_LABEL = 56
_MISSING = {
    "read-only": "the Gateway's API is read-only",
    "timeout": "IBKR did not answer in time",
    "link down": "the link is down",
}
_PROTECTED = (OrderType.MARKET, OrderType.LIMIT)


def proposal_card(
    proposal: Proposal,
    *,
    now: datetime,
    base: str = "USD",
    note: str = "",
    state: TradingState = TradingState.ACTIVE,
    zone: ZoneInfo = EASTERN,
    guarding: Guarding | None = None,
) -> Message:
    """
    Return the card that asks for Confirm.

    *base* is the account's currency, *note* (plain text) says why the card comes anew or still stands. *guarding* is
    offered as a button where the order may have children and has none.
    """
    body = _list_body(proposal) if is_list(proposal) else _body(proposal, now=now, base=base, zone=zone)
    lines = [
        f"📝 {headline(proposal)} · confirm?",
        *([f"⚠️ {text(note)}"] if note else []),
        *body,
        *_preview_lines(proposal),
        *(f"⚠️ {text(shortened(caution, _REASON))}" for caution in proposal.warnings),
        *_state_lines(state),
        f"⏳ Confirm within <b>{seconds_left(proposal, now)} s</b> · ref <code>{text(proposal.reference)}</code>",
    ]
    return Message("\n".join(lines), _buttons(proposal, guarding), protect=True)


def confirm_label(proposal: Proposal, verb: str = "Confirm") -> str:
    """Return what Confirm (or another *verb*) says: the whole order, however short it must be put."""
    if is_list(proposal):
        return f"✅ {verb} all {len(proposal.orders)} orders"
    before = proposal.changed_from
    if is_change(proposal) and before is not None:
        return shortened(f"✅ {verb} {changed(before, proposal.ticket, proposal.instrument)}", _LABEL)
    return shortened(f"✅ {verb} {brief(proposal.ticket, proposal.instrument)}", _LABEL)


def confirm_button(proposal: Proposal, code: Code, token: str, *, verb: str = "Confirm") -> Button:
    """Return the one button that lets the order go, for who presses with *token*."""
    style = Style.SUCCESS if proposal.ticket.side is Side.BUY else Style.DANGER
    if is_list(proposal):
        style = Style.PRIMARY
    return button(confirm_label(proposal, verb), code, token, style=style, most=_LABEL)


def may_be_guarded(proposal: Proposal) -> bool:
    """Return whether a stop loss and a target can be put beside the order: one that opens or adds to a position."""
    ticket, held = proposal.ticket, proposal.position_before
    if is_list(proposal) or is_change(proposal) or ticket.oco_stop is not None:
        return False
    closes = held > 0 if ticket.side is Side.SELL else held < 0
    return ticket.order_type in _PROTECTED and not closes and proposal.instrument.sec_type is not SecType.COMBO


def _body(proposal: Proposal, *, now: datetime, base: str, zone: ZoneInfo) -> list[str]:
    more = expiry_words(proposal.instrument)
    return [
        f"{instrument_line(proposal.instrument)} · account {text(proposal.account)}",
        *([text(more)] if more else []),
        *([f"New terms for order {changed_reference(proposal)}, which works"] if is_change(proposal) else []),
        *estimate.asked_line(proposal),
        text(terms(proposal.ticket, proposal.instrument, now=now, zone=zone)),
        *_bracket(proposal, now, zone),
        "",
        f"<pre>{text(estimate.figures(proposal, base))}</pre>",
        *estimate.risk_lines(proposal),
        *_market_lines(proposal, now, base),
    ]


def _list_body(proposal: Proposal) -> list[str]:
    accounts = dict.fromkeys(order.account for order in proposal.orders)
    return [
        f"account{'s' if len(accounts) > 1 else ''} {text(', '.join(accounts))}",
        "",
        *estimate.list_lines(proposal),
        *estimate.risk_lines(proposal),
        "",
        "Each is an order of its own: one that is not taken does not stop the others.",
    ]


def _bracket(proposal: Proposal, now: datetime, zone: ZoneInfo) -> list[str]:
    lines = estimate.bracket_lines(proposal)
    child = estimate.children_last(proposal)
    if not lines or child is None:
        return lines
    both = " · one cancels the other" if proposal.ticket.take_profit and proposal.ticket.stop_loss else ""
    last = lasting(child, now=now, zone=zone)
    return [*lines, f"<i>Waits for the fill, then: {text(last[0].lower() + last[1:])}{both}</i>"]


def _state_lines(state: TradingState) -> list[str]:
    match state:
        case TradingState.ACTIVE:
            return ["Trading: active"]
        case TradingState.REDUCING:
            return ["⚠️ <b>Trading: REDUCING</b>, only what makes a position smaller is sent"]
        case TradingState.HALTED:
            return ["🔒 <b>Trading: HALTED</b>, nothing is sent"]


def _buttons(proposal: Proposal, guarding: Guarding | None) -> Rows:
    confirm = confirm_button(proposal, Code.ORDER_CONFIRM, proposal.token)
    return rows((confirm,), *_edits(proposal, guarding), (button("✖️ Cancel", Code.ORDER_CANCEL, proposal.token),))


def _edits(proposal: Proposal, guarding: Guarding | None) -> Sequence[Sequence[Button]]:
    """Return the buttons that make another card of this one; a list is begun anew instead, a type is not changed."""
    if is_list(proposal) or not proposal.id:
        return ()
    names = (("✏️ Quantity", "qty"), ("✏️ Price", "price"), ("✏️ Type", "type"))
    if is_change(proposal):
        return ([button(name, Code.ORDER_EDIT, proposal.id, screen) for name, screen in names[:2]],)
    change = [button(name, Code.ORDER_EDIT, proposal.id, screen) for name, screen in names]
    if not may_be_guarded(proposal):
        return (change,)
    ticket, decimals = proposal.ticket, proposal.instrument.decimals
    guard = [button("🛡 Stop & target", Code.ORDER_EDIT, proposal.id, "guard")]
    if guarding is not None and ticket.take_profit is None and ticket.stop_loss is None:
        said = f"🛡 SL {exact(guarding.stop_loss, decimals)} · TP {exact(guarding.take_profit, decimals)}"
        chosen = f"{guarding.stop_loss:f}_{guarding.take_profit:f}"
        guard.insert(0, button(said, Code.ORDER_SET, proposal.id, "guard", chosen))
    return (change, guard)


def _market_lines(proposal: Proposal, now: datetime, base: str) -> list[str]:
    decimals = proposal.instrument.decimals
    line = f"Last <code>{price(proposal.reference_price, decimals)}</code>"
    if proposal.bid is not None or proposal.ask is not None:
        line += (
            f" · bid <code>{price(proposal.bid, decimals)}</code> · ask <code>{price(proposal.ask, decimals)}</code>"
        )
    if proposal.reference_time is not None:
        line += f" · {span(now - proposal.reference_time)} ago"
    facts = [fact for fact in (*_distances(proposal), _part(proposal, base)) if fact]
    return [line, " · ".join(facts)] if facts else [line]


def _distances(proposal: Proposal) -> list[str]:
    """Say how far the limit and the stop are from the market, unless the warnings do."""
    ticket = proposal.ticket
    named = (("Limit", ticket.limit_price), ("Stop", ticket.stop_price), ("Other stop", ticket.oco_stop))
    found = [_distance(name, at, proposal.reference_price) for name, at in named if at is not None]
    return [*found, _at_once(proposal), _trailing(proposal)]


def _at_once(proposal: Proposal) -> str:
    """Say of a limit that meets the other side of the market that it waits for nothing."""
    ticket, bid, ask = proposal.ticket, proposal.bid, proposal.ask
    limit = ticket.limit_price
    if ticket.order_type is not OrderType.LIMIT or ticket.time_in_force is TimeInForce.OPG or limit is None:
        return ""
    meets = (ask is not None and limit >= ask) if ticket.side is Side.BUY else (bid is not None and limit <= bid)
    return "it can trade at once" if meets else ""


def _trailing(proposal: Proposal) -> str:
    """Say where a trailing stop begins: IBKR sets it off from the market when it gets the order."""
    ticket, market = proposal.ticket, proposal.reference_price
    if ticket.order_type is not OrderType.TRAIL or market is None:
        return ""
    away = ticket.trail_amount if ticket.trail_pct is None else abs(market) * ticket.trail_pct / 100
    begins = market - (away or Decimal(0)) * (1 if ticket.side is Side.SELL else -1)
    return f"The stop begins at about {price(begins, proposal.instrument.decimals)}"


def _distance(name: str, at: Decimal, market: Decimal | None) -> str:
    if not market:
        return ""
    away = (at - market) * 100 / abs(market)
    if not round(away, 2):
        return f"{name} is at the market"
    where = "above" if away > 0 else "below"
    return "" if abs(away) > FAR_PCT and name == "Limit" else f"{name} is {share(abs(away), 2)} {where} the market"


def _part(proposal: Proposal, base: str) -> str:
    """Say what part of the account the order is, unless the warnings do."""
    total = estimate.cost(proposal)
    if total is None or not proposal.net_liquidation or proposal.instrument.currency != base:
        return ""
    part = abs(total) / proposal.net_liquidation * 100
    return "" if part > SHARE_PCT else f"{share(part)} of net liquidation"


def _preview_lines(proposal: Proposal) -> list[str]:
    if proposal.preview is None:
        missing = _MISSING.get(proposal.preview_missing, proposal.preview_missing)
        why = f" ({text(shortened(missing, _REASON))})" if missing else ""
        return [f"⚠️ IBKR's what-if is missing{why}. Commission and margin are not known."]
    if proposal.preview.warning:
        return [f"⚠️ IBKR: {text(shortened(proposal.preview.warning, _REASON))}"]
    return []
