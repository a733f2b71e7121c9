"""
A news article in Telegram's few tags, in pages.

Providers send HTML, plain text, or plain text with stray markup. `bot/views/shallow.py` leaves a few tags of it, none
too deep, and nh3 makes well-formed HTML of those and throws out whatever else there is; links keep their text only,
since what a headline links to is not ours to vouch for. What is left is put into pages here: Telegram's own limits are
the only reader that knows where one must end.
"""

import re
from collections.abc import Iterable
from html.parser import HTMLParser

import nh3

from bot.views.message import text
from bot.views.shallow import shallow

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
_DROPPED = {"script", "style", "title", "template", "svg", "math", "iframe", "noscript", "object"}
_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "table", "pre", "blockquote"}
_BREAKS = _PARAGRAPHS | {"div", "br", "hr", "tr", "ul", "ol", "li", "dl", "dt", "dd", "section", "article"}
_CELLS = {"td", "th"}
_TAGS = set(_KEPT) | _BREAKS | _CELLS | {"tbody", "thead", "tfoot"}
# Headings are bold, and yet break lines.
_INLINE = set(_KEPT) - _BREAKS
_BLOCK = "\n"
_MOST_TAGGED = 80
"""Telegram takes 100 entities a message; the page's frame needs a few."""
LONGEST = 200_000
"""Characters of a story that are read: some seventy pages. Longer ones are cut, and say so."""

_HAS_LAYOUT = re.compile(rf"</?(?:{'|'.join(sorted(_BREAKS))})\b", re.IGNORECASE)
# Reuters writes its codes of instruments so: <AAPL.O>, <.SPX>.
_CODE = re.compile(r"<(?=(\.?[A-Z0-9]{1,6}(?:\.[A-Z]{1,3})?)>)")

Run = tuple[str, tuple[str, ...]]
"""A stretch of text and the tags it stands in, outermost first."""


def article_pages(body: str, limit: int) -> tuple[str, ...]:
    """
    Return *body* as Telegram HTML in pages of at most *limit* UTF-16 units (counted without tags), at least one.

    Pages break between words; every page has its own balanced tags. An article without text is one empty page.
    """
    reader = _Reader()
    reader.feed(_well_formed(body[:LONGEST]))
    reader.close()
    runs = reader.runs
    if len(body) > LONGEST:
        runs += [(_BLOCK * 2, ()), (f"Cut here: the story has {len(body):,} characters.", ("i",))]
    return tuple(_rendered(page) for page in _paged(runs, limit)) or ("",)


def _well_formed(body: str) -> str:
    """Return *body* as balanced HTML of `_TAGS` alone, without attributes."""
    said = _CODE.sub(lambda found: "<" if found[1].lower() in _TAGS else "&lt;", body)
    if not _HAS_LAYOUT.search(said):
        # Plain text, maybe with a word in bold: its line breaks count.
        said = "<br>".join(said.splitlines())
    said = shallow(said, kept=_TAGS, inline=_INLINE, dropped=_DROPPED)
    return nh3.clean(said, tags=_TAGS, clean_content_tags=_DROPPED, attributes={}, link_rel=None)


class _Reader(HTMLParser):
    """Collects the runs of a well-formed document: words, and no more than one empty line between two."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.runs: list[Run] = []
        self._open: list[str] = []
        self._gap = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  the parser's own
        self._end_line(tag)
        if tag == "li":
            self._say("• ", ())
        elif tag in _CELLS:
            self._say(" ", ())
        if tag not in {"br", "hr"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()
        self._end_line(tag)

    def handle_data(self, data: str) -> None:
        lines = data.splitlines() if "pre" in self._open else [data]
        # Each once: bold in bold is one entity.
        tags = tuple(dict.fromkeys(_KEPT[tag] for tag in self._open if tag in _KEPT))
        for number, line in enumerate(lines):
            self._gap += 1 if number else 0
            flat = " ".join(line.split())
            lead = " " if line[:1].isspace() else ""
            tail = " " if flat and line[-1].isspace() else ""
            self._say(f"{lead}{flat}{tail}", tags if flat else ())

    def _end_line(self, tag: str) -> None:
        """A break adds a line's end, what stands on lines of its own makes sure of one, a paragraph of two."""
        if tag == "br":
            self._gap += 1
        elif tag in _BREAKS:
            self._gap = max(self._gap, 2 if tag in _PARAGRAPHS else 1)

    def _say(self, words: str, tags: tuple[str, ...]) -> None:
        if self._gap or not self.runs or self.runs[-1][0].endswith(" "):
            words = words.lstrip()
        if not words:
            return
        if self._gap and self.runs:
            self.runs.append((_BLOCK * min(self._gap, 2), ()))
        self._gap = 0
        self.runs.append((words, tags))


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
