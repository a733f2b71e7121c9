"""What a person does not want to hear of for now."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutes:
    """Whose headlines are not told: contract ids of *instruments*, and IBKR's codes of *providers*."""

    instruments: frozenset[int] = frozenset()
    providers: frozenset[str] = frozenset()
