"""The server as an operator has it: a process that is started, stopped and killed, on a folder that stays."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support import eventually_true, free_port

PASSWORD = "correct horse battery staple"

CENTRE = """
revision: 0
name: Small
languages: [en]
skills:
  english: {kind: language, names: {en: English}}
queues:
  help:
    names: {en: Help}
    escalates_to: expert
  expert:
    names: {en: Experts}
    line: 2
teams:
  first:
    names: {en: First line}
    serves: {help: 1}
agents:
  ann:
    name: Ann
    teams: [first]
    skills: {english: 4}
    phone: "101"
entry_points:
  number:
    channel: phone
    address: "+3222000000"
    queue: help
    overrides: [skills, priority]
"""


class Server:
    """`firstline serve` on one folder and port; `start` again after a kill finds everything as it was.

    `command` is the `firstline` that is run: that of the checkout, unless a test has another one. `settings` are
    environment variables beside the folder's own.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._settings = dict(settings or {})
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.key = ""
        self.token = ""
        self.command = [sys.executable, "-m", "router.cli"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def started(self) -> bool:
        """Whether it was ever started."""
        return self._process is not None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running server."""
        assert self._process is not None
        return self._process

    def cli(self, *arguments: str, standard_input: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command as the operator would, with this folder's settings."""
        return subprocess.run(
            [*self.command, *arguments],
            env=self._environment(),
            input=standard_input,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def set_up(self) -> None:
        """The first admin, a key and the centre, before anything listens."""
        made = self.cli("user", "add", "root", "--grant", "admin", "--json")
        assert made.returncode == 0, made.stderr
        key = self.cli("key", "add", "pbx", "--json")
        self.key = json.loads(key.stdout)["secret"]
        applied = self.cli("config", "apply", "-", "--yes", "--json", standard_input=CENTRE)
        assert applied.returncode == 0, applied.stderr + applied.stdout

    def start_new(self, centre: str = CENTRE) -> None:
        """Start it with the first admin, and give it a key and the centre while it runs: fewer processes."""
        made = self.cli("user", "add", "root", "--grant", "admin")
        assert made.returncode == 0, made.stderr
        self.start()
        token = self._log_in()
        self.key = self.post("/api/v1/keys", {"name": "pbx"}, key=token)[1]["secret"]
        as_yaml = {"Content-Type": "application/yaml"}
        applied = self.request("POST", "/api/v1/centre/apply", centre.encode(), key=token, headers=as_yaml)
        assert applied[0] == 200, applied

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*self.command, "serve"], env=self._environment(), stdout=log, stderr=log)
        eventually_true(self._ready, within_s=30)

    def kill(self) -> None:
        """kill -9, as the kernel does when memory is short."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def post(self, path: str, body: Any, *, key: str = "", headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
        """POST as the integrator (or with this key). The status, 0 when nobody answered, and the decoded body."""
        return self.request("POST", path, json.dumps(body).encode(), key=key or self.key, headers=headers)

    def get(self, path: str) -> tuple[int, Any]:
        """GET as admin."""
        return self.request("GET", path, None, key=self.token or self._log_in())

    def request(
        self, method: str, path: str, data: bytes | None, *, key: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """One request; status 0 when nobody answered."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        if key:
            sent["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")
        except OSError:
            return 0, None

    def _log_in(self) -> str:
        status, answer = self.request(
            "POST", "/api/v1/login", json.dumps({"login": "root", "password": PASSWORD}).encode()
        )
        assert status == 200, answer
        self.token = answer["access_token"]
        return self.token

    def _ready(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
        return self.request("GET", "/readyz", None)[0] == 200

    def _environment(self) -> dict[str, str]:
        mine = {
            "FIRSTLINE_DATA_DIR": str(self.folder),
            "FIRSTLINE_PORT": str(self.port),
            "FIRSTLINE_NEW_PASSWORD": PASSWORD,
            "FIRSTLINE_LOG_FORM": "json",
        }
        return (
            {name: value for name, value in os.environ.items() if not name.startswith("FIRSTLINE_")}
            | mine
            | self._settings
        )


def offered(number: int) -> dict[str, Any]:
    """A call, as a telephone system tells of it."""
    return {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "/pbx",
        "type": "call.offered",
        "data": {"call": f"k{number}", "to": "+3222000000", "from": "+32470000000", "skills": {"english": 2}},
    }
