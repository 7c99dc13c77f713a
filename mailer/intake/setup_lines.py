"""What an operator adds to a mail server, or gives to a provider, so that answers come in."""

from __future__ import annotations

from dataclasses import dataclass

RELAYS = ("postfix", "exim", "opensmtpd")
PROVIDERS = ("ses", "brevo", "mailjet", "scaleway", "standard")
MAILBOX = "mailbox"
LISTEN = "127.0.0.1:2424"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one file; `file` is its name, and "" for an address that a provider is given."""

    file: str
    text: str


def of_relay(relay: str, domain: str, listen: str) -> list[Lines]:
    """The lines for pli.toml and for one's own relay, which brings the domain's mail by LMTP."""
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
                "exim4.conf (routers)",
                "pli:\n"
                "  driver = manualroute\n"
                f"  domains = {domain}\n"
                "  transport = pli_lmtp\n"
                f"  route_list = {domain} {host}\n"
                "  self = send",
            ),
            Lines(
                "exim4.conf (transports)",
                f"pli_lmtp:\n  driver = smtp\n  protocol = lmtp\n  port = {port}\n  hosts_override",
            ),
        ]
    return [
        ours,
        Lines(
            "/etc/smtpd.conf",
            f'action "pli" lmtp "{host}:{port}" rcpt-to\n'
            f'match from any for domain "{domain}" action "pli"',
        ),
    ]


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
