"""
Providers' HTML made shallow, in one pass, before a parser sees it: what repairs HTML takes quadratic time of its depth.

Only tags that are asked for are left, without attributes; those that would stand too deep are taken out, with their
line breaks kept. Ends that HTML implies (a `<p>` ends the one before) are written out, so that a parser's depth is the
depth that was counted here (HTML Living Standard, 13.2.6: in body, in table, in row).
"""

import re
from collections.abc import Collection

DEEPEST = 20
"""Tags within each other; layouts of tables within tables stay below."""

_TOKEN = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<[!?][^<>]*>"
    # A quoted value may hold a ">"; where the quotes do not match, the first one ends the tag.
    r"|<(?P<end>/?)(?P<name>[a-zA-Z][^\s/<>]*+)(?:(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+|[^<>]*+)>",
    re.DOTALL,
)
_VOID = frozenset({"br", "hr"})
_ENDED_BY = {
    "p": frozenset({"p"}),
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "td": frozenset({"td", "th"}),
    "th": frozenset({"td", "th"}),
    "tr": frozenset({"tr"}),
    **dict.fromkeys(("tbody", "thead", "tfoot"), frozenset({"tbody", "thead", "tfoot"})),
}
_WALLS = frozenset({"table", "ul", "ol", "dl"})
"""No end is implied beyond these."""
_FOREIGN = frozenset({"svg", "math"})
_NESTED = _FOREIGN | {"template", "object"}
"""Of these, others of their kind may stand within; of the rest all is text up to the first end."""


def shallow(body: str, *, kept: Collection[str], inline: Collection[str], dropped: Collection[str]) -> str:
    """
    Return *body* with the tags *kept* alone, at most `DEEPEST` deep, each "<" of the text escaped.

    *inline* are those of *kept* that break no line. What stands in a tag of *dropped* goes with it.
    """
    pruner = _Pruner(kept, inline, dropped)
    at = 0
    for found in _TOKEN.finditer(body):
        pruner.words(body[at : found.start()])
        at = found.end()
        if found["name"]:
            pruner.tag(found["name"].lower(), is_end=bool(found["end"]), is_empty=found[0].endswith("/>"))
    pruner.words(body[at:])
    return "".join(pruner.parts)


class _Pruner:
    def __init__(self, kept: Collection[str], inline: Collection[str], dropped: Collection[str]) -> None:
        self.parts: list[str] = []
        self._kept = frozenset(kept)
        self._inline = frozenset(inline)
        self._dropped = frozenset(dropped)
        self._open: list[str] = []
        self._hidden = ""
        self._hidden_depth = 0

    def words(self, said: str) -> None:
        if not self._hidden:
            self.parts.append(said.replace("<", "&lt;"))

    def tag(self, name: str, *, is_end: bool, is_empty: bool) -> None:
        if self._hidden or name in self._dropped:
            self._hide(name, is_end=is_end, is_empty=is_empty)
        elif name not in self._kept:
            return
        elif is_end:
            self._end(name)
        elif name in _VOID:
            self.parts.append(f"<{name}>")
        else:
            self._begin(name)

    def _hide(self, name: str, *, is_end: bool, is_empty: bool) -> None:
        if not self._hidden:
            if not is_end and not (is_empty and name in _FOREIGN):
                self._hidden, self._hidden_depth = name, 1
        elif name == self._hidden and is_end:
            self._hidden_depth -= 1
            if not self._hidden_depth:
                self._hidden = ""
        elif name == self._hidden and name in _NESTED and not is_empty:
            self._hidden_depth += 1

    def _begin(self, name: str) -> None:
        ended = _ENDED_BY.get(name, frozenset())
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place] in ended:
                self._close(place)
                break
            if self._open[place] in _WALLS:
                break
        if len(self._open) < DEEPEST:
            self._open.append(name)
            self.parts.append(f"<{name}>")
        elif name not in self._inline:
            self.parts.append("<br>")

    def _end(self, name: str) -> None:
        if name not in self._open:
            # Of no effect but a paragraph's, and a parser knows which.
            self.parts.append(f"</{name}>")
            return
        place = len(self._open) - 1 - self._open[::-1].index(name)
        if name in self._inline:
            # What was opened within it goes on, as parsers have it.
            del self._open[place]
            self.parts.append(f"</{name}>")
        else:
            self._close(place)

    def _close(self, place: int) -> None:
        """End the block at *place* and those within it; words in bold go on beyond."""
        within = [name for name in self._open[place:] if name not in self._inline]
        self.parts += [f"</{name}>" for name in reversed(within)]
        self._open[place:] = [name for name in self._open[place:] if name in self._inline]
