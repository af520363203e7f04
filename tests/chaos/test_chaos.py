"""A short round with real processes, as `make chaos` plays longer ones; and what it leaves behind."""

import contextlib
import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.chaos import centre, journal
from tests.chaos.__main__ import missing
from tests.chaos.checker import KINDS, judge
from tests.chaos.evidence import Evidence
from tests.chaos.journal import Acted, Taken
from tests.support import eventually_true

pytestmark = pytest.mark.service

COMMAND = [sys.executable, "-m", "tests.chaos", "--json"]
FAULTS = "node_killed,redis_master_killed,imap_dropped,smtp_dropped,sockets_cut,events_repeated"

needs = pytest.mark.skipif(bool(missing()), reason="; ".join(missing()))


@needs
def test_a_short_round_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Nodes and the master of Redis are killed under load: what was acknowledged is there, once. And what the same
    checker says when one acknowledgement more had been given."""
    played = subprocess.run(
        [*COMMAND, "--seconds", "5", "--faults", FAULTS, "--keep", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert played.returncode == 0, played.stderr + played.stdout
    report = msgspec.json.decode(played.stdout.splitlines()[-1])
    assert {kind: report[kind] for kind in KINDS} == dict.fromkeys(KINDS, 0)
    assert set(report["faults"]) == set(FAULTS.split(",")) and all(report["faults"].values())
    lines, evidence = journal.read(tmp_path / "journal.jsonl"), Evidence.read(tmp_path / "evidence.msgpack")
    assert report["acknowledged"] > len([line for line in lines if isinstance(line, Taken | Acted)]) > 0
    offered = next(line for line in lines if isinstance(line, Taken) and line.kind == "call.offered")
    lines.append(msgspec.structs.replace(offered, call="call-0", event="call-0-offered"))
    assert judge(lines, evidence, centre.ROOMS, centre.TOTAL).counts["lost"] == 1


@needs
def test_nothing_is_left_of_a_round_that_is_interrupted(tmp_path: Path) -> None:
    """Ctrl-C in the middle: no process and no namespace outlives it."""
    log = tmp_path / "log"
    with log.open("wb") as sink:
        round = subprocess.Popen([*COMMAND, "--seconds", "30"], stdout=sink, stderr=sink, start_new_session=True)
    try:
        eventually_true(lambda: "redis-server" in names_below(round.pid), within_s=60)
        below = ids_below(round.pid)
        os.killpg(round.pid, signal.SIGINT)
        assert round.wait(30) == 130, log.read_text()
        eventually_true(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
    finally:
        round.kill()


def ids_below(root: int) -> list[int]:
    """The descendants of a process."""
    found = [root]
    for pid in found:
        with contextlib.suppress(OSError):
            found += [int(id) for id in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found[1:]


def names_below(root: int) -> list[str]:
    """What programs they run."""
    found = []
    for pid in ids_below(root):
        with contextlib.suppress(OSError):
            found.append(Path(f"/proc/{pid}/comm").read_text().strip())
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_who_may_not_is_told_what_it_needs() -> None:
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        assert "it needs root" in missing()[0]
    finally:
        os.seteuid(0)


def test_a_fault_that_does_not_exist_is_refused() -> None:
    played = subprocess.run([*COMMAND, "--faults", "flood"], capture_output=True, text=True, check=False)
    assert (played.returncode, "node_killed" in played.stderr) == (2, True)
