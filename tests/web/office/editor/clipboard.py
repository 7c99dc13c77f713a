"""What programs put into the clipboard, and pasting it."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from html import escape
from typing import Any


@dataclass(frozen=True, slots=True)
class File:
    """A file that somebody drops or pastes."""

    name: str
    kind: str
    data: bytes


_PASTE = """
(it, [files, texts]) => {
  const carried = new DataTransfer();
  for (const [name, type, base64] of files) {
    const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
    carried.items.add(new File([bytes], name, {type}));
  }
  for (const [type, text] of Object.entries(texts)) carried.setData(type, text);
  it.dispatchEvent(new ClipboardEvent(
    'paste', {clipboardData: carried, bubbles: true, cancelable: true}));
}
"""
_DROP = """
(it, [files, texts]) => {
  const carried = new DataTransfer();
  for (const [name, type, base64] of files) {
    const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
    carried.items.add(new File([bytes], name, {type}));
  }
  for (const [type, text] of Object.entries(texts)) carried.setData(type, text);
  const box = it.getBoundingClientRect();
  it.dispatchEvent(new DragEvent('drop', {
    dataTransfer: carried, bubbles: true, cancelable: true,
    clientX: box.left + 60, clientY: box.top + 20}));
}
"""
# A page puts these into the browser's own clipboard, as another program would.
_COPY = """
(data) => document.addEventListener('copy', (event) => {
  for (const [type, text] of Object.entries(data)) event.clipboardData.setData(type, text);
  event.preventDefault();
  event.stopImmediatePropagation();
}, {capture: true, once: true})
"""
_HEAD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"
xmlns:w="urn:schemas-microsoft-com:office:word"><head><meta charset="utf-8">
<meta name=Generator content="Microsoft Word 15"><style><!-- p.MsoNormal {margin:0cm;
font-family:"Calibri",sans-serif;} --></style></head><body lang=FR style='tab-interval:35.4pt'>
<!--StartFragment-->"""
_TAIL = "<!--EndFragment--></body></html>"


_TYPES = {"html": "text/html", "text": "text/plain", "rtf": "text/rtf"}


async def paste(target: Any, *files: File, **data: str) -> None:
    """Paste `html`, `text` and `rtf`, or files, into a locator."""
    carried = [[it.name, it.kind, b64encode(it.data).decode()] for it in files]
    texts = {_TYPES[name]: text for name, text in data.items()}
    await target.evaluate(_PASTE, [carried, texts])


async def paste_by_key(desk: Any, **data: str) -> None:
    """Put data into the browser's clipboard, and press Ctrl+V where the cursor stands."""
    await desk.page.evaluate(_COPY, {_TYPES[name]: text for name, text in data.items()})
    await desk.page.keyboard.press("Control+c")
    await desk.page.keyboard.press("Control+v")


async def drop(target: Any, *files: File, **data: str) -> None:
    """Drop files, or what another page gave, onto a locator."""
    carried = [[it.name, it.kind, b64encode(it.data).decode()] for it in files]
    await target.evaluate(_DROP, [carried, {_TYPES[name]: text for name, text in data.items()}])


def from_word(source: str) -> str:
    """A letter in Markdown's simplest signs, as Word puts it into the clipboard."""
    paragraphs = [it for it in re.split(r"\n\s*\n", source) if it.strip()]
    return _HEAD + "\n".join(_paragraph(" ".join(it.split())) for it in paragraphs) + _TAIL


def in_list(*points: str) -> str:
    """Points as Word has them: paragraphs that only its own styles tell to be a list."""
    places = ["First", *["Middle"] * (len(points) - 2), "Last"]
    return "".join(
        f"<p class=MsoListParagraphCxSp{place} style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'>"
        "<![if !supportLists]><span style='font-family:Symbol;mso-list:Ignore'>·<span "
        "style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp;&nbsp; </span></span><![endif]>"
        f"<span style='color:#C00000'>{escape(point)}</span></p>"
        for place, point in zip(places, points, strict=True)
    )


def _paragraph(text: str) -> str:
    html = escape(text, quote=False)
    html = re.sub(r"&lt;(https?:[^&]*)&gt;", r'<a href="\1">\1</a>', html)
    html = re.sub(r"\[([^\]]*)\]\((https?:[^)]*)\)", r'<a href="\2">\1</a>', html)
    html = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", html)
    html = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", html)
    html = re.sub(r"\*(.+?)\*", r"<i>\1</i>", html)
    style = "font-size:12.0pt;line-height:107%;color:#1F3864;mso-fareast-language:FR"
    return f"<p class=MsoNormal><span style='{style}'>{html}<o:p></o:p></span></p>"
