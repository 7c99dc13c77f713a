from __future__ import annotations

from mailer.letter import markdown, plain_text


def written(body: str) -> str:
    return plain_text.written(markdown.read(body).tree)


def test_headings_are_underlined_and_paragraphs_wrapped() -> None:
    said = written("# Titre\n\n## Suite\n\n" + "mot " * 60)
    assert said.startswith("Titre\n=====\n\nSuite\n-----\n\nmot mot")
    assert max(map(len, said.split("\n"))) <= 76


def test_an_ordered_list_keeps_its_start_and_what_stands_within() -> None:
    assert written("3. trois\n4. quatre\n   - dedans\n   - encore") == (
        "3. trois\n4. quatre\n   - dedans\n   - encore"
    )
    assert written("1. un\n\n   suite\n\n2. deux") == "1. un\n\n   suite\n\n2. deux"


def test_addresses_stay_whole_and_in_clear() -> None:
    url = "https://example.org/" + "a-long-path/" * 12
    said = written(f"Voir [la page]({url}) et <{url}> ou [nous](mailto:a@e.org), <a@e.org>.")
    assert said.split("\n").count(f"<{url}>") == 1
    assert url in said.split("\n")
    assert "nous <a@e.org>, a@e.org." in said


def test_a_table_has_columns_where_they_fit_and_lines_where_not() -> None:
    assert written("| Nom | Voix |\n|---|--:|\n| A | 10 |\n| Bé | 2 |") == (
        "Nom  Voix\n---  ----\nA      10\nBé      2"
    )
    wide = "| Nom | Avis |\n|---|---|\n| A | " + "mot " * 30 + "|\n| B | non |"
    said = written(wide)
    assert said.startswith("Nom: A\nAvis: mot mot")
    assert said.endswith("Nom: B\nAvis: non")
    assert max(map(len, said.split("\n"))) <= 76


def test_quotations_code_images_and_rules_have_their_own_look() -> None:
    assert written("> un\n>\n> > deux") == "> un\n>\n> > deux"
    assert written("```\na  ; b\n\n  c\n```") == "    a  ; b\n\n      c"
    assert written("![Un vote](a.png) ![](b.png)") == "[Un vote]"
    assert written("un\n\n---\n\ndeux") == "un\n\n* * *\n\ndeux"
    assert written("un  \ndeux") == "un\ndeux"


def test_nothing_an_author_wrote_is_lost() -> None:
    body = "Loose **bold** *it* `code` <b>x</b><div>in a div</div> &amp; &lt;p&gt; l'été œuf"
    assert " ".join(written(body).split()) == "Loose bold it code x in a div & <p> l'été œuf"


def test_no_break_spaces_are_kept_and_never_broken() -> None:
    said = written("mot " * 18 + "fin\u202f! suite")
    assert "fin\u202f! suite" in said
