"""DKIM for the benchmark: RSA-2048, relaxed/relaxed, oversigned (RFC 6376 3.4, 5.4, 5.4.2).

Pli does not sign letters yet; this measures what signing in the same process costs. A few threads
sign ahead of the connections, for OpenSSL works without the interpreter's lock. What all copies
share is brought into canonical form once.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from mailer.engine import pressed_campaigns
from mailer.message.composer import Composer
from mailer.outcomes import Outcome
from mailer.recipient import Recipient
from mailer.smtp.courier import Copy
from mailer.smtp.smtp_courier import SMTPCourier

THREADS = 3
AHEAD = 3
"""How many copies a thread signs in one go."""
BITS = 2048
DOMAIN = "example.org"
SELECTOR = "bench"
OCCUR = (
    "To", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id",
    "Feedback-ID", "From", "Subject", "List-Owner", "MIME-Version", "Content-Type",
)  # fmt: skip
ABSENT = ("Cc", "Reply-To", "Content-Transfer-Encoding")
_SIGNED = frozenset(name.lower().encode() for name in OCCUR)
# Each name once more than its field occurs: nobody can add a field (RFC 6376 5.4.2, 8.15).
_NAMES = ":\r\n ".join(f"{name}:{name}" for name in OCCUR) + ":\r\n " + ":".join(ABSENT)
_FIELD = (
    f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={DOMAIN}; s={SELECTOR};\r\n"
    f" h={_NAMES};\r\n bh=%s;\r\n b="
)
_END_OF_HEADER = b"\r\n\r\n"
_END_OF_FIELD = re.compile(rb"\r\n(?![ \t])")
_SPACES = re.compile(rb"[ \t]+")
_SPACES_AT_END = re.compile(rb" +(?=\r\n|\Z)")
_LARGE = 128


class Signer:
    """Signs copies with a key of its own; keeps the first signed copy, to be verified."""

    def __init__(self) -> None:
        # Imported here: only this row of the benchmark needs the package.
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        key = rsa.generate_private_key(public_exponent=65_537, key_size=BITS)
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self._record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
        self._sign = partial(
            key.sign,
            padding=padding.PKCS1v15(),
            algorithm=utils.Prehashed(hashes.SHA256()),
        )
        self._bodies: dict[bytes, bytes] = {}
        self._heads: dict[bytes, tuple[bytes, bytes]] = {}
        self._sample: bytes | None = None

    def signed(self, pieces: list[bytes]) -> list[bytes]:
        """A copy with its signature in front.

        Its first piece holds the personal fields. The second holds the fields that all copies share
        and the beginning of the body, and the rest of the body follows.
        """
        personal, shared, *body = pieces
        head, beginning = self._head(shared)
        canonical = [beginning, *map(self._canonical, body[:-1])]
        canonical.append(_without_empty_end(self._canonical(body[-1])))
        # Joined, for hashlib releases the interpreter's lock, and waits for it, at each long piece.
        hashed = hashlib.sha256(b"".join(canonical))
        field = _FIELD % base64.b64encode(hashed.digest()).decode()
        to_sign = hashlib.sha256(_fields(personal) + head + _field(field.encode()))
        signature = base64.b64encode(self._sign(to_sign.digest())).decode()
        folded = "\r\n ".join(signature[n : n + 72] for n in range(0, len(signature), 72))
        pieces[0] = f"{field}{folded}\r\n".encode() + personal
        if self._sample is None:
            self._sample = b"".join(pieces)
        return pieces

    def check(self) -> None:
        """End the run unless dkimpy verifies the first copy, and refuses the copy when altered."""
        import dkim

        sample = self._sample or b""
        if not (self._verifies(dkim, sample) and not self._verifies(dkim, sample + b"x\r\n")):
            raise SystemExit("dkimpy does not verify what was signed")

    def _verifies(self, dkim: Any, mail: bytes) -> bool:
        return bool(dkim.verify(mail, dnsfunc=lambda *_, **__: self._record))

    def _canonical(self, piece: bytes) -> bytes:
        """A piece of a body in canonical form. A piece ends with a line, so it stands alone."""
        if len(piece) < _LARGE:
            return _relaxed(piece)
        known = self._bodies.get(piece)
        if known is None:
            known = self._bodies[piece] = _relaxed(piece)
        return known

    def _head(self, shared: bytes) -> tuple[bytes, bytes]:
        """The canonical forms of the fields that all copies share, and of the body behind them."""
        known = self._heads.get(shared)
        if known is None:
            header, _, body = shared.partition(_END_OF_HEADER)
            known = self._heads[shared] = _fields(header), _relaxed(body)
        return known


def _relaxed(piece: bytes) -> bytes:
    """A piece of a body in relaxed canonical form (RFC 6376 3.4.4)."""
    return _SPACES_AT_END.sub(b"", _SPACES.sub(b" ", piece))


def _without_empty_end(piece: bytes) -> bytes:
    return piece.rstrip(b"\r\n") + b"\r\n"


def _fields(header: bytes) -> bytes:
    """The signed fields of a header in canonical form, each with its line end."""
    fields = [it for it in _END_OF_FIELD.split(header) if it]
    return b"".join(
        _field(it) + b"\r\n" for it in fields if it.partition(b":")[0].lower() in _SIGNED
    )


def _field(field: bytes) -> bytes:
    """A header field in relaxed canonical form (RFC 6376 3.4.2)."""
    name, _, value = field.partition(b":")
    unfolded = _SPACES.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.lower() + b":" + unfolded


class SigningComposer(Composer):
    """A composer whose copies are signed."""

    def __init__(self, signer: Signer, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._signer = signer

    def copy(self, recipient: Recipient, now: datetime) -> list[bytes]:
        """The copy, its signature in front."""
        return self._signer.signed(super().copy(recipient, now))


def install() -> Signer:
    """Make this process sign what it composes from now on."""
    signer = Signer()
    vars(pressed_campaigns)["Composer"] = partial(SigningComposer, signer)
    return signer


class Ahead:
    """A copy that is composed and signed already."""

    __slots__ = ("copy", "mail_from", "pieces", "rcpt_to", "smtputf8")

    def __init__(self, copy: Copy, pieces: list[bytes] | None = None) -> None:
        self.copy = copy
        self.pieces = pieces
        self.mail_from = copy.mail_from
        self.rcpt_to = copy.rcpt_to
        self.smtputf8 = copy.smtputf8

    def compose(self) -> list[bytes]:
        """The pieces that were composed ahead; else composed now."""
        return self.copy.compose() if self.pieces is None else self.pieces

    def may_leave(self) -> bool:
        """As the copy itself says."""
        return self.copy.may_leave()

    def leaves(self) -> bool:
        """As the copy itself says."""
        return self.copy.leaves()

    def settle(self, outcome: Outcome) -> None:
        """Settle the copy itself."""
        self.copy.settle(outcome)

    def give_back(self) -> None:
        """Give back the copy itself."""
        self.copy.give_back()


class SigningCourier(SMTPCourier):
    """A courier that signs a few copies ahead, in threads beside the connections."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._signing: set[Copy] = set()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="bench-signing")

    def post(self, copies: Sequence[Copy], **options: Any) -> None:
        """Take copies; they wait for a connection once they are signed."""
        self._signing.update(copies)
        loop, remaining = asyncio.get_running_loop(), iter(copies)
        while chunk := list(islice(remaining, AHEAD)):
            self._threads.submit(self._sign, loop, chunk, options)

    def recall(self, wanted: Callable[[Copy], bool]) -> None:
        """Give back those wanted copies that are not on the wire yet."""
        super().recall(lambda it: wanted(it.copy if isinstance(it, Ahead) else it))
        for copy in [it for it in self._signing if wanted(it)]:
            self._signing.discard(copy)
            copy.give_back()

    async def close(self, patience: float) -> None:
        """Stop the courier and its threads."""
        await super().close(patience)
        self._threads.shutdown(wait=False)

    def _sign(
        self, loop: asyncio.AbstractEventLoop, chunk: Sequence[Copy], options: dict[str, Any]
    ) -> None:
        try:
            signed = [Ahead(copy, copy.compose()) for copy in chunk]
        except Exception:
            # The connection composes the copy again, and reports why that fails.
            loop.call_soon_threadsafe(self._pass_on, [Ahead(it) for it in chunk], options)
            raise
        loop.call_soon_threadsafe(self._pass_on, signed, options)

    def _pass_on(self, signed: Sequence[Ahead], options: dict[str, Any]) -> None:
        wanted = [it for it in signed if it.copy in self._signing]
        self._signing.difference_update(it.copy for it in wanted)
        super().post(wanted, **options)
