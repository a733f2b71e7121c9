"""Rules about `any` position: each position by itself, those that are opened later too."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from alerts.compiling import Market, compiled
from alerts.needs import ANY
from alerts.pricewatch import PriceWatch
from alerts.rule import AccountCause, Firing, Rule, RuleState
from alerts.session import Sessions
from alerts.watch import Roster, Watch
from market.instrument import Instrument


class EachWatch(Watch):
    """A rule about any position: one watch for each, with a memory and a cooldown of its own."""

    __slots__ = ("_kept", "_market", "_of")

    def __init__(self, rule: Rule, market: Market) -> None:
        super().__init__(rule)
        self._market = market
        kept = rule.memory.get("each", {})
        self._kept: dict[str, Mapping[str, object]] = dict(kept) if isinstance(kept, Mapping) else {}
        self._of: dict[int, PriceWatch] = {}
        # An empty account must not hide that the rule makes no sense.
        compiled(self._rule_of(Instrument(0, ANY)), market)

    def memory(self) -> Mapping[str, object]:
        """Return what is remembered of each position."""
        kept = dict(self._kept)
        for con_id, watch in self._of.items():
            kept[str(con_id)] = _story(watch)
        kept = {con_id: story for con_id, story in kept.items() if story}
        return {**super().memory(), "each": kept} if kept else super().memory()

    def follow(self, held: tuple[Instrument, ...]) -> None:
        """Watch these positions and no others; one that was closed is forgotten."""
        current = {instrument.con_id for instrument in held}
        self._of = {con_id: watch for con_id, watch in self._of.items() if con_id in current}
        self._kept = {con_id: story for con_id, story in self._kept.items() if int(con_id) in current}
        for instrument in held:
            if instrument.con_id not in self._of:
                rule = self._rule_of(instrument)
                self._of[instrument.con_id] = PriceWatch(rule, compiled(rule, self._market))

    def consider(self, at: datetime, sessions: Sessions) -> list[Firing]:
        """Evaluate each position, and return the firings."""
        firings: list[Firing] = []
        for watch in self._of.values():
            last = watch.rule.last_fired
            watch.rule = replace(self.rule, instruments=watch.rule.instruments, last_fired=last)
            about = watch.rule.instruments[ANY]
            cause = AccountCause({}, about, about.currency)
            firing = watch.consider(at, cause, None, sessions, at)
            if firing is None or self.is_over(at):
                continue
            firings.append(self.fired(at, firing.cause))
            if self.rule.state is RuleState.FIRED:
                break
        return firings

    def _rule_of(self, instrument: Instrument) -> Rule:
        story = self._kept.get(str(instrument.con_id), {})
        fired = story.get("fired")
        return replace(
            self.rule,
            instruments={**self.rule.instruments, ANY: instrument},
            last_fired=datetime.fromisoformat(fired) if isinstance(fired, str) else None,
            memory=story,
        )


class EachDesk:
    """All rules about any position."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._ids: set[int] = set()

    def enter(self, watch: EachWatch) -> None:
        """Watch a rule."""
        self._ids.add(watch.rule.id)

    def leave(self, watch: EachWatch) -> None:
        """Watch it no longer."""
        self._ids.discard(watch.rule.id)

    def on_account(self, held: tuple[Instrument, ...], at: datetime) -> list[Firing]:
        """Return the firings of the account's state that the ledger just took in."""
        firings: list[Firing] = []
        for rule_id in sorted(self._ids):
            watch = self._roster.watched.get(rule_id)
            if isinstance(watch, EachWatch):
                firings += self._roster.guarded(watch.rule, at, partial(self._considered, watch, held, at)) or ()
        return firings

    def _considered(self, watch: EachWatch, held: tuple[Instrument, ...], at: datetime) -> list[Firing]:
        before = watch.memory()
        watch.follow(held)
        firings = watch.consider(at, self._roster.sessions)
        if watch.rule.state is RuleState.FIRED:
            self.leave(watch)
            self._roster.rest(watch.rule)
        elif not firings and watch.memory() != before:
            self._roster.changed.add(watch.rule.id)
        return firings


def _story(watch: PriceWatch) -> Mapping[str, object]:
    fired = watch.rule.last_fired
    return {**watch.memory(), **({} if fired is None else {"fired": fired.isoformat()})}
