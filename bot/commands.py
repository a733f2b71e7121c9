"""The one table of commands: it drives the handlers, /help, Telegram's menu and the README's test."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot import scan_line
from bot.handlers.alert_list import AlertListHandler
from bot.handlers.alerts import AlertsHandler
from bot.handlers.audit import AuditHandler
from bot.handlers.card_edit import CardEditHandler
from bot.handlers.codes import CodesHandler
from bot.handlers.digest import DigestHandler
from bot.handlers.editing import EditHandler
from bot.handlers.exchange import ExchangeHandler
from bot.handlers.forms import FormsHandler
from bot.handlers.guide import GuideHandler
from bot.handlers.halt import HaltHandler
from bot.handlers.hooks import HookHandler
from bot.handlers.limits import LimitsHandler
from bot.handlers.lists import ListsHandler
from bot.handlers.members import MembersHandler
from bot.handlers.movers import MoversHandler
from bot.handlers.moving import MovingHandler
from bot.handlers.mutes import MutesHandler
from bot.handlers.news import NewsHandler
from bot.handlers.options import OptionsHandler
from bot.handlers.orders import OrdersHandler
from bot.handlers.past import PastHandler
from bot.handlers.portfolio import PortfolioHandler
from bot.handlers.ports import Reply
from bot.handlers.quotes import QuotesHandler
from bot.handlers.rest import RestHandler
from bot.handlers.scan import ScanHandler
from bot.handlers.scan_browse import ScanBrowseHandler
from bot.handlers.scan_build import ScanBuildHandler
from bot.handlers.scan_saved import ScanSavedHandler
from bot.handlers.second_step import SecondStepHandler
from bot.handlers.settings import SettingsHandler
from bot.handlers.status import StatusHandler
from bot.handlers.story import StoryHandler
from bot.handlers.template import TemplateHandler
from bot.handlers.ticket import TicketHandler
from bot.handlers.watching import WatchHandler, looks_like_each
from bot.handlers.wizard import WizardHandler
from bot.handlers.working import WorkingHandler
from bot.request import TextIn
from bot.views import help as views
from bot.views.message import Message
from trading.access import Role


@dataclass(frozen=True, slots=True)
class Handlers:
    """All handlers, by what they are about."""

    reply: Reply
    alerts: AlertsHandler
    alert_list: AlertListHandler
    editing: EditHandler
    past: PastHandler
    exchange: ExchangeHandler
    template: TemplateHandler
    hooks: HookHandler
    watching: WatchHandler
    wizard: WizardHandler
    forms: FormsHandler
    orders: OrdersHandler
    ticket: TicketHandler
    card_edit: CardEditHandler
    lists: ListsHandler
    rest: RestHandler
    working: WorkingHandler
    moving: MovingHandler
    portfolio: PortfolioHandler
    quotes: QuotesHandler
    news: NewsHandler
    stories: StoryHandler
    mutes: MutesHandler
    options: OptionsHandler
    guide: GuideHandler
    scan: ScanHandler
    scan_browse: ScanBrowseHandler
    scan_build: ScanBuildHandler
    scan_saved: ScanSavedHandler
    movers: MoversHandler
    status: StatusHandler
    settings: SettingsHandler
    halt: HaltHandler
    limits: LimitsHandler
    audit: AuditHandler
    digest: DigestHandler
    members: MembersHandler
    second_step: SecondStepHandler
    codes: CodesHandler


_ORDERED = frozenset({"buy", "sell"})


def _always(_args: str) -> bool:
    return True


def _never(_args: str) -> bool:
    return False


def _bare(args: str) -> bool:
    return not args


def _runs_once(args: str) -> bool:
    return not scan_line.split(args)[1]


def _about_one_symbol(args: str) -> bool:
    return len(args.split()) <= 1 and args.lower() not in {"*", "bulletins"}


@dataclass(frozen=True, slots=True)
class Command:
    """
    One command: its *name* without the slash, one line of *help* (Bot API: at most 256 characters), its *role*.

    *reads* says of the command's arguments whether it only reads: then it is done however late its message comes.
    *aliases* work too but are not listed.
    """

    name: str
    help: str
    role: Role
    handler: Callable[[Handlers, TextIn], Awaitable[None]]
    reads: Callable[[str], bool] = _always
    aliases: tuple[str, ...] = ()


async def _start(handlers: Handlers, request: TextIn) -> None:
    await _say(handlers, request, views.welcome(listed(request.role)))


async def _help(handlers: Handlers, request: TextIn) -> None:
    commands = listed(request.role)
    asked = request.args.strip().removeprefix("/").lower()
    known = {alias: one.name for one in COMMANDS for alias in (one.name, *one.aliases)}
    one = next((about for about in commands if about[0] == known.get(asked)), None)
    if not asked:
        await _say(handlers, request, views.help_page(commands))
    elif one is not None and one[0] in _ORDERED:
        await handlers.guide.begin(request)
    else:
        await _say(handlers, request, views.no_such_command(asked) if one is None else views.help_on(*one))


async def _alert(handlers: Handlers, request: TextIn) -> None:
    if looks_like_each(request.args):
        await handlers.watching.each(request, request.args)
    elif request.args:
        await handlers.alerts.create(request, request.args)
    else:
        await handlers.alerts.which(request)


async def _new(handlers: Handlers, request: TextIn) -> None:
    """Without words the wizard, with words what /alert does."""
    if request.args:
        await _alert(handlers, request)
    else:
        await handlers.wizard.begin(request)


async def _alerts(handlers: Handlers, request: TextIn) -> None:
    await handlers.alert_list.show_all(request)


async def _template(handlers: Handlers, request: TextIn) -> None:
    await handlers.template.template(request)


async def _hook(handlers: Handlers, request: TextIn) -> None:
    await handlers.hooks.hook(request)


async def _watch(handlers: Handlers, request: TextIn) -> None:
    await handlers.watching.watch(request)


async def _backtest(handlers: Handlers, request: TextIn) -> None:
    await handlers.past.backtest(request)


async def _export(handlers: Handlers, request: TextIn) -> None:
    await handlers.exchange.export(request)


async def _import(handlers: Handlers, request: TextIn) -> None:
    await handlers.exchange.how_to_import(request)


async def _news(handlers: Handlers, request: TextIn) -> None:
    """One word is a symbol (or a list of them) whose headlines are wanted; more is a news alert."""
    if not request.args:
        await handlers.news.home(request)
    elif _about_one_symbol(request.args):
        await handlers.news.headlines(request, request.args)
    else:
        await handlers.alerts.create(request, f"news {request.args}")


async def _scan(handlers: Handlers, request: TextIn) -> None:
    """Without words the choice; `find gap` searches, `saved` lists, a time at the end schedules, else it is run."""
    word, _, rest = request.args.partition(" ")
    line, schedule = scan_line.split(request.args)
    if not request.args:
        await handlers.scan.choose(request)
    elif word.lower() == "find":
        await (handlers.scan_browse.find(request, rest.strip()) if rest.strip() else handlers.scan.choose(request))
    elif request.args.lower() == "saved":
        await handlers.scan_saved.show_all(request)
    elif schedule:
        await handlers.scan_saved.timed(request, line, schedule)
    else:
        await handlers.scan.run(request, request.args)


async def _movers(handlers: Handlers, request: TextIn) -> None:
    await handlers.movers.movers(request)


async def _buy(handlers: Handlers, request: TextIn) -> None:
    await _order(handlers, request, "buy")


async def _sell(handlers: Handlers, request: TextIn) -> None:
    await _order(handlers, request, "sell")


async def _options(handlers: Handlers, request: TextIn) -> None:
    await handlers.options.begin(request)


async def _close(handlers: Handlers, request: TextIn) -> None:
    await handlers.lists.close(request)


async def _flatten(handlers: Handlers, request: TextIn) -> None:
    await handlers.lists.flatten(request)


async def _rebalance(handlers: Handlers, request: TextIn) -> None:
    await handlers.lists.rebalance(request)


async def _positions(handlers: Handlers, request: TextIn) -> None:
    await handlers.portfolio.positions(request)


async def _account(handlers: Handlers, request: TextIn) -> None:
    await handlers.portfolio.account(request)


async def _orders(handlers: Handlers, request: TextIn) -> None:
    await handlers.working.show_all(request)


async def _summary(handlers: Handlers, request: TextIn) -> None:
    await handlers.portfolio.summary(request)


async def _settings(handlers: Handlers, request: TextIn) -> None:
    await handlers.settings.settings(request)


async def _totp(handlers: Handlers, request: TextIn) -> None:
    await handlers.codes.totp(request)


async def _unlock(handlers: Handlers, request: TextIn) -> None:
    await handlers.codes.unlock(request)


async def _users(handlers: Handlers, request: TextIn) -> None:
    await handlers.members.users(request)


async def _status(handlers: Handlers, request: TextIn) -> None:
    await handlers.status.status(request)


async def _halt(handlers: Handlers, request: TextIn) -> None:
    await handlers.halt.halt(request)


async def _reduce(handlers: Handlers, request: TextIn) -> None:
    await handlers.halt.reduce(request)


async def _resume(handlers: Handlers, request: TextIn) -> None:
    await handlers.halt.resume(request)


async def _limits(handlers: Handlers, request: TextIn) -> None:
    await handlers.limits.limits(request)


async def _audit(handlers: Handlers, request: TextIn) -> None:
    await handlers.audit.audit(request)


COMMANDS = (
    Command("start", "what this bot does", Role.VIEWER, _start),
    Command("help", "all commands, and what you can just type", Role.VIEWER, _help),
    Command("alert", "set an alert: /alert AAPL > 200", Role.VIEWER, _alert, _never),
    Command("new", "put an alert together by buttons", Role.VIEWER, _new, _bare),
    Command("alerts", "your alerts, nearest to firing first", Role.VIEWER, _alerts),
    Command("template", "what your alerts say: /template 3 {symbol} hit {price}", Role.VIEWER, _template, _bare),
    Command("hook", "send an alert to the web too: /hook 3 https://example.com/x", Role.VIEWER, _hook, _bare),
    Command("watch", "your watchlist: /watch AAPL MSFT", Role.VIEWER, _watch, _bare),
    Command("backtest", "how often it would have fired: /backtest AAPL rsi(14,1h) < 30 1y", Role.VIEWER, _backtest),
    Command("export", "your alerts as a file", Role.VIEWER, _export),
    Command("import", "alerts from a file: first what it would do", Role.VIEWER, _import),
    Command("news", "headlines: /news AAPL, /news portfolio; providers, mutes", Role.VIEWER, _news, _about_one_symbol),
    Command("scan", "market scans: run, browse, save, schedule: /scan find gap", Role.VIEWER, _scan, _runs_once),
    Command("movers", "a picture of the day's gainers and losers", Role.VIEWER, _movers),
    Command("buy", "an order to confirm: /buy 10 AAPL 199.5", Role.TRADER, _buy, _never),
    Command("sell", "an order to confirm: /sell 10 AAPL 199.5", Role.TRADER, _sell, _never),
    Command("options", "options by buttons: expiry, strikes with prices and greeks, spreads", Role.TRADER, _options),
    Command("close", "an order that closes a position: /close half AAPL", Role.TRADER, _close, _bare),
    Command("flatten", "one card that closes every open position", Role.TRADER, _flatten, _never),
    Command("rebalance", "one card for all: /rebalance AAPL 40% cash 60%", Role.TRADER, _rebalance, _bare),
    Command("positions", "what is held, with profit and loss", Role.VIEWER, _positions),
    Command("account", "cash, margin, buying power", Role.VIEWER, _account),
    Command("orders", "what works and what is over today, with buttons", Role.VIEWER, _orders),
    Command("summary", "the day in numbers, with a picture", Role.VIEWER, _summary),
    Command("settings", "time zone, quiet hours, heartbeat, a test notification", Role.VIEWER, _settings, _bare),
    Command("totp", "your authenticator app, for orders above the limit", Role.TRADER, _totp, _never),
    Command("unlock", "after wrong codes or a lost phone: /unlock 222", Role.ADMIN, _unlock, _bare),
    Command("users", "who is in, and as what; block and remove", Role.ADMIN, _users),
    # However late it is read: whoever wanted that nothing leaves any more still does.
    Command(
        "halt",
        "no order leaves any more; /halt cancel: working ones go too",
        Role.TRADER,
        _halt,
        aliases=("lock",),
    ),
    Command("reduce", "only orders that make a position smaller", Role.TRADER, _reduce, _never),
    Command("resume", "orders may leave again", Role.ADMIN, _resume, _never),
    Command("limits", "what you may order; admins tighten it: /limits order_value 20000", Role.TRADER, _limits, _bare),
    Command("audit", "who did what", Role.ADMIN, _audit),
    Command("status", "how everything stands", Role.VIEWER, _status),
)


def listed(role: Role) -> tuple[tuple[str, str], ...]:
    """Return the commands that *role* may use, by name and help: for /help and for Telegram's menu."""
    return tuple((command.name, command.help) for command in COMMANDS if role >= command.role)


async def _order(handlers: Handlers, request: TextIn, side: str) -> None:
    if request.args:
        line = f"{side} {request.args}"
        if not await handlers.lists.over_accounts(request, line):
            await handlers.ticket.order(request, line)
    else:
        await _say(handlers, request, views.which_order(side))


async def _say(handlers: Handlers, request: TextIn, message: Message) -> None:
    await handlers.reply.send(request.chat_id, message, reply_to=request.message_id)
