"""A command on a terminal, and a person in front of it who waits for each question before answering."""

import os
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Mapping

from tests.support import eventually_true

WAIT_S = 20.0  # a question comes within it, even while other tests keep the machine busy
READ_BYTES = 65_536


class Terminal:
    """The command; what it says to the person is `said`, what it writes as its result is what `ended` returns."""

    def __init__(self, command: list[str], environ: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        self.said = ""
        self._seen = 0
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
            env=dict(environ),
            text=True,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self._master)

    def asked(self, words: str) -> str:
        """Wait until these words come after those that were waited for before; what was said up to them."""
        end = time.monotonic() + WAIT_S
        while (found := self.said.find(words, self._seen)) < 0:
            assert time.monotonic() < end, f"'{words}' was not said: {self.said[self._seen :]}"
            assert self._read(), f"it ended before '{words}': {self.said[self._seen :]}"
        before, self._seen = self.said[self._seen : found], found + len(words)
        return before

    def answer(self, words: str, text: str = "") -> str:
        """Wait for these words and answer; without a text only Enter."""
        before = self.asked(words)
        os.write(self._master, f"{text}\n".encode())
        return before

    def secret(self, words: str, text: str = "") -> str:
        """Wait for these words, and until what is typed is not shown any more: what came before that is dropped."""
        before = self.asked(words)
        eventually_true(lambda: not termios.tcgetattr(self._master)[3] & termios.ECHO, WAIT_S)
        os.write(self._master, f"{text}\n".encode())
        return before

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def ended(self) -> tuple[int, str]:
        """Exit code and result."""
        while self._read():
            pass
        result, _ = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, result

    def _read(self) -> bool:
        """Take what was said since; False at its end."""
        ready, _, _ = select.select([self._master], [], [], WAIT_S)
        assert ready, f"it says nothing any more after: {self.said[-500:]}"
        try:
            data = os.read(self._master, READ_BYTES)
        except OSError:  # the terminal's other side is closed
            return False
        self.said += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)
