"""OpenAPI 3.1 of the route table, and the same as a readable page. Made once at start; nothing is written by hand."""

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
from aiohttp import web

from router.api.problems import STATUSES, ProblemDetails
from router.api.rights import RIGHTS
from router.api.routes import Route, Routes

routes = Routes()

_PARAMETER = re.compile(r"\{(\w+)\}")
_TEMPLATE = "#/components/schemas/{name}"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;"
    "background:#fff}code{font-family:ui-monospace,monospace}h2{margin-top:2.5rem}"
    "section{border-top:1px solid #767676;padding:.5rem 0}h3{font-size:1rem;margin:.5rem 0}"
    "th,td{text-align:left;padding:.1rem 1rem .1rem 0;vertical-align:top}"
    "h3,p,td{overflow-wrap:anywhere}td:first-child{min-width:4rem}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#1b1b1b}a{color:#9cf}}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

try:
    _VERSION = version("firstline")
except PackageNotFoundError:  # run from a source tree that nobody installed
    _VERSION = "0"

DOCUMENT: web.AppKey[dict[str, Any]] = web.AppKey("openapi", dict)


@routes.route("GET", "/openapi.json", action="public", answer=dict[str, Any])
async def get(request: web.Request) -> dict[str, Any]:
    """This API as OpenAPI 3.1."""
    return request.app[DOCUMENT]


@routes.route("GET", "/docs", action="public", answer=str, answer_media="text/html")
async def page(request: web.Request) -> web.Response:
    """This API as a page for people."""
    return web.Response(
        text=_page(request.app[DOCUMENT]),
        content_type="text/html",
        charset="utf-8",
        headers={
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        },
    )


def document(table: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI document of a route table."""
    shapes = [shape for route in table for shape in (route.body, route.answer) if shape is not None]
    schemas, components = msgspec.json.schema_components([*shapes, ProblemDetails], ref_template=_TEMPLATE)
    found = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        body = next(found) if route.body is not None else None
        answer = next(found) if route.answer is not None else None
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, body, answer)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Firstline", "version": _VERSION, "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


_ABOUT = (
    "Log in for a token, or use an API key; both are sent as `Authorization: Bearer`. Every error is a problem "
    "detail (RFC 9457) with a stable `code`. Answers to commands carry `Firstline-Position`; a request that carries "
    "it back waits until this node has got there. POST takes an `Idempotency-Key`. Times are Unix milliseconds."
)


def _operation(route: Route, body: Any, answer: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "tags": [_tag(route.path)],
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": {str(route.status): _answered(route, answer), "default": _PROBLEM},
    }
    if route.description:
        operation["description"] = route.description
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    elif route.media != ("application/json",):
        operation["requestBody"] = {"required": True, "content": {media: {} for media in route.media}}
    if route.action != "public":
        operation["security"] = [{"bearer": []}]
        operation["x-allowed"] = sorted(RIGHTS[route.action])
    if route.answers_command:
        operation["responses"]["202"] = {"description": "Durable, not decided yet: ask at the Location."}
    return operation


_PROBLEM = {
    "description": "A problem; its codes: " + ", ".join(sorted(STATUSES)),
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
}


def _answered(route: Route, answer: Any) -> dict[str, Any]:
    content = {route.answer_media: {"schema": answer}} if answer is not None else {}
    return {"description": "Done.", **({"content": content} if content else {})}


def _operation_id(route: Route) -> str:
    words = [part.strip("{}") for part in route.path.split("/") if part and part not in ("api", "v1")]
    return "_".join([route.method.lower(), *words]).replace("-", "_").replace(".", "_")


def _tag(path: str) -> str:
    return path.removeprefix("/api/v1").strip("/").split("/", maxsplit=1)[0]


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    names = _PARAMETER.findall(route.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    shape = msgspec.json.schema(route.query)
    fields: dict[str, Any] = shape["$defs"][route.query.__name__]["properties"]
    return [{"name": name, "in": "query", "schema": schema} for name, schema in fields.items()]


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    names = ["Idempotency-Key"] if route.method == "POST" and route.answers_command else []
    if route.method in ("PUT", "PATCH", "DELETE") and route.answers_command:
        names.append("If-Match")
    if route.path.endswith("/events"):
        names.append("Prefer")
    return [{"name": name, "in": "header", "schema": {"type": "string"}} for name in names]


def _page(made: dict[str, Any]) -> str:
    """The document as HTML: plain, no script, no foreign assets."""
    by_tag: dict[str, list[str]] = {}
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            by_tag.setdefault(operation["tags"][0], []).append(_section(method, path, operation))
    parts = [f'<h2 id="{_e(tag)}">{_e(tag)}</h2>{"".join(sections)}' for tag, sections in by_tag.items()]
    index = " · ".join(f'<a href="#{_e(tag)}">{_e(tag)}</a>' for tag in [*by_tag, "shapes"])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Firstline API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>Firstline API {_e(made['info']['version'])}</h1><p>{_prose(made['info']['description'])}</p>"
        f'<p><a href="/openapi.json">/openapi.json</a></p><nav>{index}</nav>{"".join(parts)}'
        f'<h2 id="shapes">shapes</h2>'
        f"{''.join(_shape(name, one) for name, one in made['components']['schemas'].items())}"
        f"</body></html>"
    )


def _section(method: str, path: str, operation: dict[str, Any]) -> str:
    allowed = ", ".join(operation.get("x-allowed", ("everybody",)))
    rows = [f"<tr><td>{_e(p['in'])}</td><td><code>{_e(p['name'])}</code></td></tr>" for p in operation["parameters"]]
    body = operation.get("requestBody", {}).get("content", {})
    rows += [f"<tr><td>body</td><td><code>{_part(part, media)}</code></td></tr>" for media, part in body.items()]
    for status, answer in operation["responses"].items():
        content = answer.get("content", {}).items() if status.startswith("2") else ()
        rows += [f"<tr><td>{_e(status)}</td><td><code>{_part(part, media)}</code></td></tr>" for media, part in content]
    return (
        f"<section><h3><code>{method.upper()} {_e(path)}</code></h3><p>{_prose(operation['summary'])} "
        f"{_prose(operation.get('description', ''))}</p><p>Allowed: {_e(allowed)}</p>"
        f"<table>{''.join(rows)}</table></section>"
    )


def _shape(name: str, schema: dict[str, Any]) -> str:
    fields: Iterable[tuple[str, Any]] = schema.get("properties", {}).items()
    needed = schema.get("required", ())
    rows = [
        f"<tr><td><code>{_e(field)}</code></td><td>{_type(one)}{' (required)' if field in needed else ''}</td></tr>"
        for field, one in fields
    ]
    about = schema.get("description", "")
    return f'<section id="{_e(name)}"><h3>{_e(name)}</h3><p>{_prose(about)}</p><table>{"".join(rows)}</table></section>'


def _type(schema: dict[str, Any]) -> str:
    """The type in words, as HTML; a shape is a link to its place on the page."""
    if "$ref" in schema:
        name = _e(str(schema["$ref"]).rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items') or {})}"
    if "enum" in schema:
        return " or ".join(_e(one) for one in schema["enum"])
    return _e(str(schema.get("type", schema.get("const", "any"))))


def _part(part: dict[str, Any], media: str) -> str:
    return _type(part["schema"]) if "schema" in part else _e(media)


def _prose(text: str) -> str:
    """Text with `code` marked as such."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _e(text))


def _e(text: str) -> str:
    return html.escape(str(text))
