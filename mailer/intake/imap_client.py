"""A connection to a mailbox by IMAP: plain calls that wait, for a thread.

It asks for one mail at a time, by a line that hangs up on a server that sends too much, or for too
long (`imap_line.py`).
"""

from __future__ import annotations

import imaplib
import re
import select
import socket
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import unquote, urlsplit

from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError
from imap_tools.utils import encode_folder

from mailer.intake import imap_line, taking
from mailer.intake.imap_line import Line, PlainLine, SecureLine
from pli.errors import PliError
from pli.language import N_

TOKEN_SECONDS = 30
_NAMESPACE = re.compile(rb'\(\("([^"\\\r\n]{0,100})" "?([^" )]{1,3})"?')
_UID = re.compile(rb"UID (\d{1,10})")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class MailboxError(PliError):
    """A mailbox cannot be read: a person, or time, must mend something."""


class MailboxRefusal(MailboxError):
    """The mailbox refuses us, and would do so again."""


@dataclass(frozen=True, slots=True)
class MailboxPlan:
    """Where a mailbox is, and what is done in it with a mail that was acted on.

    `after`: "seen", "delete" or "move:FOLDER". `token_command` prints a token of OAuth 2.
    """

    name: str
    host: str
    port: int
    tls: bool
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    after: str = "move:Pli"
    token_command: Sequence[str] = ()

    @classmethod
    def parse(
        cls, name: str, url: str, after: str = "move:Pli", token_command: Sequence[str] = ()
    ) -> MailboxPlan:
        """Read imaps://user:password@host:993/FOLDER, as the settings have checked it."""
        parts = urlsplit(url)
        tls = parts.scheme == "imaps"
        return cls(
            name,
            parts.hostname or "",
            parts.port or (993 if tls else 143),
            tls,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            unquote(parts.path.strip("/")) or "INBOX",
            after,
            tuple(token_command),
        )


