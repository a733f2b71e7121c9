"""A proposal's card, the question before it, and what a press on it came to."""

from datetime import datetime
from decimal import Decimal

from bot.callback_data import Code, Place
from bot.views.alerts import instrument_line, kind_mark
from bot.views.errors import denial
from bot.views.keyboard import button, grid, line_button, rows, shortened
from bot.views.message import Message, Style, text
from bot.views.numbers import MINUS, exact, money, price, quantity, share, span
from bot.views.orders import headline, leg_words, spelled, terms
from market.instrument import Instrument
from market.quote import Quote
from market.ticket import OrderTicket, Side
from trading.caution import FAR_PCT, SHARE_PCT
from trading.confirmation import Confirmation, Outcome
from trading.proposal import Preview, Proposal, ProposalState

_REASON = 300
_CLAIMED = {ProposalState.CONFIRMED, ProposalState.SUBMITTED}
_MISSING = {
    "read-only": "the Gateway's API is read-only",
    "timeout": "IBKR did not answer in time",
    "link down": "the link is down",
}


def price_choice(ticket: OrderTicket, instrument: Instrument, quote: Quote, line: str, *, now: datetime) -> Message:
    """Return the question at what price, for an order that named none; *line* is that order in the ticket language."""
    decimals = instrument.decimals
    near = "ask" if ticket.side is Side.BUY else "bid"
    age = quote.age(now)
    facts = f"Last <code>{price(quote.last, decimals)}</code> · bid <code>{price(quote.bid, decimals)}</code>"
    facts += f" · ask <code>{price(quote.ask, decimals)}</code>"
    facts += f" · {span(age)} ago" if age is not None else ""
    choices = [*line_button("Market", Code.ORDER_PRICE, "market", line)]
    if (quote.ask if ticket.side is Side.BUY else quote.bid) is not None:
        choices += line_button(f"Limit at {near}", Code.ORDER_PRICE, "near", line)
    if quote.mid is not None:
        choices += line_button("Mid", Code.ORDER_PRICE, "mid", line)
    example = f"{line} {exact(round(quote.price, decimals), decimals)}" if quote.price else f"{line} market"
    return Message(
        f"📝 <b>{text(spelled(ticket, instrument))}</b>: at what price?\n"
        f"{instrument_line(instrument)}\n{facts}{kind_mark(quote.kind)}\n"
        f"Nothing is ordered yet: each choice opens a card. Or type <code>{text(example.replace(',', ''))}</code>",
        grid(choices, 3),
    )


def proposal_card(proposal: Proposal, *, now: datetime, base: str = "USD", note: str = "") -> Message:
    """
    Return the card that asks for Confirm.

    *base* is the account's currency, *note* (plain text) says why the card comes anew or still stands.
    """
    lines = [
        f"📝 {headline(proposal)} · confirm?",
        f"{instrument_line(proposal.instrument)} · account {text(proposal.account)}",
        terms(proposal.ticket),
        *([f"⚠️ {text(note)}"] if note else []),
        "",
        f"<pre>{_figures(proposal, base)}</pre>",
        *_market_lines(proposal, now, base),
        *_preview_lines(proposal),
        *(f"⚠️ {text(shortened(caution, _REASON))}" for caution in proposal.warnings),
        f"⏳ Confirm within <b>{_seconds_left(proposal, now)} s</b> · ref <code>{text(proposal.reference)}</code>",
    ]
    style = Style.SUCCESS if proposal.ticket.side is Side.BUY else Style.DANGER
    label = f"✅ Confirm {spelled(proposal.ticket, proposal.instrument)}"
    return Message(
        "\n".join(lines),
        (
            (button(label, Code.ORDER_CONFIRM, proposal.token, style=style),),
            (button("✖️ Cancel", Code.ORDER_CANCEL, proposal.token),),
        ),
        protect=True,
    )


def sending(proposal: Proposal) -> Message:
    """Return what the card shows, without a keyboard, while the order is checked again and sent."""
    return Message(
        f"⏳ {headline(proposal)}\nChecking once more, then sending. Ref <code>{proposal.reference}</code>",
        protect=True,
    )


