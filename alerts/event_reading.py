"""What the phrases of whole lines mean: news, scans, orders, times, positions that move, feeds that stall."""

import re
from dataclasses import replace
from datetime import timedelta

import re2
from lark import Token

from alerts import moment, number
from alerts.condition import (
    AllOf,
    AnyOf,
    AtSession,
    AtTime,
    EveryTime,
    NewsMatch,
    OrderEvent,
    OrderMatch,
    Pattern,
    Phrase,
    PositionMove,
    Stale,
    Unit,
    Velocity,
    Way,
    Words,
)
from alerts.phrase import matcher_of
from alerts.scan_reading import ScanReader
from alerts.terminal import Contradiction, read, symbol, unquoted

LONGEST_OFFSET = timedelta(hours=12)
LONGEST_MESSAGE = 300
_CODE = 2
_LANGUAGES = {
    "english": "en",
    "german": "de",
    "french": "fr",
    "spanish": "es",
    "italian": "it",
    "portuguese": "pt",
    "dutch": "nl",
    "swedish": "sv",
    "polish": "pl",
    "russian": "ru",
    "turkish": "tr",
    "arabic": "ar",
    "hebrew": "he",
    "chinese": "zh",
    "japanese": "ja",
    "korean": "ko",
}
_UPWARD = frozenset({"up", "above", "over", "rises", "climbs", "jumps", "gains"})
_DOWNWARD = frozenset({"down", "below", "under", "drops", "falls", "dips", "loses"})


def way(token: Token) -> Way:
    """Return which way a price `rises`, `drops` or `moves`."""
    words = set(token.lower().split())
    if words & _UPWARD:
        return Way.UP
    return Way.DOWN if words & _DOWNWARD else Way.EITHER


def signed(token: Token) -> tuple[float, Way]:
    """Read a move with its sign: `+5%`, `- 3 %`, `±4%`. Raises Contradiction."""
    compact = re.sub(r"[\s/]", "", token)
    sign = compact[: len(compact) - len(compact.lstrip("+-±"))]
    if "$" in compact:
        raise Contradiction(token, "a percentage")
    percent, _ = read(lambda _: number.move(compact[len(sign) :]), token)
    return percent, {"+": Way.UP, "-": Way.DOWN}.get(sign, Way.EITHER)


