"""One attempt to hand one entry to one endpoint: a signed POST (Standard Webhooks 1.0.0), and what came of it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import msgspec
from standardwebhooks import Webhook
from yarl import URL

from channels.webhook import limits
from channels.webhook.guard import Guard, GuardedResolver, TargetRefused, literal
from queues.endpoint import Endpoint
from router.gateway import Clock, OutboxEntry


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended. `status` 0 with an `error` code: there was no answer (whether it arrived is open)."""

    status: int = 0
    error: str = ""
    retry_after_s: float = 0.0

    @property
    def delivered(self) -> bool:
        """Only 2xx is success; a redirect is not followed and is none."""
        return 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """The receiver wants no more (410)."""
        return self.status == 410


class Poster:
    """Sends entries. `secret_of` looks up the signing secret (`whsec_...`) by the name of its setting."""

    def __init__(self, clock: Clock, guard: Guard, secret_of: Callable[[str], str | None]) -> None:
        self._clock = clock
        self._guard = guard
        self._secret_of = secret_of
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def post(self, endpoint: Endpoint, entry: OutboxEntry) -> Answer:
        """Try once, within `TIMEOUT_S`."""
        body = encoded(entry)
        try:
            headers = self._headers(endpoint, webhook_id(entry), body)
        except ValueError:
            return Answer(error="no_secret")
        try:
            session = self._session(URL(endpoint.url))
            async with session.post(endpoint.url, data=body, headers=headers, allow_redirects=False) as response:
                return Answer(
                    status=response.status, retry_after_s=self._retry_after(response.headers.get("Retry-After", ""))
                )
        except TargetRefused:
            return Answer(error="target_refused")
        except TimeoutError:
            return Answer(error="timeout")
        except (aiohttp.ClientError, OSError, ValueError):
            return Answer(error="unreachable")

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(session.close() for session in self._sessions.values()))

    def _session(self, url: URL) -> aiohttp.ClientSession:
        """One session per origin: its resolver knows what it resolves for. Raises TargetRefused."""
        address = literal(url)
        if address is not None:
            self._guard.check(url, [address])
        origin = str(url.origin())
        if origin not in self._sessions:
            self._sessions[origin] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=GuardedResolver(self._guard, url), use_dns_cache=False),
                timeout=aiohttp.ClientTimeout(total=limits.TIMEOUT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._sessions[origin]

    def _headers(self, endpoint: Endpoint, id: str, body: str) -> dict[str, str]:
        """Raises ValueError when there is no usable secret."""
        secret = self._secret_of(endpoint.secret) if endpoint.secret else None
        if not secret:
            raise ValueError("no secret")
        at = self._clock.now_ms() // 1000
        return {
            "Content-Type": "application/json",
            "User-Agent": "Firstline",
            "webhook-id": id,
            "webhook-timestamp": str(at),
            "webhook-signature": Webhook(secret).sign(id, datetime.fromtimestamp(at, UTC), body),
        }

    def _retry_after(self, value: str) -> float:
        """Seconds from a Retry-After header (RFC 9110 section 10.2.3), 0 when there is none that can be read."""
        try:
            seconds = float(value) if value.isdigit() else self._seconds_until(value)
        except (ValueError, TypeError, OverflowError):
            return 0.0
        return min(max(0.0, seconds), limits.RETRY_AFTER_S_MAX)

    def _seconds_until(self, date: str) -> float:
        return parsedate_to_datetime(date).timestamp() - self._clock.now_ms() / 1000


def webhook_id(entry: OutboxEntry) -> str:
    """The same at every attempt: what receivers recognise a repetition by."""
    return f"msg_{entry.position}_{entry.id}"


def encoded(entry: OutboxEntry) -> str:
    """The body: type, when it happened, and the facts. The same at every attempt."""
    data = {key: value for key, value in entry.body.items() if key not in ("type", "at_ms")}
    happened = datetime.fromtimestamp(entry.body["at_ms"] / 1000, UTC).isoformat(timespec="milliseconds")
    return msgspec.json.encode({"type": entry.body["type"], "timestamp": happened, "data": data}).decode()