def outcome(confirmation: Confirmation, line: str = "") -> Message | None:
    """
    Return what the card shows after a press, or None where the card must stay as it is.

    *line* is the order in the ticket language, for a button that asks for a new card.
    """
    proposal = confirmation.proposal
    words = _OUTCOMES.get(confirmation.outcome)
    if proposal is None or words is None:
        return None
    mark, told, again = words
    body = [f"{mark} {headline(proposal)}", told]
    if confirmation.outcome is Outcome.DENIED and confirmation.denial is not None:
        body.insert(1, f"<b>Denied by a limit of ours</b>: {text(denial(confirmation.denial))}")
    elif confirmation.outcome is Outcome.ALREADY:
        body.append("Now: " + (", ".join(leg_words(leg, proposal) for leg in proposal.legs) or "not known yet"))
    elif confirmation.detail:
        body.append(f"<i>{text(shortened(confirmation.detail, _REASON))}</i>")
    body.append(f"Ref <code>{text(proposal.reference)}</code>")
    fresh = line_button("🔁 New card", Code.ORDER_LINE, line) if again and line else ()
    more = () if again else (button("📋 Orders", Code.ORDER_LIST, Place.ANEW),)
    return Message("\n".join(body), rows(fresh, more), protect=True)


def interrupted(proposal: Proposal, *, now: datetime) -> Message:
    """
    Return what is told of a press on a card that an earlier process had in hand when it ended.

    Before anything is sent it is stored that it will be: a card that still waits has sent nothing.
    """
    gist, then = "not sent", "That card is over. Write the order again if you still want it."
    if proposal.state in _CLAIMED:
        legs = ", ".join(leg_words(leg, proposal) for leg in proposal.legs) or "not known yet"
        gist = "look before you repeat it"
        then = f"It is not sent again. Now: {legs}. What IBKR knows of it is told here; /orders shows how it stands."
    elif proposal.state is ProposalState.PROPOSED and now < proposal.expires:
        then = f"The card still stands: press again within <b>{_seconds_left(proposal, now)} s</b>."
    about = f"I was restarted while I worked on your press. {then}\nRef <code>{text(proposal.reference)}</code>"
    return Message(f"⚠️ {headline(proposal)} · <b>{gist}</b>\n{about}", protect=True)


def toast(confirmation: Confirmation) -> str:
    """Return the short answer to a press on a card (Bot API: at most 200 characters)."""
    reference = confirmation.proposal.reference if confirmation.proposal else ""
    detail = f": {confirmation.detail}" if confirmation.detail and confirmation.outcome is Outcome.ALREADY else ""
    return shortened(_TOASTS[confirmation.outcome].format(ref=reference, detail=detail), 200)


def _figures(proposal: Proposal, base: str) -> str:
    buys = proposal.ticket.side is Side.BUY
    cost, preview, after = _cost(proposal), proposal.preview or Preview(), _cash_after(proposal, base)
    currency, held = proposal.instrument.currency, proposal.position_before
    moved = held + proposal.ticket.quantity if buys else held - proposal.ticket.quantity
    fee_currency = preview.commission_currency or currency
    table = [
        ("Est. cost" if buys else "Est. proceeds", money(cost, currency)),
        ("Commission", f"~{money(preview.commission, fee_currency)}" if preview.commission is not None else ""),
        ("Init margin", _change(preview.initial_margin_change, base)),
        ("Cash after", "" if after is None else money(after, base)),
        ("Position", f"{quantity(held)} → {quantity(moved)}"),
    ]
    return "\n".join(f"{name:<14}{value.replace(MINUS, '-'):>18}" for name, value in table if value)


def _change(value: Decimal | None, currency: str) -> str:
    return "" if value is None else money(value, currency, signed=True)


def _cost(proposal: Proposal) -> Decimal | None:
    each = proposal.ticket.limit_price
    if each is None:
        side = proposal.ask if proposal.ticket.side is Side.BUY else proposal.bid
        each = side if side is not None else proposal.reference_price
    return None if each is None else each * proposal.ticket.quantity * Decimal(proposal.instrument.multiplier or 1)


def _cash_after(proposal: Proposal, base: str) -> Decimal | None:
    """Cash is in the account's currency; an order in another one cannot be taken from it here."""
    cost = _cost(proposal)
    if cost is None or proposal.cash_before is None or proposal.instrument.currency != base:
        return None
    return proposal.cash_before - cost if proposal.ticket.side is Side.BUY else proposal.cash_before + cost


def _market_lines(proposal: Proposal, now: datetime, base: str) -> list[str]:
    decimals = proposal.instrument.decimals
    line = f"Last <code>{price(proposal.reference_price, decimals)}</code>"
    if proposal.bid is not None or proposal.ask is not None:
        line += (
            f" · bid <code>{price(proposal.bid, decimals)}</code> · ask <code>{price(proposal.ask, decimals)}</code>"
        )
    if proposal.reference_time is not None:
        line += f" · {span(now - proposal.reference_time)} ago"
    facts = [fact for fact in (_distance(proposal), _part(proposal, base)) if fact]
    return [line, " · ".join(facts)] if facts else [line]


