"""
A news article in Telegram's few tags, in pages.

Providers send HTML, plain text, or plain text with stray markup. Everything but bold, italic, underlined, struck and
code is taken out; links keep their text only, since what a headline links to is not ours to vouch for.
"""

from collections.abc import Iterable
from html.parser import HTMLParser

from bot.views.message import text

_KEPT = {
    "b": "b",
    "strong": "b",
    "i": "i",
    "em": "i",
    "u": "u",
    "ins": "u",
    "s": "s",
    "strike": "s",
    "del": "s",
    "code": "code",
    "h1": "b",
    "h2": "b",
    "h3": "b",
    "h4": "b",
}
_DROPPED = {"script", "style", "head", "title", "template", "svg"}
_BREAKS = {
    "p",
    "div",
    "br",
    "tr",
    "table",
    "ul",
    "ol",
    "section",
    "article",
    "blockquote",
    "pre",
    "h1",
    "h2",
    "h3",
    "h4",
}
_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "table", "pre", "blockquote"}
_BLOCK = "\n"
_MOST_TAGGED = 80
"""Telegram takes 100 entities a message; the page's frame needs a few."""

Run = tuple[str, tuple[str, ...]]
"""A stretch of text and the tags it stands in, outermost first."""


def article_pages(body: str, limit: int) -> tuple[str, ...]:
    """
    Return *body* as Telegram HTML in pages of at most *limit* UTF-16 units (counted without tags), at least one.

    Pages break between words; every page has its own balanced tags. An article without text is one empty page.
    """
    reader = _Reader()
    if "<" in body or "&" in body:
        reader.feed(body)
        reader.close()
    else:
        reader.plain(body)
    return tuple(_rendered(page) for page in _paged(reader.runs(), limit)) or ("",)


class _Reader(HTMLParser):
    """Collects the runs of a document; never raises, whatever it is fed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._runs: list[Run] = []
        self._open: list[str] = []
        self._hidden: list[str] = []
        self._seen_block = False

    def plain(self, body: str) -> None:
        """Take *body* as text whose line breaks count."""
        for number, line in enumerate(body.splitlines()):
            self._runs += [(_BLOCK, ())] if number else []
            self._runs.append((" ".join(line.split()), ()))

    def runs(self) -> list[Run]:
        """Return what was collected: words, and no more than one empty line in a row."""
        return _tidied(self._runs)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  the parser's own
        if tag in _DROPPED:
            self._hidden.append(tag)
        if tag == "li":
            self._runs.append((f"{_BLOCK}• ", ()))
        self._break(tag)
        if tag in _KEPT and _KEPT[tag] not in self._open:
            self._open.append(_KEPT[tag])

    def handle_endtag(self, tag: str) -> None:
        if self._hidden and self._hidden[-1] == tag:
            self._hidden.pop()
        if _KEPT.get(tag) in self._open:
            self._open.remove(_KEPT[tag])
        if tag != "br":
            self._break(tag)

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        flat = " ".join(data.split())
        if not flat:
            self._runs.append((" ", ()))
            return
        lead = " " if data[0].isspace() else ""
        tail = " " if data[-1].isspace() else ""
        self._runs.append((f"{lead}{flat}{tail}", tuple(self._open)))

    def _break(self, tag: str) -> None:
        if tag in _BREAKS:
            self._runs.append((_BLOCK * (2 if tag in _PARAGRAPHS else 1), ()))


def _tidied(found: Iterable[Run]) -> list[Run]:
    """Return the runs without blanks at the edges of lines, and with at most one empty line between two."""
    runs: list[Run] = []
    breaks = 2
    for piece, tags in found:
        words = piece.strip(_BLOCK)
        leading = len(piece) - len(piece.lstrip(_BLOCK))
        if leading:
            fresh = min(leading, 2 - breaks)
            runs += [(_BLOCK * fresh, ())] if fresh > 0 else []
            breaks += max(fresh, 0)
        if breaks or runs[-1][0].endswith(" "):
            words = words.lstrip()
        if words:
            runs.append((words, tags))
            breaks = 0
    return runs


def _paged(runs: Iterable[Run], limit: int) -> list[list[Run]]:
    pages: list[list[Run]] = [[]]
    room, tagged = limit, 0
    for run, tags in runs:
        tagged += len(tags)
        for piece in _pieces(run, limit):
            if _units(piece) > room or tagged > _MOST_TAGGED:
                pages.append([])
                room, tagged = limit, len(tags)
            # A page does not begin with a blank.
            words = piece if pages[-1] else piece.lstrip()
            if words:
                pages[-1].append((words, tags))
                room -= _units(words)
    return [page for page in pages if page]


def _pieces(run: str, limit: int) -> list[str]:
    """Return *run* word by word, each with the blank before it; a word longer than a page is cut."""
    words: list[str] = []
    start = 0
    for index in range(1, len(run) + 1):
        if index == len(run) or (run[index].isspace() and not run[index - 1].isspace()):
            words.append(run[start:index])
            start = index
    step = max(1, limit // 2)
    return [word[at : at + step] for word in words for at in range(0, len(word), step)]


def _rendered(page: Iterable[Run]) -> str:
    parts: list[str] = []
    current: tuple[str, ...] = ()
    for run, tags in page:
        if tags != current:
            parts += [f"</{tag}>" for tag in reversed(current)]
            parts += [f"<{tag}>" for tag in tags]
            current = tags
        parts.append(text(run))
    parts += [f"</{tag}>" for tag in reversed(current)]
    return "".join(parts).strip()


def _units(value: str) -> int:
    return len(value.encode("utf-16-le", "surrogatepass")) // 2
