"""The guard against server-side request forgery (OWASP ASVS 1.3.6): webhooks reach public addresses only.

A name is resolved once and exactly the addresses that passed are connected to, so that a name which answers
differently the second time gains nothing. Redirects are never followed (see `attempt`). Networks that the
operator allows in the settings may be reached although they are private, on any port and without TLS.
"""

import ipaddress
import socket
from collections.abc import Iterable
from typing import TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from channels.webhook import limits

Ip: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last four bytes are an IPv4 address


class TargetRefused(Exception):
    """This target must not be reached; the message says why, without naming it."""


class Guard:
    """Which targets may be reached. `allowed` are networks (CIDR) that are private and yet meant."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = tuple(ipaddress.ip_network(network) for network in allowed)

    def check(self, url: URL, addresses: Iterable[str]) -> None:
        """Raises TargetRefused unless every address may be reached in the way that the URL asks."""
        ips = [_unwrapped(ipaddress.ip_address(address.partition("%")[0])) for address in addresses]
        if all(self._allows(ip) for ip in ips):
            return
        if not all(self._allows(ip) or (ip.is_global and not ip.is_multicast) for ip in ips):
            raise TargetRefused("the target is a private address")
        if url.scheme != "https":
            raise TargetRefused("a public target needs https")
        if url.port not in limits.PUBLIC_PORTS:
            raise TargetRefused("a public target is reached on port 443 or 8443")

    def _allows(self, ip: Ip) -> bool:
        return any(ip.version == network.version and ip in network for network in self._allowed)


class GuardedResolver(AbstractResolver):
    """Resolves a host for one URL and lets nothing through that the guard refuses."""

    def __init__(self, guard: Guard, url: URL) -> None:
        self._guard = guard
        self._url = url
        self._inner = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises TargetRefused."""
        found = await self._inner.resolve(host, port, family)
        self._guard.check(self._url, [result["host"] for result in found])
        return found

    async def close(self) -> None:
        """Release what the resolver holds."""
        await self._inner.close()


def literal(url: URL) -> str | None:
    """The address that the URL holds itself, which no resolver ever sees; None for a name.

    Raises TargetRefused for a short form (`127.1`): aiohttp takes it for an address and the system completes it.
    """
    host = (url.host or "").partition("%")[0]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if ":" in host or host.replace(".", "").isdigit():
            raise TargetRefused("the target's address is not written in full") from None
        return None


def _unwrapped(ip: Ip) -> Ip:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, NAT64), else the address."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(ip.packed[-4:])
    return ip.ipv4_mapped or ip.sixtofour or ip
