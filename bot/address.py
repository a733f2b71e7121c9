"""Addresses on the web as people type them: what is wrong with one before anything is looked up. Pure."""

import re
from enum import StrEnum

from storage.hook import host_of

LONGEST_URL = 500
_SCHEME = "https://"
_LAST_PORT = 65535
# A name with a dot in it whose last part begins with a letter: no number in any spelling, no name of a local network.
_HOST = re.compile(
    r"(?=[^:]{4,253}(?::|\Z))(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
_LOCAL = (".local", ".localhost", ".internal", ".home.arpa", ".onion", ".test", ".invalid")


class UrlFault(StrEnum):
    """Why nothing can be sent to an address."""

    LONG = "long"
    CHARACTERS = "characters"
    SCHEME = "scheme"
    USER = "user"
    NAME = "name"
    PORT = "port"


def fault_of(url: str) -> UrlFault | None:
    """Return why nothing can be sent to *url*, wherever its name leads; None for a good one."""
    if len(url) > LONGEST_URL:
        return UrlFault.LONG
    if not re.fullmatch(r"[!-~]*", url) or any(mark in url for mark in '\\#"<>^`{|}'):
        return UrlFault.CHARACTERS
    if not url.lower().startswith(_SCHEME):
        return UrlFault.SCHEME
    host = host_of(url)
    if "@" in host:
        return UrlFault.USER
    found = _HOST.fullmatch(host)
    if found is None or host.partition(":")[0].endswith(_LOCAL):
        return UrlFault.NAME
    return None if found["port"] is None or 0 < int(found["port"]) <= _LAST_PORT else UrlFault.PORT
