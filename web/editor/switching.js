// The page and the source are two views of one text: switching between them changes no byte.

import { isLiked, remember } from "./source_view.js";

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
    // What is typed while the server cuts the text belongs to it.
    for (let body = this.#typed(); body !== this.desk.written().text; body = this.#typed()) {
      const blocks = await this.cutAt(body);
      if (body === this.#typed()) {
        this.desk.take(blocks);
        break;
      }
    }
    this.show(false);
    remember(this.account(), false);
    this.desk.view.focus();
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
