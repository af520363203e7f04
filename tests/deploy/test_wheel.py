"""The wheel, installed away from the checkout: it serves, logs people in, takes work, and has its pages."""

import contextlib
import re
import subprocess
import sys
import sysconfig
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from tests.whole.server import Server, offered

pytestmark = [pytest.mark.slow, pytest.mark.service]


def pip(*arguments: str | Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", *arguments], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; of this one it sees what others wrote, and not the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    home = folder / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    (wheel,) = folder.glob("firstline-*.whl")
    pip("--python", home / "bin" / "python", "install", "--no-deps", "--no-index", wheel)
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home


@pytest.fixture(scope="module")
def server(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("node"))
    made.command = [str(home / "bin" / "firstline")]
    with contextlib.chdir(made.folder):
        made.start_new()
        yield made
        assert made.stop() == 0


def test_nothing_of_the_checkout_runs(home: Path) -> None:
    asked = "import skills, queues, router, channels; print(*(m.__file__ for m in (skills, queues, router, channels)))"
    said = subprocess.run(
        [home / "bin" / "python", "-c", asked], cwd=home, capture_output=True, text=True, check=True
    ).stdout
    assert [path for path in said.split() if not Path(path).is_relative_to(home)] == []


def test_it_logs_in_and_takes_work(server: Server) -> None:
    """Lua, migrations, time zones and whatever else is no Python came along."""
    status, answer = server.post("/api/v1/events", offered(1), headers={"Prefer": "wait=5"})
    assert status == 200, answer
    status, item = server.get(f"/api/v1/items/{answer['item']}")
    assert (status, item["state"]) == (200, "queued")


@pytest.mark.parametrize("page", ["/", "/agent", "/supervisor", "/chat"])
def test_it_has_its_pages(server: Server, page: str) -> None:
    """Each with the scripts and styles that it names."""
    with urllib.request.urlopen(server.url + page) as answer:
        text = answer.read().decode()
    parts = re.findall(r'(?:src|href)="(/assets/[^"]+)"', text)
    assert parts, text
    for part in parts:
        with urllib.request.urlopen(server.url + part) as answer:
            assert answer.status == 200 and answer.read()
