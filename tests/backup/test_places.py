"""Where the parts of a backup come from and go to, when that is not the data folder."""

import tomllib
from pathlib import Path

import fsspec
import pytest

from router.backup.blobs import given, taken
from router.backup.bundle import Facts
from router.backup.restore import at_home
from router.settings import Settings, load

FACTS = Facts(
    format=1,
    firstline="1",
    shape=1,
    made_at_ms=0,
    domain="main",
    beside="/etc/old",
    position=1,
    digest="",
    archived=1,
)
OLD = """data_dir = "/var/lib/old"
redis_url = "sentinel://a,b/main"
roles = [
  "gateway",  # and nothing else
  "mail",
]
port = 8411
durability = "replicated"
replicas = 2
database_url = "file:/etc/old/database"
blobs_url = "s3://bucket"
[webhooks.secrets]
crm = "file:/etc/old/crm"
"""


def _settings(folder: Path, **given: str) -> Settings:
    return load({"data_dir": folder, **given}, environ={})


def test_settings_of_one_of_several_nodes_become_those_of_one_that_has_everything(tmp_path: Path) -> None:
    """Whoever starts it must not reach the old nodes' Redis and data base, and nothing is left undone."""
    found = tomllib.loads(at_home(OLD, _settings(tmp_path), FACTS))
    assert found == {
        "data_dir": str(tmp_path),
        "port": 8411,
        "webhooks": {"secrets": {"crm": f"file:{tmp_path}/crm"}},
    }


def test_settings_name_the_places_of_now(tmp_path: Path) -> None:
    """Where it was restored to a Redis and a data base, the server goes on from those."""
    places = {
        "redis_url": "redis://new",
        "database_url": "postgresql://u:p@new/x",
        "blobs_url": "memory://blobs",
    }
    found = tomllib.loads(at_home(OLD, _settings(tmp_path, **places), FACTS))
    assert {name: found[name] for name in places} == places
    assert "roles" not in found and (found["durability"], found["replicas"]) == ("replicated", 2)


@pytest.mark.parametrize("kind", ["file", "memory"])
def test_blobs_come_from_and_go_to_any_place(tmp_path: Path, kind: str) -> None:
    """A folder of one's own or object storage: by name and content, and nothing else that lies there."""
    url = f"file://{tmp_path}/shared" if kind == "file" else f"memory://{tmp_path.name}"
    (tmp_path / "made" / "aa").mkdir(parents=True)
    texts = [b"one", b"two"]
    for number, text in enumerate(texts):
        (tmp_path / "made" / "aa" / f"{number}").write_bytes(text)
    given(tmp_path / "made", url)
    there, root = fsspec.core.url_to_fs(url)
    there.pipe_file(f"{root}/README", b"not a blob")
    found = list(taken(url, tmp_path / "copy"))
    assert sorted(path.read_bytes() for _, path in found) == texts
    assert all(name.startswith("blobs/") and len(name) == len("blobs/aa/") + 62 for name, _ in found)
