// The page and the source are two views of one text: switching between them changes no byte.

import { isLiked, remember } from "./source_view.js";

/** How many signs at the end are the same. */
const sameEnd = (one, other) => {
  let count = 0;
  while (count < one.length && count < other.length && one.at(-1 - count) === other.at(-1 - count)) count += 1;
  return count;
};

export class Switching {
  /** `account()` is whose liking is remembered; `cutAt(body)` gives blocks. */
  constructor({ desk, area, source, account, cutAt }) {
    Object.assign(this, { desk, area, source, account, cutAt });
    this.isSource = isLiked(account());
  }

  /** The body as it is now. */
  body() {
    return this.isSource ? this.#typed() : this.desk.written().text;
  }

  show(isSource) {
    this.isSource = isSource;
    if (isSource) this.fill(this.desk.written().text);
    this.source.show(isSource);
    this.desk.toolbar.dom.hidden = isSource;
    this.desk.view.dom.hidden = isSource;
  }

  toSource() {
    this.show(true);
    remember(this.account(), true);
    this.area.focus();
  }

  async toPage() {
    await this.#toDesk();
    this.show(false);
    remember(this.account(), false);
    this.desk.view.focus();
  }

  /** Let `act(pos)` put something behind the block of the source in which the cursor stands. */
  async behind(act) {
    const { area } = this;
    area.readOnly = true;
    try {
      await this.#toDesk();
      const before = area.value;
      await act(this.desk.behindLine(this.source.line()));
      const to = area.value.length - sameEnd(before, area.value);
      area.setSelectionRange(to, to);
    } finally {
      area.readOnly = false;
    }
    area.focus();
  }

  /** Show a block of the page, or its line of the source. */
  goTo(block, line) {
    if (this.isSource) this.source.goTo(line);
    else this.desk.goTo(block);
  }

  /** Let `act()` change the page's text, which holds first what was typed into the source. */
  async mend(act) {
    if (!this.isSource) return act();
    await this.#toDesk();
    const isDone = act();
    this.area.focus();
    return isDone;
  }

  /**
   * The page's text changed while the source is shown: by a file that came, or by taking it back.
   * What was typed into the source since both were the same is not written over.
   */
  refresh() {
    if (this.area.value !== this.filled.value) return;
    const { selectionStart, selectionEnd } = this.area;
    this.fill(this.desk.written().text);
    this.area.setSelectionRange(selectionStart, selectionEnd);
  }

  async #toDesk() {
    // What is typed while the server cuts the text belongs to it.
    for (let body = this.#typed(); body !== this.desk.written().text; body = this.#typed()) {
      const blocks = await this.cutAt(body);
      if (body === this.#typed()) {
        this.desk.take(blocks);
        break;
      }
    }
    this.filled = { text: this.desk.written().text, value: this.area.value };
  }

  fill(text) {
    this.area.value = text;
    this.filled = { text, value: this.area.value };
  }

  /** The textarea's text; unchanged, it is the text with the ends of lines that it came with. */
  #typed() {
    const { value } = this.area;
    return this.filled && value === this.filled.value ? this.filled.text : value;
  }
}
