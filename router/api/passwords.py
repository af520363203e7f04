"""Passwords: argon2id in a thread, a bounded number at once, and the throttle in front of them."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from aiohttp import web
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from router.api import limits
from router.api.problems import Problem, ProblemPart, again
from router.gateway import Clock
from router.runtime.peers import NoPeers, Peers

_FAILED: Final = "login_failed"
_SUCCEEDED: Final = "login_succeeded"


class Passwords:
    """Hashes and verifies. The same time is spent on a login that does not exist. Both raise Problem `house_full`."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(limits.HASHES_AT_ONCE_MAX)
        self._waiting = 0
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """What is kept of a password."""
        async with self._turn():
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether it is the password; `kept` None is a login that does not exist (never right, as slow)."""
        if kept is None and not self._nobody:
            self._nobody = await self.hash("nobody's")
        async with self._turn():
            right = await asyncio.to_thread(self._matches, kept or self._nobody, password)
        return right and kept is not None

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= limits.HASHES_WAITING_MAX:
            raise Problem("house_full", "Too many are logging in. Try again in a moment.", headers=again())
        self._waiting += 1
        try:
            async with self._turns:
                yield
        finally:
            self._waiting -= 1

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False


def check_password(password: str, login: str) -> None:
    """Raises Problem unless it may become a password (ASVS 6.2: length counts, composition does not)."""
    said = ""
    if not limits.PASSWORD_CHARS_MIN <= len(password) <= limits.PASSWORD_CHARS_MAX:
        said = f"A password has {limits.PASSWORD_CHARS_MIN} to {limits.PASSWORD_CHARS_MAX} characters."
    elif login.casefold() in password.casefold():
        said = "A password may not contain the login."
    if said:
        raise Problem("invalid", said, errors=(ProblemPart(pointer="/password", detail=said),))


class Throttle:
    """Slows guessing down without locking anybody out (ASVS 6.3.1).

    Failures count per (login, address), per address, and per login. The last count leaves out addresses from
    which the login succeeded before, so that a stranger's guessing never bars the owner from the usual place.
    Nodes tell each other, so that several do not give a guesser several times the tries; while they cannot, each
    counts alone. A data base that keeps the counts would write for whoever guesses, and shares of the counts would
    bar a person who mistypes twice. Who failed where is known by hashes only.
    """

    def __init__(self, clock: Clock, peers: Peers | None = None) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, list[int]] = OrderedDict()
        self._usual: OrderedDict[str, None] = OrderedDict()
        self._peers = peers or NoPeers()
        self._peers.hear(_FAILED, lambda said: self._count_up(msgspec.json.decode(said, type=list[str])))
        self._peers.hear(_SUCCEEDED, lambda said: self._remember(msgspec.json.decode(said, type=str)))

    def check(self, login: str, address: str) -> None:
        """Raises Problem `too_many_requests` when this pair has to wait."""
        counted = [
            (_hash(login, address), limits.FAILURES_PER_PAIR_MAX),
            (_hash("", address), limits.FAILURES_PER_ADDRESS_MAX),
        ]
        if _hash(login, address) not in self._usual:
            counted.append((_hash(login, ""), limits.FAILURES_PER_LOGIN_MAX))
        if any(self._count(key) >= most for key, most in counted):
            raise Problem(
                "too_many_requests",
                "Too many wrong passwords. Wait, or ask an admin for a new password.",
                headers={"Retry-After": str(limits.RETRY_AFTER_LOGIN_S)},
            )

    def failed(self, login: str, address: str) -> None:
        """Remember a wrong password."""
        keys = [_hash(login, address), _hash("", address)]
        if keys[0] not in self._usual:
            keys.append(_hash(login, ""))
        self._count_up(keys)
        self._peers.tell(_FAILED, msgspec.json.encode(keys))

    def succeeded(self, login: str, address: str) -> None:
        """Forget the pair's failures and remember the place."""
        self._remember(_hash(login, address))
        self._peers.tell(_SUCCEEDED, msgspec.json.encode(_hash(login, address)))

    def _count_up(self, keys: list[str]) -> None:
        now = self._clock.monotonic_ms()
        for key in keys:
            self._failures.setdefault(key, []).append(now)
            self._failures.move_to_end(key)
        while len(self._failures) > limits.THROTTLE_ENTRIES_MAX:
            self._failures.popitem(last=False)

    def _remember(self, pair: str) -> None:
        self._failures.pop(pair, None)
        self._usual[pair] = None
        self._usual.move_to_end(pair)
        while len(self._usual) > limits.THROTTLE_ENTRIES_MAX:
            self._usual.popitem(last=False)

    def _count(self, key: str) -> int:
        since = self._clock.monotonic_ms() - limits.FAILURE_WINDOW_MS
        recent = [at for at in self._failures.get(key, ()) if at > since]
        if key in self._failures:
            self._failures[key] = recent
        return len(recent)


def _hash(login: str, address: str) -> str:
    return hashlib.blake2b(f"{login}\0{address}".encode(errors="replace"), digest_size=16).hexdigest()


PASSWORDS: web.AppKey[Passwords] = web.AppKey("passwords", Passwords)
THROTTLE: web.AppKey[Throttle] = web.AppKey("throttle", Throttle)
