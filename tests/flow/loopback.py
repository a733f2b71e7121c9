"""
The bot with its webhooks to a test's own server.

`python -m tests.flow.loopback` is the bot (`python -m bot run`) for which hook.example.com is this machine, with a
certificate that it trusts, and every other name leads to a private address. Nothing else of it differs: no setting of
the bot's own could do this.
"""

import ipaddress
from collections.abc import Sequence

from bot import safe_web
from bot.__main__ import main
from bot.safe_web import Address, Reach, is_public
from tests.fakes.web import HOST, trusting
from tests.flow.dial import follow

PROGRAM = ("-m", "tests.flow.loopback")
_HERE = ipaddress.ip_address("127.0.0.1")


async def resolve(host: str, _port: int) -> Sequence[str]:
    """Return this machine for the test's own host, a private address for every other."""
    return [str(_HERE)] if host == HOST else ["10.0.0.1"]


def allows(address: Address) -> bool:
    """Return whether *address* may be reached: as ever, and this machine."""
    return address == _HERE or is_public(address)


if __name__ == "__main__":
    follow()
    safe_web.PUBLIC = Reach(allows=allows, resolve=resolve, tls=trusting())
    main()
