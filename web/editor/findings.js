// The findings of the preflight: in a list, errors first, and beside the block they speak of. Their
// count stands in the title, and is announced politely when it changes.

import { Plugin, PluginKey } from "prosemirror-state";
import { Decoration, DecorationSet } from "prosemirror-view";
import { h } from "./dom.js";

// What a person asked for, in a remark, comes before what the program found.
const ORDER = { remark: 0, error: 1, warning: 2 };
export const findingsKey = new PluginKey("findings");

/** Findings in the order of their weight; those of one weight as they came. */
export const sorted = (findings) => findings
  .map((it, at) => [it, at])
  .sort(([a, i], [b, j]) => (ORDER[a.severity] ?? 2) - (ORDER[b.severity] ?? 2) || i - j)
  .map(([it]) => it);

/** The block on whose lines a line stands: its place among `lines`, the first line of each. */
export const blockAt = (lines, line) => {
  let at = -1;
  for (let i = 0; i < lines.length; i += 1) if (lines[i] <= line) at = i;
  return at;
};

/** Marks the blocks of which something is found. */
export const findingMarks = () => new Plugin({
  key: findingsKey,
  state: {
    init: () => DecorationSet.empty,
    apply(transaction, set) {
      return transaction.getMeta(findingsKey) ?? set.map(transaction.mapping, transaction.doc);
    },
  },
  props: {
    decorations(state) { return findingsKey.getState(state); },
  },
});

export class Findings {
  /** `switching()`: what brings somebody to a place, on the page or in the source. */
  constructor({ desk, switching, list, status, bar, title }) {
    Object.assign(this, { desk, switching, list, status, bar });
    this.title = title ?? document.title;
    this.announced = "";
  }

  /** Show findings; `lines` are the first lines of the blocks that they were found in. */
  show(findings, lines) {
    const found = sorted(findings);
    this.list.replaceChildren(...found.map((it) => this.#item(it, lines)));
    this.#mark(found, lines);
    const { words } = this.desk;
    const errors = found.filter((it) => it.severity === "error").length;
    const remarks = found.filter((it) => it.severity === "remark").length;
    const warnings = found.length - errors - remarks;
    const counts = { remarks, errors, warnings };
    const said = found.length
      ? Object.entries(counts).filter(([, n]) => n).map(([name, n]) => words.count(name, n)).join(", ")
      : words.say("nothing_found");
    if (said !== this.announced) {
      this.announced = said;
      this.status.textContent = said;
    }
    this.bar?.findings(said, errors > 0);
    document.title = errors ? `(${errors}) ${this.title}` : this.title;
  }

  #item(finding, lines) {
    const { words } = this.desk;
    const at = finding.line === null || finding.line === undefined ? -1 : blockAt(lines, finding.line);
    const { text, remedy, fix } = this.#told(finding, at);
    const parts = [h("p", {}, h("strong", {}, words.say(`severity_${finding.severity}`)), " ", text)];
    if (remedy) parts.push(h("p", { class: "remedy" }, remedy));
    const buttons = [];
    if (at >= 0) {
      buttons.push(h("button", { type: "button", class: "link", onclick: () => this.switching().goTo(at, finding.line) }, words.say("go_there")));
    }
    if (finding.field) {
      const field = () => document.getElementById(finding.field)?.focus();
      buttons.push(h("button", { type: "button", class: "link", onclick: field }, words.say("go_there")));
    }
    if (fix) buttons.push(this.#button(fix));
    if (buttons.length) parts.push(h("p", { class: "remedies" }, ...buttons));
    return h("li", { class: finding.severity, "data-line": finding.line ?? null }, ...parts);
  }

  /** A finding in words, with what its button does: {text, remedy, fix: {label, act}}. */
  #told(finding, at) {
    const { desk } = this;
    const { fix, gap, text } = finding;
    const isPage = !desk.view.dom.hidden;
    const remedy = (isPage && finding.on_page) || finding.remedy;
    // The page shows a personal word as a chip: its name is what the chip says, not what is written.
    const label = isPage && gap && at >= 0 && desk.hasChip(at, gap) && desk.label("subscriber", gap);
    if (label) {
      return {
        text: desk.words.say("gap_said", { label }), remedy: "",
        fix: { label: desk.words.say("gap_fix"), act: () => desk.editChip(at, gap) },
      };
    }
    if (!fix) return { text, remedy };
    const act = async () => {
      if (fix.field) this.#write(fix);
      else if (!await this.switching().mend(() => desk.fix(fix))) desk.note("fix_late");
    };
    return { text, remedy, fix: { label: fix.label, act } };
  }

  #button({ label, act }) {
    return h("button", { type: "button", class: "link fix", onclick: act }, label);
  }

  #write({ field, value }) {
    const place = document.getElementById(field);
    place.value = value;
    place.dispatchEvent(new Event("input", { bubbles: true }));
    place.focus();
  }

  #mark(found, lines) {
    const { view } = this.desk;
    const { doc } = view.state;
    const worst = new Map();
    for (const it of found) {
      if (it.line === null || it.line === undefined) continue;
      const at = blockAt(lines, it.line);
      if (at < 0 || at >= doc.childCount) continue;
      const known = worst.get(at);
      const all = [...(known?.all ?? []), this.#told(it, at)];
      worst.set(at, { severity: known?.severity ?? it.severity, all });
    }
    const marks = [];
    let pos = 0;
    doc.forEach((node, offset, at) => {
      pos = offset;
      const here = worst.get(at);
      if (!here) return;
      marks.push(Decoration.node(pos, pos + node.nodeSize, { class: `found ${here.severity}` }));
      marks.push(Decoration.widget(pos, () => h("aside", {
        class: `found-note ${here.severity}`, contenteditable: "false",
      }, ...here.all.map((it) => h("p", {}, it.text, it.fix ? " " : "", it.fix && this.#button(it.fix)))), {
        side: -1, key: JSON.stringify([at, here.severity, here.all]), ignoreSelection: true, stopEvent: () => true,
      }));
    });
    view.dispatch(view.state.tr.setMeta(findingsKey, DecorationSet.create(doc, marks)).setMeta("addToHistory", false));
  }
}
