"""The demo, as it is called in the README: the real server, all players, the checker."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import eventually_true

KEYS = [
    "received",
    "assigned",
    "escalated",
    "closed",
    "abandoned",
    "open",
    "lost",
    "double_assigned",
    "push_ms_p50",
    "push_ms_p99",
]


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "router.cli", "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def family(root: int) -> set[int]:
    """The process and all its descendants."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


@pytest.mark.slow
@pytest.mark.service
def test_a_short_play_loses_nothing_and_says_so_in_its_last_line() -> None:
    """Every channel takes part, work is accepted and closed, and the checker finds nothing wrong."""
    demo = start("--seconds", "4", "--json")
    out, err = demo.communicate(timeout=90)
    assert demo.returncode == 0, err
    last = json.loads(out.splitlines()[-1])
    assert list(last) == KEYS
    assert all(last["received"][channel] > 0 for channel in ("phone", "email", "chat"))
    assert sum(last["received"].values()) == last["closed"] + last["abandoned"] + last["open"]
    assert (last["lost"], last["double_assigned"]) == (0, 0)
    assert last["assigned"] > 0
    assert 0 < last["push_ms_p50"] <= last["push_ms_p99"]


@pytest.mark.slow
@pytest.mark.service
def test_ctrl_c_stops_everything_that_the_demo_started() -> None:
    demo = start()
    assert demo.stderr is not None
    said = ""
    while "Ctrl-C" not in said:
        said += demo.stderr.readline()
        assert demo.poll() is None, said + demo.communicate()[1]
    started = family(demo.pid)
    assert len(started) > 2, "the server and its Redis"
    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=60)
    eventually_true(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in started))
