"""Headlines as they come, the latest ones, and the stories behind them."""

import asyncio
import binascii
import logging
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alerts.missed import MOST_HEADLINES
from broker import convert, errors
from broker.bulletins import Bulletins
from broker.call import guarded, link_of, supplant
from broker.headline import cleaned, tapes_of
from broker.library import IB, Contract
from broker.session import IbSession
from market.clock import Clock
from market.errors import BrokerError, LinkDown, RequestTimeout
from market.instrument import Instrument
from market.news import BROAD_TAPE, Article, Headline, Provider

_log = logging.getLogger(__name__)

# No price ticks, news only: TWS counts it as a line all the same.
_NEWS_ONLY = "mdoff,292"
_TEXT = 0
# TWS refuses within a second or so.
_QUIET_S = 10.0
_MOST_CROWDED = 6


@dataclass(slots=True, eq=False)
class _Subject:
    """
    What somebody listens to: one instrument, or (None) the broad tape of every provider.

    *requests* have the provider that is asked ("": all of them), a provider may have several tapes; *refused* those
    that TWS refused, with its words. *crowded* counts how often running there was no market data line for it.
    """

    instrument: Instrument | None
    holders: int = 0
    requests: dict[int, str] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    crowded: int = 0

    def unheard(self) -> dict[str, str]:
        """Return the providers whose every request is refused, with IBKR's own words."""
        heard = {code for request_id, code in self.requests.items() if request_id not in self.refused}
        return {
            code: self.refused[request_id]
            for request_id, code in self.requests.items()
            if request_id in self.refused and code not in heard
        }


