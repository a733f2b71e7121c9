"""What runs: the long tasks by name, and the timers that say "look now"."""

from bot import http
from bot.guard_watch import GuardWatch
from bot.heartbeat import Heartbeat
from bot.pasts import AftermathKeeper
from bot.schedule import Timers
from bot.supervise import Supervisor
from bot.wiring.chat import Chat
from bot.wiring.house import House
from bot.wiring.incoming import inbound_door
from bot.wiring.outgoing import Outgoing

_EXPIRY_LOOK_S = 1.0
_REST_LOOK_S = 2.0
_GUARD_LOOK_S = 1.0
_FORMS_LOOK_S = 20.0
_HEARTBEAT_LOOK_S = 20.0
_AFTERMATH_LOOK_S = 60.0
_FOLLOW_S = 60.0
_SCANS_LOOK_S = 5.0
_SUMMARY = "daily summary"


def wire_timers(house: House, chat: Chat) -> Timers:
    """Return the timers; they ring once they are started."""
    handlers = chat.handlers
    aftermath = AftermathKeeper(house.store.aftermath, house.link.history, house.ground.clock)
    timers = Timers()
    timers.every(house.ground.settings.session_refresh_s, _SUMMARY, house.report.daily.look)
    # What is due, and what the hours are, can be told at once: not a quarter of an hour after the link is there.
    house.link.session.on_status(lambda status: timers.ring(_SUMMARY) if status.is_usable else None)
    timers.every(_EXPIRY_LOOK_S, "order cards", handlers.orders.expire)
    timers.every(_REST_LOOK_S, "purchases that wait", handlers.rest.look)
    timers.every(_GUARD_LOOK_S, "guards", _guard_watch(house, chat).look)
    timers.every(_HEARTBEAT_LOOK_S, "heartbeat", _heartbeat(house, chat).look)
    timers.every(_FORMS_LOOK_S, "forms left alone", handlers.forms.expire)
    timers.every(_AFTERMATH_LOOK_S, "prices after firings", aftermath.look)
    timers.every(_FOLLOW_S, "alerts on what is held", house.alerting.rulebook.follow)
    timers.every(_SCANS_LOOK_S, "scheduled scans", house.scanning.schedule.look)
    return timers


def start_tasks(supervisor: Supervisor, house: House, chat: Chat, outgoing: Outgoing) -> None:
    """Start everything that runs for as long as the bot does; Telegram and what listens come last."""
    link, alerting, lookout, settings = house.link, house.alerting, house.lookout, house.ground.settings
    supervisor.start("ibkr", link.session.run)
    supervisor.start("watcher", alerting.watcher.run)
    supervisor.start("bars", alerting.watcher.run_bars)
    supervisor.start("lines", alerting.keeper.run)
    supervisor.start("gaps", alerting.catchup.run)
    supervisor.start("time", alerting.watcher.run_clock)
    supervisor.start("hours", alerting.watcher.run_hours)
    supervisor.start("splits", alerting.scales.run)
    supervisor.start("orders", house.dealing.tracker.run)
    supervisor.start("orders placed elsewhere", link.order_feed.run)
    supervisor.start("notifier", outgoing.notifier.run)
    supervisor.start("webhooks", outgoing.courier.run)
    supervisor.start("link watch", lookout.link_watch.run)
    supervisor.start("trouble watch", alerting.trouble_watch.run)
    supervisor.start("silent lines", alerting.freshness.run)
    supervisor.start("storage watch", lookout.storage_watch.run)
    supervisor.start("telegram", lookout.telegram.run)
    if settings.http_port:
        supervisor.start("health page", lambda: http.serve(settings.http_port, chat.health.check))
    if settings.hook_port:
        supervisor.start("inbound webhook", inbound_door(house))


def _guard_watch(house: House, chat: Chat) -> GuardWatch:
    dealing = house.dealing
    return GuardWatch(
        dealing.switch,
        dealing.losses,
        close_cards=chat.handlers.orders.halt,
        host_halted=dealing.guard_news.host_halted,
        day_lost=dealing.guard_news.day_lost,
        audit=house.store.audit,
        clock=house.ground.clock,
    )


def _heartbeat(house: House, chat: Chat) -> Heartbeat:
    people = house.people
    return Heartbeat(
        people.notices.chats,
        people.personal.of,
        people.zones.known,
        chat.health.report,
        house.store.firings.count_since,
        house.store.outbox,
        house.ground.clock,
    )
