"""Makes files that travel with a letter."""

from __future__ import annotations

from mailer.letter.attachments import Attachment


def pdf(words: str = "Avis", size: int = 0) -> bytes:
    """A PDF of one page with these ASCII words, made heavier to `size` bytes by a comment."""
    stream = f"BT /F1 24 Tf 72 720 Td ({words}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    made = b"%PDF-1.4\n%" + b"x" * size + b"\n"
    offsets = []
    for at, it in enumerate(objects, 1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (at, it)
    table = b"".join(b"%010d 00000 n \n" % it for it in offsets)
    return (
        made
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + b"trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(made)
    )


def calendar(*more: str) -> bytes:
    """A calendar of one event; `more` are further lines of the event."""
    lines = (
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example.org//test//FR", "BEGIN:VEVENT"),
        *("UID:1@example.org", "DTSTAMP:20261124T090000Z", "DTSTART:20261201T170000Z"),
        *("SUMMARY:Réunion publique", *more, "END:VEVENT", "END:VCALENDAR"),
    )
    return "".join(f"{line}\r\n" for line in lines).encode()


def attachment(name: str = "avis.pdf", data: bytes | None = None) -> Attachment:
    """A file that travels with a letter, of the kind that its name says."""
    kind = name.rpartition(".")[2].lower()
    made = pdf() if kind == "pdf" else calendar()
    return Attachment(name, kind, made if data is None else data)
