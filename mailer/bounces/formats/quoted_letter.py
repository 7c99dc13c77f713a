"""Where, in a text, the server's own words end and the letter that came back begins."""

from __future__ import annotations

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


def parted(text: str) -> tuple[str, str]:
    """What the server says, and the returned letter below it ("" if there is none in the text)."""
    at = 0
    lines = text.split("\n")
    for n, line in enumerate(lines):
        said = line.strip().lower()
        if said.startswith(_MARKS) or (
            n > 2 and said.startswith(("return-path: <", "received: from ", "received: by "))
        ):
            return text[:at].rstrip(), text[at:]
        at += len(line) + 1
    return text, ""
