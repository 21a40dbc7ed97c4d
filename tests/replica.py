# SPDX-License-Identifier: Apache-2.0
"""A local HTTP server that serves replicas of data sets and misbehaves as told."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """What one request gets.

    Attributes:
        cut: bytes after which the connection is closed although more were promised.
        hang: after ``cut`` bytes, wait until the server ends instead of closing.
        ranges: whether a Range header is obeyed.
        etag: sent as ETag and compared with If-Range; "" for none.
        length: whether Content-Length is sent; else the end of the connection ends the file.
        slow: seconds to wait after each 64 KB.
    """

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    cut: int | None = None
    hang: bool = False
    ranges: bool = True
    etag: str = '"one"'
    length: bool = True
    slow: float = 0.0


@dataclass
class Request:
    """A request that came in, and what was sent."""

    path: str
    headers: dict[str, str]
    status: int
    sent: int = 0


@dataclass
class Replica:
    """The server's address, its script and what it was asked."""

    address: str
    script: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, path: str, *answers: Answer) -> str:
        """Answer requests for a path in this order, the last one for ever; return the address."""
        self.script[path] = list(answers)
        return self.address + path

    def next_answer(self, path: str) -> Answer:
        with self._lock:
            answers = self.script.get(path)
            if not answers:
                return Answer(b"nothing here", 404)
            return answers.pop(0) if len(answers) > 1 else answers[0]

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]


def _handler(replica: Replica) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            answer = replica.next_answer(self.path)
            body, status, extra = answer.body, answer.status, dict(answer.headers)
            begin = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            same = self.headers.get("If-Range", answer.etag) == answer.etag
            if status == 200 and answer.ranges and begin and same:
                start = int(begin[1])
                status = 206 if start < len(body) else 416
                extra["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
                body = body[start:]
            request = Request(self.path, dict(self.headers.items()), status)
            replica.requests.append(request)
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            if answer.etag:
                self.send_header("ETag", answer.etag)
            if answer.length:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self._send(answer, body[: answer.cut], request)

        def _send(self, answer: Answer, body: bytes, request: Request) -> None:
            try:
                for start in range(0, len(body), 65_536):
                    part = body[start : start + 65_536]
                    self.wfile.write(part)
                    request.sent += len(part)
                    if answer.slow:
                        replica.closing.wait(answer.slow)
                self.wfile.flush()
            except ConnectionError:
                return  # the other side was killed
            if answer.hang:
                replica.closing.wait()

    return Handler


@contextmanager
def replica() -> Iterator[Replica]:
    """Run a server on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    site = Replica(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = _handler(site)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        site.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
