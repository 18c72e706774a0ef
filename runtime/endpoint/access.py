"""Where an endpoint is and what opens it, looked up in the environment of the process.

Both may be secret, so neither is in a repr, an error, a cache or an artefact: messages name the
variable, and text that comes back from a server is redacted before anyone sees it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from mrlc.runtime.errors import PlanFault
from mrlc.schemas.endpoint import Endpoint

ENV = "env:"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MASK = "•••"
_SHORTEST = 8
"""Characters of what is redacted; a shorter value would garble innocent text."""


@dataclass(frozen=True)
class Access:
    """The address to post to, and the key."""

    url: str = field(repr=False)
    key: str | None = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """Values that came from the environment."""

    @property
    def headers(self) -> dict[str, str]:
        """What a request is sent with."""
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}

    def redact(self, text: str) -> str:
        """Text of a server without the values that it should not repeat."""
        for secret in self.secrets:
            text = text.replace(secret, _MASK)
        return text


def access(endpoint: Endpoint, path: str) -> Access:
    """Look up what the endpoint at `path` of the spec names.

    Raises:
        PlanFault: a variable is not set, or holds what cannot be used.
    """
    url = _looked_up(endpoint.url, f"{path}.url")
    key = None if endpoint.key is None else _looked_up(endpoint.key, f"{path}.key")
    parts = _parts(url, f"{path}.url", source=endpoint.url)
    if key is not None and not (key.isascii() and key.isprintable()):
        raise PlanFault(f"{path}.key", f"`{endpoint.key}` holds what no header can carry")
    if key is not None and parts.scheme != "https" and parts.hostname not in LOOPBACK:
        message = f"`{endpoint.url}` is an http address: the key would travel in clear"
        raise PlanFault(f"{path}.url", message, help="use https, or leave the key out")
    named = (endpoint.key, key), (endpoint.url, url)
    secrets = tuple(
        value
        for source, value in named
        if value and source and source.startswith(ENV) and len(value) >= _SHORTEST
    )
    return Access(_post(parts), key, secrets)


def _post(parts: SplitResult) -> str:
    """Where completions are posted; a query, which some gateways want, stays behind the path."""
    base = parts.path.rstrip("/").removesuffix("/chat/completions")
    return parts._replace(path=f"{base}/chat/completions").geturl()


def _looked_up(value: str, path: str) -> str:
    if not value.startswith(ENV):
        return value
    name = value.removeprefix(ENV)
    found = os.environ.get(name, "").strip()
    if not found:
        help = f"set it where the run is: export {name}=…"
        raise PlanFault(path, f"the environment variable {name} is not set", help=help)
    return found


def _parts(url: str, path: str, *, source: str) -> SplitResult:
    """The address, taken apart."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        help = "an address begins with https:// and ends before /chat/completions"
        raise PlanFault(path, f"`{source}` is no web address", help=help)
    return parts
