// The text as a file of one's own: for whoever cannot save it any more.

import { h } from "./dom.js";

/** A file's name of a title: letters, digits and spaces, short. */
export const fileName = (title) => `${title.replace(/[^\p{L}\p{N} -]+/gu, " ").replace(/ +/g, " ").trim().slice(0, 60) || "lettre"}.md`;

export const keepAsFile = ({ front, body }) => {
  const address = URL.createObjectURL(new Blob([body], { type: "text/markdown" }));
  h("a", { href: address, download: fileName(front.title ?? "") }).click();
  URL.revokeObjectURL(address);
};
