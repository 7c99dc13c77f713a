"""Which command a remote server refused, as far as a text tells."""

from __future__ import annotations

from mailer.bounces.report import Stage

# Postfix: "in reply to RCPT TO command"; Exim: "after RCPT TO"; Sendmail: ">>> RCPT To"; qmail:
# "does not like recipient"; Exim 4.9x and Haraka: "pipelined RCPT TO".
_TOLD = (
    (Stage.DATA, (
        "in reply to end of data", "in reply to data", "after end of data", "end of data",
        ">>> data", "<<< 354", "after data", "after the data", "failed after i sent the message",
        "at data", "pipelined end of data", "pipelined data", "message body",
    )),
    (Stage.RCPT, (
        "in reply to rcpt to", "after rcpt to", ">>> rcpt to", "rcpt to:", "rcpt to ",
        "pipelined rcpt to", "does not like recipient", "in rcpt to", "rcpt to<",
    )),
    (Stage.MAIL, (
        "in reply to mail from", "after mail from", ">>> mail from", "mail from:",
        "pipelined mail from", "does not like your sender", "in mail from",
    )),
)  # fmt: skip


def told(text: str) -> Stage | None:
    """The stage that a text tells; the latest if it tells several, for that was the refusal."""
    said = " ".join(text.lower().split())
    return next((stage for stage, signs in _TOLD if any(it in said for it in signs)), None)
