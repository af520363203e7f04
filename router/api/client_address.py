"""Whom limits count a caller as, by the word of configured proxies only (ASVS 4.1.3)."""

import ipaddress
from collections.abc import Sequence

from aiohttp import web

from router.api.deps import DEPS


def client_address(request: web.Request) -> str:
    """Where the request comes from: the last hop that is not one of our own proxies."""
    forwarded = request.headers.getall("X-Forwarded-For", [])
    return household(last_foreign(request.remote or "", forwarded, request.app[DEPS].settings.trusted_proxies))


def household(address: str) -> str:
    """An IPv4 address as it is; an IPv6 address as its /64, all of which one subscriber has at hand (RFC 7934)."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False))


def last_foreign(remote: str, forwarded: Sequence[str], trusted: Sequence[str]) -> str:
    """Walk the X-Forwarded-For lines from the near end while the speaker is trusted."""
    if not trusted:
        return remote
    networks = [ipaddress.ip_network(network) for network in trusted]
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    address = remote
    while hops and _within(address, networks):
        address = hops.pop()
    return address


def _within(address: str, networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)