def _distance(proposal: Proposal) -> str:
    """Say how far the limit is from the market, unless the warnings do."""
    limit, market = proposal.ticket.limit_price, proposal.reference_price
    if limit is None or not market:
        return ""
    away = (limit / market - 1) * 100
    if not away:
        return "Limit is at the market"
    where = "above" if away > 0 else "below"
    return "" if abs(away) > FAR_PCT else f"Limit is {share(abs(away), 2)} {where} the market"


def _part(proposal: Proposal, base: str) -> str:
    """Say what part of the account the order is, unless the warnings do."""
    cost = _cost(proposal)
    if cost is None or not proposal.net_liquidation or proposal.instrument.currency != base:
        return ""
    part = cost / proposal.net_liquidation * 100
    return "" if part > SHARE_PCT else f"{share(part)} of net liquidation"


def _preview_lines(proposal: Proposal) -> list[str]:
    if proposal.preview is None:
        missing = _MISSING.get(proposal.preview_missing, proposal.preview_missing)
        why = f" ({text(shortened(missing, _REASON))})" if missing else ""
        return [f"⚠️ IBKR's what-if is missing{why}. Commission and margin are not known."]
    if proposal.preview.warning:
        return [f"⚠️ IBKR: {text(shortened(proposal.preview.warning, _REASON))}"]
    return []


def _seconds_left(proposal: Proposal, now: datetime) -> int:
    return max(0, round((proposal.expires - now).total_seconds()))


# What the card then shows: its mark, its sentence, and whether a new card is offered.
_OUTCOMES = {
    Outcome.SENT: ("🕓", "Sent to IBKR. What becomes of it comes as an answer to this message.", False),
    Outcome.UNNOTED: (
        "⚠️",
        "<b>Sent to IBKR</b>, but I could not note it. <b>Do not send it again</b>; /orders shows how it stands.",
        False,
    ),
    Outcome.ALREADY: ("🕓", "Was confirmed before and is not sent again.", False),
    Outcome.UNKNOWN: (
        "⚠️",
        (
            "<b>Status unknown.</b> The link failed while it was sent. <b>Do not send it again</b>: I look for it at "
            "IBKR as soon as the link is back and tell you what I find."
        ),
        False,
    ),
    Outcome.EXPIRED: ("⌛", "<b>Expired.</b> Not sent. The price may have moved.", True),
    Outcome.CANCELLED: ("✖️", "<b>Cancelled.</b> Not sent.", True),
    Outcome.REPLACED: ("✖️", "<b>Replaced</b> by a newer card. This one was not sent.", False),
    Outcome.DRIFTED: (
        "⚠️",
        "<b>The price has moved.</b> Not sent. The card below shows the order at the new price.",
        False,
    ),
    Outcome.DENIED: ("⛔", "Nothing was sent to the market.", True),
    Outcome.NOT_SENT: ("🔌", "<b>The link failed just before.</b> Nothing was sent.", True),
    Outcome.TOO_SLOW: (
        "🐌",
        "<b>Too late.</b> My database was slow, and the price that I had checked is old by now. Nothing was sent.",
        True,
    ),
    Outcome.GONE: ("⌛", "<b>This card is over.</b> Nothing was sent by this tap.", True),
}
_TOASTS = {
    Outcome.SENT: "Sent, ref {ref}",
    Outcome.UNNOTED: "Sent, ref {ref}, but I could not note it. Do not send it again; see /orders",
    Outcome.ALREADY: "Confirmed before, ref {ref}{detail}. Not sent again.",
    Outcome.UNKNOWN: "Unknown whether it was sent. Do not send it again, ref {ref}",
    Outcome.EXPIRED: "Expired. Not sent.",
    Outcome.CANCELLED: "Cancelled. Not sent.",
    Outcome.REPLACED: "There is a newer card. This one was not sent.",
    Outcome.DRIFTED: "The price has moved: see the new card. Not sent.",
    Outcome.DENIED: "Denied by a limit of ours. Not sent.",
    Outcome.NOT_YOURS: "This card is someone else's. Nothing was sent.",
    Outcome.NOT_READY: "One moment, tap again. Nothing was sent yet.",
    Outcome.LINK_DOWN: "IBKR cannot be reached. Nothing was sent; tap again when the link is back.",
    Outcome.NOT_SENT: "The link failed. Nothing was sent.",
    Outcome.TOO_SLOW: "My database was slow, the price checked is old by now. Not sent.",
    Outcome.GONE: "This card is over. Nothing was sent by this tap.",
}
