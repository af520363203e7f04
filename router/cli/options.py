"""Options that several commands share, and what they mean to each of them."""

from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from router.compiled import PLAIN
from router.settings import Settings, load

Config: TypeAlias = Annotated[
    Path | None, typer.Option("--config", help="The settings file. Default: firstline.toml in the data folder.")
]
Data: TypeAlias = Annotated[
    Path | None,
    typer.Option("--data", "--data-dir", help="The data folder. Default: FIRSTLINE_DATA_DIR, else your data home."),
]
Url: TypeAlias = Annotated[
    str, typer.Option("--url", envvar="FIRSTLINE_URL", help="The server. Default: the one of the settings here.")
]
Login: TypeAlias = Annotated[
    str, typer.Option("--login", help="Log in as this person instead of using FIRSTLINE_TOKEN or FIRSTLINE_KEY.")
]

At: TypeAlias = Annotated[
    str,
    typer.Option(
        "--at",
        help="As it was: at an event position (12345), an instant (2026-11-21T10:42, on the clocks of the centre "
        "unless it has an offset), or back from now (-90s, -15m, -2h, -1d). Default: now.",
    ),
]


def _noted(ctx: typer.Context, value: bool) -> bool:
    """Remember --json for the case that the command fails: its error is then an object too."""
    ctx.find_root().meta[JSON_ASKED] = value
    return value


JSON_ASKED = "firstline.json"
Json: TypeAlias = Annotated[
    bool, typer.Option("--json", callback=_noted, help="Write the result as JSON, for programs.")
]


CLIENT_VARIABLES = {
    "FIRSTLINE_CONFIG",
    "FIRSTLINE_URL",
    "FIRSTLINE_TOKEN",
    "FIRSTLINE_KEY",
    "FIRSTLINE_PASSWORD",
    "FIRSTLINE_NEW_PASSWORD",
    PLAIN,
}
"""Environment variables that are no settings but mean something to commands."""


def settings_of(config: Path | None, data: Path | None, **options: Any) -> Settings:
    """The settings with these options. Raises SettingsError."""
    return load({"data_dir": str(data) if data else None, **options}, config=config)


def url_of(url: str, data: Path | None = None) -> str:
    """The URL that was named, else that of the server of the settings here. Raises SettingsError."""
    if url:
        return url.rstrip("/")
    return url_of_settings(settings_of(None, data))


def url_of_settings(settings: Settings) -> str:
    """Where the server with these settings is found from this machine."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
