"""What an address already says about its mail servers: defaults that a person sees, and that are tried."""

import asyncio
import socket

from channels.email.addresses import domain_of
from channels.email.settings import Imap, Smtp, Tls
from router.cli import limits

_IMAP = ("imap.{}", "mail.{}", "{}")
_SMTP = ("smtp.{}", "mail.{}", "{}")
_SUBMISSIONS, _IMAP_PLAIN = 465, 143  # RFC 8314, RFC 3501: the other usual ports begin with STARTTLS and with TLS


async def imap_of(address: str) -> Imap:
    """Where the mailbox of this address probably is."""
    return Imap(host=await _first_known(_IMAP, domain_of(address)), user=address, password="")


async def smtp_of(address: str, imap: Imap) -> Smtp:
    """Where mail from this address is probably sent through: with the login of its mailbox."""
    host = imap.host
    if not is_local(host):
        host = await _first_known(_SMTP, domain_of(address))
    return Smtp(host=host, user=imap.user, password=imap.password, ca_file=imap.ca_file)


def imap_tls(port: int) -> Tls:
    """What is usual on this port."""
    return "none" if port == _IMAP_PLAIN else "implicit"


def smtp_tls(port: int) -> Tls:
    """What is usual on this port."""
    return "implicit" if port == _SUBMISSIONS else "starttls"


async def _first_known(names: tuple[str, ...], domain: str) -> str:
    """The first of these names that is one, else the first of all."""
    hosts = [name.format(domain) for name in names]
    known = await asyncio.gather(*(_is_known(host) for host in hosts))
    return next((host for host, yes in zip(hosts, known, strict=True) if yes), hosts[0])


async def _is_known(host: str) -> bool:
    try:
        async with asyncio.timeout(limits.GUESS_S_MAX):
            await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (TimeoutError, OSError, UnicodeError):
        return False
    return True


def is_local(host: str) -> bool:
    """Whether the host is this machine."""
    return host == "localhost" or host.startswith("127.")
