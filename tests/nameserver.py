"""A real name server for tests, on the loopback; the test gives its zone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[str, Mapping[str, Sequence[str]]]
"""Name without final dot → type → records, as a zone file writes them."""

PUBLIC: Zone = {"org": {"NS": ["a0.org.example."]}}
"""Without this record the check takes a name server for one that is offline."""

SOUND: Zone = {
    **PUBLIC,
    "example.org": {"MX": ["10 mx.example.org."], "TXT": ['"v=spf1 mx -all"']},
    "_dmarc.example.org": {"TXT": ['"v=DMARC1; p=reject"']},
}


@contextmanager
def answering(zone: Zone) -> Iterator[str]:
    """Run a server that answers by this zone; its HOST:PORT."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        host, port = sock.getsockname()
        thread = threading.Thread(target=_serve, args=(sock, zone), daemon=True)
        thread.start()
        try:
            yield f"{host}:{port}"
        finally:
            sock.sendto(b"", (host, port))
            thread.join(10)


def _serve(sock: socket.socket, zone: Zone) -> None:
    while True:
        wire, asker = sock.recvfrom(4096)
        if not wire:
            return
        sock.sendto(_answer(dns.message.from_wire(wire), zone).to_wire(), asker)


def _answer(question: dns.message.Message, zone: Zone) -> dns.message.Message:
    asked = question.question[0]
    name = asked.name.to_text(omit_final_dot=True)
    response = dns.message.make_response(question)
    response.flags |= dns.flags.RA
    if name not in zone:
        response.set_rcode(dns.rcode.NXDOMAIN)
        return response
    kind = dns.rdatatype.to_text(asked.rdtype)
    if records := zone[name].get(kind):
        response.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, *records))
    return response
