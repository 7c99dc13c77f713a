"""What the DNS says about the sender's domain: MX, SPF, DMARC.

Receivers look at these records before they take a letter. If no name server answers (offline), the
check says so, and concludes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from dns.asyncresolver import Resolver
from dns.exception import DNSException, Timeout
from dns.name import Name, root
from dns.name import from_text as name_of
from dns.resolver import NXDOMAIN, NoAnswer, NoNameservers, NoResolverConfiguration

from pli.checks import Check, fine, warn, wrong
from pli.errors import PliError
from pli.language import N_, say

SECONDS = 4.0
OFFLINE = (NXDOMAIN, NoNameservers, NoResolverConfiguration, Timeout, OSError)


class ResolverError(PliError):
    """The address of the name server is not valid."""


async def check(
    domain: str, server: str | None = None, *, envelope: Sequence[str] = ()
) -> list[Check]:
    """Ask this machine's name servers, or `server` (an IP address, or IP:PORT).

    `envelope`: the domains of envelope senders that relays insist on, whose SPF counts.
    """
    found = await _check(domain, server)
    for other in dict.fromkeys(it for it in envelope if it != domain):
        found += await _envelope(other, domain, server)
    return found


async def _envelope(envelope: str, domain: str, server: str | None) -> list[Check]:
    """SPF is asked of the envelope's domain, and satisfies DMARC if that is the sender's."""
    try:
        found = [await _spf(_resolver(server), envelope)]
    except OFFLINE:
        told = say(N_("nobody could be asked about {domain}"), domain=envelope)
        return [warn("dns.spf", told, say(N_("see that relay_envelope_sender is right")))]
    if not _related(envelope, domain):
        found.append(
            warn(
                "dns.dmarc",
                say(
                    N_("the envelope is of {envelope}, the letter of {domain}: SPF cannot help it"),
                    envelope=envelope,
                    domain=domain,
                ),
                say(N_("the relay must sign with DKIM for {domain}"), domain=domain),
            )
        )
    return found


def _related(one: str, other: str) -> bool:
    """Whether one domain lies in the other, as DMARC's relaxed alignment allows at least."""
    return f".{one}".endswith(f".{other}") or f".{other}".endswith(f".{one}")


async def _check(domain: str, server: str | None) -> list[Check]:
    try:
        resolver = _resolver(server)
        try:
            found = [await _mx(resolver, domain), await _spf(resolver, domain)]
            return [*found, await _dmarc(resolver, domain)]
        except NXDOMAIN:
            # In a closed network not even the top-level domain resolves: then this is offline.
            await resolver.resolve(name_of(domain.rpartition(".")[2]), "NS")
            return [
                wrong(
                    "dns",
                    say(N_("there is no domain {domain}"), domain=domain),
                    say(N_("sender must be an address of a domain of yours")),
                )
            ]
    except OFFLINE:
        return [
            warn(
                "dns",
                say(N_("offline: nobody could be asked about {domain}"), domain=domain),
                say(N_("ask again where there is a network")),
            )
        ]
    except DNSException as error:
        told = say(N_("{domain} cannot be looked up: {reason}"), domain=domain, reason=str(error))
        return [warn("dns", told)]


def _resolver(server: str | None) -> Resolver:
    resolver = Resolver(configure=server is None)
    resolver.lifetime = SECONDS
    if server is not None:
        host, colon, port = server.rpartition(":")
        try:
            resolver.nameservers = [host.strip("[]") if colon else server]
            resolver.port = int(port) if colon else 53
        except ValueError:
            raise ResolverError(
                N_("{server}: is no name server such as 127.0.0.1:53"), server=server
            ) from None
    return resolver


async def _mx(resolver: Resolver, domain: str) -> Check:
    try:
        answer = await resolver.resolve(name_of(domain), "MX")
    except NoAnswer:
        return warn(
            "dns.mx",
            say(N_("{domain} has no MX: answers and bounces may not arrive"), domain=domain),
            say(N_("name the server of your mailboxes in an MX record")),
        )
    hosts = sorted((record.preference, record.exchange) for record in answer)
    if hosts[0][1] == root:  # RFC 7505
        return wrong(
            "dns.mx",
            say(
                N_("{domain} says that it takes no mail: receivers refuse its letters"),
                domain=domain,
            ),
            say(N_("name the server of your mailboxes in an MX record")),
        )
    return fine("dns.mx", say(N_("MX: {hosts}"), hosts=", ".join(_shown(it) for _, it in hosts)))


async def _spf(resolver: Resolver, domain: str) -> Check:
    records = [text for text in await _texts(resolver, name_of(domain)) if _begins(text, "v=spf1")]
    if not records:
        return warn(
            "dns.spf",
            say(N_("{domain} has no SPF: providers take its letters for forged"), domain=domain),
            say(N_('add a TXT record "v=spf1 … -all" that names your relay')),
        )
    if len(records) > 1:  # RFC 7208 section 4.5
        return warn(
            "dns.spf",
            say(N_("{domain} has {n} SPF records: none counts"), domain=domain, n=len(records)),
            say(N_("join them into one")),
        )
    terms = records[0].lower().split()
    if "+all" in terms or "all" in terms:
        return warn(
            "dns.spf",
            say(N_("SPF lets the whole world send for you: {record}"), record=records[0]),
            say(N_('end it with "-all" or "~all"')),
        )
    return fine("dns.spf", say(N_("SPF: {record}"), record=records[0]))


async def _dmarc(resolver: Resolver, domain: str) -> Check:
    name = name_of(domain)
    while len(name) > 2:  # the root label counts: a name of two labels is the last
        try:
            texts = await _texts(resolver, name_of("_dmarc", name))
        except NXDOMAIN:
            texts = []
        records = [text for text in texts if _begins(text, "v=DMARC1")]
        if len(records) == 1:
            return fine("dns.dmarc", say(N_("DMARC: {record}"), record=records[0]))
        if records:  # RFC 7489 section 6.6.3
            break
        name = name.parent()
    return warn(
        "dns.dmarc",
        say(
            N_("{domain} has no DMARC record that counts: Gmail and others want one"), domain=domain
        ),
        say(
            N_('add a TXT record "{record}" at _dmarc.{domain}'),
            record="v=DMARC1; p=none",
            domain=domain,
        ),
    )


async def _texts(resolver: Resolver, name: Name) -> Sequence[str]:
    try:
        answer = await resolver.resolve(name, "TXT")
    except NoAnswer:
        return []
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


def _begins(text: str, tag: str) -> bool:
    first = text.partition(" " if tag == "v=spf1" else ";")[0]
    return first.strip().lower() == tag.lower()


def _shown(name: Name) -> str:
    return name.to_text(omit_final_dot=True)
