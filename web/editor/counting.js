// Counts words, as Word does: what stands between spaces and is more than signs.

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}'’.,:@/-]*/gu;

export const wordsIn = (text) => text.match(WORD)?.length ?? 0;

/** The words of a document: its text, what fields say, and what is in titles. */
export const wordsOf = (doc) => {
  let count = 0;
  doc.descendants((node) => {
    if (node.type.name === "fields") {
      const { kind, argument, values } = node.attrs;
      const said = kind === "image" || kind === "button" ? argument.split(" ").slice(1) : [argument];
      count += wordsIn([...said, ...values.map((it) => it.at(-1))].join(" "));
    } else {
      if (node.attrs.title) count += wordsIn(node.attrs.title);
      if (node.attrs.author) count += wordsIn(node.attrs.author);
      if (node.isTextblock) count += wordsIn(node.textBetween(0, node.content.size, " ", " "));
    }
    return !node.isTextblock;
  });
  return count;
};
