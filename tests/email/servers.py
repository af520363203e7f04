"""Real mail servers for the tests: Dovecot (IMAP, LMTP) and OpenSMTPD, each a child of the tests on its own ports.

They need to be installed and to be started by root (they drop to users of their own); nothing of the system's own
configuration is read or changed.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import imaplib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from channels.email.settings import Imap
from tests.support import eventually_true, free_port

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)

PASSWORD = 'se"cret\\ é'

_DOVECOT = """
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{base}/tls.pem
ssl_key = <{base}/tls.pem
disable_plaintext_auth = no
mail_location = maildir:{base}/mail/%n/Maildir
first_valid_uid = 1
mail_uid = nobody
mail_gid = nogroup
mailbox_idle_check_interval = 1 s
imap_idle_notify_interval = 20 s
lda_mailbox_autocreate = yes
mail_fsync = never
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
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
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
"""

_OPENSMTPD = """
listen on 127.0.0.1 port {port} hostname mx.test.invalid
action "to_lmtp" lmtp "127.0.0.1:{lmtp}" rcpt-to virtual {{ "@" = nobody }}
match from any for any action "to_lmtp"
"""


def child(command: list[str], **streams: Any) -> subprocess.Popen[bytes]:
    """Start a server that ends with the tests, also when they are killed."""

    def before() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return subprocess.Popen(command, preexec_fn=before, **streams)  # noqa: PLW1509 (it takes no lock)


def make_certificate(path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody but the test trusts, and its key, in one file."""
    name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    made = subprocess.run(["openssl", "req", "-x509", *new_key, *name, "-keyout", "-"], check=True, capture_output=True)
    path.write_bytes(made.stdout)
    return path


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Dovecot:
    """A running Dovecot. Every user has the same password; `new_user` makes one up."""

    def __init__(self) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="firstline-dovecot-"))
        self.imap_port, self.imaps_port, self.lmtp_port = free_port(), free_port(), free_port()
        for name in ("run", "state", "mail"):
            (self.base / name).mkdir()
        self.base.chmod(0o755)
        shutil.chown(self.base / "mail", "nobody", "nogroup")
        self.certificate = make_certificate(self.base / "tls.pem")
        ports = {"imap": self.imap_port, "imaps": self.imaps_port, "lmtp": self.lmtp_port}
        conf = self.base / "dovecot.conf"
        conf.write_text(_DOVECOT.format(base=self.base, **ports))
        self.users = [f"user{number}" for number in range(1, 200)]
        (self.base / "users").write_text("".join(f"{user}:{{PLAIN}}{PASSWORD}\n" for user in self.users))
        self._numbers = count(1)
        self.process = child(["dovecot", "-F", "-c", str(conf)])
        eventually_true(lambda: listening(self.imap_port) and listening(self.lmtp_port), 15)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.base, ignore_errors=True)

    def new_user(self) -> str:
        return f"user{next(self._numbers)}"

    def settings(self, user: str) -> Imap:
        return Imap(host="127.0.0.1", port=self.imap_port, user=user, password=PASSWORD, tls="none")

    def settings_tls(self, user: str, ca_file: str = "") -> Imap:
        return Imap(
            host="127.0.0.1",
            port=self.imaps_port,
            user=user,
            password=PASSWORD,
            ca_file=ca_file or str(self.certificate),
        )

    def children(self, name: str) -> list[int]:
        """Process ids of this Dovecot's children of that name."""
        found = []
        for status in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
                if fields["PPid"] == str(self.process.pid) and fields["Name"] == name:
                    found.append(int(status.parent.name))
        return found

    def signal_imap(self, signal_: signal.Signals) -> int:
        """Send a signal to every IMAP session; how many there were."""
        sessions = self.children("imap")
        for pid in sessions:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal_)
        return len(sessions)

    def end(self, pids: list[int]) -> None:
        """End sessions that were stopped."""
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def renumber(self, user: str) -> None:
        """Have the inbox get another UIDVALIDITY, as after a restored backup."""
        maildir = self.base / "mail" / user / "Maildir"
        uids = maildir / "dovecot-uidlist"
        uids.write_text(re.sub(r" V(\d+) ", lambda found: f" V{int(found[1]) + 1} ", uids.read_text(), count=1))
        for path in (*maildir.glob("dovecot.index*"), *maildir.glob("dovecot-uidvalidity*")):
            path.unlink()

    @contextlib.contextmanager
    def as_person(self, user: str) -> Iterator[imaplib.IMAP4]:
        """The mailbox as its owner's mail program sees it."""
        client = imaplib.IMAP4("127.0.0.1", self.imap_port)
        client.authenticate("PLAIN", lambda _: f"\0{user}\0{PASSWORD}".encode())
        try:
            yield client
        finally:
            client.logout()

    def put(self, user: str, raw: bytes, folder: str = "INBOX") -> None:
        """A mail appears in the folder, byte by byte as given."""
        with self.as_person(user) as client:
            status, answer = client.append(folder, "", "", raw)
            assert status == "OK", answer

    def count(self, user: str, folder: str = "INBOX") -> int:
        with self.as_person(user) as client:
            status, found = client.select(f'"{folder}"', readonly=True)
            return int(found[0] or 0) if status == "OK" else 0

    async def deliver(self, user: str, raw: bytes, sender: str = "kim@example.org") -> None:
        """A mail arrives by LMTP, as from a mail server."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.lmtp_port)
        data = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in raw.splitlines())
        dialogue = [b"LHLO test", f"MAIL FROM:<{sender}>".encode(), f"RCPT TO:<{user}>".encode(), b"DATA"]
        await reader.readline()
        for line in [*dialogue, data + b"\r\n."]:
            writer.write(line + b"\r\n")
            while (answer := await reader.readline())[3:4] == b"-":
                pass
            assert answer[:1] in b"23", answer
        writer.close()
        await writer.wait_closed()


@contextlib.contextmanager
def opensmtpd(lmtp_port: int) -> Iterator[int]:
    """The port of a running OpenSMTPD that delivers everything by LMTP. One at a time on a machine: its queue and
    its control socket have fixed places."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="firstline-smtpd-"))
    conf = folder / "smtpd.conf"
    conf.write_text(_OPENSMTPD.format(port=port, lmtp=lmtp_port))
    conf.chmod(0o600)
    with (Path(tempfile.gettempdir()) / "firstline-smtpd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with (folder / "log").open("wb") as log:
            process = child(["smtpd", "-d", "-f", str(conf)], stdout=log, stderr=log)
        try:
            eventually_true(lambda: listening(port), 15)
            yield port
        finally:
            process.terminate()
            process.wait(10)
            shutil.rmtree(folder)
