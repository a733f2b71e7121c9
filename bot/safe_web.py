"""
Requests to addresses that people typed, which must not reach what only this machine can reach.

The host's name is resolved here, every address it has must be a public one, and the connection goes to a checked
address: a second look-up could find another (DNS rebinding). The certificate is checked against the name. Redirects
are not followed, no proxy is used, and next to nothing of an answer is read.
"""

import asyncio
import functools
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import Any

import httpx

from bot.address import UrlFault, fault_of
from storage.hook import host_of

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_TIMEOUT_S = 10.0
_READ_BYTES = 4096
_HTTPS_PORT = 443
_NO_ADDRESS = "its address is not one to send to"

# IANA's special-purpose registries (RFC 6890 and later); Python's own `is_global` differs between its patch versions.
_REFUSED_4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
# Of IPv6 only this is handed out for the public net; what embeds an IPv4 address (6to4, Teredo) is refused within it.
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_6 = tuple(
    map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"))
)


class WebError(Exception):
    """A request that got no answer; *reason* says why in a few plain words, without the address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(WebError):
    """The request was not made: its address is not one that may be reached."""


class Unreachable(WebError):
    """The request was surely not received: no name, no connection, or a certificate that is not the host's."""


class Unanswered(WebError):
    """The request left, and no answer came: it may have been received."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the *status*, and how long to wait where the server says so (Retry-After in seconds)."""

    status: int
    retry_after_s: float | None = None


def is_public(address: Address) -> bool:
    """Return whether *address* is one of the public net's."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        return address in _PUBLIC_6 and not any(address in net for net in _REFUSED_6)
    return not any(address in net for net in _REFUSED_4)


@dataclass(frozen=True, slots=True)
class Reach:
    """
    Where may be sent to: *check* judges an address as it is written, *allows* each address that its name has.

    *resolve* looks a name up (None: the system's way), *tls* checks certificates (None: by the system's authorities).
    """

    check: Callable[[str], UrlFault | None] = fault_of
    allows: Callable[[Address], bool] = is_public
    resolve: Resolve | None = None
    tls: ssl.SSLContext | None = None


PUBLIC = Reach()
"""What the bot may reach. No setting changes it."""


class SafeWeb:
    """Posts to where *reach* lets it, in *timeout_s* a request as a whole."""

    def __init__(self, reach: Reach, timeout_s: float = _TIMEOUT_S) -> None:
        self._resolve = reach.resolve or Names().addresses
        self._allows = reach.allows
        self.check = reach.check
        self._timeout_s = timeout_s
        # One connection a request: a kept one would be shared by all the names of an address.
        self._http = httpx.AsyncClient(
            verify=reach.tls or ssl.create_default_context(),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(timeout_s, connect=timeout_s / 3),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._http.aclose()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post *body* and return what came back. Raises Refused, Unreachable, Unanswered."""
        left = _Left()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(url, body, headers, left)
        except (httpx.InvalidURL, ValueError):
            raise Refused(_NO_ADDRESS) from None
        except (TimeoutError, httpx.HTTPError) as error:
            reason = "no answer in time" if isinstance(error, TimeoutError | httpx.TimeoutException) else _words(error)
            raise (Unanswered(reason) if left.happened else Unreachable(reason)) from None

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str], left: "_Left") -> Answer:
        parts = httpx.URL(url)
        # What was checked and what is connected to are read by two parsers: they must agree.
        if self.check(url) is not None or parts.netloc.decode("ascii") != host_of(url):
            raise Refused(_NO_ADDRESS)
        port = parts.port or (_HTTPS_PORT if parts.scheme == "https" else 80)
        addresses = await self._checked(parts.host, port)
        authority = parts.netloc.decode("ascii")
        last: httpx.HTTPError | None = None
        for address in addresses:
            request = self._http.build_request(
                "POST",
                parts.copy_with(host=str(address)),
                content=body,
                headers={**headers, "Host": authority, "Accept-Encoding": "identity", "Connection": "close"},
                extensions={"sni_hostname": parts.host, "trace": left.trace},
            )
            try:
                return await self._sent(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                last = error
        raise last or Unreachable("its name has no address")

    async def _sent(self, request: httpx.Request) -> Answer:
        response = await self._http.send(request, stream=True)
        try:
            got = 0
            async for chunk in response.aiter_raw():
                got += len(chunk)
                if got >= _READ_BYTES:
                    break
        except httpx.HTTPError:
            pass  # the status is known; what follows it matters to nobody
        finally:
            await response.aclose()
        wait = response.headers.get("Retry-After", "")
        return Answer(response.status_code, float(wait) if re.fullmatch(r"\d{1,6}", wait) else None)

    async def _checked(self, host: str, port: int) -> Sequence[Address]:
        """Return the host's addresses. Raises Unreachable for a name without one, Refused if any is not public."""
        try:
            found = [ipaddress.ip_address(address) for address in await self._resolve(host, port)]
        except (OSError, UnicodeError):
            raise Unreachable("its name cannot be resolved") from None
        except ValueError:
            raise Refused("its name leads to no address") from None
        if not all(self._allows(address) for address in found):
            raise Refused("its name leads to a private or reserved address")
        return found


class Names:
    """
    The system's resolver, in threads of its own: one that hangs must hold up neither other look-ups nor the end.

    A name is looked up once at a time, so that one which hangs takes one thread. *look_up* blocks.
    """

    def __init__(self, look_up: Callable[[str, int], Sequence[str]] | None = None) -> None:
        self._look_up = look_up or _addresses
        self._looking: dict[tuple[str, int], asyncio.Future[Sequence[str]]] = {}

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of *host*, each once. Raises OSError, UnicodeError."""
        key = (host, port)
        looking = self._looking.get(key)
        if looking is None:
            loop = asyncio.get_running_loop()
            looking = self._looking[key] = loop.create_future()
            looking.add_done_callback(functools.partial(self._looked, key))
            # No pool: the interpreter waits for a pool's threads when it ends, and for a daemon it does not.
            Thread(target=self._look, args=(loop, looking, key), name=f"look up {host}", daemon=True).start()
        return await asyncio.shield(looking)

    def _look(
        self, loop: asyncio.AbstractEventLoop, looking: asyncio.Future[Sequence[str]], key: tuple[str, int]
    ) -> None:
        try:
            found = self._look_up(*key)
        except (OSError, UnicodeError) as error:
            told = functools.partial(looking.set_exception, error)
        else:
            told = functools.partial(looking.set_result, found)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(told)

    def _looked(self, key: tuple[str, int], looking: asyncio.Future[Sequence[str]]) -> None:
        self._looking.pop(key, None)
        if not looking.cancelled():
            looking.exception()  # whoever asked may have given up


class _Left:
    """Whether a request's first bytes have left, as httpcore traces it."""

    def __init__(self) -> None:
        self.happened = False

    async def trace(self, event: str, _info: Mapping[str, Any]) -> None:
        """Note what the connection does."""
        self.happened = self.happened or event.endswith("send_request_headers.started")


def _addresses(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _words(error: httpx.HTTPError) -> str:
    """Return what went wrong, without the address: it may hold a secret."""
    causes = tuple(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate was refused ({cause.verify_message})"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "it speaks no TLS that I understand"
    return "it cannot be connected to" if isinstance(error, httpx.ConnectError) else "the connection broke"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
