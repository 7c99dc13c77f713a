"""The head of a letter: its values as fields, and its other lines untouched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailer.letter import front_matter, head

WRITTEN = (
    "---\r\n# remarque\r\nnumber: 294\r\ntitle: 'Un : titre'\r\nfrom: X <x@example.org>\r\n"
    "subject: >\r\n  Long\r\n  texte\r\nattachments:\r\n  - a.pdf\r\n---\r\n"
)
VALUES = st.text(max_size=60).map(head.clean)


@given(st.text(max_size=200))
def test_any_file_is_its_head_and_its_body(text: str) -> None:
    assert "".join(head.split(text)) == text
    assert "".join(head.split(f"---\n{text}\n---\nCorps")) == f"---\n{text}\n---\nCorps"


def test_values_are_read_and_one_that_changes_changes_its_lines_alone() -> None:
    top, body = head.split("\ufeff" + WRITTEN + "\r\nCorps")
    assert (top, body) == ("\ufeff" + WRITTEN, "\r\nCorps")
    assert head.values(top) == {
        "number": "294",
        "title": "Un : titre",
        "date": "",
        "subject": "Long texte",
        "preheader": "",
        "language": "fr",
        "theme": "lettre",
    }
    assert head.with_values(top, head.values(top)) == top, "what is the same is not written"
    changed = head.with_values(top, {"subject": 'a "b" \\ c : d #x', "preheader": "été\u202f!"})
    assert (
        changed
        == "\ufeff"
        + WRITTEN.replace(
            "subject: >\r\n  Long\r\n  texte\r\n", 'subject: "a \\"b\\" \\\\ c : d #x"\r\n'
        )
        .replace("---\r\n\r\n", "")
        .removesuffix("---\r\n")
        + 'preheader: "été\u202f!"\r\n---\r\n'
    )


@given(st.fixed_dictionaries(dict.fromkeys(head.FIELDS, VALUES)), st.booleans())
def test_whatever_is_typed_into_a_field_is_read_again(given: dict[str, str], is_new: bool) -> None:
    top = head.new(given) if is_new else head.with_values(WRITTEN, given)
    read = head.values(top)
    expected = {key: it or head.USUAL.get(key, "") for key, it in given.items()}
    for key, it in expected.items():
        seen = "".join(sign if sign.isprintable() else " " for sign in it)
        assert read[key].split() == seen.split() or read[key] == it, (key, top)
    kept = front_matter.read(top.replace("\r\n", "\n"))
    assert is_new or kept.values["from"] == "X <x@example.org>"
