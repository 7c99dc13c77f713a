"""A long document is read within 3 s of the processor, and 200 MB."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import docx
import pytest
from PIL import Image

from tests.mailer.letter.word.documents import saved
from tests.paths import ROOT

pytestmark = pytest.mark.proof

PROGRAM = """
import json, resource, sys
from pathlib import Path
from mailer.letter import importing
made = importing.read_confined(Path(sys.argv[1]).read_bytes(), importing.Wish("lettre"))
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([len(made.pictures), used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""


def test_twenty_pages_with_ten_photos_take_three_seconds_and_200_mb(tmp_path: Path) -> None:
    document = docx.Document()
    for page in range(20):
        document.add_heading(f"Page {page}", 1)
        for _ in range(7):
            document.add_paragraph("Des mots de tous les jours, sans fin. " * 15)
        if page % 2:
            photo = io.BytesIO()
            Image.effect_noise((2_400, 1_600), 40 + page).convert("RGB").save(photo, "JPEG")
            document.add_picture(io.BytesIO(photo.getvalue()))
    (tmp_path / "long.docx").write_bytes(saved(document))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "long.docx")],
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    pictures, seconds, kilobytes = json.loads(done.stdout)
    assert pictures == 10
    assert seconds < 3
    assert kilobytes < 200_000
