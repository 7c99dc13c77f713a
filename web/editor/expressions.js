// Personal expressions, `{{ … }}`: lifted out before Markdown is read, as the server does.

// As in mailer/letter/expressions.py: quotes may hold braces, lines may not be left.
const EXPRESSION = /\{\{((?:[^"'{}\n]|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')*)\}\}/g;

/** A text whose expressions are words that no Markdown touches, and the way back. */
export class Lifted {
  constructor(text) {
    let stem;
    do stem = `x${Math.random().toString(36).slice(2, 12).padEnd(10, "0")}z`; while (text.includes(stem));
    this.sources = [];
    this.text = text.replace(EXPRESSION, (whole) => {
      this.sources.push(whole);
      return `${stem}${this.sources.length - 1}x`;
    });
    this.pattern = new RegExp(`${stem}(\\d+)x`, "g");
    this.stem = stem;
  }

  /** A piece of the text as the author wrote it. */
  back(text) {
    if (!this.sources.length || !text?.includes(this.stem)) return text;
    return text.replace(this.pattern, (_, number) => this.sources[number]);
  }

  /** Cut a text: [text, isExpression] pairs, the expressions as they were written. */
  parts(text) {
    if (!this.sources.length || !text.includes(this.stem)) return [[text, false]];
    return text.split(this.pattern)
      .map((part, at) => (at % 2 ? [this.sources[part], true] : [part, false]))
      .filter(([part]) => part);
  }
}

const FALLBACK = /^([a-z_]+)\.(\w+)(?:\s+or\s+|\s*\|\s*d(?:efault)?\(\s*)(["'])((?:(?!\3)[^\\])*)\3\s*\)?$/;
const BARE = /^([a-z_]+)\.(\w+)$/;

/** The name of what is shown and what stands there instead, or null where it is more than that. */
export const simple = (source) => {
  const inside = source.slice(2, -2).trim();
  let match = BARE.exec(inside);
  if (match) return { of: match[1], name: match[2], instead: null };
  match = FALLBACK.exec(inside);
  return match && { of: match[1], name: match[2], instead: match[4] };
};

/** An expression for a name, with what stands there for people who have no such value. */
export const expression = (of, name, instead) => {
  if (!instead) return `{{ ${of}.${name} }}`;
  const clean = instead.replace(/[\\\n{}]/g, "");
  const quote = clean.includes('"') ? (clean.includes("'") ? "" : "'") : '"';
  return quote
    ? `{{ ${of}.${name} or ${quote}${clean}${quote} }}`
    : `{{ ${of}.${name} or "${clean.replaceAll('"', "”")}" }}`;
};

export const WHOLE = new RegExp(`^(?:${EXPRESSION.source})$`);
export const AT_END = new RegExp(`(?:${EXPRESSION.source})$`);
