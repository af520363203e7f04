"""Who calls: access tokens of people and API keys of integrators, resolved from memory.

A token is signed, not stored: login, version of the account, expiry and the instant of the login. It is void as
soon as the account's version moves on or the account is disabled. Of a key only the SHA-256 is known. Nodes that
share the secret know each other's tokens; what another node changed is known here a moment later.
"""

import hashlib

import msgspec
from aiohttp import web
from itsdangerous import BadData, URLSafeSerializer

from router.api import limits
from router.api.rights import Principal
from router.gateway import Clock, Ids
from router.runtime.accounts import Account, Accounts

KEY_PREFIX = "fl_"


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """A token and until when it is good."""

    token: str
    expires_at_ms: int


class _Said(msgspec.Struct, frozen=True, array_like=True):
    """What is in a token."""

    login: str
    version: int
    expires_at_ms: int
    since_ms: int


class Tokens:
    """Issues and reads tokens; reads keys."""

    def __init__(self, secret: str, accounts: Accounts, clock: Clock) -> None:
        self._serializer = URLSafeSerializer(secret, salt="firstline.access", signer_kwargs={"key_derivation": "hmac"})
        self._accounts = accounts
        self._clock = clock

    def issue(self, account: Account, since_ms: int | None = None) -> Access:
        """A token for the account, as part of the session that began at `since_ms` (now, if None)."""
        now = self._clock.now_ms()
        since = now if since_ms is None else since_ms
        expires = min(now + limits.TOKEN_MS, since + limits.SESSION_MS_MAX)
        return Access(
            token=str(self._serializer.dumps([account.login, account.version, expires, since])), expires_at_ms=expires
        )

    async def caller(self, credential: str) -> Principal | None:
        """As `principal`; but of a token that is newer than its account is known here, another node knows more.

        Only a token that we signed can be one, so nobody can make us ask SQL by guessing. Raises StoreError.
        """
        if credential.startswith(KEY_PREFIX):
            return self._of_key(credential)
        said = self._said(credential)
        if said is not None:
            known = self._accounts.account(said.login)
            if known is None or known.version < said.version:
                await self._accounts.catch_up()
        return self._of_token(said)

    def principal(self, credential: str) -> Principal | None:
        """Who presents this token or key; None if it is not (or no longer) good."""
        if credential.startswith(KEY_PREFIX):
            return self._of_key(credential)
        return self._of_token(self._said(credential))

    def _of_token(self, said: _Said | None) -> Principal | None:
        account = self._accounts.account(said.login) if said is not None else None
        if said is None or account is None or account.disabled:
            return None
        if account.version != said.version or said.expires_at_ms <= self._clock.now_ms():
            return None
        return Principal(
            by=f"login:{said.login}",
            login=said.login,
            agent=account.agent,
            grants=account.grants,
            must_change=account.must_change,
            version=said.version,
            expires_at_ms=said.expires_at_ms,
            since_ms=said.since_ms,
        )

    def _said(self, credential: str) -> _Said | None:
        """What a token says, if it is one that was signed with our secret."""
        try:
            return msgspec.convert(self._serializer.loads(credential), _Said)
        except (BadData, ValueError):
            return None

    def still_good(self, principal: Principal) -> bool:
        """Whether a person let in earlier may stay: same version, not disabled, not expired."""
        account = self._accounts.account(principal.login)
        return (
            account is not None
            and not account.disabled
            and account.version == principal.version
            and principal.expires_at_ms > self._clock.now_ms()
        )

    def _of_key(self, secret: str) -> Principal | None:
        key = self._accounts.key(key_hash(secret))
        if key is None or key.disabled:
            return None
        return Principal(by=f"key:{key.id}", key=key.id)


def key_hash(secret: str) -> str:
    """What is kept of a key. Keys are random and long, so a fast hash is enough (ASVS 11.4.2 is for passwords)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_key(ids: Ids) -> str:
    """The secret of a new API key."""
    return KEY_PREFIX + ids.new("key").replace("_", "").replace("-", "")


TOKENS: web.AppKey[Tokens] = web.AppKey("tokens", Tokens)
