"""Long texts in pieces that Telegram takes, cut between lines and never inside a tag."""

from html import escape
from html.parser import HTMLParser

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
ENTITY_LIMIT = 100
_BROKEN_LINE = 1000


def length(html: str) -> int:
    """Return how long Telegram counts *html*: in UTF-16 units, after the tags are taken out."""
    return _units(plain(html))


def plain(html: str) -> str:
    """Return the text of *html* without its tags: what is sent when Telegram refuses the markup."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    return "".join(parser.found)


def split(html: str, limit: int = TEXT_LIMIT) -> list[str]:
    """
    Return *html* in pieces of at most *limit* (counted as `length` does) and at most 100 tags, which is Telegram's
    limit of entities; tags are closed and opened again at each cut.

    Joined, the pieces' texts are the whole text; a cut takes the place of a line break, or falls inside a line that
    is too long by itself.
    """
    if len(html) * 2 <= limit and html.count("<") <= ENTITY_LIMIT:
        # Short enough whatever is in it: of one character come two units at most.
        return [html]
    parser = _Pieces(limit)
    parser.feed(html)
    parser.close()
    return parser.finished()


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)


class _Pieces(HTMLParser):
    def __init__(self, limit: int) -> None:
        super().__init__(convert_charrefs=True)
        self._limit = limit
        self._open: list[tuple[str, str]] = []
        self._pieces: list[str] = []
        self._piece = ""
        self._used = 0
        self._tags = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = "".join(f" {name}" if value is None else f' {name}="{escape(value)}"' for name, value in attrs)
        if self._tags >= ENTITY_LIMIT:
            self._cut()
        self._tags += 1
        self._open.append((tag, f"<{tag}{given}>"))
        self._piece += f"<{tag}{given}>"

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1][0] == tag:
            self._open.pop()
        self._piece += f"</{tag}>"

    def handle_data(self, data: str) -> None:
        for line in data.splitlines(keepends=True):
            for part in self._fitting(line):
                if self._used + _units(part) > self._limit:
                    self._cut()
                self._piece += escape(part, quote=False)
                self._used += _units(part)

    def finished(self) -> list[str]:
        if self._used or not self._pieces:
            self._pieces.append(self._piece)
        return self._pieces

    def _fitting(self, line: str) -> list[str]:
        if _units(line) <= self._limit:
            return [line]
        step = min(_BROKEN_LINE, self._limit // 2)
        return [line[start : start + step] for start in range(0, len(line), step)]

    def _cut(self) -> None:
        closing = "".join(f"</{tag}>" for tag, _ in reversed(self._open))
        self._pieces.append(self._piece.removesuffix("\n") + closing)
        self._piece = "".join(opening for _, opening in self._open)
        self._used = 0
        self._tags = len(self._open)
