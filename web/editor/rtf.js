// The pictures of Word's clipboard: its HTML only names files of the other program, which a page may
// not read; the same text in RTF holds them, in the same order.

const GROUP = /\{|\}|\\pict\b|\\nonshppict\b|\\(?:pngblip|jpegblip)\b|\\bin\d*/g;
const HEX = /^[0-9a-fA-F\s]+$/;
const PICTURE = /<img\b[^>]*>/gi;
const LOCAL = /(\ssrc\s*=\s*)(?:"(file:[^"]*)"|'(file:[^']*)'|(file:[^\s>]*))/i;

/** The pictures of a text in RTF: {type, hex} each, or null for a kind that no page shows. */
export const picturesOf = (rtf) => {
  const found = [];
  const open = [];
  GROUP.lastIndex = 0;
  for (let it = GROUP.exec(rtf); it; it = GROUP.exec(rtf)) {
    const sign = it[0];
    if (rtf[it.index - 1] === "\\" && (sign === "{" || sign === "}")) continue;
    const here = open.at(-1);
    if (sign === "{") open.push({ from: it.index, isOld: here?.isOld ?? false, isWithin: Boolean(here?.isPicture || here?.isWithin) });
    else if (sign === "}") {
      open.pop();
      if (here?.isPicture && !here.isOld && !here.isWithin) found.push(pictureOf(rtf.slice(here.from, it.index), here.type));
    } else if (!here) continue;
    else if (sign.startsWith("\\bin")) return [];
    else if (sign === "\\pict") here.isPicture = true;
    // The same pictures once more, for programs of 1995.
    else if (sign === "\\nonshppict") here.isOld = true;
    else if (here.isPicture) here.type = sign === "\\pngblip" ? "image/png" : "image/jpeg";
  }
  return found;
};

/** A picture's digits stand last in its group, behind its words and what is within. */
const pictureOf = (group, type) => {
  const digits = group.slice(group.lastIndexOf("}") + 1).replace(/\\[a-z]+-?\d*\s?/gi, "").replace(/^\{/, "");
  const hex = digits.replace(/\s/g, "");
  return type && HEX.test(digits) && hex.length % 2 === 0 ? { type, hex } : null;
};

const PIECE = 0x6000;

const base64 = (hex) => {
  let binary = "";
  for (let at = 0; at < hex.length; at += 2 * PIECE) {
    const piece = hex.slice(at, at + 2 * PIECE);
    const bytes = new Uint8Array(piece.length / 2);
    for (let n = 0; n < bytes.length; n += 1) bytes[n] = Number.parseInt(piece.slice(2 * n, 2 * n + 2), 16);
    binary += String.fromCharCode(...bytes);
  }
  return btoa(binary);
};

/** HTML with the pictures of its RTF, where each can be told from the others: as many here as there. */
export const withPictures = (html, rtf) => {
  // Comments of Word's name the same pictures once more.
  const parts = html.split(/(<!--[\s\S]*?-->)/);
  const local = parts.flatMap((it, at) => (at % 2 ? [] : (it.match(PICTURE) ?? []).filter((tag) => LOCAL.test(tag))));
  if (!local.length || !rtf) return html;
  const pictures = picturesOf(rtf);
  if (pictures.length !== local.length) return html;
  let next = 0;
  return parts.map((it, at) => (at % 2 ? it : it.replace(PICTURE, (tag) => {
    if (!LOCAL.test(tag)) return tag;
    const picture = pictures[next++];
    return picture ? tag.replace(LOCAL, (_, before) => `${before}"data:${picture.type};base64,${base64(picture.hex)}"`) : tag;
  }))).join("");
};
