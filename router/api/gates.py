"""Who is let in by HTTP: not too often (429), and while there is room for one more request (503).

Both before anything is done or read, so that who is refused left no trace; both say when to come again. Without them a
caller that cannot stop would take the others' turns, and a store that is slow for a moment would fill the memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from router.api import limits
from router.api.client_address import client_address
from router.api.problems import Problem, again
from router.api.rights import Principal
from router.gateway import Clock
from router.rates import Rates

ALWAYS = frozenset({"/healthz", "/readyz", "/metrics"})
"""Who watches a house that is full must see it."""
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Gates:
    """The counts of one node."""

    def __init__(self, clock: Clock) -> None:
        kept = limits.RATES_KEPT_MAX
        self._keys = Rates(clock, per_s=limits.KEY_PER_S, burst=limits.KEY_BURST, kept=kept)
        self._people = Rates(clock, per_s=limits.PERSON_PER_S, burst=limits.PERSON_BURST, kept=kept)
        self._addresses = Rates(clock, per_s=limits.ADDRESS_PER_S, burst=limits.ADDRESS_BURST, kept=kept)
        self._requests = 0
        self._bytes = 0

    def check(self, principal: Principal, times: int = 1) -> None:
        """A request or event of somebody known. Raises Problem `too_many_requests`."""
        rates = self._keys if principal.key else self._people
        _refuse(rates.wait_ms(principal.by, times), "You ask too often.")

    def check_stranger(self, request: web.Request) -> None:
        """A post that nobody answers for counts for its network address. Raises Problem `too_many_requests`."""
        if request.method not in _READS:
            said = "Too many come from your network without a token."
            _refuse(self._addresses.wait_ms(client_address(request)), said)

    @contextmanager
    def room(self, request: web.Request) -> Iterator[None]:
        """A place for the request, as long as it is under way. Raises Problem `house_full`."""
        if request.path in ALWAYS:
            yield
            return
        size = _body_bytes(request)
        if self._requests >= limits.REQUESTS_MAX or self._bytes + size > limits.REQUESTS_BYTES_MAX:
            raise Problem("house_full", "Too many requests are under way. Nothing was done.", headers=again())
        self._requests += 1
        self._bytes += size
        try:
            yield
        finally:
            self._requests -= 1
            self._bytes -= size


def _body_bytes(request: web.Request) -> int:
    """What its body may take: as long as it says, or as long as it may be."""
    if not request.can_read_body:
        return 0
    return min(request.content_length or limits.BODY_BYTES_MAX, limits.BODY_BYTES_MAX)


def _refuse(wait_ms: int, said: str) -> None:
    if wait_ms:
        raise Problem("too_many_requests", f"{said} Wait, then go on.", headers=again(wait_ms / 1000))


GATES: web.AppKey[Gates] = web.AppKey("gates", Gates)
