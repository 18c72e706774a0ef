"""A POST of JSON to an address that is itself a secret: it is in no message, log or error."""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from mrlc.runtime.endpoint.access import LOOPBACK
from mrlc.runtime.endpoint.attempts import Transient, is_transient, retry_after_s
from mrlc.runtime.notify.sender import ATTEMPT_S, Refused

SAID = 200
"""Characters of a refusal that are worth showing."""


def post(url: str, body: bytes) -> None:
    """Post JSON; any 2xx is success, and its body is not read.

    Raises:
        Transient: another attempt may succeed.
        Refused: none will.
    """
    _check(url)
    headers = {"Content-Type": "application/json", "User-Agent": "mrlc"}
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    try:
        with _opener().open(request, timeout=ATTEMPT_S):
            return
    except urllib.error.HTTPError as error:
        with error:
            raise _judged(error, url) from None
    except (OSError, HTTPException) as error:  # their messages may hold the address
        cause = getattr(error, "reason", error)
        what = type(cause if isinstance(cause, Exception) else error).__name__
        raise Transient(f"the connection failed ({what})") from None


def _check(url: str) -> None:
    """Over the network only with TLS; and nothing that is no web address, such as file:."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise Refused("the address is none of the web") from None
    if parts.scheme == "https" and host:
        return
    if parts.scheme == "http" and host in LOOPBACK:
        return
    raise Refused("the address does not begin with https://")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would take the message to somebody whom nobody has named."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_NoRedirects)


def _judged(error: urllib.error.HTTPError, url: str) -> Exception:
    status = error.code
    if 300 <= status < 400:
        return Refused(f"status {status}: the address has moved; redirects are not followed")
    try:
        text = error.read(4 * SAID).decode("utf-8", errors="replace")
    except (OSError, HTTPException):
        text = ""
    for secret in (url, urlsplit(url).path):  # a server may quote what it was asked
        text = text.replace(secret, "•••") if len(secret) > 1 else text
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:SAID]
    message = f"status {status}" + (f": {line}" if line else "")
    if is_transient(status):
        return Transient(message, retry_after_s=retry_after_s(error.headers.get("Retry-After")))
    return Refused(message)
