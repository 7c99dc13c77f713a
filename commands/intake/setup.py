"""pli intake setup: asks how answers may come in, and prints the lines that this takes."""

from __future__ import annotations

import secrets

import click

from commands.common import Context, _, answering, at_a_terminal, running, show, tell
from commands.doors import others_of, refused_answers
from commands.policy import identity_of
from mailer.intake import setup_lines
from mailer.intake.checkup import READER, REFUSED
from mailer.intake.setup_lines import MAILBOX, PROVIDERS, RELAYS
from pli.language import N_, say
from pli.settings import Settings

_QUESTIONS = (
    (N_("Do you run the mail server yourself that takes your letters? Which?"), RELAYS),
    (N_("Does a provider take your letters? Which?"), PROVIDERS),
)
_AFTER = {
    MAILBOX: N_(
        "Mails that Pli acted on are moved to the folder “Pli”; all others stay as they are. "
        "A mailbox that takes no bounce+… addresses needs relay_envelope_sender, too."
    ),
    "ses": N_(
        "At Amazon: a configuration set with a topic of SNS for its events, as the default of the "
        "sender's identity, and the address as the topic's subscription, which Pli confirms. Name "
        "the topic in relay_hook_topic."
    ),
    "scaleway": N_(
        "At Scaleway: a topic of Topics and Events for the webhook of Transactional Email, and the "
        "address as its subscription, which Pli confirms. Name the topic in relay_hook_topic."
    ),
    "standard": N_("The provider shows the secret whsec_…: write it into relay_hook_secret."),
}
_WHOLE_DOMAIN = N_(
    "All mail to {domain} then comes to Pli, which refuses what is not its own. If people have "
    "mailboxes there, let letters come from a domain of their own first (sender)."
)
_REFUSED = N_("Then {refused}: {remedy}.")
_TRACKING = N_("Turn off at the provider what counts openings and clicks: Pli drops such events.")


@click.command(help=_("Ask how answers may come in, and print the lines that this takes."))
@click.option(
    "--for",
    "way",
    type=click.Choice([*RELAYS, *PROVIDERS, MAILBOX]),
    help=_("Ask nothing: your own mail server, a provider, or a mailbox."),
)
@running
async def setup(context: Context, way: str | None) -> None:
    """Print lines for pli.toml, for the mail server, or an address for the provider."""
    settings = context.settings()
    settings.require("public_url", "email")
    chosen = way or _asked()
    lines = _lines(settings, chosen)
    for it in lines:
        show("")
        if it.place:
            tell(say(N_("Into {file}, {place}:"), file=it.file, place=say(it.place)))
        elif it.file:
            tell(say(N_("Into {file}:"), file=it.file))
        else:
            tell(say(N_("The address for the provider:")))
        show("\n" + "\n".join(f"    {line}" for line in it.text.split("\n")))
    show("")
    if chosen in RELAYS:
        domain = identity_of(settings).domain
        tell(say(_WHOLE_DOMAIN, domain=domain))
        if refused := refused_answers(settings, domain):
            tell(say(_REFUSED, refused=say(REFUSED, address=refused), remedy=say(READER)))
    if chosen in _AFTER:
        tell(say(_AFTER[chosen]))
    if chosen in PROVIDERS:
        tell(say(_TRACKING))
    tell(
        say(
            N_(
                "Then start Pli again, and run “pli doctor --answers”: it sends a mail that must "
                "come in."
            )
        )
    )


def _asked() -> str:
    """The two questions; who answers no to both has a mailbox."""
    if not at_a_terminal():
        raise click.UsageError(_("there is no terminal to ask: add --for"))
    no = _("no")
    with answering():
        for question, choices in _QUESTIONS:
            said = click.prompt(_(question), type=click.Choice([*choices, no]), default=no)
            if said != no:
                return str(said)
    return MAILBOX


def _lines(settings: Settings, way: str) -> list[setup_lines.Lines]:
    if way in RELAYS:
        domain = identity_of(settings).domain
        return setup_lines.of_relay(way, domain, settings.intake_listen, others_of(settings))
    if way in PROVIDERS:
        secret = settings.relay_hook_secret or secrets.token_urlsafe(16)
        return setup_lines.of_provider(way, settings.public_url, secret)
    return setup_lines.of_mailbox()
