"""A mute, as it is kept: no library that talks to the world, so that words can be made of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mute:
    """One mute: of an instrument (*con_id*), or of a *provider* by its code; *name* is what people call it."""

    con_id: int = 0
    provider: str = ""
    name: str = ""
