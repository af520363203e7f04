"""What the API needs from the rest of the house. `router.node` fills it in; handlers find it in the application."""

import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from router.gateway import Addresses, Clock, Gateway, Ids, Intake, Reports, Timelines, Typing
from router.runtime.accounts import Accounts
from router.runtime.customers import Customers
from router.runtime.duties import Member
from router.runtime.past import Past
from router.runtime.peers import Peers


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """The part of a node's settings that the API reads.

    `secret` signs tokens (all nodes of a domain share it), `node` is this node's name and `gateway` its id as a gateway
    of clients.
    `origins` are pages that may open sockets beside those of our own host; `trusted_proxies` the networks (CIDR)
    whose word about the caller's address counts.
    """

    secret: str
    node: str
    gateway: str
    origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """The ports. `nodes` are those of the domain; `ready` names what a node needs, and says whether it is well."""

    gateway: Gateway
    accounts: Accounts
    customers: Customers
    addresses: Addresses
    intake: Intake
    history: Timelines
    reports: Reports
    past: Past
    typing: Typing
    peers: Peers
    clock: Clock
    ids: Ids
    settings: ApiSettings
    nodes: Callable[[], Mapping[str, Member]]
    ready: Callable[[], Awaitable[Mapping[str, bool]]]

    def unique(self) -> str:
        """A name that is never used twice, for what nobody needs to guess: a counter costs no random bytes."""
        return f"{self.settings.gateway}.{next(_numbers):x}"


_numbers = itertools.count(1)


DEPS: web.AppKey[Deps] = web.AppKey("deps", Deps)
