"""Every sentence that the module for writing shows, in the person's language."""

from __future__ import annotations

from collections.abc import Mapping

from pli.language import N_, translations

WORDS: Mapping[str, str] = {
    "saved_at": N_("saved at {hour}"),
    "saving": N_("saving …"),
    "not_saved": N_("Not saved: {reason}"),
    "no_network": N_("there is no connection; your text waits in this browser"),
    "session_over": N_("Your session is over. Sign in again, then this is saved."),
    "sign_in": N_("Sign in"),
    "gone": N_("This manuscript was deleted. Your text is still here: copy it."),
    "dropped": N_("Left out: {what}"),
    "undo": N_("Undo"),
}


def told(language: str) -> dict[str, str]:
    """The words in a language, by their names in the module."""
    catalogue = translations(language)
    return {name: catalogue.gettext(text) for name, text in WORDS.items()}
