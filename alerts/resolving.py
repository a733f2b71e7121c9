"""From a draft to a rule that is not stored yet: symbols become instruments, a name becomes a chat."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from alerts.amendment import order_line, renamed
from alerts.condition import Draft, NewsMatch, ScanEntry
from alerts.errors import NoSuchChat, NoSuchProvider
from alerts.naming import is_number, name_of
from alerts.needs import symbols_of
from alerts.ports import InstrumentFinder
from alerts.rule import Rule
from alerts.scan_check import checked
from alerts.wording import format_draft
from market.clock import Clock
from market.instrument import Instrument
from market.scan_catalogue import ScanCatalogue

NONE_KNOWN: Mapping[str, Instrument] = MappingProxyType({})

ChatFinder = Callable[[str, int], Awaitable[int]]
"""`to @desk`: from a chat's name and the owner to the chat's id. Raises NoSuchChat."""


async def no_chats(name: str, _owner_id: int) -> int:
    """Know no chat but the owner's own. Raises NoSuchChat."""
    raise NoSuchChat(name)


class Resolver:
    """
    Finds the instruments and the chat that a draft speaks of.

    *catalogue* is what scans there are, *providers* are the account's news providers by code, both where known.
    """

    def __init__(
        self,
        finder: InstrumentFinder,
        clock: Clock,
        chats: ChatFinder,
        catalogue: Callable[[], ScanCatalogue | None] = lambda: None,
        providers: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._finder = finder
        self._clock = clock
        self._chats = chats
        self._catalogue = catalogue
        self._providers = providers

    async def resolve(
        self, draft: Draft, owner_id: int, chat_id: int, known: Mapping[str, Instrument] = NONE_KNOWN
    ) -> Rule:
        """
        Return the rule that *draft* would be, with the id 0; symbols in *known* are not looked up.

        What was asked for by its conId bears its name from then on, where it has one that means nothing else. Raises
        NoSuchChat, NoSuchScan, NoSuchProvider, TicketSyntaxError (its `then`) and what the finder raises.
        """
        now, found = self._clock.now(), dict[str, Instrument]()
        for symbol in symbols_of(draft):
            instrument, name = known.get(symbol), symbol
            if instrument is None:
                instrument = await self._finder.find(symbol)
                name = await name_of(instrument, self._finder, now) if is_number(symbol) else symbol
            draft = draft if name == symbol else replace(draft, condition=renamed(draft.condition, symbol, name))
            found[name] = instrument
        draft = self._scanned(draft)
        self._require_providers(draft)
        to = draft.options.to
        chat = await self._chats(to, owner_id) if to else chat_id
        rule = Rule(0, owner_id, chat, format_draft(draft), draft, found, created=now, since=now)
        order_line(rule)
        return rule

    def _scanned(self, draft: Draft) -> Draft:
        """Return *draft* with its scan as IBKR's catalogue has it. Raises NoSuchScan."""
        entry, catalogue = draft.condition, self._catalogue()
        if not isinstance(entry, ScanEntry) or catalogue is None:
            return draft
        return replace(draft, condition=replace(entry, spec=checked(entry.spec, catalogue)))

    def _require_providers(self, draft: Draft) -> None:
        """Raise NoSuchProvider where news are asked for of one that the account does not have."""
        match, known = draft.condition, {code.upper() for code in self._providers()}
        if not isinstance(match, NewsMatch) or not known:
            return
        for code in match.providers:
            if code not in known:
                raise NoSuchProvider(code, tuple(sorted(known)))
