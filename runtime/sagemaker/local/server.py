"""The service on loopback: what boto3 sends, and a door of its own for tests.

boto3 posts JSON 1.1 to `/` and names the operation in `X-Amz-Target`; an error is a `__type` with
a message. Signatures are not checked; the region is read from them.

What happens to a job without anyone asking is asked for here:

    POST /local/interrupt  {"TrainingJobName": …, "GraceInSeconds": 120}   take its instances back
    POST /local/throttle   {"Count": 3}            refuse the next requests as too many
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from uuid import uuid4

from mrlc.runtime.sagemaker.local.operations import Walker, answer
from mrlc.runtime.sagemaker.local.refused import Refused, invalid
from mrlc.runtime.sagemaker.local.service import Service

DEFAULT_REGION = "us-east-1"
_SCOPE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/")


class Door(ThreadingHTTPServer):
    """The listening socket, and what its requests share."""

    daemon_threads = True

    def __init__(self, service: Service, walker: Walker, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.service = service
        self.walker = walker
        self.throttled = 0
        """Requests that are still to be refused."""
        self.lock = Lock()

    @property
    def url(self) -> str:
        """Its endpoint."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""

    def count_throttled(self) -> None:
        """Refuse a request, where some are to be refused."""
        with self.lock:
            if self.throttled > 0:
                self.throttled -= 1
                raise Refused("ThrottlingException", "Rate exceeded")


@contextmanager
def serve(service: Service, walker: Walker, *, port: int = 0) -> Iterator[Door]:
    """Answer requests in threads."""
    door = Door(service, walker, port)
    thread = Thread(target=door.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield door
    finally:
        door.shutdown()
        door.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Door
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, body = 200, self._answer(content)
        except Refused as refused:
            status, body = refused.status, {"__type": refused.code, "message": refused.message}
        except Exception as error:  # noqa: BLE001 -- a request must not end without an answer
            message = f"{type(error).__name__}: {error}"
            status, body = 500, {"__type": "InternalFailure", "message": message}
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("x-amzn-RequestId", str(uuid4()))
        self.end_headers()
        self.wfile.write(text)

    def _answer(self, content: bytes) -> dict[str, Any]:
        try:
            body = json.loads(content or b"{}")
        except ValueError:
            raise Refused("SerializationException", "The body is no JSON.") from None
        if self.path.startswith("/local/"):
            return self._local(self.path.removeprefix("/local/"), body)
        self.server.count_throttled()
        target = self.headers.get("X-Amz-Target", "")
        name = target.removeprefix("SageMaker.")
        return answer(self.server.service, self.server.walker, name, body, self._region())

    def _local(self, name: str, body: Any) -> dict[str, Any]:
        try:
            if name == "interrupt":
                self.server.service.interrupt(
                    str(body["TrainingJobName"]),
                    region=str(body.get("Region", DEFAULT_REGION)),
                    grace_s=float(body["GraceInSeconds"]) if "GraceInSeconds" in body else None,
                )
            elif name == "throttle":
                with self.server.lock:
                    self.server.throttled = int(body["Count"])
            else:
                raise invalid(f"There is no /local/{name}; there is interrupt and throttle.")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise invalid(f"/local/{name}: {type(error).__name__}: {error}") from None
        return {}

    def _region(self) -> str:
        found = _SCOPE.search(self.headers.get("Authorization", ""))
        return found["region"] if found else DEFAULT_REGION

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""
