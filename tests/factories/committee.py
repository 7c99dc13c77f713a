"""An invented committee, and its keys."""

from __future__ import annotations

from mailer.sender import Identity
from pli.keys import Keys

KEYS = Keys({"ab": b"a" * 32}, b"z" * 32)
IDENTITY = Identity(
    committee="Comité du Val-d'Orme",
    address="3 place du Marché\n99000 Aubrac-sur-Orme",
    phone="02 99 00 00 00",
    email="comite@orme.example.org",
    sender="",
    reply_to="",
    public_url="https://lettres.orme.example.org",
)
