"""The file that a backup is: a compressed tar whose first member says what it is and whose last holds all hashes.

Any tar opens it, and `sha256sum --check SHA256SUMS` checks it. What is read from it may be damaged or forged: only
names that a backup has are written, nothing is taken for true before its hash is, and a file that ends early is none.
"""

import hashlib
import io
import os
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec

from router.backup import limits
from router.backup.cut import LOGS
from router.backup.errors import BackupError, Damaged
from router.backup.history import DATABASE
from router.backup.told import Told
from router.wire.codec import SHAPE

FACTS: Final = "backup.json"
SUMS: Final = "SHA256SUMS"
SECRET: Final = "secret"  # noqa: S105 - the name of a file
NODE: Final = "node"
SETTINGS: Final = "firstline.toml"
CENTRE: Final = "centre.yaml"
BESIDE: Final = "beside"
BLOBS: Final = "blobs"
BLOB: Final = re.compile(r"[0-9a-f]{2}/[0-9a-f]{62}")
ASIDE: Final = "restoring"
_PARTS: Final = "|".join(map(re.escape, (SECRET, NODE, SETTINGS, DATABASE, BLOBS, LOGS.partition("/")[0], ASIDE)))
_NAME: Final = re.compile(
    rf"{SECRET}|{NODE}|{re.escape(SETTINGS)}|{BESIDE}/(?!(?:\.\.?|{_PARTS})$)[\w .,=~+@-]+|{re.escape(DATABASE)}|"
    rf"{LOGS}/\w[\w.-]*|{BLOBS}/{BLOB.pattern}"
)
"""What a backup may hold. A file from beside the settings ends up beside the parts, and so has none of their names."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is of: the log of `domain` up to event `position`, of which history has those up to `archived`.

    `digest` is that of the log's last entry, `shape` the version of what is stored, `format` that of this file.
    `beside` is the folder of the settings file: files there that it names (`file:`) and `centre.yaml` are in it too.
    """

    format: int
    firstline: str
    shape: int
    made_at_ms: int
    domain: str
    beside: str
    position: int
    digest: str
    archived: int


def takes(name: str) -> bool:
    """Whether a backup may hold a member of this name, and a restore will write it."""
    return _NAME.fullmatch(name) is not None


class _Hashed(io.RawIOBase):
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        part = self._file.read(size)
        self.sum.update(part)
        return part


def pack(to: Path, facts: Facts, members: list[tuple[str, Path]], told: Told) -> None:
    """Write the backup with these members (name, file). For its owner alone, on disk, there whole or not at all."""
    total, done = sum(path.stat().st_size for _, path in members), 0
    sums: dict[str, str] = {}
    beside = to.with_name(f".{to.name}.{os.getpid()}.new")
    try:
        with open(beside, "xb", opener=_for_the_owner) as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=limits.COMPRESS_LEVEL) as tar:
                sums[FACTS] = _add(tar, FACTS, io.BytesIO(msgspec.json.format(msgspec.json.encode(facts)) + b"\n"))
                for name, path in members:
                    with path.open("rb") as member:
                        sums[name] = _add(tar, name, member)
                    done += path.stat().st_size
                    told(done, total)
                _add(tar, SUMS, io.BytesIO("".join(f"{sum}  {name}\n" for name, sum in sums.items()).encode()))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(to)
    finally:
        beside.unlink(missing_ok=True)


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _add(tar: tarfile.TarFile, name: str, file: IO[bytes]) -> str:
    """Add a member of the size that the file has now; its hash."""
    info = tarfile.TarInfo(name)
    info.mode = 0o600
    info.size = file.seek(0, os.SEEK_END)
    file.seek(0)
    hashed = _Hashed(file)
    tar.addfile(info, hashed)
    return hashed.sum.hexdigest()


def unpack(file: Path, into: Path, told: Told) -> Facts:
    """Write what the backup holds into the folder `into`, checked. Raises Damaged, and BackupError for a newer one."""
    total = file.stat().st_size
    with _as_damage(file), file.open("rb") as raw, tarfile.open(fileobj=raw, mode="r|gz") as tar:
        first = tar.next()
        if first is None or first.name != FACTS:
            raise Damaged(f"{file} is no backup of Firstline: it does not begin with {FACTS}")
        text = _content(tar, first, limits.FACTS_BYTES_MAX)
        facts = _known(msgspec.json.decode(text, type=Facts))
        sums = {FACTS: hashlib.sha256(text).hexdigest()}
        while member := tar.next():
            if member.name == SUMS:
                _compare(file, sums, _content(tar, member, limits.SUMS_BYTES_MAX).decode())
                return facts
            sums[member.name] = _write(tar, member, into)
            told(raw.tell(), total)
    raise Damaged(f"{file} is damaged: it ends before its hashes do. Take another backup")


@contextmanager
def _as_damage(file: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, zlib.error, EOFError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise Damaged(
            f"the file {file} is damaged, or no backup of Firstline ({error}). Take another backup"
        ) from error


def _known(facts: Facts) -> Facts:
    """These facts. Raises BackupError when they are of a version that writes what this one cannot read."""
    if facts.format > limits.FORMAT or facts.shape > SHAPE:
        raise BackupError(
            f"the backup was made by Firstline {facts.firstline}, which writes what this version cannot read: "
            "restore it with that version"
        )
    return facts


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo, bytes_max: int) -> bytes:
    file = tar.extractfile(member)
    if file is None or member.size > bytes_max:
        raise tarfile.ReadError(f"{member.name} is not what it should be")
    return file.read()


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> str:
    """Write one member where it belongs, on disk; its hash."""
    if not member.isreg() or not takes(member.name):
        raise tarfile.ReadError(f"a backup holds no {member.name!r}")
    file = tar.extractfile(member)
    assert file is not None, "a regular member has content"
    path = into / member.name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sum = hashlib.sha256()
    with open(path, "xb", opener=_for_the_owner) as copy:
        while part := file.read(limits.CHUNK_BYTES):
            sum.update(part)
            copy.write(part)
        copy.flush()
        os.fsync(copy.fileno())
    return sum.hexdigest()


def _compare(file: Path, found: dict[str, str], listed: str) -> None:
    """Raises Damaged unless each member has the hash that is listed, and each that is listed is there."""
    stated = {name: sum for sum, _, name in (line.partition("  ") for line in listed.splitlines())}
    wrong = sorted(name for name in stated.keys() | found.keys() if stated.get(name) != found.get(name))
    if wrong:
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise Damaged(f"{file} is damaged: {wrong[0]}{more} is not what was backed up. Take another backup")
