"""Where a webhook may not go: every address that only this machine or its network can reach."""

import asyncio
import ipaddress
import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.address import UrlFault, fault_of
from bot.safe_web import PUBLIC, Names, Reach, Refused, SafeWeb, Unreachable, is_public
from storage.hook import host_of

REFUSED = [
    "0.0.0.0",  # noqa: S104  an address to be refused
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "224.0.1.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", REFUSED)
async def test_no_request_is_made_to(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    asked = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return [address]

    web = SafeWeb(Reach(resolve=resolve))
    with pytest.raises(Refused, match="private or reserved"):
        await web.post("https://rebind.example.com/x", b"{}", {})
    assert asked == [("rebind.example.com", 443)]
    await web.close()


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]
)
def test_the_public_net_may_be_reached(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses())
def test_what_python_holds_for_private_is_never_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    real = mapped or address
    if real.is_private or real.is_loopback or real.is_link_local or real.is_multicast or real.is_unspecified:
        assert not is_public(address)


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["8.8.8.8", "127.0.0.1"]

    web = SafeWeb(Reach(resolve=resolve))
    with pytest.raises(Refused):
        await web.post("https://example.com/", b"{}", {})
    await web.close()


@pytest.mark.parametrize("answer", [[], OSError("no such name")])
async def test_a_name_without_an_address_is_unreachable(answer: list[str] | OSError) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        if isinstance(answer, OSError):
            raise answer
        return answer

    web = SafeWeb(Reach(resolve=resolve))
    with pytest.raises(Unreachable):
        await web.post("https://example.com/", b"{}", {})
    await web.close()


async def test_a_resolver_that_talks_nonsense_leads_nowhere() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["not an address"]

    web = SafeWeb(Reach(resolve=resolve))
    with pytest.raises(Refused):
        await web.post("https://example.com/", b"{}", {})
    await web.close()


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://example.com", None),
        ("https://example.com/x?y=1", None),
        ("https://hooks.example.co.uk:8443/services/T0/B0/x", None),
        ("https://xn--bcher-kva.example/x", None),
        ("HTTPS://Example.COM/x", None),
        ("http://example.com/x", UrlFault.SCHEME),
        ("ftp://example.com/x", UrlFault.SCHEME),
        ("file:///etc/passwd", UrlFault.SCHEME),
        ("//example.com/x", UrlFault.SCHEME),
        ("example.com", UrlFault.SCHEME),
        ("https://user@example.com/", UrlFault.USER),
        ("https://user:pass@example.com/", UrlFault.USER),
        ("https://example.com@127.0.0.1/", UrlFault.USER),
        ("https://example.com#@127.0.0.1/", UrlFault.CHARACTERS),
        ("https://example.com\\@127.0.0.1/", UrlFault.CHARACTERS),
        ("https://exa mple.com/", UrlFault.CHARACTERS),
        ("https://example.com/\r\nHost: x", UrlFault.CHARACTERS),
        ("https://exämple.com/", UrlFault.CHARACTERS),
        ("https://127.0.0.1/", UrlFault.NAME),
        ("https://8.8.8.8/", UrlFault.NAME),
        ("https://2130706433/", UrlFault.NAME),
        ("https://0x7f.1/", UrlFault.NAME),
        ("https://0x7f000001/", UrlFault.NAME),
        ("https://127.1/", UrlFault.NAME),
        ("https://[::1]/", UrlFault.NAME),
        ("https://[::ffff:127.0.0.1]:443/", UrlFault.NAME),
        ("https://localhost/", UrlFault.NAME),
        ("https://gateway/", UrlFault.NAME),
        ("https://printer.local/", UrlFault.NAME),
        ("https://metadata.google.internal/", UrlFault.NAME),
        ("https://example.com./", UrlFault.NAME),
        ("https://-bad.example.com/", UrlFault.NAME),
        ("https://" + "a" * 64 + ".com/", UrlFault.NAME),
        ("https:///x", UrlFault.NAME),
        ("https://?x", UrlFault.NAME),
        ("https://example.com:/", UrlFault.NAME),
        ("https://example.com:0/", UrlFault.PORT),
        ("https://example.com:65536/", UrlFault.PORT),
        ("https://example.com:99999/", UrlFault.PORT),
        ("https://example.com/" + "x" * 500, UrlFault.LONG),
    ],
)
def test_an_address_is_judged_as_it_is_written(url: str, fault: UrlFault | None) -> None:
    assert fault_of(url) == fault


@pytest.mark.parametrize(
    "url", ["http://example.com/", "https://127.0.0.1/", "https://user@example.com/", "https://[::1]/", "https://a..b/"]
)
async def test_a_bad_address_is_refused_again_before_it_is_used(url: str) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise AssertionError(host)

    web = SafeWeb(Reach(resolve=resolve))
    with pytest.raises(Refused):
        await web.post(url, b"{}", {})
    await web.close()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Example.com/x", "example.com"),
        ("https://example.com:443/x", "example.com"),
        ("https://example.com:8443?x=/y", "example.com:8443"),
        ("https://example.com?x=https://other.com/", "example.com"),
    ],
)
def test_a_host_is_allowed_by_its_name_and_port(url: str, host: str) -> None:
    assert host_of(url) == host


async def test_a_name_server_that_hangs_takes_one_thread_and_holds_up_no_other_name() -> None:
    answers, asked = threading.Event(), []

    def look_up(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        if host == "slow.example.com":
            answers.wait(20)
        return ["8.8.8.8"]

    names = Names(look_up)
    waiting = [asyncio.create_task(names.addresses("slow.example.com", 443)) for _ in range(20)]
    assert await names.addresses("quick.example.com", 443) == ["8.8.8.8"]
    waiting[0].cancel()
    answers.set()
    assert await asyncio.gather(*waiting[1:]) == [["8.8.8.8"]] * 19
    assert sorted(asked) == ["quick.example.com", "slow.example.com"]


async def test_the_systems_own_resolver_finds_this_machine() -> None:
    found = await Names().addresses("localhost", 443)
    assert found
    assert all(ipaddress.ip_address(address).is_loopback for address in found)
    assert not any(is_public(ipaddress.ip_address(address)) for address in found)


async def test_a_name_that_is_none_is_asked_for_again_the_next_time() -> None:
    found = [OSError("not known"), ["8.8.8.8"]]

    def look_up(host: str, port: int) -> Sequence[str]:
        answer = found.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    names = Names(look_up)
    with pytest.raises(OSError, match="not known"):
        await names.addresses("example.com", 443)
    assert await names.addresses("example.com", 443) == ["8.8.8.8"]


def test_nothing_but_the_public_net_is_reached_unless_a_test_says_so() -> None:
    assert Reach(check=fault_of, allows=is_public, resolve=None, tls=None) == PUBLIC