class Mailbox(BaseMailBox):
    """An open mailbox; each call raises MailboxError if the server does not do as it should."""

    client: PlainLine | SecureLine

    def __init__(
        self,
        plan: MailboxPlan,
        context: ssl.SSLContext | None = None,
        line: Line | None = None,
    ) -> None:
        """Sign in; another thread may cut `line`, as soon as there is one."""
        self.plan = plan
        self._context = context
        self._line = line or Line()
        self._filed_into = b""
        self._idle_tag = b""
        self._heard = False
        self.uidvalidity = 0
        try:
            super().__init__()
            self._sign_in()
            self._select()
        except (ImapToolsError, imaplib.IMAP4.error, OSError, ValueError) as error:
            with suppress(Exception):
                self.client.shutdown()
            raise _told(plan, error) from None
        except MailboxError:
            with suppress(Exception):
                self.client.shutdown()
            raise

    def _get_mailbox_client(self) -> PlainLine | SecureLine:
        plan, seconds = self.plan, imap_line.SECONDS
        if not plan.tls:
            return PlainLine(plan.host, plan.port, timeout=seconds, line=self._line)
        context = self._context or ssl.create_default_context()
        return SecureLine(
            plan.host, plan.port, ssl_context=context, timeout=seconds, line=self._line
        )

    def _sign_in(self) -> None:
        if self.plan.token_command:
            self.xoauth2(self.plan.username, _token(self.plan), initial_folder=None)
        elif self.plan.username.isascii() and self.plan.password.isascii():
            self.login(self.plan.username, self.plan.password, initial_folder=None)
        else:
            self.login_utf8(self.plan.username, self.plan.password, initial_folder=None)
        # Who has signed in may do more than the greeting told.
        self.client._get_capabilities()

    def _select(self) -> None:
        self.folder.set(self.plan.folder)
        said: Sequence[Any] = self.client.response("UIDVALIDITY")[1] or ()
        found = next((it for it in said if isinstance(it, bytes)), b"")
        if not found.isdigit():
            raise MailboxRefusal(
                N_("mailbox {name}: the server gives the mails no lasting numbers (UIDVALIDITY)"),
                name=self.plan.name,
            )
        self.uidvalidity = int(found)

    def uids_after(self, uid: int, since: date) -> list[int]:
        """The UIDs above `uid` of mails that came since a day, in order."""
        day = f"{since.day}-{_MONTHS[since.month - 1]}-{since.year}"
        found = self._asked("SEARCH", None, f"UID {uid + 1}:* SINCE {day}")
        words = b" ".join(it for it in found if isinstance(it, bytes)).split()
        # `*` is the last mail even if its number is lower (RFC 9051 9).
        return sorted({int(it) for it in words if it.isdigit() and int(it) > uid})

    def fetched(self, uid: int) -> bytes | None:
        """The beginning of a mail, without marking it as read; None: it is gone."""
        answer = self._asked("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{taking.LARGEST}>)")
        for it in answer:
            if isinstance(it, tuple) and len(it) == 2:
                named = _UID.search(it[0])
                if named is None or int(named[1]) == uid:
                    return bytes(it[1][: taking.LARGEST])
        return None

    def file(self, uids: Sequence[int]) -> None:
        """Do what the plan says with mails that were acted on; those that are gone do no harm."""
        what, _, folder = self.plan.after.partition(":")
        numbers = ",".join(map(str, uids))
        if what == "move" and self._moves(folder, numbers):
            return
        flags = r"(\Seen \Deleted)" if what in ("move", "delete") else r"(\Seen)"
        if what == "move":
            self._asked("COPY", numbers, self._destination(folder))
        self._asked("STORE", numbers, "+FLAGS.SILENT", flags)
        if what in ("move", "delete"):
            self._expunge(numbers)

    def _moves(self, folder: str, numbers: str) -> bool:
        """Move by one command, where the server has it (RFC 6851); False: it has not."""
        if "MOVE" not in self.client.capabilities:
            return False
        self._asked("MOVE", numbers, self._destination(folder))
        return True

    def _destination(self, folder: str) -> bytes:
        """The folder's name as the server writes it; the folder is made if there is none."""
        if not self._filed_into:
            name = encode_folder(self._prefix() + folder)
            with self._telling():
                # "NO" if it is there already. If it may not be made, the next command tells.
                # imaplib sends octets as they are; typeshed declares texts alone.
                self.client.create(name)  # type: ignore[arg-type]
                self.client.subscribe(name)  # type: ignore[arg-type]
            self._filed_into = name
        return self._filed_into

    def _prefix(self) -> str:
        """What each folder's name begins with: at many providers "INBOX." (RFC 2342)."""
        if "NAMESPACE" not in self.client.capabilities:
            return ""
        with self._telling():
            said = self.client.namespace()[1]
        personal = _NAMESPACE.match(said[0]) if said and isinstance(said[0], bytes) else None
        prefix = personal[1].decode("ascii", "replace") if personal else ""
        folder = self.plan.after.partition(":")[2]
        return "" if folder.lower().startswith(prefix.lower()) else prefix

    def _expunge(self, numbers: str) -> None:
        """Take away these mails alone (RFC 4315): others may be marked by somebody else."""
        if "UIDPLUS" in self.client.capabilities:
            self._asked("EXPUNGE", numbers)

    @property
    def has_idle(self) -> bool:
        """Whether the server tells by itself that something came (RFC 2177)."""
        return "IDLE" in self.client.capabilities

    def waits(self, seconds: float) -> bool:
        """Wait until the server says something during IDLE; whether it did."""
        if self.client.sock is None:
            raise _gone(self.plan)
        if self._heard or self.client.has_read():
            return True
        poll = select.poll()  # not select.select, which takes no descriptor above 1,023
        poll.register(self.client.sock, select.POLLIN)
        return bool(poll.poll(seconds * 1_000))

    def begins_idle(self) -> None:
        """Let the server tell what happens, from now on."""
        self._heard = False
        with self._telling():
            self._idle_tag = self.client._command("IDLE")
            # A mail that comes at this moment is told of before the server agrees.
            while self.client._get_response() is not None:
                if refused := self.client.tagged_commands[self._idle_tag]:
                    raise self._refused("IDLE", refused[1])
                self._heard = True

    def ends_idle(self) -> None:
        """End IDLE; a line that is dead is noticed here."""
        with self._telling():
            self.client.begins_answer()
            self.client.send(b"DONE\r\n")
            self.consume_until_tagged_response(self._idle_tag)

    def hang_up(self) -> None:
        """End the connection, in whatever state it is."""
        with suppress(Exception):
            self.client.sock.settimeout(2.0)
            self.client.logout()
        with suppress(Exception):
            self.client.shutdown()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Raise MailboxError for whatever goes wrong between the server and us."""
        try:
            yield
        except (ImapToolsError, imaplib.IMAP4.error, OSError, ValueError) as error:
            raise _told(self.plan, error) from None

    def _asked(self, command: str, *words: Any) -> list[Any]:
        with self._telling():
            code, answer = self.client.uid(command, *[it for it in words if it is not None])
        if code != "OK":
            raise self._refused(command, answer)
        return list(answer)

    def _refused(self, command: str, answer: Sequence[Any]) -> MailboxError:
        told = b" ".join(it for it in answer if isinstance(it, bytes))
        return MailboxError(
            N_("mailbox {name}: the server refuses {command}: {reason}"),
            name=self.plan.name,
            command=command,
            reason=told.decode("utf-8", "replace")[:200],
        )


def _token(plan: MailboxPlan) -> str:
    """What the token command prints; it may not ask anybody."""
    try:
        done = subprocess.run(  # noqa: S603 (the operator's own command)
            list(plan.token_command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TOKEN_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = getattr(error, "strerror", None) or "timeout"
        raise MailboxRefusal(
            N_("mailbox {name}: the token command does not run: {reason}"),
            name=plan.name,
            reason=reason,
        ) from None
    token = done.stdout.decode("ascii", "replace").strip()
    if done.returncode or not token or "\n" in token:
        raise MailboxRefusal(
            N_("mailbox {name}: the token command ends with {code}, and prints no token"),
            name=plan.name,
            code=done.returncode,
        )
    return token


def _gone(plan: MailboxPlan) -> MailboxError:
    return MailboxError(N_("mailbox {name}: the server hung up"), name=plan.name)


def _told(plan: MailboxPlan, error: Exception) -> MailboxError:
    """The error in a sentence, without the password, which a server may repeat."""
    said = " ".join(str(error).split())
    for secret in (plan.password, plan.username if "@" in plan.username else ""):
        said = said.replace(secret, "…") if secret else said
    if isinstance(error, imaplib.IMAP4.abort | socket.timeout | OSError):
        reason = getattr(error, "strerror", None) or said or type(error).__name__
        return MailboxError(
            N_("mailbox {name}: {host} does not answer as it should: {reason}"),
            name=plan.name,
            host=f"{plan.host}:{plan.port}",
            reason=reason[:200],
        )
    return MailboxRefusal(
        N_("mailbox {name}: {host} refuses: {reason}"),
        name=plan.name,
        host=f"{plan.host}:{plan.port}",
        reason=said[:200],
    )
