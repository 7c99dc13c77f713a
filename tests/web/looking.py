"""What tests of looks ask of a page in a browser."""

from __future__ import annotations

OVERFLOWING = "() => document.documentElement.scrollWidth > window.innerWidth"
LEAVING_THE_SHEET = """
() => [...document.querySelectorAll('.sheet')].flatMap(sheet => {
  const padding = parseFloat(getComputedStyle(sheet).paddingRight);
  const edge = sheet.getBoundingClientRect().right - padding;
  // What a region holds that scrolls within itself leaves nothing.
  return [...sheet.querySelectorAll('*')].filter(it => !it.closest('.scroll > *'))
    .filter(it => it.getBoundingClientRect().right > edge + 2)
    .map(it => it.tagName + '.' + it.className);
})
"""
CROWDED = """
() => [...document.querySelectorAll('.sheet *')].filter(it => {
  const box = it.getBoundingClientRect();
  return it.textContent.trim().length > 10 && box.width > 0 && box.width < 40;
}).map(it => it.tagName + '.' + it.className)
"""
SMALL_TARGETS = """
() => [...document.querySelectorAll('button, .button, .choices label, .tabs a, .pages a')]
  .filter(it => it.getBoundingClientRect().height < 44).map(it => it.outerHTML)
"""
HEADINGS = "() => [...document.querySelectorAll('h1,h2,h3')].map(it => Number(it.tagName[1]))"
