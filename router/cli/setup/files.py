"""The files of an installation, written all together at the end: each is whole, and none is there without the others.

They are first written beside their places; putting them there is then only renaming, which does not fail halfway for
want of room or rights. What stood there before is kept with `.old` behind its name.
"""

import json
import os
from pathlib import Path
from typing import Any

import msgspec

from channels.email.settings import MailboxSettings
from router.cli.outcome import CommandError, Exit

_PRIVATE = 0o600
_SHARED = 0o644  # as the file that it replaces, if there is one
_NEW = ".new"


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file to be written. A private one only its owner may read."""

    path: Path
    text: str
    private: bool = False


class Staged:
    """Files that are written beside their places and wait. Leaving without `place` removes them."""

    def __init__(self, files: list[File]) -> None:
        self._files = files

    def __enter__(self) -> "Staged":
        try:
            for file in self._files:
                _write(file)
        except OSError as error:
            self.__exit__()
            raise CommandError(
                Exit.ENVIRONMENT, f"{error.filename} cannot be written ({error.strerror}): nothing was set up."
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            _beside(file.path).unlink(missing_ok=True)

    def change(self, path: Path, text: str) -> None:
        """Another text for one of the files, before it is placed."""
        _write(next(msgspec.structs.replace(file, text=text) for file in self._files if file.path == path))

    def place(self) -> None:
        """Put all files where they belong."""
        for file in self._files:
            if file.path.exists():
                file.path.replace(file.path.with_name(file.path.name + ".old"))
            _beside(file.path).replace(file.path)


def settings_text(
    mailbox: MailboxSettings | None, secrets: dict[str, Path], *, before: str, data_dir: Path | None
) -> str:
    """`firstline.toml`: what it was `before`, and the mailbox, whose passwords lie in the files `secrets` (by side).

    `data_dir` is named when the file lies elsewhere.
    """
    lines = [before.rstrip("\n") or "# Settings of this node. docs/reference/settings.md has all of them."]
    if data_dir is not None:
        lines.append(f"data_dir = {_toml(str(data_dir))}")
    if mailbox is not None:
        table = f"mailboxes.{mailbox.name}"
        lines += ["", f"[{table}]", f"address = {_toml(mailbox.address)}"]
        lines += [f"title = {_toml(mailbox.title)}"] if mailbox.title else []
        for side in ("imap", "smtp"):
            lines += ["", f"[{table}.{side}]", *_server(getattr(mailbox, side), secrets.get(side))]
    return "\n".join(lines) + "\n"


def secret_files(mailbox: MailboxSettings | None, folder: Path) -> tuple[dict[str, Path], list[File]]:
    """Where the passwords of the mailbox lie, by side, and those files: one if both are the same."""
    if mailbox is None or mailbox.imap is None or mailbox.smtp is None:
        return {}, []
    passwords = {"imap": mailbox.imap.password, "smtp": mailbox.smtp.password}
    given = {side: password for side, password in passwords.items() if password}
    same = len(set(given.values())) == 1
    paths = {side: folder / f"{mailbox.name}{'' if same else '.' + side}.password" for side in given}
    texts = {paths[side]: password for side, password in given.items()}
    return paths, [File(path=path, text=text + "\n", private=True) for path, text in texts.items()]


def _server(settings: Any, secret: Path | None) -> list[str]:
    """A mail server's table, what is left out having its default."""
    fields = {field.name: field for field in msgspec.structs.fields(type(settings))}
    lines = []
    for name, value in msgspec.structs.asdict(settings).items():
        if name == "password":
            lines += [f"password = {_toml(f'file:{secret}')}"] if secret else []
        elif fields[name].required or value != fields[name].default or name in ("port", "tls"):
            lines.append(f"{name} = {_toml(value)}")
    return lines


def _toml(value: str | int) -> str:
    """A text or a number. Texts in JSON are texts in TOML, but for DEL, which TOML wants escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", r"\u007f")


def _write(file: File) -> None:
    beside = _beside(file.path)
    file.path.parent.mkdir(parents=True, exist_ok=True)
    beside.unlink(missing_ok=True)
    mode = file.path.stat().st_mode & 0o777 if file.path.exists() else _SHARED
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE if file.private else mode)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(file.text)
        out.flush()
        os.fsync(out.fileno())


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}{_NEW}")
