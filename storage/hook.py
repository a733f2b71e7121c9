"""A webhook, as it is kept: no library that talks to the world, so that words can be made of it."""

import re
from dataclasses import dataclass, field
from datetime import datetime

_AUTHORITY_ENDS = re.compile(r"[/?#]")


@dataclass(frozen=True, slots=True)
class Hook:
    """An alert's webhook; *secret* signs what is sent, *url* may hold a secret too: neither belongs in a log."""

    rule_id: int
    owner_id: int
    url: str = field(repr=False)
    secret: str = field(repr=False)
    at: datetime

    @property
    def host(self) -> str:
        """The host as it is allowed; see `host_of`."""
        return host_of(self.url)


def host_of(url: str) -> str:
    """Return the host of *url* as an admin allows it: lower case, with its port where that is not 443."""
    return _AUTHORITY_ENDS.split(url.partition("://")[2], maxsplit=1)[0].lower().removesuffix(":443")
