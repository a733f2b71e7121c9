"""Who watches the roads themselves: the link to Interactive Brokers, Telegram and the database."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.link_watch import LinkWatch
from bot.menus import Menus
from bot.polling import TelegramLink
from bot.rivals import RivalWatch
from bot.storage_watch import StorageWatch
from bot.wiring.alerting import Alerting
from bot.wiring.ground import Ground
from bot.wiring.link import Link
from bot.wiring.people import People
from bot.wiring.phone import Phone
from bot.wiring.store import Store
from storage.updates import SqlUpdates


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookout:
    """The watches; *telegram* is the link itself, which knows how it stands."""

    link_watch: LinkWatch
    rivals: RivalWatch
    telegram: TelegramLink
    storage_watch: StorageWatch


def wire_lookout(
    ground: Ground,
    store: Store,
    people: People,
    link: Link,
    phone: Phone,
    alerting: Alerting,
    *,
    on_refused: Callable[[], None],
) -> Lookout:
    """Make the watches, and let them hear of the link; *on_refused* is called when Telegram refuses the token."""
    clock, notices = ground.clock, people.notices
    link_watch = LinkWatch(notices, clock, watching=alerting.engine.count)
    link.session.on_status(link_watch.take)
    link.session.on_status(lambda status: None if status.is_usable else alerting.engine.forget_all())
    rivals = RivalWatch(notices.tell, lambda: notices.chats(admins_only=True), clock)
    telegram = TelegramLink(
        phone.application,
        Menus(people.roster, store.users).all,
        clock,
        on_refused=on_refused,
        journal=SqlUpdates(store.database),
        rivals=rivals,
    )
    ground.stack.push_async_callback(telegram.close)
    storage_watch = StorageWatch(
        store.database,
        phone.reply,
        notices.chats,
        people.roster.roles,
        lambda: alerting.watcher.pending,
        people.zones.known,
        clock,
    )
    return Lookout(link_watch=link_watch, rivals=rivals, telegram=telegram, storage_watch=storage_watch)
