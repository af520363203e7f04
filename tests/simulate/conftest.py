"""Nodes of a world log nothing while its tests run, and everybody else does afterwards."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
import structlog

from router.simulate.night import hush

ZONE = ZoneInfo("Europe/Brussels")
"""Read from disk before any world runs: on its loop nothing may block, not even for a zone."""


@pytest.fixture(autouse=True)
def _hushed() -> Iterator[None]:
    before = structlog.get_config()
    hush()
    yield
    structlog.configure(**before)
