"""The house of the channel tests with mail in it, and the mail servers around it."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from channels.email.worker import Parser
from tests.email.post import Inline, Post
from tests.email.servers import Dovecot
from tests.phone.conftest import house, migrated
from tests.phone.house import House

__all__ = ["house", "migrated"]


@pytest.fixture
def plain_tracebacks() -> Iterator[None]:
    """Logged tracebacks as in production. The coloured ones of the default read source files in the event loop."""
    before = structlog.get_config()
    structlog.configure(processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A Dovecot for all tests; each takes a user of its own. Skipped where none is installed."""
    if shutil.which("dovecot") is None or os.geteuid() != 0:
        pytest.skip("Dovecot is not installed, or we may not start it")
    server = Dovecot()
    yield server
    server.stop()


@pytest.fixture
def post(house: House) -> Post:
    """The house with its mail intake. It parses here: a process for each test would cost more than the tests."""
    return Post(house, Inline())


@pytest.fixture
async def parser() -> AsyncIterator[Parser]:
    """The parser's process, as a node has one."""
    parser = Parser()
    yield parser
    await parser.close()
