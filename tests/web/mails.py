"""A Maildir with a few mails to look at."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from tests.factories import PIXEL

HOSTILE = """<!DOCTYPE html><html><head>
<base href="https://evil.example.com/"><meta http-equiv="refresh" content="0;url=https://evil/">
<link rel="dns-prefetch" href="//evil.example.com"><LINK/rel=stylesheet href=//evil>
</head><body onload="alert(1)"><script>alert(2)</script>
<img src="https://evil.example.com/pixel.gif"><img alt="logo" src="cid:logo@example.org">
<img src="cid:drawing@example.org"><p>Bonjour é</p></body></html>"""


def maildir(folder: Path) -> Path:
    """An empty Maildir."""
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    return folder


def put(folder: Path, name: str, data: bytes, part: str = "new") -> str:
    """Keep a mail in a file of this name; the mail's key."""
    (folder / part / name).write_bytes(data)
    return name.partition(":")[0]


def a_mail(number: int, html: str = "<p>Bonjour</p>") -> bytes:
    """A mail with text, HTML and pictures inside."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "Comité régional <lettre@example.org>"
    mail["To"] = f"membre{number}@example.org"
    mail["Subject"] = f"Lettre n° {number} : l'été"
    mail["Date"] = "Tue, 24 Nov 2026 10:00:00 +0100"
    mail["List-Unsubscribe"] = "<http://127.0.0.1:8080/u/TOKEN>, <javascript:alert(3)>"
    mail.set_content("Bonjour <b>membre</b>\nhttps://example.org/lire?a=1&b=2\n")
    mail.add_alternative(html, subtype="html")
    page = mail.get_payload(1)
    assert isinstance(page, EmailMessage)
    page.add_related(PIXEL, "image", "png", cid="<logo@example.org>")
    page.add_related(b"<svg/>", "image", "svg+xml", cid="<drawing@example.org>")
    return mail.as_bytes()
