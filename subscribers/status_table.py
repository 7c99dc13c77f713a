"""What other systems call a no: words of their status columns, and headings of their columns.

Words are as `slug` leaves them: small letters without accents and signs.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Standing(enum.Enum):
    """What a row says of its person's subscription, by the word that `--status` takes."""

    YES = "yes"
    UNCONFIRMED = "unconfirmed"
    LEFT = "left"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    OBJECTED = "objected"

    @property
    def is_no(self) -> bool:
        """Whether the person must not be written to."""
        return self not in (Standing.YES, Standing.UNCONFIRMED)


def _words(text: str) -> frozenset[str]:
    """The words of a block, divided by / and by line ends."""
    return frozenset(it.strip() for line in text.splitlines() for it in line.split("/")) - {""}


STANDING_OF: Mapping[str, Standing] = {
    word: standing
    for standing, block in {
        Standing.YES: """
        inscrit / inscrite / reinscrit / reinscrite / abonne / abonnee / actif / active / subscribed
        subscriber / confirmed / confirme / confirmee / enabled / opt in / optin / opted in / ok
        valide / valid / oui / yes / true / vrai / 1 / x / o / y / a jour / soft bounce
        soft bounced / soft / ✓ / ✔ / ✅
        """,
        Standing.UNCONFIRMED: """
        unconfirmed / non confirme / non confirmee / pas confirme / pending / en attente
        a confirmer / en attente de confirmation / awaiting confirmation / waiting / not confirmed
        inactive pending
        """,
        Standing.LEFT: """
        desinscrit / desinscrite / desinscription / desabonne / desabonnee / desabonnement
        unsubscribed / unsubscribe / unsub / opt out / optout / opted out / left / parti / partie
        sorti / sortie / resilie / resiliee / resiliation / radie / radiee / demission / demissionne
        demissionnaire / decede / decedee / deceased / inactif / inactive / disabled / desactive
        desactivee / non inscrit / non inscrite / non abonne / non abonnee / not subscribed
        non subscribed / never subscribed / transactional / archived / archive / archivee / supprime
        supprimee / deleted / removed / cancelled / canceled / stop / non / no / n / false / faux
        0 / refus / refuse / refusee / declined / ancien adherent / ancienne adherente / quitte
        a quitte / ✗ / ✘ / ❌ / 🚫
        """,
        Standing.BOUNCED: """
        bounced / bounce / hard bounce / hard bounced / hardbounce / hard / cleaned / invalid
        invalide / adresse invalide / invalid email / email invalide / e mail invalide / rejete
        rejetee / rebond / npai / erreur / en erreur / undeliverable / non distribuable
        non delivre / inexistant / inexistante / n existe plus / adresse inexistante
        mailbox not found / unknown user / rebond permanent / mort / bounce definitif / undelivered
        failed / dropped
        """,
        Standing.COMPLAINED: """
        plainte / plaintes / complained / complaint / complainer / spam / spam complaint
        marked as spam / signale comme spam / signalee comme spam / signale spam / abuse
        spam report / reported spam / plainte spam / spamreport / indesirable / signale / junk
        plainte pour spam
        """,
        Standing.OBJECTED: """
        blocklisted / blacklisted / blocklist / blacklist / bloque / bloquee / blocked / block
        banned / banni / bannie / liste noire / sur liste noire / liste rouge / opposition / oppose
        opposee / objected / objection / exclu / exclue / excluded / suppressed / suppression
        do not contact / do not email / do not mail / ne plus contacter / ne pas contacter
        ne plus ecrire / ne pas ecrire / ne plus envoyer / ne veut plus / ne souhaite plus recevoir
        ne veut pas / rgpd / gdpr / droit d opposition
        """,
    }.items()
    for word in _words(block)
}
"""What a word means in a status column."""

