"""Between boto3 and a moto server: what was asked, and, where a test says so, another answer.

The requests are real ones over HTTP. A hook that gives None lets a request through.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

_S3 = {"HEAD": "HeadObject", "PUT": "PutObject", "GET": "GetObject"}
_HOP = {"connection", "transfer-encoding", "content-length", "date", "server"}


@dataclass(frozen=True)
class Request:
    """One request of boto3's."""

    service: str
    operation: str
    path: str
    body: bytes

    @property
    def json(self) -> Any:
        """The body of a service that speaks JSON."""
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"


@dataclass(frozen=True)
class Reply:
    """An answer."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def refuses(code: str, message: str = "", *, status: int = 400) -> Reply:
    """An error as services that speak JSON answer it."""
    body = json.dumps({"__type": code, "Message": message}).encode()
    return Reply(status, body, {"Content-Type": "application/x-amz-json-1.1"})


def refuses_xml(code: str, message: str = "", *, status: int = 403) -> Reply:
    """An error as S3 answers it; to HEAD there is no body."""
    xml = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Reply(status, xml.encode(), {"Content-Type": "application/xml"})


def answers(body: Any) -> Reply:
    """A JSON answer."""
    return Reply(200, json.dumps(body).encode(), {"Content-Type": "application/x-amz-json-1.1"})


Hook = Callable[[Request], Reply | None]


class Proxy:
    """What was asked, and what is answered."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.url = ""
        self.asked: list[Request] = []
        self.before: Hook = lambda request: None
        """Answers in place of moto, or lets through."""
        self.after: Callable[[Request], None] = lambda request: None
        """Told when moto has done it, and boto3 does not know yet."""

    @property
    def operations(self) -> list[str]:
        """Service and operation of each request, in order."""
        return [str(request) for request in self.asked]

    def refuse(self, operation: str, reply: Reply) -> None:
        """Answer every request for an operation so."""
        self.before = lambda request: reply if str(request) == operation else None

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if "chunked" in handler.headers.get("Transfer-Encoding", ""):
            body = _chunks(handler)
        request = _request(handler, body)
        self.asked.append(request)
        reply = self.before(request)
        if reply is None:
            reply = self._forward(handler, body)
            self.after(request)
        try:
            handler.send_response(reply.status)
            for name, value in reply.headers.items():
                handler.send_header(name, value)
            if "Content-Length" not in reply.headers:
                handler.send_header("Content-Length", str(len(reply.body)))
            handler.end_headers()
            if handler.command != "HEAD":
                handler.wfile.write(reply.body)
        except OSError:
            pass  # the process was killed, as some tests want it to be

    def _forward(self, handler: BaseHTTPRequestHandler, body: bytes) -> Reply:
        host, port = self.upstream.hostname, self.upstream.port
        connection = http.client.HTTPConnection(str(host), port)
        kept = {k: v for k, v in handler.headers.items() if k.lower() not in _HOP | {"expect"}}
        connection.request(
            handler.command, handler.path, body, {**kept, "Content-Length": str(len(body))}
        )
        answer = connection.getresponse()
        content = answer.read()
        headers = {k: v for k, v in answer.getheaders() if k.lower() not in _HOP}
        if handler.command == "HEAD":
            headers["Content-Length"] = answer.headers.get("Content-Length", "0")
        connection.close()
        return Reply(answer.status, content, headers)


def _request(handler: BaseHTTPRequestHandler, body: bytes) -> Request:
    scope = re.search(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/", handler.headers["Authorization"])
    service = {"monitoring": "cloudwatch"}.get(scope[1], scope[1]) if scope else "?"
    operation = handler.headers.get("X-Amz-Target", "").rpartition(".")[2]
    if service == "s3":
        operation = _S3.get(handler.command, handler.command)
    elif not operation:
        operation = handler.path.rpartition("/operation/")[2]
    return Request(service, operation, handler.path, body)


def _chunks(handler: BaseHTTPRequestHandler) -> bytes:
    found = b""
    while size := int(handler.rfile.readline().split(b";")[0], 16):
        found += handler.rfile.read(size)
        handler.rfile.readline()
    while handler.rfile.readline().strip():
        pass
    return found


@contextmanager
def proxied(upstream: str) -> Iterator[Proxy]:
    """A proxy until the block ends."""
    proxy = Proxy(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _take(self) -> None:
            proxy.take(self)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _take

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
