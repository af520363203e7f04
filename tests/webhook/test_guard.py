"""Server-side request forgery: nothing private is reached unless the operator allows it (ASVS 1.3.6)."""

import socket

import pytest
from aiohttp.abc import ResolveResult
from yarl import URL

from channels.webhook.attempt import Poster
from channels.webhook.guard import Guard, GuardedResolver, TargetRefused, literal
from queues.endpoint import Endpoint
from router.gateway import OutboxEntry
from router.runtime.system import SystemClock

ENTRY = OutboxEntry(id="1-0", position=1, body={"type": "item.queued", "at_ms": 1, "item": "i"})
PUBLIC = URL("https://hooks.example/x")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "2001:db8::1",
    ],
)
def test_private_addresses_in_any_clothes_are_refused(address: str) -> None:
    with pytest.raises(TargetRefused):
        Guard().check(PUBLIC, [address])


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_reached(address: str) -> None:
    Guard().check(PUBLIC, [address])


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(TargetRefused):
        Guard().check(PUBLIC, ["1.1.1.1", "10.0.0.1"])


@pytest.mark.parametrize("url", ["http://hooks.example/x", "https://hooks.example:22/x", "https://hooks.example:6379/"])
def test_public_targets_need_tls_on_a_web_port(url: str) -> None:
    with pytest.raises(TargetRefused):
        Guard().check(URL(url), ["1.1.1.1"])


def test_what_the_operator_allows_is_reached_on_any_port() -> None:
    Guard(["10.0.0.0/8", "::1/128"]).check(URL("http://pbx.internal:8123/"), ["10.9.9.9", "::1"])


def test_an_allowed_network_allows_nothing_else() -> None:
    with pytest.raises(TargetRefused):
        Guard(["10.0.0.0/8"]).check(PUBLIC, ["192.168.1.1"])


@pytest.mark.parametrize(
    ("url", "address"),
    [("http://127.0.0.1:80/", "127.0.0.1"), ("http://[::1]/", "::1"), ("http://hooks.example/", None)],
)
def test_an_address_in_the_url_is_seen(url: str, address: str | None) -> None:
    assert literal(URL(url)) == address


class Names(GuardedResolver):
    """A resolver whose names mean what the test says."""

    def __init__(self, guard: Guard, url: URL, address: str) -> None:
        super().__init__(guard, url)
        self._inner = self  # type: ignore[assignment]
        self._address = address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = [
            ResolveResult(hostname=host, host=self._address, port=port, family=family, proto=0, flags=0),
        ]
        self._guard.check(self._url, [result["host"] for result in found])
        return found


async def test_a_public_name_for_a_private_address_is_refused() -> None:
    """The address that was checked is the one that is connected to: a name cannot change its mind in between."""
    resolver = Names(Guard(), PUBLIC, "169.254.169.254")
    with pytest.raises(TargetRefused):
        await resolver.resolve("hooks.example")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://127.1:9/",
        "http://2130706433:9/",
        "http://0x7f000001:9/",
        "https://[::1]:443/",
        "https://[::ffff:127.0.0.1]/",
    ],
)
async def test_no_attempt_reaches_this_machine(url: str) -> None:
    """However loopback is written, by address or by name."""
    poster = Poster(SystemClock(), Guard(), lambda _: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    try:
        answer = await poster.post(Endpoint(id="e", url=url, secret="hook"), ENTRY)
    finally:
        await poster.close()
    assert answer.error == "target_refused"


@pytest.mark.parametrize("url", ["", "pbx", "ftp://127.0.0.1/", "http://", "http://[::1"])
async def test_a_url_that_is_none_fails_and_raises_nothing(url: str) -> None:
    poster = Poster(SystemClock(), Guard(["127.0.0.0/8"]), lambda _: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    try:
        answer = await poster.post(Endpoint(id="e", url=url, secret="hook"), ENTRY)
    finally:
        await poster.close()
    assert (answer.delivered, answer.status) == (False, 0)
    assert answer.error
