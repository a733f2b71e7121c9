"""The handlers of alerts and of what feeds them, made of what they need."""

from dataclasses import dataclass

from bot.handlers.alert_list import AlertListHandler
from bot.handlers.alerts import AlertsHandler
from bot.handlers.cards import AlertCards
from bot.handlers.editing import EditHandler
from bot.handlers.exchange import ExchangeHandler
from bot.handlers.hooks import HookHandler
from bot.handlers.past import PastHandler
from bot.handlers.template import TemplateHandler
from bot.handlers.watching import WatchHandler
from bot.handlers.wizard import WizardHandler
from bot.parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertBoard:
    """The handlers, by what they are about; *cards* shows an alert wherever one is shown."""

    cards: AlertCards
    alerts: AlertsHandler
    alert_list: AlertListHandler
    editing: EditHandler
    past: PastHandler
    exchange: ExchangeHandler
    template: TemplateHandler
    hooks: HookHandler
    watching: WatchHandler
    wizard: WizardHandler


def connect_alerts(p: Parts) -> AlertBoard:
    """Return the handlers."""
    cards = _cards(p)
    past = _past(p)
    alerts = _alerts(p, cards, past)
    return AlertBoard(
        cards=cards,
        alerts=alerts,
        alert_list=_listed(p, cards),
        editing=_edits(p, cards),
        past=past,
        exchange=_files(p),
        template=_templates(p, cards),
        hooks=_hooks(p),
        watching=_watching(p),
        wizard=_wizards(p, alerts),
    )


def _cards(p: Parts) -> AlertCards:
    return AlertCards(
        rulebook=p.rulebook,
        live=p.live,
        ranges=p.ranges,
        zones=p.zones,
        clock=p.clock,
        on_bars=p.on_bars,
        calms=lambda rule: rule.id in p.preferences.known(rule.owner_id).calming,
    )


def _past(p: Parts) -> PastHandler:
    return PastHandler(
        reply=p.reply,
        rulebook=p.rulebook,
        market=p.past,
        firings=p.firings,
        painter=p.past_painter,
        zones=p.zones,
        clock=p.clock,
        chores=p.chores,
    )


def _alerts(p: Parts, cards: AlertCards, past: PastHandler) -> AlertsHandler:
    return AlertsHandler(
        reply=p.reply,
        rulebook=p.rulebook,
        cards=cards,
        past=past,
        quotes=p.quotes,
        forms=p.forms,
        zones=p.zones,
        clock=p.clock,
        symbols=p.symbols,
    )


def _listed(p: Parts, cards: AlertCards) -> AlertListHandler:
    return AlertListHandler(
        reply=p.reply,
        rulebook=p.rulebook,
        cards=cards,
        ranges=p.ranges,
        forms=p.forms,
        zones=p.zones,
        clock=p.clock,
        chores=p.chores,
        cap=p.cap,
    )


def _edits(p: Parts, cards: AlertCards) -> EditHandler:
    return EditHandler(
        reply=p.reply,
        rulebook=p.rulebook,
        cards=cards,
        forms=p.forms,
        symbols=p.symbols,
        zones=p.zones,
        clock=p.clock,
    )


def _files(p: Parts) -> ExchangeHandler:
    return ExchangeHandler(
        reply=p.reply, rulebook=p.rulebook, symbols=p.symbols, forms=p.forms, zones=p.zones, clock=p.clock
    )


def _wizards(p: Parts, alerts: AlertsHandler) -> WizardHandler:
    return WizardHandler(
        reply=p.reply,
        forms=p.forms,
        rulebook=p.rulebook,
        alerts=alerts,
        symbols=p.symbols,
        quotes=p.quotes,
        live=p.live,
        watchlists=p.watchlists,
        holdings=p.holdings,
        zones=p.zones,
        clock=p.clock,
    )


def _templates(p: Parts, cards: AlertCards) -> TemplateHandler:
    return TemplateHandler(
        reply=p.reply,
        rulebook=p.rulebook,
        templates=p.templates,
        cards=cards,
        forms=p.forms,
        zones=p.zones,
        clock=p.clock,
    )


def _hooks(p: Parts) -> HookHandler:
    return HookHandler(
        reply=p.reply,
        rulebook=p.rulebook,
        hooks=p.hooks,
        news=p.hook_news,
        check=p.check_url,
        clock=p.clock,
    )


def _watching(p: Parts) -> WatchHandler:
    return WatchHandler(
        reply=p.reply,
        watchlists=p.watchlists,
        symbols=p.symbols,
        live=p.live,
        holdings=p.holdings,
        rulebook=p.rulebook,
        forms=p.forms,
        zones=p.zones,
        clock=p.clock,
        changed=p.watchlist_changed,
    )
