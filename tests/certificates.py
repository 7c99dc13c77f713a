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
def self_signed(name: str) -> tuple[Path, Path]:
    """Certificate and key of a server whose certificate signs itself."""
    folder = authority()
    stem = f"self-{name.replace(':', '-')}"
    _openssl(folder, "req", "-x509", *_KEY, "-keyout", f"{stem}.key", "-out", f"{stem}.pem",
             "-days", "2", "-subj", "/CN=relay", "-addext", f"subjectAltName={name}")  # fmt: skip
    return folder / f"{stem}.pem", folder / f"{stem}.key"


@cache
def dated(name: str, first: str, last: str) -> tuple[Path, Path]:
    """Certificate and key of a server, valid from and to these days: 20200101."""
    folder = authority()
    stem = f"{first}-{name.replace(':', '-')}"
    (folder / f"{stem}.index").touch()
    (folder / f"{stem}.cnf").write_text(
        f"[ca]\ndefault_ca=it\n[it]\ndatabase={stem}.index\nrand_serial=yes\nnew_certs_dir=.\n"
        f"default_md=sha256\npolicy=any\nx509_extensions=ext\n[any]\ncommonName=supplied\n"
        f"[ext]\nsubjectAltName={name}\n"
    )
    _openssl(folder, "req", *_KEY, "-keyout", f"{stem}.key", "-out", f"{stem}.csr",
             "-subj", "/CN=relay")  # fmt: skip
    _openssl(folder, "ca", "-batch", "-notext", "-config", f"{stem}.cnf", "-cert", "ca.pem",
             "-keyfile", "ca.key", "-in", f"{stem}.csr", "-out", f"{stem}.pem",
             "-startdate", f"{first}000000Z", "-enddate", f"{last}000000Z")  # fmt: skip
    return folder / f"{stem}.pem", folder / f"{stem}.key"


@cache
def server_context(name: str) -> ssl.SSLContext:
    """The TLS context of a server; its name may begin with "self:", "expired:" or "early:"."""
    kind, _, of = name.partition(":")
    files = {
        "self": lambda: self_signed(of),
        "expired": lambda: dated(of, "20200101", "20200201"),
        "early": lambda: dated(of, "20900101", "20910101"),
    }.get(kind, lambda: certificate(name))()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run([tool("openssl"), *arguments], cwd=folder, check=True, capture_output=True)
