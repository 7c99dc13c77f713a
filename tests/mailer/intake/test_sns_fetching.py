"""The certificate of a service is fetched by real TLS, from who proves to be that host."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mailer.intake import sns_certificates
from mailer.intake.sns_certificates import LARGEST, fetched
from tests.certificates import authority, server_context

pytestmark = pytest.mark.proof
PAGES = {"/good.pem": b"-----BEGIN", "/large.pem": b"x" * (LARGEST + 9)}


class _Service(BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/elsewhere.pem":
            self.send_response(302)
            self.send_header("Location", "/good.pem")
            self.end_headers()
        elif self.path == "/rubbish.pem":
            self.wfile.write(b"rubbish\r\n\r\n")
        elif self.path == "/stalls.pem":
            self.server.stalls.wait(20)  # type: ignore[attr-defined]
        else:
            body = PAGES[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def service(certificate: str = "DNS:localhost") -> Iterator[tuple[str, list[str]]]:
    """A web server by TLS: its host with its port, and the paths that it was asked for."""
    asked: list[str] = []
    handler = type("Handler", (_Service,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.stalls = threading.Event()  # type: ignore[attr-defined]
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        server.socket = server_context(certificate).wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"localhost:{server.server_address[1]}", asked
        finally:
            server.stalls.set()  # type: ignore[attr-defined]
            server.shutdown()


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority() / "ca.pem"))
    monkeypatch.setattr(sns_certificates, "SECONDS", 2.0)


def test_a_page_is_fetched_and_read_no_further_than_a_certificate_is_long() -> None:
    with service() as (host, asked):
        assert fetched(host, "/good.pem") == b"-----BEGIN"
        assert len(fetched(host, "/large.pem")) == LARGEST
    assert asked == ["/good.pem", "/large.pem"]


@pytest.mark.parametrize("path", ["/elsewhere.pem", "/rubbish.pem", "/stalls.pem"])
def test_a_redirect_rubbish_and_a_stall_are_faults_and_nothing_else_is_asked(path: str) -> None:
    told = pytest.raises(OSError, match=r"HTTP 302|BadStatusLine|timed out")
    with service() as (host, asked), told:
        fetched(host, path)
    assert asked == [path]


@pytest.mark.parametrize(
    "certificate", ["self:DNS:localhost", "DNS:other.example", "expired:DNS:localhost"]
)
def test_a_host_that_does_not_prove_itself_is_asked_nothing(certificate: str) -> None:
    told = pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED")
    with service(certificate) as (host, asked), told:
        fetched(host, "/good.pem")
    assert asked == []