class EventReader(ScanReader):
    """The half of `alerts.reading.Reader` that reads whole lines."""

    def holding(self, children: list[Token]) -> str:
        """Read whose position: a symbol's, or of `any`."""
        return "any" if children[0].type == "ANY" else symbol(children[0])

    def position_move(self, children: list[object]) -> PositionMove:
        """Read `positions any -5%`."""
        of, size = children
        assert isinstance(size, Token)  # noqa: S101  the grammar's own shape
        percent, side = signed(size)
        if side is Way.EITHER:
            raise Contradiction(size, "+ or -", (size.replace("±", "+"), size.replace("±", "-")))
        return PositionMove(str(of), percent if side is Way.UP else -percent)

    def order_match(self, children: list[Token]) -> OrderMatch:
        """Read `orders filled` and `orders AAPL rejected`."""
        event = OrderEvent(children[-1].lower().replace("canceled", "cancelled"))
        return OrderMatch(event, symbol(children[0]) if len(children) > 1 else "")

    def stale(self, children: list[Token]) -> Stale:
        """Read `AAPL stale 5m`."""
        span = timedelta(seconds=5), timedelta(days=1)
        return Stale(symbol(children[0]), read(lambda text: number.duration(text, *span), children[1]))

    def at_time(self, children: list[Token]) -> AtTime:
        """Read `at 15:45 ET weekdays "check MOC"`."""
        found = {token.type: token for token in children}
        hour, minute = read(moment.time_of_day, found["TIME"])
        zone = read(moment.zone_name, found["ZONE"]) if "ZONE" in found else ""
        days = read(moment.days, found["DAYS"]) if "DAYS" in found else ()
        return AtTime(hour, minute, zone, days, _message(found.get("STRING")))

    def at_session(self, children: list[Token]) -> AtSession:
        """Read `at close - 10m`, `at open` and `at 10m before close`."""
        found = {token.type: token for token in children}
        offset = timedelta()
        if "SHIFT" in found:
            offset = _offset(found["SHIFT"], is_before="-" in found["SHIFT"])
        elif "SPAN" in found:
            offset = _offset(found["SPAN"], is_before=found["BESIDE"].lower() == "before")
        return AtSession(found["SESSION"].lower().endswith("open"), offset, _message(found.get("STRING")))

    def every_time(self, children: list[Token]) -> EveryTime:
        """Read `every 30m`."""
        span = timedelta(minutes=1), timedelta(days=1)
        period = read(lambda text: number.duration(text, *span), children[0])
        return EveryTime(period, _message(children[1] if len(children) > 1 else None))

    def subject(self, children: list[Token]) -> str:
        """Read whom the news are about."""
        return symbol(children[0])

    def any_subject(self, _children: list[Token]) -> str:
        """Read `*`: news about anyone."""
        return "*"

    def collection(self, children: list[Token]) -> str:
        """Read `portfolio` and `watchlist`; in capitals they are symbols."""
        return str(children[0])

    def phrase(self, children: list[Token]) -> Phrase:
        """Read words in quotes."""
        text = unquoted(children[0])
        if not re.search(r"\w", text):
            raise Contradiction(children[0], "a word or phrase in quotes")
        return Phrase(text)

    def pattern(self, children: list[Token]) -> Pattern:
        """Read `/downgrad/i`."""
        body, _, flag = children[0][1:].rpartition("/")
        text = body.replace("\\/", "/")
        pattern = Pattern(text, flag == "i")
        try:
            matcher_of(NewsMatch("*", words=pattern))
        except (re2.error, UnicodeEncodeError):
            raise Contradiction(children[0], "a regular expression that RE2 knows, like /downgrad/i") from None
        return pattern

    def all_of(self, children: list[Words]) -> AllOf:
        """Join patterns by `and`; an `and` within an `and` is one."""
        return AllOf(tuple(p for child in children for p in (child.parts if isinstance(child, AllOf) else (child,))))

    def any_of(self, children: list[Words]) -> AnyOf:
        """Join patterns by `or`; an `or` within an `or` is one."""
        return AnyOf(tuple(p for child in children for p in (child.parts if isinstance(child, AnyOf) else (child,))))

    def worded_gate(self, children: list[Token]) -> tuple[Velocity, Token]:
        """Read `if moves 1% in 5m`."""
        amount, unit = read(number.move, children[1])
        return Velocity("", amount, unit, way(children[0]), read(number.window, children[2])), children[0]

    def signed_gate(self, children: list[Token]) -> tuple[Velocity, Token]:
        """Read `if +1% in 5m`."""
        percent, side = signed(children[0])
        return Velocity("", percent, Unit.PERCENT, side, read(number.window, children[1])), children[0]

    def news_from(self, children: list[Token]) -> tuple[str, tuple[str, ...], Token]:
        """Read `from DJNL, BRFG`."""
        return "providers", tuple(dict.fromkeys(token.upper() for token in children)), children[0]

    def news_in(self, children: list[Token]) -> tuple[str, tuple[str, ...], Token]:
        """Read `in en` and `in english, de`."""
        return "languages", tuple(dict.fromkeys(map(_language, children))), children[0]

    def news(self, children: list[object]) -> NewsMatch:
        """Read `news AAPL "guidance" or /outlook/i from DJNL in en if moves 1% in 5m`."""
        subject = str(children[0])
        gates = [child for child in children[1:] if isinstance(child, tuple) and isinstance(child[0], Velocity)]
        gate = next((_gate(subject, *child) for child in gates), None)
        given: dict[str, tuple[str, ...]] = {}
        for child in children[1:]:
            if isinstance(child, tuple) and isinstance(child[0], str):
                key, found, token = child
                if key in given:
                    raise Contradiction(token, f"each of the {key} only once")
                if subject == "bulletins":
                    raise Contradiction(token, f"the end of the line: bulletins come from IBKR alone, without {key}")
                given[key] = found
        words = next((child for child in children[1:] if isinstance(child, Words)), None)
        phrases, words = _short(words)
        return NewsMatch(subject, phrases, words, gate, given.get("providers", ()), given.get("languages", ()))


def _short(words: Words | None) -> tuple[tuple[str, ...], Words | None]:
    """Return plain phrases in their short form, as those of older rules are; anything else as it is."""
    if words is None:
        return (), None
    alternatives = words.parts if isinstance(words, AnyOf) else (words,)
    plain = tuple(part.text for part in alternatives if isinstance(part, Phrase))
    return (plain, None) if len(plain) == len(alternatives) else ((), words)


def _language(token: Token) -> str:
    """Return the two-letter code of a language, given as such or by its English name. Raises Contradiction."""
    word = token.lower().partition("-")[0]
    code = _LANGUAGES.get(word, word)
    if len(code) != _CODE:
        raise Contradiction(token, "a language, like en or german")
    return code


def _gate(subject: str, gate: Velocity, token: Token) -> Velocity:
    if subject in {"*", "bulletins"}:
        raise Contradiction(token, "the end of the line: a price gate needs news of a symbol, portfolio or watchlist")
    return replace(gate, symbol=subject)


def _offset(token: Token, *, is_before: bool) -> timedelta:
    text = token.lstrip("+- ")
    length = read(lambda _: number.duration(text, timedelta(minutes=1), LONGEST_OFFSET), token)
    return -length if is_before else length


def _message(token: Token | None) -> str:
    text = "" if token is None else unquoted(token)
    if token is not None and len(text) > LONGEST_MESSAGE:
        raise Contradiction(token, f"a message of at most {LONGEST_MESSAGE} characters")
    return text
