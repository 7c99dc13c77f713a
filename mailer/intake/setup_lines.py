"""What an operator adds to a mail server, or gives to a provider, so that answers come in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pli.language import N_

RELAYS = ("postfix", "exim", "opensmtpd")
PROVIDERS = ("ses", "brevo", "mailjet", "scaleway", "standard")
MAILBOX = "mailbox"
LISTEN = "127.0.0.1:2424"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one file; `file` is its name, and "" for an address that a provider is given.

    `place`: where in the file they go, in words for people; "" if it does not matter.
    """

    file: str
    text: str
    place: str = ""


def of_relay(relay: str, domain: str, listen: str, others: Iterable[str] = ()) -> list[Lines]:
    """The lines for pli.toml and for one's own relay, which brings the domain's mail by LMTP.

    Each lets the relay refuse at once what Pli would: else it would send notices to forged senders.
    Postfix and Exim ask Pli for each address. OpenSMTPD cannot, and goes by the form of addresses:
    `others` are those without a token that Pli takes.
    """
    host, _, port = (listen or LISTEN).rpartition(":")
    ours = Lines("pli.toml", f'intake_listen = "{listen or LISTEN}"')
    if relay == "postfix":
        return [
            ours,
            Lines(
                "/etc/postfix/main.cf",
                "transport_maps = texthash:/etc/postfix/transport\n"
                f"relay_domains = {domain}\n"
                "relay_recipient_maps =\n"
                "smtpd_recipient_restrictions = "
                f"check_recipient_access inline:{{{domain}=reject_unverified_recipient}}\n"
                "unverified_recipient_reject_code = 550",
            ),
            Lines("/etc/postfix/transport", f"{domain} lmtp:inet:{host}:{port}"),
        ]
    if relay == "exim":
        return [
            ours,
            Lines(
                "exim4.conf",
                f"accept\n  domains = {domain}\n  endpass\n  verify = recipient/callout=30s",
                N_("at the beginning of acl_check_rcpt"),
            ),
            Lines(
                "exim4.conf",
                "pli:\n"
                "  driver = manualroute\n"
                f"  domains = {domain}\n"
                "  transport = pli_lmtp\n"
                f"  route_list = {domain} {host}\n"
                "  self = send",
                N_("as the first of the routers"),
            ),
            Lines(
                "exim4.conf",
                f"pli_lmtp:\n  driver = smtp\n  protocol = lmtp\n  port = {port}\n  hosts_override",
                N_("among the transports"),
            ),
        ]
    return [
        ours,
        Lines(
            "/etc/smtpd.conf",
            f'action "pli" relay host lmtp://{host}:{port}\n'
            f'match from any for rcpt-to regex "{_form(domain, others)}" action "pli"',
            N_("before all other lines that begin with “match”"),
        ),
    ]


def _form(domain: str, others: Iterable[str]) -> str:
    """A regular expression (POSIX, extended) of the addresses of a domain that Pli takes."""
    ends = f"@{domain}"
    named = sorted(it[: -len(ends)] for it in others if it.endswith(ends))
    local = "|".join(["(bounce|leave)\\+[0-9a-f]+", *map(_literally, named)])
    return f"^({local}){_literally(ends)}$"


def _literally(text: str) -> str:
    """What matches this text alone; re.escape writes more escapes than POSIX knows."""
    return re.sub(r"([].+*?^$(){}|[\\])", r"\\\1", text)


def of_provider(kind: str, public_url: str, secret: str) -> list[Lines]:
    """The lines for pli.toml, and the address that the provider is given."""
    text = f'relay_kind = "{kind}"'
    scheme, _, rest = public_url.partition("://")
    address = f"{public_url}/hooks/main"
    if kind in ("ses", "scaleway"):
        text += '\nrelay_hook_topic = "arn:…"'
    elif kind == "standard":
        text += '\nrelay_hook_secret = "whsec_…"'
    else:
        text += f'\nrelay_hook_secret = "{secret}"'
        address = f"{scheme}://pli:{secret}@{rest}/hooks/main"
    return [Lines("pli.toml", text), Lines("", address)]


def of_mailbox() -> list[Lines]:
    """The lines for a mailbox that is read by IMAP."""
    return [Lines("pli.toml", '[intake.imap]\nurl = "imaps://USER:PASSWORD@HOST/INBOX"')]
