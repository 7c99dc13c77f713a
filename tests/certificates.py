"""A certificate authority, made by openssl, that exists as long as the tests run."""

from __future__ import annotations

import atexit
import shutil
import ssl
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from benchmarks.tools import tool

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]


@cache
def authority() -> Path:
    """The folder of a new authority: `ca.pem` is what a client must trust."""
    folder = Path(tempfile.mkdtemp(prefix="pli-authority-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _openssl(folder, "req", "-x509", *_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
             "-subj", "/CN=Pli tests")  # fmt: skip
    return folder


@cache
def certificate(name: str) -> tuple[Path, Path]:
    """Certificate and key for a server's name, such as "IP:127.0.0.1" or "DNS:mx.example"."""
    folder = authority()
    stem = name.replace(":", "-")
    (folder / f"{stem}.ext").write_text(f"subjectAltName={name}\n")
    _openssl(folder, "req", *_KEY, "-keyout", f"{stem}.key", "-out", f"{stem}.csr",
             "-subj", "/CN=relay")  # fmt: skip
    _openssl(folder, "x509", "-req", "-in", f"{stem}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
             "-CAcreateserial", "-out", f"{stem}.pem", "-days", "2",
             "-extfile", f"{stem}.ext")  # fmt: skip
    return folder / f"{stem}.pem", folder / f"{stem}.key"


@cache
def server_context(name: str) -> ssl.SSLContext:
    """The TLS context of a server with this name's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(name))
    return context


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run([tool("openssl"), *arguments], cwd=folder, check=True, capture_output=True)
