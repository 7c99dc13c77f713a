"""Where, in a text, the server's own words end and the letter that came back begins."""

from __future__ import annotations

from collections.abc import Sequence

_MARKS = (
    "--- below this line is a copy of the message",
    "------ this is a copy of",
    "----- this is a copy of",
    "this is a copy of the message",
    "----- original message",
    "-----original message",
    "----- message header follows",
    "----- message header",
    "------- returned message",
    "--- returned message",
    "----- unsent message",
    "--- original message",
    "original message headers:",
    "original message header:",
    "----- returned mail",
    "below is a copy of the original message",
    "a copy of the original message",
    "a copy of your message",
    "--- message headers",
    "--- en-tete du message",
    "------ copie de votre message",
    "--- copie du message",
    "--- message d'origine",
    "-----message d'origine",
    "below this line is the original",
    "the header of the original message",
)

_FIRST_FIELDS = ("from: ", "to: ", "subject: ", "date: ", "message-id: ", "mime-version: ")
_LOOKED_AT = 12


def _is_a_header(lines: Sequence[str]) -> bool:
    """Whether a letter's own header begins here: fields without a break, its Message-ID among."""
    found: list[str] = []
    for line in lines:
        name, colon, _ = line.partition(":")
        if line[:1] in (" ", "\t") and found:
            continue
        if not colon or not name or " " in name:
            break
        found.append(name.lower())
    return len(found) >= 3 and "message-id" in found


def parted(text: str) -> tuple[str, str]:
    """What the server says, and the returned letter below it ("" if there is none in the text)."""
    at = 0
    lines = text.split("\n")
    for n, line in enumerate(lines):
        said = line.strip().lower()
        if said.startswith(_MARKS) or (
            n > 2
            and (
                said.startswith(("return-path: <", "received: from ", "received: by "))
                or (said.startswith(_FIRST_FIELDS) and _is_a_header(lines[n : n + _LOOKED_AT]))
            )
        ):
            return text[:at].rstrip(), text[at:]
        at += len(line) + 1
    return text, ""
