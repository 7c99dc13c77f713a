"""A letter that really was sent goes from file to inbox, if its file lies beside the project."""

from __future__ import annotations

from tests.journeys.installation import Installation
from tests.mailer.letter.word.documents import laid_out
from tests.real_letter import REAL, REAL_FRONT, bare, needs_real_letter, sentences, shown
from tests.relay import Relay


@needs_real_letter
def test_every_sentence_of_a_real_letter_arrives_in_both_parts_of_a_mail(
    installation: Installation, relay: Relay
) -> None:
    source = REAL.read_text("utf-8")
    (installation.folder / "lettre-294.md").write_text(REAL_FRONT + source)
    installation.members(1)
    said = installation.pli("send", "lettre-294.md", "--list", "comite", "--yes")
    assert len(said.err.split("lettre-294.md:")) == 4
    (mail,) = relay.received
    text, html = (str(part.get_content()) for part in mail.message.iter_parts())
    wanted = sentences(source)
    assert len(wanted) > 30
    for sentence in wanted:
        assert bare(sentence) in bare(text)
        assert bare(sentence) in bare(shown(html))
    assert all(len(line) <= 76 for line in mail.data.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))


@needs_real_letter
def test_a_real_letter_comes_from_a_word_file_and_arrives(
    installation: Installation, relay: Relay
) -> None:
    source = REAL.read_text("utf-8")
    (installation.folder / "Lettre 294.docx").write_bytes(laid_out(source))
    installation.pli("letter", "import", "Lettre 294.docx")
    letter = installation.folder / "lettre-294.md"
    preheader = "Une phrase vraie, assez longue pour la boîte de réception."
    letter.write_text(letter.read_text().replace("FIXME", preheader))
    assert "can be sent" in installation.pli("letter", "check", "lettre-294.md").out
    installation.members(1)
    installation.pli("send", "lettre-294.md", "--list", "comite", "--yes")
    (mail,) = relay.received
    text, html = (str(part.get_content()) for part in mail.message.iter_parts())
    for sentence in sentences(source):
        assert bare(sentence) in bare(text)
        assert bare(sentence) in bare(shown(html))
