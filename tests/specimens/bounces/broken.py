"""Specimens written by hand: what tools, gateways and hostile people make of a mail."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from tests.specimens.bounces.pieces import (
    MARIE,
    Specimen,
    block,
    failed,
    from_daemon,
    header,
    notification,
    parts,
    plain,
)

CERTAIN = failed("unknown_user", "certain")
UNKNOWN = block("5.1.1", "550 5.1.1 User unknown")


def specimens() -> Iterator[Specimen]:
    whole = notification(801, "Sorry.\n", UNKNOWN)
    yield Specimen("cr-only", whole.replace(b"\n", b"\r"), "failure", [CERTAIN], 801)
    yield Specimen("crlf", whole.replace(b"\n", b"\r\n"), "failure", [CERTAIN], 801)
    yield Specimen("nul", whole.replace(b"Sorry", b"So\0rry"), "failure", [CERTAIN], 801)
    yield Specimen("mbox-line", b"From MAILER-DAEMON Thu\n" + whole, "failure", [CERTAIN], 801)
    yield Specimen("never-closed", whole.replace(b"--=_part_1--\n", b""), "failure", [CERTAIN], 801)
    yield Specimen(
        "in-1970", whole.replace(b"03 Dec 2026", b"01 Jan 1970"), "failure", [CERTAIN], 801
    )
    yield Specimen(
        "unknown-charset",
        notification(802, "Sorry.\n", UNKNOWN).replace(b"charset=utf-8", b"charset=x-none-such"),
        "failure",
        [CERTAIN],
        802,
    )
    yield Specimen(
        "wrong-charset",
        plain(
            from_daemon(803, "Undelivered mail"),
            f"<{MARIE}>: 550 5.1.1 Utilisateur inconnu, désolé\n\n" + header(803),
            "latin-1",
        ).replace(b"charset=latin-1", b"charset=us-ascii"),
        "failure",
        [CERTAIN],
        803,
    )
    yield Specimen(
        "base64-text",
        from_daemon(804, "Undelivered mail").encode()
        + b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(f"<{MARIE}>: 550 5.1.1 User unknown\n\n{header(804)}".encode()),
        "failure",
        [CERTAIN],
        804,
    )
    yield Specimen(
        "quoted-printable",
        notification(805, "Sorry.\n", UNKNOWN)
        .replace(
            b"Content-Type: message/delivery-status\n",
            b"Content-Type: message/delivery-status\nContent-Transfer-Encoding: quoted-printable\n",
        )
        .replace(b"User unknown", b"User=20unkn=\nown"),
        "failure",
        [CERTAIN],
        805,
    )
    yield Specimen(
        "boundary-that-is-not-there",
        parts(
            from_daemon(806, "Undelivered mail"), "multipart/report", ("text/plain", "Sorry.\n")
        ).replace(b"--=_part_1", b"--other")
        + f"\n{UNKNOWN}".encode(),
        "failure",
        [CERTAIN],
        806,
    )
    kind, nested = "message/delivery-status", UNKNOWN
    for n in range(3):
        nested = f"--=_{n}\nContent-Type: {kind}\n\n{nested}\n--=_{n}--\n"
        kind = f'multipart/mixed; boundary="=_{n}"'
    yield Specimen(
        "nested",
        f"{from_daemon(807, 'Undelivered mail')}Content-Type: {kind}\n\n{nested}".encode(),
        "failure", [CERTAIN], 807,
    )  # fmt: skip
    deep = "".join(
        f'--b{n}\nContent-Type: multipart/mixed; boundary="b{n + 1}"\n\n' for n in range(1_000)
    )
    yield Specimen(
        "nested-a-thousand-times",
        from_daemon(808, "Undelivered mail").encode()
        + f'Content-Type: multipart/mixed; boundary="b0"\n\n{deep}'.encode(),
        "failure",
        [("", "failed", "other", "temporary")],
        808,
    )
    many = [
        block("5.1.1", "550 5.1.1 User unknown", "failed", f"p{n}@example.net") for n in range(300)
    ]
    yield Specimen(
        "hundreds-of-recipients",
        notification(809, "Sorry.\n", *many),
        "failure",
        [failed("unknown_user", "certain", f"p{n}@example.net") for n in range(100)],
        809,
    )
    yield Specimen(
        "long-line",
        plain(
            from_daemon(810, "Undelivered mail"),
            f"<{MARIE}>: 550 5.1.1 User unknown {'x' * 20_000}\n",
        ),
        "failure",
        [CERTAIN],
        810,
    )
    yield Specimen(
        "headers-without-end",
        (from_daemon(811, "Undelivered mail") + "X-Filler: a\n" * 2_000).encode(),
        "failure",
        [("", "failed", "other", "temporary")],
        811,
    )
    yield Specimen("not-a-mail", bytes(range(256)) * 20, "other")
    yield Specimen(
        "a-forged-token",
        notification(812, "Sorry.\n", UNKNOWN)
        .replace(b"bounce+", b"bounce+00")
        .replace(b"Message-ID: <6162", b"Message-ID: <6163")
        .replace(b"/u/", b"/u/A"),
        "failure",
        [CERTAIN],
    )
