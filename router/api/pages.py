"""The pages for people, as `web/` was built: a handful of files, read once, served as they are.

They hold no script or style of their own, so that the policy forbids all that does not come as a file from here.
What they show they ask from the API like any other program, with the token of whoever signed in.
"""

import gzip
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from aiohttp import web

from router.api.problems import Problem

log = structlog.get_logger()

PACKAGE = Path(__file__).resolve().parents[1]
FOLDERS = (PACKAGE.parent / "web" / "dist", PACKAGE / "pages")
"""Where the built files lie: in a checkout, and in an installed wheel."""

PAGES = {"/": "index.html", "/agent": "agent.html", "/supervisor": "supervisor.html", "/chat": "chat.html"}
"""Path -> page: one per role."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_ONCE = "public, max-age=31536000, immutable"
_ASK = "no-cache"

_Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class File:
    """One file, plain and compressed, with the headers of its answers."""

    plain: bytes
    packed: bytes
    headers: dict[str, str]


def load(folder: Path) -> dict[str, File]:
    """The files that browsers may load, by their path within the folder; none if it is not there."""
    found = (path for path in sorted(folder.rglob("*")) if path.suffix in _TYPES)
    return {path.relative_to(folder).as_posix(): _file(path, folder) for path in found}


def add_pages(app: web.Application) -> None:
    """Serve the pages and what they load. Without built files each page says how to build them."""
    if not FILES:
        log.warning("pages_not_built", mend="make web")
    for path, name in PAGES.items():
        app.router.add_get(path, _serving(FILES.get(name)))
    for name in FILES.keys() - PAGES.values():
        app.router.add_get(f"/{name}", _serving(FILES[name]))


def _file(path: Path, folder: Path) -> File:
    data = path.read_bytes()
    hashed = path.parent != folder
    headers = {
        "Content-Type": f"{_TYPES[path.suffix]}; charset=utf-8",
        "Content-Security-Policy": POLICY,
        "Cache-Control": _ONCE if hashed else _ASK,
        "ETag": f'"{hashlib.blake2b(data, digest_size=12).hexdigest()}"',
        "Vary": "Accept-Encoding",
    }
    return File(data, gzip.compress(data, mtime=0), headers)


def _serving(file: File | None) -> _Handler:
    async def serve(request: web.Request) -> web.Response:
        if file is None:
            raise Problem("not_found", "The pages are not built here. Run `make web`, then start the server again.")
        if request.headers.get("If-None-Match") == file.headers["ETag"]:
            return web.Response(status=304, headers=file.headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=file.packed, headers={**file.headers, "Content-Encoding": "gzip"})
        return web.Response(body=file.plain, headers=file.headers)

    return serve


FILES = next(filter(None, map(load, FOLDERS)), {})
"""All of them, read when the program starts: some 40 files of 200 KB together."""
