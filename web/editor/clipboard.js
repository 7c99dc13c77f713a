// What of a clipboard, or of what is dropped, is taken: files, HTML with its pictures, or text.

import { withPictures } from "./rtf.js";

/** The largest that is sent to the server at once. */
export const MOST = 30 * 1024 * 1024;

const DATA = /(\ssrc\s*=\s*)(["'])data:[^"']*\2/gi;
const COMMENTS = /<!--[\s\S]*?-->|<(style|script|title|xml)\b[\s\S]*?<\/\1>/gi;

/** Whether HTML shows nothing but pictures: then their files are better than what it names. */
export const isOnlyPictures = (html) => {
  const bare = html.replace(COMMENTS, "");
  return /<img\b/i.test(bare) && !/<t[dh]\b/i.test(bare) && !bare.replace(/<[^>]*>|&nbsp;|\s/g, "");
};

/** HTML that may be sent: its largest pictures go until it is small enough; the server tells them. */
export const lightened = (html, most = MOST) => {
  if (html.length <= most) return html;
  const found = [...html.matchAll(DATA)].map((it) => ({ from: it.index, to: it.index + it[0].length, before: it[1] }));
  found.sort((a, b) => (b.to - b.from) - (a.to - a.from));
  let over = html.length - most;
  const gone = [];
  while (over > 0 && found.length) {
    const it = found.shift();
    over -= it.to - it.from;
    gone.push(it);
  }
  if (over > 0) return html;
  gone.sort((a, b) => b.from - a.from);
  return gone.reduce((text, it) => `${text.slice(0, it.from)}${it.before}""${text.slice(it.to)}`, html);
};

/** {files} or {html, text} or {text}, whichever says most of what was copied. */
export const carried = (data) => {
  const html = data.getData("text/html");
  const text = data.getData("text/plain");
  const files = [...data.files];
  if (files.length && (!html || isOnlyPictures(html))) return { files };
  if (html) return { html: lightened(/\bfile:/i.test(html) ? withPictures(html, data.getData("text/rtf")) : html), text };
  return { text };
};
