"""Tests of known failures (docs/known-failures.md). `house` is that of the channels' tests, `api` is the API's."""

from tests.api.conftest import _short_goodbyes, empty_archive
from tests.api.conftest import house as api
from tests.archive.conftest import migrated_file, sqlite_url
from tests.email.conftest import dovecot, plain_tracebacks, post
from tests.phone.conftest import house, migrated
from tests.runtime.conftest import server, world
from tests.webhook.conftest import receiver, sender

__all__ = [
    "_short_goodbyes",
    "api",
    "dovecot",
    "empty_archive",
    "house",
    "migrated",
    "migrated_file",
    "plain_tracebacks",
    "post",
    "receiver",
    "sender",
    "server",
    "sqlite_url",
    "world",
]
