"""The systemd unit: systemd takes it, it is hardened, and what it starts is what the command line has."""

import configparser
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from channels.email.limits import STOP_S_MAX as MAIL_S
from router.api.limits import DRAIN_S, SHUTDOWN_S
from router.archive.limits import STOP_S_MAX as ARCHIVE_S
from router.runtime.limits import SERVER_STOP_S
from tests.architecture.tree import ROOT
from tests.deploy.parsing import parsed

UNIT = ROOT / "deploy" / "firstline.service"
EXPOSURE_MAX = 15
"""Of 100, as `systemd-analyze security` counts: the service has the network and its own folder."""

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def service() -> dict[str, str]:
    """The options of the section [Service]; of those that stand twice, the last."""
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(UNIT)
    return dict(unit["Service"])


@needs_systemd
def test_systemd_takes_the_unit_without_a_word(tmp_path: Path) -> None:
    here = tmp_path / UNIT.name
    program = shlex.split(service()["ExecStart"])[0]
    here.write_text(UNIT.read_text().replace(program, shutil.which("true") or ""))
    said = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, "")


@needs_systemd
def test_the_unit_stays_hardened() -> None:
    """Whoever loosens it has to say so here."""
    asked = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", UNIT]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout


def test_it_starts_what_the_command_line_has_on_the_folder_that_it_owns() -> None:
    unit = service()
    program, *arguments = shlex.split(unit["ExecStart"])
    assert Path(program).name == "firstline"
    assert parsed(arguments)["data"] == Path("/var/lib") / unit["StateDirectory"]


def test_systemd_waits_longer_than_an_orderly_stop_may_take() -> None:
    """The faces first, then mails under way and history beside each other, then the private server."""
    longest_s = DRAIN_S + SHUTDOWN_S + max(MAIL_S, ARCHIVE_S) + SERVER_STOP_S
    assert int(service()["TimeoutStopSec"]) > longest_s
    assert service()["KillMode"] == "mixed", "the children are ended by the node, in order"
