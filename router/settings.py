"""Settings of a node: `firstline.toml`, overridden by `FIRSTLINE_*` in the environment, overridden by options.

It may not start, open or connect to anything; only `prepare` writes, and only into the data folder (the folder
itself and the secret). A wrong setting is refused with its source, its key and what to do, all of them at once.
"""

import difflib
import ipaddress
import os
import secrets
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

FILE_NAME = "firstline.toml"
PREFIX = "FIRSTLINE_"
SECRET_BYTES = 48  # random bytes of the generated secret: three times what a 128-bit session key needs
SECRET_CHARS_MIN = 32  # a shorter secret given by hand could be guessed offline from a token

Port: TypeAlias = Annotated[int, Meta(ge=0, le=65_535)]


Role: TypeAlias = Literal["gateway", "writer", "mail", "archive"]
ROLES: tuple[Role, ...] = get_args(Role)


class SmtpIntake(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The built-in mail intake: where it listens, if it is on. Port 0 takes a free one."""

    on: bool = False
    host: str = "127.0.0.1"
    port: Port = 8425


class Webhooks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`secrets` maps the names that endpoints use to signing secrets. `private_targets` are networks (CIDR) that
    webhooks may reach although they are not public: everything else private is refused."""

    secrets: dict[str, str] = {}
    private_targets: tuple[str, ...] = ()


class Log(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is logged and how. `auto` is for people on a terminal and JSON everywhere else."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    form: Literal["auto", "json", "console"] = "auto"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings, complete: what was left out has its default.

    `redis_url` empty means the private server that the node starts itself; `redis_binary` is then the server to
    start (empty: the one that came with Firstline, else the system's). `roles` is what this node does of the domain's
    work: faces and webhooks (`gateway`), decisions, mail, history. A 2xx waits for the disk (`fsync`), also for
    `replicas` replicas (`replicated`), or for neither: up to a second of what was accepted is lost when the machine or
    the server dies (`everysec`). `blobs_url` is a folder (`/srv/blobs`, `file:///srv/blobs`; empty: in the data
    folder); several nodes share one. `secret`, of 32 characters or more, signs tokens and pseudonyms: all nodes of a
    domain share it. `domain` is the name of the system in its Redis: small letters, digits, `-`.
    `mailboxes` is checked by the e-mail channel.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: Port = 8410
    redis_url: str = ""
    redis_binary: str = ""
    database_url: str = ""
    blobs_url: str = ""
    roles: tuple[Role, ...] = ROLES
    domain: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,31}$")] = "main"
    durability: Literal["fsync", "replicated", "everysec"] = "fsync"
    replicas: Annotated[int, Meta(ge=1, le=9)] = 1
    secret: str = ""
    public_url: str = ""
    origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    mailboxes: dict[str, dict[str, Any]] = {}
    smtp_intake: SmtpIntake = SmtpIntake()
    webhooks: Webhooks = Webhooks()
    log: Log = Log()

    def __repr__(self) -> str:
        """Without anything secret: settings end up in tracebacks."""
        return (
            f"Settings(data_dir={str(self.data_dir)!r}, host={self.host!r}, port={self.port}, domain={self.domain!r})"
        )


class SettingsError(Exception):
    """The settings cannot be used. `problems` says for each wrong one where it stands and what to do."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Given(msgspec.Struct, frozen=True):
    """One value as it was given, and the words that tell a person where."""

    value: Any
    source: str
    text: bool = False


_Values: TypeAlias = dict[tuple[str, ...], _Given]

_SECTIONS: dict[str, type[msgspec.Struct]] = {"smtp_intake": SmtpIntake, "webhooks": Webhooks, "log": Log}
_FIELDS: dict[tuple[str, ...], Any] = {
    (field.name,): field.type for field in msgspec.structs.fields(Settings) if field.name not in _SECTIONS
} | {
    (section, field.name): field.type for section, shape in _SECTIONS.items() for field in msgspec.structs.fields(shape)
}
_FREE = (dict[str, dict[str, Any]], dict[str, str])
ENVIRONMENT: dict[str, tuple[str, ...]] = {
    PREFIX + "_".join(path).upper(): path for path, shape in _FIELDS.items() if shape not in _FREE
}
"""Environment variable -> the setting it sets. Lists are comma-separated; tables are only for the file."""


def data_home(environ: Mapping[str, str]) -> Path:
    """The data folder when nobody names one (XDG base directories)."""
    base = environ.get("XDG_DATA_HOME") or os.path.join(environ.get("HOME") or str(Path.home()), ".local", "share")
    return Path(base) / "firstline"


def load(
    options: Mapping[str, Any] | None = None, *, config: Path | None = None, environ: Mapping[str, str] = os.environ
) -> Settings:
    """The settings from all sources, the strongest last: file, environment, `options` (dotted keys, None: not given).

    Raises SettingsError with everything that is wrong.
    """
    problems: list[str] = []
    given = {key: value for key, value in (options or {}).items() if value is not None}
    strong = _from_environment(environ) | {
        tuple(key.split(".")): _Given(value, "--" + key.replace("_", "-").replace(".", "-"))
        for key, value in given.items()
    }
    file = file_of(given.get("data_dir"), config=config, environ=environ)
    named = config is not None or bool(environ.get("FIRSTLINE_CONFIG"))
    values = _from_file(file, problems) if named or file.is_file() else {}
    settings = _build(values | strong, environ, problems)
    if settings is None:
        raise SettingsError(problems)
    return settings


def file_of(data_dir: str | Path | None, *, config: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """The settings file: `config`, else that of FIRSTLINE_CONFIG, else the one in the data folder, there or not."""
    if named := config or environ.get("FIRSTLINE_CONFIG"):
        return Path(named)
    return Path(data_dir or environ.get("FIRSTLINE_DATA_DIR") or data_home(environ)).expanduser() / FILE_NAME


def prepare(settings: Settings) -> Settings:
    """Make the data folder (only the owner may enter) and complete the secret, generating it once.

    Raises SettingsError when the folder cannot be used.
    """
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if settings.secret:
            return settings
        return msgspec.structs.replace(settings, secret=_kept_secret(settings.data_dir / "secret"))
    except OSError as error:
        raise SettingsError(
            [
                f"data_dir: {settings.data_dir} cannot be used ({error.strerror}). "
                "Name a folder that you may write to with --data-dir."
            ]
        ) from error


def unknown_variables(environ: Mapping[str, str], allowed: set[str]) -> list[str]:
    """Names in the environment that look like ours and set nothing, with what may have been meant."""
    known = sorted(set(ENVIRONMENT) | allowed)
    return [
        f"{name} sets nothing{_near(name, known)}"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known and not name.startswith(PREFIX + "SECRET_")
    ]


def _kept_secret(path: Path) -> str:
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
    kept = path.read_text(encoding="ascii").strip()
    if len(kept) < SECRET_CHARS_MIN:
        raise SettingsError(
            [f"{path} is too short to be a secret. Restore it from your backup, or remove it to log everybody out."]
        )
    return kept


def _from_environment(environ: Mapping[str, str]) -> _Values:
    return {
        path: _Given(environ[name], f"environment variable {name}", text=True)
        for name, path in ENVIRONMENT.items()
        if environ.get(name)
    }


def _from_file(file: Path, problems: list[str]) -> _Values:
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{file}: cannot be read ({error.strerror}). Check the path given with --config.")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{file}: is not TOML: {error}. Mend that place.")
        return {}
    found: _Values = {}
    for key, value in raw.items():
        if key in _SECTIONS and isinstance(value, dict):
            for inner, part in value.items():
                _keep(found, (key, inner), part, file=file, problems=problems)
        else:
            _keep(found, (key,), value, file=file, problems=problems)
    return found


def _keep(found: _Values, path: tuple[str, ...], value: Any, *, file: Path, problems: list[str]) -> None:
    if path in _FIELDS:
        found[path] = _Given(value, str(file))
        return
    known = [".".join(other) for other in _FIELDS if len(other) == len(path)]
    problems.append(
        f"{file}: there is no setting '{'.'.join(path)}'{_near('.'.join(path), known)}. Remove or correct it."
    )


def _near(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.75)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _build(values: _Values, environ: Mapping[str, str], problems: list[str]) -> Settings | None:
    fields: dict[str, Any] = {"data_dir": data_home(environ)}
    sections: dict[str, dict[str, Any]] = {name: {} for name in _SECTIONS}
    for path, given in values.items():
        try:
            value = _converted(given, _FIELDS[path], environ)
            if check := _CHECKS.get(path):
                check(value)
        except OSError as error:
            problems.append(f"{given.source}: {'.'.join(path)}: {error.filename} that it names: {error.strerror}")
            continue
        except ValueError as error:
            problems.append(f"{given.source}: {'.'.join(path)}: {error}{_remedy(error, _FIELDS[path])}")
            continue
        target = sections[path[0]] if path[0] in _SECTIONS else fields
        target[path[-1]] = value
    if problems:
        return None
    for name, shape in _SECTIONS.items():
        fields[name] = shape(**sections[name])
    return _complete(Settings(**fields))


def _remedy(error: ValueError, shape: Any) -> str:
    """What to write instead of what is not of this shape. Our own checks say it themselves."""
    if not isinstance(error, msgspec.ValidationError):
        return ""
    word = get_args(shape)[0] if get_origin(shape) is tuple else shape
    if get_origin(word) is Literal:
        return f". Write one of {', '.join(get_args(word))}."
    plain = get_args(shape)[0] if get_origin(shape) is Annotated else shape
    return {int: ". Write a number.", bool: ". Write true or false."}.get(plain, "")


def _converted(given: _Given, shape: Any, environ: Mapping[str, str]) -> Any:
    """The value in its type. Texts from the environment are read as such: `8410`, `true`, `a, b`."""
    value = given.value
    if given.text and get_origin(shape) is tuple:
        value = [part.strip() for part in value.split(",") if part.strip()]
    if shape is Path and isinstance(value, str | Path):
        return Path(value).expanduser().absolute()
    converted = msgspec.convert(value, shape, strict=not given.text)
    return resolved(converted, environ)


def resolved(value: Any, environ: Mapping[str, str]) -> Any:
    """Texts written `file:PATH` or `env:NAME` stand for what is there, so that secrets need not be in the file.

    Raises ValueError when the variable is not set, OSError when the file cannot be read.
    """
    if isinstance(value, dict):
        return {key: resolved(part, environ) for key, part in value.items()}
    if isinstance(value, list):
        return [resolved(part, environ) for part in value]
    if not isinstance(value, str):
        return value
    if value.startswith("env:"):
        if not (found := environ.get(value[4:])):
            raise ValueError(f"the environment variable {value[4:]} that it names is not set")
        return found
    if value.startswith("file:") and not value.startswith("file://"):
        return Path(value[5:]).expanduser().read_text(encoding="utf-8").strip()
    return value


def own_blobs(data_dir: Path) -> str:
    """The `blobs_url` of a node that names none: a folder that no other node sees."""
    return f"file://{data_dir / 'blobs'}"


def _complete(settings: Settings) -> Settings:
    return msgspec.structs.replace(
        settings,
        database_url=settings.database_url or f"sqlite:///{settings.data_dir / 'archive.db'}",
        blobs_url=settings.blobs_url or own_blobs(settings.data_dir),
        public_url=settings.public_url.rstrip("/"),
    )


def _check_networks(value: tuple[str, ...]) -> None:
    for network in value:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise ValueError(f"{error}. Write networks like 10.0.0.0/8 or 192.0.2.7/32.") from error


def _check_origins(value: tuple[str, ...]) -> None:
    for origin in value:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
            raise ValueError(f"'{origin}' is not an origin. Write it like https://desk.example, without a path.")


def _check_scheme(*schemes: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        if value and urlsplit(value).scheme.split("+")[0] not in schemes:
            raise ValueError(f"it must begin with {' or '.join(scheme + '://' for scheme in schemes)}")

    return check


def _check_redis(value: str) -> None:
    """What is taken for a host or port may be part of a password, so nothing of it is repeated."""
    _check_scheme("redis", "rediss", "unix", "sentinel", "cluster")(value)
    try:
        hosts = urlsplit(value).netloc.rpartition("@")[2]
        ports = [urlsplit(f"//{host}").port for host in hosts.split(",")]
    except ValueError:
        ports = [0]
    if 0 in ports:
        raise ValueError(
            "a port in it is no number from 1 to 65535. In a password, write %2F for /, %3F for ?, %23 for #, %5B for ["
        )


def _check_roles(value: tuple[Role, ...]) -> None:
    if not value:
        raise ValueError(f"a node without a role does nothing. Write some of {', '.join(ROLES)}.")


def _check_secret(value: str) -> None:
    if value and len(value) < SECRET_CHARS_MIN:
        raise ValueError(f"it needs at least {SECRET_CHARS_MIN} characters. Leave it out to have one generated.")


_CHECKS: dict[tuple[str, ...], Callable[[Any], None]] = {
    ("redis_url",): _check_redis,
    ("database_url",): _check_scheme("sqlite", "postgresql"),
    ("public_url",): _check_scheme("http", "https"),
    ("roles",): _check_roles,
    ("secret",): _check_secret,
    ("origins",): _check_origins,
    ("trusted_proxies",): _check_networks,
    ("webhooks", "private_targets"): _check_networks,
}
