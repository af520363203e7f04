"""`python -m tests.chaos`: what it needs, the namespaces in which it happens, and what it says at the end.

The round runs as the first process of a PID namespace, with a network and mounts of its own: when it ends, however it
ends, the kernel ends everything that it started. Nothing of it is left, in /run or elsewhere.
"""

import argparse
import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
from rich.console import Console
from rich.live import Live

from tests.chaos.faults import ALL
from tests.chaos.process import PartFailed
from tests.chaos.round import Report, Round
from tests.chaos.screen import picture
from tests.chaos.servers import postgres

HOME = Path("/run/chaos")
"""Where the parts live: on a tmpfs over /run that nobody else sees."""

TOOLS = {
    "ip": "iproute2",
    "unshare": "util-linux",
    "redis-server": "redis-server",
    "dovecot": "dovecot-imapd",
    "/usr/lib/dovecot/lmtp": "dovecot-lmtpd",
}
"""What must be installed besides PostgreSQL, and the Debian package that has it."""

UNSHARE = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long things break, at least")
    parser.add_argument("--seed", type=int, default=1, help="what breaks when is drawn from it")
    parser.add_argument("--faults", default=",".join(ALL), help="only these kinds, comma-separated")
    parser.add_argument(
        "--durability",
        default="replicated",
        help="of the nodes; fsync loses in redis_split, as the checker sees",
    )
    parser.add_argument("--keep", type=Path, help="keep logs, journal and evidence here, also of a good round")
    parser.add_argument("--json", action="store_true", help="no picture; the last line is the report")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def missing() -> list[str]:
    """What this machine lacks for a round, in words; empty when it can be played."""
    if os.geteuid() != 0:
        return ["it needs root: it cuts networks and fills disks, in namespaces of its own"]
    packages = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if postgres() is None:
        packages.append("postgresql")
    if packages:
        return [f"it needs {' '.join(packages)}: apt-get install {' '.join(packages)}"]
    tried = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, check=False)
    return [f"it may not make namespaces here: {tried.stderr.strip()}"] if tried.returncode else []


async def _play(options: argparse.Namespace, kinds: tuple[str, ...], console: Console) -> tuple[Report, list[str]]:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    round = Round(HOME, seconds=options.seconds, seed=options.seed, kinds=kinds, durability=options.durability)
    with Live(console=console, auto_refresh=False, transient=True) as screen:
        show = (lambda now: None) if options.json else (lambda now: screen.update(picture(now), refresh=True))
        report = await round.play(show)
    return report, round.problems


def _inside(options: argparse.Namespace, kinds: tuple[str, ...]) -> int:
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    (HOME.parent / "netns").mkdir()
    HOME.mkdir()
    HOME.chmod(0o755)
    console = Console(stderr=True)
    try:
        report, problems = asyncio.run(_play(options, kinds, console))
    except PartFailed as error:
        console.print(str(error), markup=False)
        _keep(options, console, always=True)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("interrupted")
        return 130
    for problem in problems:
        console.print(problem, markup=False, soft_wrap=True)
    _keep(options, console, always=bool(problems))
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    return 1 if problems else 0


def _keep(options: argparse.Namespace, console: Console, *, always: bool) -> None:
    """Carry out of the namespace what tells how it was."""
    if not (always or options.keep):
        return
    kept = options.keep or Path(tempfile.gettempdir()) / f"firstline-chaos-{options.seed}"
    kept.mkdir(parents=True, exist_ok=True)
    for pattern in ("*.log", "*.jsonl", "*.msgpack"):
        for path in HOME.glob(pattern):
            shutil.copy(path, kept)
    console.print(f"logs, journal and evidence are in {kept}", markup=False, soft_wrap=True)


def main() -> int:
    """Play a round; the exit code."""
    options = _options()
    kinds = tuple(kind for kind in options.faults.split(",") if kind)
    if unknown := [kind for kind in kinds if kind not in ALL]:
        sys.stderr.write(f"there is no fault {', '.join(unknown)}; there are {', '.join(ALL)}\n")
        return 2
    if options.inside:
        return _inside(options, kinds)
    if lacking := missing():
        sys.stderr.write("\n".join(f"chaos: {line}" for line in lacking) + "\n")
        return 2
    os.execvp(UNSHARE[0], [*UNSHARE, sys.executable, "-m", "tests.chaos", *sys.argv[1:], "--inside"])
    raise AssertionError("exec returns only by raising")


if __name__ == "__main__":
    sys.exit(main())