OF_UNIONS = _words(
    """
        titulaire / suppleant / suppleante / adherent / adherente / membre / member / retraite
        retraitee / salarie / salariee / cadre / employe / employee / ouvrier / ouvriere
        fonctionnaire / contractuel / contractuelle / cdi / cdd / elu / elue / delegue / deleguee
        secretaire / tresorier / tresoriere / president / presidente / benevole / sympathisant
        sympathisante / stagiaire / apprenti / apprentie / agent de maitrise / technicien
        technicienne / honoraire / militant / militante / contact / demandeur d emploi / sans emploi
        etudiant / etudiante
        """
)
"""What a column "Statut" of a union says of people, and nothing of their mail."""

TELLING = _words(
    """
        blacklisted / blocklisted / bounced / cleaned / complained / desabonne / desabonnee
        desinscrit / desinscrite / do not contact / do not email / hard bounce / hard bounced
        hardbounce / liste noire / marked as spam / ne plus contacter / ne plus ecrire / opt out
        opted out / plainte / spam complaint / unsubscribed
        """
)
"""Words that mean a no in whatever column they stand alone."""

STATUS_HEADINGS = _words(
    """
        contact status / delivery status / e mail status / email marketing status
        email permission status / email status / email subscriber status / etat abonnement
        etat d abonnement / etat de l abonnement / etat de l adresse / etat de l inscription
        etat du contact / list status / mailing status / marketing status / newsletter status
        status / statut / statut abonne / statut abonnement / statut contact / statut courriel
        statut d abonnement / statut d inscription / statut de l abonne / statut de l abonnement
        statut de l adresse / statut de l e mail / statut de l email / statut de l inscription
        statut de la personne / statut du contact / statut e mail / statut email
        statut inscription / statut lettre / statut mail / statut newsletter / subscriber status
        subscription / subscription state / subscription status
        """
)
"""Headings of status columns."""

PERHAPS_STATUS = _words("etat / state / abonnement / inscription / situation")
"""Headings of a status column if a word of this page stands under them; else of anything."""

NO_HEADINGS: Mapping[str, Standing] = {
    heading: standing
    for standing, block in {
        Standing.LEFT: """
        desinscrit / desinscrite / desinscription / date de desinscription / date desinscription
        desinscrit le / desabonne / desabonnee / desabonnement / date de desabonnement
        desabonne le / date desabonnement / unsubscribed / unsubscribe / unsubscribed at
        unsubscribed on / unsub time / unsubscribe date / unsubscribed date / date unsubscribed
        optout / opt out / opted out / opt out date / opted out at / opt out time / email opt out
        optout time / a quitte la liste / date de radiation / radie / radie le / date de demission
        date de deces / decede / decede le
        """,
        Standing.BOUNCED: """
        bounced / bounce / hard bounce / hard bounced / bounced at / bounce date / clean time
        rebond / npai / adresse invalide / email invalide / invalide / invalid / e mail invalide
        """,
        Standing.COMPLAINED: """
        complained / complaint / plainte / spam / spam complaint / signale comme spam
        complained at / complaint date / spam reported
        """,
        Standing.OBJECTED: """
        blocklisted / blacklisted / blacklist / blocklist / email blacklisted / email blocklisted
        bloque / bloquee / liste noire / liste rouge / do not email / do not contact / do not mail
        ne plus contacter / ne pas contacter / ne plus ecrire / opposition / oppose / objection
        objected / suppressed / excluded / exclu
        """,
    }.items()
    for heading in _words(block)
}
"""Headings under which a yes, a date or a word of this page is a no."""

YES_HEADINGS = _words(
    """
        abonne / abonnee / accepte de recevoir la lettre / accepte la newsletter
        accepte les e mails / accepts email marketing / accepts marketing / accord rgpd / consent
        consentement / consentement e mail / consentement rgpd / email consent / email opt in
        envoi de la lettre / gdpr consent / inscrit / inscrite / is subscribed
        lettre d information / newsletter / opt in / optin / recevoir la lettre
        souhaite recevoir la lettre / subscribed
        """
)
"""Headings under which a no is a no."""

YES = _words("1 / o / ok / oui / true / vrai / x / y / yes / ✅ / ✓ / ✔")
NOT = _words("non / no / n / false / faux / 0 / jamais / never / aucun / none / null")
NOTHING = frozenset({"", "-", "–", "—", ".", "/", "n a", "none", "null", "aucun", "aucune"})
