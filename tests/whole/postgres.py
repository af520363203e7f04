"""A PostgreSQL that a test may stop, kill and start, on a TCP port of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.support import free_port


class Postgres:
    """One server with one empty data base, `history`, of the user `desk`."""

    PASSWORD = "a password"

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            pytest.skip("PostgreSQL is not installed")
        self._programs = found[-1].parent
        self._folder = Path(tempfile.mkdtemp(prefix="firstline-pg-"))
        if os.geteuid() == 0:
            os.chown(self._folder, pwd.getpwnam("postgres").pw_uid, -1)
        self._port = free_port()
        local = ("--auth-local=trust", "--auth-host=scram-sha-256")
        self._as_postgres("initdb", "-D", self._data, "-U", "postgres", "--no-sync", "--locale=C.UTF-8", *local)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def url(self, password: str = PASSWORD) -> str:
        """Where the data base is, for who has this password."""
        return f"postgresql://desk:{password.replace(' ', '%20')}@127.0.0.1:{self._port}/history"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        where = f"-c fsync=off -c listen_addresses=127.0.0.1 -p {self._port} -k {self._folder}"
        self._as_postgres("pg_ctl", "-D", self._data, "-w", "-l", self._folder / "log", "-o", where, "start")

    def make(self) -> None:
        """Make the user and the data base."""
        for said in (f"CREATE ROLE desk LOGIN PASSWORD '{self.PASSWORD}'", "CREATE DATABASE history OWNER desk"):
            where = ["-h", self._folder, "-p", self._port, "-U", "postgres"]
            subprocess.run(["psql", "-q", *map(str, where), "-c", said], check=True)

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast` ends connections in an orderly way, `immediate` is as a crash."""
        self._as_postgres("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")

    def remove(self) -> None:
        """End it if need be, and leave nothing."""
        if (self._data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self._folder)

    def _as_postgres(self, program: str, *arguments: str | Path) -> None:
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*user, str(self._programs / program), *map(str, arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")
