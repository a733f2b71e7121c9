"""Alerts as files: /export sends one, a file that is sent back is tried first and imported at a press."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from alerts.errors import AlertError, AlertSyntaxError
from alerts.exchange import Entry, UnreadableFile, identity, is_spent, read, to_csv, to_json
from alerts.moment import STILL_TO_COME
from alerts.rule import Rule, RuleState
from alerts.rulebook import Rulebook
from bot.callback_data import BadCallback, Callback
from bot.handlers.ports import Forms, Reply, Zones
from bot.request import FileIn, Press, TextIn
from bot.views import exchange as views
from bot.views.exchange import Trial, Verdict
from bot.views.message import File
from market.clock import Clock
from market.errors import LinkDown, MarketError
from market.instrument import Instrument
from storage.forms import Form
from trading.ports import SymbolBook

IMPORT = "import"
"""The kind of a form that holds a file's alerts until they are wanted."""

_MOST_BYTES = 1_000_000
_WRITERS = {"csv": to_csv, "json": to_json}


@dataclass(frozen=True, slots=True)
class _Judged:
    """An entry of a file, what would become of it, and the rule it would be."""

    entry: Entry
    verdict: Verdict
    rule: Rule | None = None
    error: Exception | None = None


class ExchangeHandler:
    """Answers /export, /import, files, and the press that imports one."""

    def __init__(
        self, *, reply: Reply, rulebook: Rulebook, symbols: SymbolBook, forms: Forms, zones: Zones, clock: Clock
    ) -> None:
        self._reply = reply
        self._rulebook = rulebook
        self._symbols = symbols
        self._forms = forms
        self._zones = zones
        self._clock = clock

    async def export(self, request: TextIn) -> None:
        """Send all of the person's alerts as a file, or ask as which kind."""
        kind = request.args.strip().lower()
        if kind in _WRITERS:
            await self._export(kind, request.user_id, request.chat_id, request.message_id)
        else:
            count = len(await self._rulebook.owned_by(request.user_id))
            await self._reply.send(request.chat_id, views.which_export(count), reply_to=request.message_id)

    async def on_export(self, press: Press, callback: Callback) -> None:
        """Send the file of the kind that the button says."""
        kind = callback.args[0]
        if kind not in _WRITERS:
            raise BadCallback(press.data)
        await self._reply.answer(press)
        await self._export(kind, press.user_id, press.chat_id, press.message_id)

    async def how_to_import(self, request: TextIn) -> None:
        """Say how to import."""
        await self._reply.send(request.chat_id, views.how_to_import(), reply_to=request.message_id)

    async def on_file(self, request: FileIn) -> None:
        """Say what importing the file would do; nothing is set before the press. Raises UnreadableFile, LinkDown."""
        if request.size > _MOST_BYTES:
            await self._reply.send(request.chat_id, views.too_large(request.size), reply_to=request.message_id)
            return
        body = await request.fetch()
        entries = read(request.name, body)
        zone = await self._zones.zone_of(request.user_id)
        judged = await self._tried(entries, request.user_id, request.chat_id, zone)
        wanted = [_kept(one) for one in judged if one.verdict is Verdict.NEW]
        form = await self._forms.open(
            request.user_id, request.chat_id, IMPORT, {"entries": wanted, "name": request.name}, self._clock.now()
        )
        message = views.dry_run(request.name, _trial(judged), form.id)
        await self._forms.shown(form.id, await self._reply.send(request.chat_id, message, reply_to=request.message_id))

    async def bring_in(self, form: Form, press: Press) -> None:
        """Set the alerts of a file that was tried; each by itself: one that fails now holds up no other."""
        zone = await self._zones.zone_of(press.user_id)
        entries = [
            Entry(one["line"], one["text"], RuleState(one["state"]), one["con_ids"]) for one in form.data["entries"]
        ]
        await self._reply.answer(press, f"⏳ Importing {len(entries)}…")
        judged = await self._tried(entries, press.user_id, press.chat_id, zone)
        done = [await self._entered(one) for one in judged]
        await self._reply.edit(press.chat_id, press.message_id, views.imported(_trial(done)))

    async def _export(self, kind: str, user_id: int, chat_id: int, reply_to: int) -> None:
        rules = await self._rulebook.owned_by(user_id)
        zone = await self._zones.zone_of(user_id)
        name = f"alerts-{self._clock.now().astimezone(zone):%Y-%m-%d}.{kind}"
        file = File(name, _WRITERS[kind](rules).encode())
        over = sum(rule.state in {RuleState.FIRED, RuleState.EXPIRED} for rule in rules)
        await self._reply.send(chat_id, views.exported(len(rules), file, over=over), reply_to=reply_to)

    async def _tried(self, entries: list[Entry], user_id: int, chat_id: int, zone: ZoneInfo) -> list[_Judged]:
        """Judge each entry against what is there and against those before it. Raises LinkDown."""
        there = {identity(rule) for rule in await self._rulebook.owned_by(user_id)}
        room = await self._rulebook.room(user_id)
        judged = []
        for entry in entries:
            one = await self._judged(entry, user_id, chat_id, zone)
            judged.append(one)
            if one.rule is None:
                continue
            if identity(one.rule) in there:
                judged[-1] = _Judged(entry, Verdict.THERE)
            elif room == 0:
                judged[-1] = _Judged(entry, Verdict.NO_ROOM)
            else:
                there.add(identity(one.rule))
                room -= 1
        return judged

    async def _judged(self, entry: Entry, user_id: int, chat_id: int, zone: ZoneInfo) -> _Judged:
        if is_spent(entry):
            return _Judged(entry, Verdict.SPENT)
        if entry.flaw:
            return _Judged(entry, Verdict.BROKEN, error=UnreadableFile(entry.line, entry.flaw))
        try:
            draft = self._rulebook.read(entry.text, zone)
            rule = await self._rulebook.resolve(draft, user_id, chat_id, await self._pinned(entry.con_ids))
        except LinkDown:
            raise
        except (AlertError, MarketError) as error:
            is_over = isinstance(error, AlertSyntaxError) and error.expected == STILL_TO_COME
            return _Judged(entry, Verdict.SPENT) if is_over else _Judged(entry, Verdict.BROKEN, error=error)
        return _Judged(entry, Verdict.NEW, rule)

    async def _pinned(self, con_ids: Mapping[str, int]) -> Mapping[str, Instrument]:
        """Return the instruments that the file names by conId; one that IBKR does not know goes by its symbol."""
        found = {}
        for symbol, con_id in con_ids.items():
            try:
                found[symbol] = await self._symbols.find(f"#{con_id}")
            except LinkDown:
                raise
            except MarketError:
                continue
        return found

    async def _entered(self, judged: _Judged) -> _Judged:
        if judged.rule is None:
            return judged
        try:
            made = await self._rulebook.enter(judged.rule)
            if judged.entry.state is RuleState.PAUSED:
                await self._rulebook.pause(made.rule.id, made.rule.owner_id)
        except (AlertError, MarketError) as error:
            return _Judged(judged.entry, Verdict.BROKEN, error=error)
        return judged


def _kept(judged: _Judged) -> dict[str, object]:
    entry = judged.entry
    return {"line": entry.line, "text": entry.text, "state": entry.state.value, "con_ids": dict(entry.con_ids)}


def _trial(judged: list[_Judged]) -> Trial:
    counts = Counter(one.verdict for one in judged)
    broken = tuple((one.entry.line, one.entry.text, one.error) for one in judged if one.error is not None)
    paused = sum(one.verdict is Verdict.NEW and one.entry.state is RuleState.PAUSED for one in judged)
    return Trial(counts, paused, tuple(one.rule for one in judged if one.rule is not None), broken)
