// Draws blocks of lines as they will be in the letter. Expressions and marks in them stay as written.

import { h } from "./dom.js";

const svg = (tag, attrs, ...children) => {
  const it = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attrs)) it.setAttribute(name, value);
  it.append(...children);
  return it;
};

const number = (text) => Number(text.replace(/[ \u00a0\u202f]/g, "")) || 0;

const titled = (text, ...rest) => [text ? h("p", { class: "shown-title" }, text) : null, ...rest].filter(Boolean);

const DRAW = {
  image(it, desk) {
    // One picture element for all drawings: a new one would be fetched, and flicker.
    it.picture ??= h("img", { alt: "", class: "block-picture" });
    const address = desk.pictureAddress(it.read("argument"));
    if (it.picture.getAttribute("src") !== address) it.picture.setAttribute("src", address);
    const below = [it.read("caption"), it.read("credit")].filter(Boolean).map((text) => h("p", { class: "shown-caption" }, text));
    return [it.picture, ...(below.length ? below : [h("p", { class: "block-file" }, it.read("argument"))])];
  },
  button(it, desk) {
    return [h("p", { class: "shown-center" }, h("span", { class: "shown-button" }, it.read("words") || desk.words.say("block_button")))];
  },
  votes(it, desk) {
    const ways = ["for", "against", "abstention"].filter((way) => it.has(way));
    const all = ways.reduce((sum, way) => sum + number(it.read(way)), 0);
    const bar = svg("svg", { viewBox: "0 0 100 4", preserveAspectRatio: "none", class: "shown-votes", "aria-hidden": "true" });
    let at = 0;
    for (const way of all ? ways : []) {
      const width = (100 * number(it.read(way))) / all;
      bar.append(svg("rect", { x: at, y: 0, width, height: 4, class: way }));
      at += width;
    }
    return titled(it.read("argument"), bar, h("p", { class: "shown-ways" },
      ...ways.map((way) => h("span", {}, `${desk.words.say(`field_${way}`)} `, h("strong", {}, it.read(way)))),
      it.read("unit") ? h("span", {}, it.read("unit")) : null));
  },
  agenda(it, desk) {
    const rows = it.node.attrs.values.filter((row) => row.some(Boolean));
    const when = (text) => {
      const found = /^(\d{4})-(\d\d)-(\d\d)\s*(.*)$/.exec(text);
      if (!found) return text;
      const day = new Date(Number(found[1]), Number(found[2]) - 1, Number(found[3]));
      return `${day.toLocaleDateString(desk.language(), { weekday: "long", day: "numeric", month: "long" })} ${found[4]}`.trim();
    };
    return titled(it.read("argument"), rows.length
      ? h("table", {}, h("tbody", {}, ...rows.map(([day, place, what]) => h("tr", {},
        h("td", {}, when(day)), h("td", {}, h("strong", {}, what), place ? h("br") : null, place)))))
      : h("p", { class: "block-said" }, desk.words.say("no_dates")));
  },
  signature(it, desk) {
    const file = it.read("picture");
    it.picture ??= h("img", { alt: "", class: "shown-portrait" });
    const address = file && desk.pictureAddress(file);
    if (file && it.picture.getAttribute("src") !== address) it.picture.setAttribute("src", address);
    return [h("div", { class: "shown-signature" }, file ? it.picture : null,
      h("p", {}, h("strong", {}, it.read("name") || desk.words.say("field_name")), h("br"), it.read("function")))];
  },
  contents(it, desk) {
    return titled(it.read("argument"), h("p", { class: "block-said" }, desk.words.say("contents_said")));
  },
};

/** The elements that show a block of fields. */
export const drawn = (view, desk) => DRAW[view.node.attrs.kind](view, desk);
