"""The examples for reverse proxies hold to the bounds of the server behind them."""

import re

import pytest

from router.api import limits
from router.settings import load
from tests.architecture.tree import ROOT

NGINX = (ROOT / "deploy" / "nginx.conf.example").read_text("utf-8")
CADDY = (ROOT / "deploy" / "Caddyfile.example").read_text("utf-8")


def seconds(option: str, text: str) -> list[int]:
    """Every value of an nginx option that is a time in seconds."""
    return [int(value) for value in re.findall(rf"^\s*{option} (\d+)s;", text, re.MULTILINE)]


@pytest.mark.parametrize("text", [NGINX, CADDY], ids=["nginx", "caddy"])
def test_they_lead_to_where_the_server_listens(text: str) -> None:
    """And tell it whose `X-Forwarded-For` to believe."""
    settings = load(environ={})
    assert f"{settings.host}:{settings.port}" in text
    (trusted,) = re.findall(r"^#\s+trusted_proxies = \[(.*?)\]", text, re.MULTILINE)
    assert f'"{settings.host}/32"' in trusted


def test_they_take_what_the_server_takes() -> None:
    assert re.findall(r"client_max_body_size (\d+)m;", NGINX) == [str(limits.BODY_BYTES_MAX >> 20)]
    assert re.findall(r"max_size (\d+)MB", CADDY) == [str(limits.BODY_BYTES_MAX >> 20)]


def test_nginx_waits_longer_than_the_server_is_silent() -> None:
    """A socket is pinged, an answer comes, within what is promised; the proxy cuts neither."""
    plain, socket = NGINX.split("location /socket.io/")
    assert min(seconds("proxy_read_timeout", plain)) > limits.BODY_WAIT_S
    assert min(seconds("proxy_read_timeout", socket)) > limits.PING_INTERVAL_S + limits.PING_TIMEOUT_S
    assert "proxy_set_header Upgrade $http_upgrade;" in socket
