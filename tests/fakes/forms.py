"""Forms, watchlists and past firings, in memory; the market's past as a test says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from alerts.aftermath import Aftermath
from alerts.history import Backtest
from alerts.rule import Rule
from market.instrument import Instrument
from market.quote import Bar, BarSize
from storage.forms import Form
from tests.fakes.clock import FakeClock


class FakeForms:
    """Implements `bot.handlers.ports.Forms`."""

    def __init__(self) -> None:
        self.forms: dict[int, Form] = {}
        self._next = 1

    async def open(self, user_id: int, chat_id: int, kind: str, data: Mapping[str, Any], at: datetime) -> Form:
        form = Form(self._next, user_id, chat_id, None, kind, data, at)
        self.forms[form.id] = form
        self._next += 1
        return form

    async def shown(self, form_id: int, message_id: int) -> None:
        if form_id in self.forms:
            self.forms[form_id] = replace(self.forms[form_id], message_id=message_id)

    async def fill(self, form_id: int, data: Mapping[str, Any], at: datetime) -> None:
        if form_id in self.forms:
            self.forms[form_id] = replace(self.forms[form_id], data=data, touched=at)

    async def get(self, form_id: int, user_id: int) -> Form | None:
        form = self.forms.get(form_id)
        return form if form is not None and form.user_id == user_id else None

    async def at_message(self, chat_id: int, message_id: int, user_id: int) -> Form | None:
        place = (chat_id, message_id, user_id)
        found = [form for form in self.forms.values() if (form.chat_id, form.message_id, form.user_id) == place]
        return found[-1] if found else None

    async def latest(self, user_id: int, chat_id: int, kind: str) -> Form | None:
        mine = (user_id, chat_id, kind)
        found = [form for form in self.forms.values() if (form.user_id, form.chat_id, form.kind) == mine]
        return found[-1] if found else None

    async def untouched_since(self, before: datetime) -> Sequence[Form]:
        return [form for form in self.forms.values() if form.touched <= before]

    async def close(self, form_id: int) -> bool:
        return self.forms.pop(form_id, None) is not None


class FakeWatchlists:
    """Implements `bot.handlers.ports.Watchlists`."""

    def __init__(self) -> None:
        self.lists: dict[int, dict[int, Instrument]] = {}

    async def of(self, user_id: int) -> Sequence[Instrument]:
        return list(self.lists.get(user_id, {}).values())

    async def add(self, user_id: int, instrument: Instrument, at: datetime) -> bool:
        mine = self.lists.setdefault(user_id, {})
        is_new = instrument.con_id not in mine
        mine.setdefault(instrument.con_id, instrument)
        return is_new

    async def remove(self, user_id: int, con_id: int) -> bool:
        return self.lists.get(user_id, {}).pop(con_id, None) is not None


class FakeTemplates:
    """Implements `bot.handlers.ports.Templates`."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, str], str] = {}

    def of(self, user_id: int, *scopes: str) -> str | None:
        return next((self.kept[user_id, scope] for scope in scopes if (user_id, scope) in self.kept), None)

    def all_of(self, user_id: int) -> Mapping[str, str]:
        return {scope: said for (owner, scope), said in self.kept.items() if owner == user_id}

    async def save(self, user_id: int, scope: str, said: str) -> None:
        self.kept[user_id, scope] = said

    async def remove(self, user_id: int, scope: str) -> bool:
        return self.kept.pop((user_id, scope), None) is not None


@dataclass
class FakePast:
    """Plays the market's past, past firings, average ranges and their painter."""

    clock: FakeClock
    backtest: Backtest | None = None
    error: Exception | None = None
    firings: dict[int, list[Aftermath]] = field(default_factory=dict)
    ranges: dict[int, float] = field(default_factory=dict)
    learnt: dict[int, float] = field(default_factory=dict)
    picture: bytes | None = b"\x89PNG"
    asked: list[tuple[str, int]] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)

    async def would_have_fired(self, rule: Rule, days: int) -> Backtest:
        self.asked.append((rule.text, days))
        if self.error is not None:
            raise self.error
        nothing = Backtest((), (), None, self.clock.now(), BarSize.HOUR_1, None, unsupported="no past in this test")
        return self.backtest or nothing

    async def bars(self, instrument: Instrument) -> Sequence[Bar]:
        return [Bar(self.clock.now(), 1.0, 1.0, 1.0, 1.0)]

    async def of_rule(self, rule_id: int, limit: int) -> Sequence[Aftermath]:
        return self.firings.get(rule_id, [])[:limit]

    def atr(self, instrument: Instrument) -> float | None:
        return self.learnt.get(instrument.con_id)

    async def learn(self, instruments: Any, most: int | None = None) -> bool:
        before = dict(self.learnt)
        self.learnt |= {one.con_id: self.ranges[one.con_id] for one in instruments if one.con_id in self.ranges}
        return self.learnt != before

    async def price_chart(self, bars: Any, theme: Any = None, **said: Any) -> bytes | None:
        self.drawn.append(said["title"])
        return self.picture

    async def backtest_chart(self, backtest: Backtest, theme: Any = None, **said: Any) -> bytes | None:
        self.drawn.append(said["title"])
        return self.picture
