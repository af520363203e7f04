"""History stays behind a log that may still lose its newest part."""

from pathlib import Path

import pytest

from router.node.running import settles
from router.runtime.durability import Durability
from router.settings import Settings


@pytest.mark.parametrize(
    ("url", "durability", "waits"),
    [
        ("", "fsync", False),
        ("redis://store", "fsync", False),
        ("", "everysec", True),
        ("sentinel://one,two/main", "fsync", True),
        ("cluster://one", "everysec", True),
        ("sentinel://one,two/main", "replicated", False),
    ],
)
def test_what_a_crash_or_a_failover_may_take_back_is_not_history_yet(
    tmp_path: Path, url: str, durability: Durability, waits: bool
) -> None:
    """No node would go on with a log that ends before history."""
    assert settles(Settings(data_dir=tmp_path, redis_url=url, durability=durability)) is waits