class IbNewsFeed:
    """
    The news feed.

    The library's `tickNews` drops the request id, so that nobody could tell whose news it is, and keeps every headline
    for ever: it is replaced on each connection. *reserve* learns how many market data lines headlines take; one that
    TWS has no line for (101) is asked for again when others have let go of theirs.
    """

    def __init__(
        self,
        session: IbSession,
        clock: Clock,
        *,
        reserve: Callable[[int], None] = lambda _count: None,
        timeout_s: float = 10.0,
        quiet_s: float = _QUIET_S,
    ) -> None:
        self._link = link_of(session)
        self._timeout_s = timeout_s
        self._quiet_s = quiet_s
        self._reserve = reserve
        self._subjects: dict[int, _Subject] = {}
        self._by_request: dict[int, _Subject] = {}
        self._trouble: dict[int, str] = {}
        self._providers: tuple[Provider, ...] = ()
        self._are_fresh = False
        self._sink: Callable[[Headline], None] | None = None
        self._bulletins = Bulletins(self._link, clock, self._hear)
        self._link.on_open(self._attach)
        self._link.on_sync(self._replay, after_farm=True)

    def connect(self, sink: Callable[[Headline], None]) -> None:
        """Hand every headline to *sink*; one story may come on several subscriptions."""
        self._sink = sink

    async def hold(self, instrument: Instrument | None) -> None:
        """Listen to *instrument*'s headlines (None: broad tape), or count one more listener."""
        key = _key(instrument)
        subject = self._subjects.setdefault(key, _Subject(instrument))
        subject.holders += 1
        if not subject.requests and self._link.is_open:
            await self._request(subject)

    async def release(self, instrument: Instrument | None) -> None:
        """Count one listener less; the last one ends the subscription."""
        key = _key(instrument)
        subject = self._subjects.get(key)
        if subject is None:
            return
        subject.holders -= 1
        if subject.holders <= 0:
            del self._subjects[key]
            self._trouble.pop(key, None)
            self._cancel(subject)

    async def hold_bulletins(self) -> None:
        """Listen to IBKR's own bulletins, or count one more listener; what comes after this returns is news."""
        await self._bulletins.hold()

    async def release_bulletins(self) -> None:
        """Count one listener of the bulletins less; the last one ends them."""
        self._bulletins.release()

    @property
    def known_providers(self) -> Sequence[Provider]:
        """The account's news providers, as far as they are known without asking; empty before that."""
        return self._providers

    def unheard(self) -> Mapping[str, str]:
        """Return the providers whose broad tape TWS refuses, by code, with IBKR's own words."""
        subject = self._subjects.get(BROAD_TAPE)
        return {} if subject is None else subject.unheard()

    def trouble(self, con_id: int) -> str:
        """Return IBKR's own words about why this instrument (0: broad tape) has no news, or ""."""
        return self._trouble.get(con_id, "")

    def refused(self) -> Mapping[int, str]:
        """
        Return whose headlines TWS refuses, by contract id (0: the broad tape), with IBKR's own words.

        A new connection asks again. TWS does not say yes to that: a refusal is over with a headline, or when some
        seconds have passed without another.
        """
        return self._trouble

    async def providers(self) -> Sequence[Provider]:
        """Return the account's news providers. Raises LinkDown, RequestTimeout, BrokerError."""
        answer = await self._link.call(
            "news providers", lambda ib: ib.reqNewsProvidersAsync(), self._timeout_s, "newsProviders"
        )
        self._providers = tuple(Provider(one.code, one.name) for one in answer)
        self._are_fresh = True
        return self._providers

    async def headlines_since(self, instrument: Instrument, begin: datetime) -> Sequence[Headline]:
        """
        Return the instrument's headlines from *begin* on, oldest first: the latest 300, which is what IBKR gives.

        Raises LinkDown, RequestTimeout, BrokerError.
        """
        found = await self.headlines(instrument, MOST_HEADLINES)
        # Lists of the past have whole seconds: what came later in the second of the beginning seems to be from before.
        second = begin.replace(microsecond=0)
        return [headline for headline in reversed(found) if headline.time >= second]

    async def headlines(self, instrument: Instrument, count: int) -> Sequence[Headline]:
        """
        Return the instrument's latest headlines, newest first. Raises LinkDown, RequestTimeout, BrokerError.

        TWS is asked for no dates: IBKR's pages say that a start is the earliest headline, an operator found it to be
        the latest, and another that it does nothing (ib_async#108).
        """
        providers = self._providers or await self.providers()
        codes = "+".join(provider.code for provider in providers)
        if not codes:
            return []

        def ask(ib: IB) -> Awaitable[Any]:
            request_id = ib.client.getReqId()
            future: Awaitable[Any] = ib.wrapper.startReq(request_id)
            ib.client.reqHistoricalNews(request_id, instrument.con_id, codes, "", "", count, [])
            return future

        found = await self._link.call("historical news", ask, self._timeout_s)
        made = []
        for one in found:
            text, language, is_hot = cleaned(one.headline)
            at = convert.moment(one.time)
            made.append(Headline(one.providerCode, one.articleId, text, at, instrument.con_id, language, is_hot))
        return sorted(made, key=lambda headline: headline.time, reverse=True)[:count]

    async def article(self, provider: str, article_id: str) -> Article:
        """
        Return the story; where IBKR has it as a binary (PDF) only, that is its document and the body is empty.

        Raises LinkDown, RequestTimeout, BrokerError (gone, no permission, or a binary that is none).
        """
        answer = await self._link.call(
            "news article", lambda ib: ib.reqNewsArticleAsync(provider, article_id, []), self._timeout_s
        )
        if answer.articleType == _TEXT:
            return Article(provider, article_id, answer.articleText)
        try:
            # Binary articles come in base64 (TWS API, reqNewsArticle).
            document = b64decode("".join(answer.articleText.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise BrokerError(0, f"the article came broken: {error}") from error
        return Article(provider, article_id, "", document)

    def _attach(self, ib: IB) -> None:
        supplant(ib, "tickNews", self._on_news)
        ib.errorEvent += guarded(self._on_error)
        self._by_request.clear()
        self._are_fresh = False
        for subject in self._subjects.values():
            subject.requests.clear()

    async def _replay(self) -> None:
        if not self._are_fresh:
            try:
                await self.providers()
            except (BrokerError, RequestTimeout, LinkDown) as error:
                _log.warning("The account's news providers were not told: %r", error)
        for subject in list(self._subjects.values()):
            self._cancel(subject)
            await self._request(subject)

    async def _request(self, subject: _Subject) -> None:
        subject.refused.clear()
        if subject.instrument is not None:
            self._send(subject, convert.contract(subject.instrument), "")
            self._await_refusal(subject)
            return
        try:
            providers = self._providers or await self.providers()
        except (BrokerError, RequestTimeout, LinkDown) as error:
            # The next connect or farm recovery asks again.
            self._trouble[BROAD_TAPE] = str(error)
            return
        for code, symbol in tapes_of([provider.code for provider in providers]):
            exchange = symbol.partition(":")[0]
            self._send(subject, Contract(symbol=symbol, secType="NEWS", exchange=exchange), code)
        self._await_refusal(subject)

    def _await_refusal(self, subject: _Subject) -> None:
        """Let what was refused before be over, unless these requests are refused too."""
        asked = frozenset(subject.requests)

        def look() -> None:
            if asked and subject.requests.keys() == asked and not _is_deaf(subject):
                self._trouble.pop(_key(subject.instrument), None)

        if _key(subject.instrument) in self._trouble:
            asyncio.get_running_loop().call_later(self._quiet_s, look)

    def _send(self, subject: _Subject, contract: Contract, provider: str) -> None:
        client = self._link.ib().client
        request_id = client.getReqId()
        subject.requests[request_id] = provider
        self._by_request[request_id] = subject
        self._reserve(len(self._by_request))
        client.reqMktData(request_id, contract, _NEWS_ONLY, False, False, [])

    def _cancel(self, subject: _Subject) -> None:
        for request_id in list(subject.requests):
            del subject.requests[request_id]
            self._by_request.pop(request_id, None)
            if self._link.is_open:
                self._link.ib().client.cancelMktData(request_id)
        self._reserve(len(self._by_request))

    def _on_news(self, request_id: int, stamp: int, provider: str, article_id: str, headline: str, extra: str) -> None:
        subject = self._by_request.get(request_id)
        at = convert.epoch(stamp)
        if subject is None or at is None or self._sink is None:
            return
        self._trouble.pop(_key(subject.instrument), None)
        subject.crowded = 0
        text, language, is_hot = cleaned(headline, extra)
        self._sink(Headline(provider, article_id, text, at, _key(subject.instrument), language, is_hot))

    def _ask_again(self, subject: _Subject, request_id: int) -> None:
        """Ask anew for what TWS had no line for, unless that was let go of or the connection is another one."""
        if subject.instrument is None or request_id not in subject.requests or not self._link.is_open:
            return
        del subject.requests[request_id]
        self._by_request.pop(request_id, None)
        self._send(subject, convert.contract(subject.instrument), "")

    def _hear(self, headline: Headline) -> None:
        if self._sink is not None:
            self._sink(headline)

    def _on_error(self, request_id: int, code: int, text: str, _contract: object) -> None:
        subject = self._by_request.get(request_id)
        if subject is None:
            return
        if code == errors.TOO_MANY_LINES and subject.instrument is not None and subject.crowded < _MOST_CROWDED:
            subject.crowded += 1
            asyncio.get_running_loop().call_later(self._quiet_s / 2, self._ask_again, subject, request_id)
        elif errors.kind_of(code) is errors.Kind.FATAL:
            # One provider of many that is refused leaves the others to be heard.
            subject.refused[request_id] = f"IBKR {code}: {text}"
            if _is_deaf(subject):
                self._trouble[_key(subject.instrument)] = f"IBKR {code}: {text}"
            else:
                provider = subject.requests.get(request_id, "")
                # Some tapes have two names: one of them is unknown, and the other heard.
                loudness = logging.WARNING if provider in subject.unheard() else logging.DEBUG
                _log.log(loudness, "No news of %s: %s %s", provider, code, text)


def _is_deaf(subject: _Subject) -> bool:
    """Return whether all that was asked for it is refused."""
    return bool(subject.refused) and subject.requests.keys() <= subject.refused.keys()


def _key(instrument: Instrument | None) -> int:
    return BROAD_TAPE if instrument is None else instrument.con_id
