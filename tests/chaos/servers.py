"""PostgreSQL and Dovecot, private ones: on folders of the round, for the router's address only."""

import asyncio
import os
import pwd
import shutil
import signal
from pathlib import Path

from tests.chaos import limits
from tests.chaos.network import ROUTER
from tests.chaos.process import Part, PartFailed, children, listening, until

PASSWORD = "secret"  # of a mailbox that lives for a minute in a network of its own

_DOVECOT = """
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}.log
protocols = imap lmtp
listen = {address}
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{base}/mail/%n/Maildir
first_valid_uid = 1
mail_uid = nobody
mail_gid = nogroup
mailbox_idle_check_interval = 1 s
mail_fsync = never
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {base}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={base}/mail/%n allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  inet_listener imap {{
    address = {address}
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = {address}
    port = {lmtp}
  }}
}}
"""


_INITDB = ["-A", "trust", "--no-sync", "--locale=C.UTF-8", "--wal-segsize=1"]


def postgres() -> Path | None:
    """The newest server that is installed, in Debian's place."""
    return max(Path("/usr/lib/postgresql").glob("*/bin/postgres"), default=None)


class PostgreSQL:
    """A cluster of its own."""

    PORT = 5432

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.dsn = f"postgresql://postgres@{ROUTER}:{self.PORT}/postgres"

    async def start(self) -> None:
        """Make the cluster and start it."""
        program = postgres()
        assert program is not None
        owner = pwd.getpwnam("postgres")
        self._folder.mkdir()
        os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
        data = self._folder / "data"
        made = Part(
            "initdb",
            [*as_owner, str(program.with_name("initdb")), "-D", str(data), "-U", "postgres", *_INITDB],
            self._folder.with_suffix(".log"),
        )
        await made.start()
        if await made.ended():
            raise PartFailed(made.tail())
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.77.0.0/16 trust\n")
        server = [str(program), "-D", str(data), "-c", f"listen_addresses={ROUTER}", "-k", str(self._folder)]
        self._part = Part("postgres", [*as_owner, *server], self._folder.with_suffix(".log"))
        await self._up()

    async def _up(self) -> None:
        await self._part.start()
        await until(lambda: listening(ROUTER, self.PORT), "PostgreSQL")

    async def restart(self, down_s: float) -> None:
        """An immediate shutdown, as a crash is, and a start after a while."""
        self._part.send(signal.SIGQUIT)
        await self._part.ended()
        await asyncio.sleep(down_s)
        await self._up()


class Dovecot:
    """A mail server with one user's inbox."""

    USER = "help"
    IMAP_PORT = 10143
    LMTP_PORT = 10024

    def __init__(self, base: Path) -> None:
        self._base = base

    async def start(self) -> None:
        """Start it."""
        for name in ("run", "state", "mail"):
            (self._base / name).mkdir(parents=True)
        self._base.chmod(0o755)
        shutil.chown(self._base / "mail", "nobody", "nogroup")
        conf = self._base / "dovecot.conf"
        conf.write_text(_DOVECOT.format(base=self._base, address=ROUTER, imap=self.IMAP_PORT, lmtp=self.LMTP_PORT))
        (self._base / "users").write_text(f"{self.USER}:{{PLAIN}}{PASSWORD}\n")
        self._part = Part("dovecot", ["dovecot", "-F", "-c", str(conf)], self._base.with_suffix(".out"))
        await self._part.start()
        await until(lambda: listening(ROUTER, self.LMTP_PORT), "Dovecot")

    def drop_sessions(self) -> int:
        """kill -9 of every IMAP session; how many there were."""
        sessions = children(self._part.pid, "imap")
        for pid in sessions:
            os.kill(pid, signal.SIGKILL)
        return len(sessions)

    def count(self, folder: str) -> int:
        """How many mails are in the inbox (INBOX) or in another folder."""
        maildir = self._base / "mail" / self.USER / "Maildir"
        there = maildir if folder == "INBOX" else maildir / f".{folder}"
        return sum(1 for part in ("new", "cur") for _ in (there / part).glob("*"))

    async def deliver(self, raw: bytes, sender: str) -> None:
        """A mail arrives, as from another mail server (LMTP, RFC 2033). Raises OSError when it is not taken."""
        async with asyncio.timeout(limits.REQUEST_S_MAX):
            reader, writer = await asyncio.open_connection(ROUTER, self.LMTP_PORT)
            try:
                await reader.readline()
                lines = [b"LHLO round", f"MAIL FROM:<{sender}>".encode(), f"RCPT TO:<{self.USER}>".encode(), b"DATA"]
                for line in [*lines, b"\r\n".join(raw.splitlines()) + b"\r\n."]:
                    writer.write(line + b"\r\n")
                    while (answer := await reader.readline())[3:4] == b"-":
                        pass
                    if answer[:1] not in (b"2", b"3"):
                        raise OSError(answer.decode())
            finally:
                writer.close()
