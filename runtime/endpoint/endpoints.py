"""The clients of one run."""

from __future__ import annotations

from pathlib import Path

from mrlc.runtime.endpoint.client import ChatClient
from mrlc.schemas.endpoint import Endpoint


class Endpoints:
    """Makes clients, one a section of the spec, and tells them where the run is kept.

    A run is prepared before it has a folder; what was asked until then is kept afterwards.
    """

    def __init__(self) -> None:
        self._clients: dict[str, ChatClient] = {}
        self._folder: Path | None = None

    def client(self, endpoint: Endpoint, path: str) -> ChatClient:
        """The client of the section at `path`; made once, so that its budget is one.

        Raises:
            PlanFault: what the section names is not there.
        """
        if path not in self._clients:
            self._clients[path] = ChatClient(endpoint, path)
            if self._folder is not None:
                self._clients[path].keep_in(self._folder)
        return self._clients[path]

    def keep_in(self, folder: Path) -> None:
        """Keep every answer under a folder, and take those that are there as given."""
        self._folder = folder
        for client in self._clients.values():
            client.keep_in(folder)
