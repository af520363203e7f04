"""Nodes of a world log nothing while its tests run, and everybody else does afterwards."""

from collections.abc import Iterator

import pytest
import structlog

from router.simulate.night import hush


@pytest.fixture(autouse=True)
def _hushed() -> Iterator[None]:
    before = structlog.get_config()
    hush()
    yield
    structlog.configure(**before)
