"""What holds for every test: nothing of ours blocks the event loop.

`PYTHONHASHSEED` is left to chance on purpose: what depends on it is a defect, and the runs of a day find it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from blockbuster import blockbuster_ctx

OURS = ["skills", "queues", "router", "channels"]


LONG = ("chaos", "web", "whole", "cli", "bench", "backup", "deploy")
"""Folders of tests that take longest: first, so that no worker is left alone with one of them at the end."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first; the order within is kept."""
    items.sort(key=lambda item: LONG.index(folder) if (folder := item.path.parent.name) in LONG else len(LONG))


@pytest.fixture(autouse=True, scope="session")
def _nothing_blocks_the_loop() -> Iterator[None]:
    """A blocking call of our code under a running loop raises BlockingError at the place where it is made."""
    with blockbuster_ctx(scanned_modules=OURS):
        yield


@pytest.fixture(autouse=True, scope="session")
def _loggers_are_looked_up() -> Iterator[None]:
    """A command that is run in the process of the tests sets up its logs, and loggers would remember that for ever."""
    real = structlog.configure

    def configure(**how: Any) -> None:
        real(**how | {"cache_logger_on_first_use": False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", configure)
        yield


@pytest.fixture(autouse=True)
def _logs_are_as_before() -> Iterator[None]:
    """What a test sets up of logs ends with it."""
    before = structlog.get_config() if structlog.is_configured() else None
    yield
    if before is None:
        structlog.reset_defaults()
    else:
        structlog.configure(**before)
