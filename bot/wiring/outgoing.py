"""The way out: rows of the outbox become messages on phones, and calls of people's webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from alerts.aftermath import instrument_of
from alerts.rule import Firing
from bot.hooks import Courier
from bot.inbound import KIND as INBOUND
from bot.inbound import InboundOrders
from bot.inbound_reading import Kind
from bot.late import NO_QUOTES, LatePrices
from bot.notifier import Notifier
from bot.scan_prices import SentScans
from bot.views import outbox as outbox_views
from bot.views.message import Message
from bot.views.news_alert import Around
from bot.wiring.chat import Chat
from bot.wiring.house import House
from bot.wiring.incoming import Incoming
from market.instrument import Instrument
from market.quote import Quote
from storage.message import OutboxMessage
from trading.codec import summary_from_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """Who sends."""

    notifier: Notifier
    courier: Courier


def wire_outgoing(house: House, chat: Chat, incoming: Incoming) -> Outgoing:
    """Make the senders; nothing is sent before they run. Orders of the inbound webhook come in as if typed."""
    people, phone, link, clock = house.people, house.phone, house.link, house.ground.clock
    rows = _Rows(house, chat)
    late = LatePrices(link.feed, link.feed, link.contracts, rows.amend, clock)
    scans = SentScans(house.scanning.prices, rows.amend)
    asked_for = InboundOrders(incoming.router.on_text, people.roster, clock)

    def is_welcome(chat_id: int) -> bool:
        return people.roster.role_of(chat_id) is not None or chat_id in phone.allowed

    async def fired(row: OutboxMessage, message_id: int) -> None:
        await late.add(row, message_id)
        await scans.add(row, message_id)

    async def chat_closed(chat_id: int, reason: str) -> None:
        incoming.inbox.forget(chat_id)
        await people.notices.chat_closed(chat_id, reason)

    notifier = Notifier(
        house.store.outbox,
        phone.reply,
        rows.render,
        probe=phone.reply.probe,
        chat_closed=chat_closed,
        failed=people.notices.message_failed,
        is_welcome=is_welcome,
        pace=phone.pace,
        clock=clock,
        after={
            "summary": rows.illustrate,
            "firing": fired,
            "digest": late.add,
            "scan": scans.add,
            INBOUND: asked_for.follow,
        },
        sieve=phone.sieve,
    )
    return Outgoing(notifier=notifier, courier=_courier(house, chat))


def _courier(house: House, chat: Chat) -> Courier:
    return Courier(
        house.store.outbox,
        house.store.hooks,
        chat.web,
        may_send=lambda user_id: house.people.roster.role_of(user_id) is not None,
        gave_up=chat.hook_news.gave_up,
        tested=chat.hook_news.tested,
        failed=house.people.notices.message_failed,
        clock=house.ground.clock,
    )


class _Rows:
    """Words and pictures of rows, as they stand when they are sent."""

    def __init__(self, house: House, chat: Chat) -> None:
        self._clock = house.ground.clock
        self._zone = house.people.zones.known
        self._live = house.link.feed
        self._wording = house.store.templates.of_alert
        self._usual = house.scanning.prices.usual
        self._reply = house.phone.reply
        self._handlers = chat.handlers
        self._holdings = house.link.holdings
        self._name_of = house.link.headlines.name_of
        self._mutes = house.store.mutes

    def render(self, row: OutboxMessage, known: Mapping[int, Quote] = NO_QUOTES) -> Message:
        """Return a row's message; *known* quotes go before those that stream."""

        def quotes(con_id: int) -> Quote | None:
            return known.get(con_id) or self._live.quote(con_id)

        words = outbox_views.render(
            row.kind,
            row.payload,
            now=self._clock.now(),
            zone=self._zone(row.chat_id),
            may_repeat=row.may_repeat,
            quote=quotes(_con_id(row)),
            happened=row.happened,
            wording=self._wording,
            row_id=row.id,
            silence=row.silence,
            quotes=quotes,
            source=row.source,
            around=self._around,
            usual=self._usual,
        )
        if row.kind == INBOUND and row.payload["what"] == Kind.ORDER:
            words = self._handlers.orders.branded(words)
        return replace(words, silent=words.silent or row.silent)

    def _around(self, fired: Firing, quote: Quote | None) -> Around:
        self._handlers.stories.note(fired)
        rule, instrument = fired.rule, instrument_of(fired)
        # What somebody holds is told to nobody else: not in a group.
        is_private = rule.chat_id == rule.owner_id
        held = self._held(instrument) if instrument is not None and is_private else None
        return Around(self._name_of, quote, held, self._mutes.known(rule.owner_id))

    def _held(self, instrument: Instrument) -> Decimal | None:
        for account in self._holdings.accounts()[:1]:
            for position in self._holdings.positions(account):
                if position.instrument == instrument:
                    return position.quantity
        return None

    async def illustrate(self, row: OutboxMessage, message_id: int) -> None:
        """Add the pictures of a daily summary that was sent."""
        summary = summary_from_json(row.payload)
        await self._handlers.portfolio.illustrate(row.chat_id, message_id, self.render(row), summary)

    async def amend(self, row: OutboxMessage, message_id: int, known: Mapping[int, Quote]) -> None:
        """Put the prices now into a message that was sent. Raises DeliveryError."""
        await self._reply.amend(row.chat_id, message_id, self.render(row, known))


def _con_id(row: OutboxMessage) -> int:
    """Return the instrument of a price alert's row, 0 for any other: its price now is told when it is late."""
    instrument = row.payload.get("cause", {}).get("instrument") if row.kind == "firing" else None
    return int(instrument["con_id"]) if instrument else 0
