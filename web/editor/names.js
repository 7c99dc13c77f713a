// The names of our blocks and of what stands in them, as mailer/letter/blocks/names.py has them.

export const BLOCKS = {
  box: ["encadre", "box"],
  lead: ["chapeau", "lead"],
  quote: ["citation", "quote"],
  image: ["image", "picture"],
  button: ["bouton", "button"],
  columns: ["colonnes", "columns"],
  column: ["colonne", "column"],
  votes: ["votes", "vote"],
  agenda: ["agenda", "dates"],
  signature: ["signature"],
  contents: ["sommaire", "contents"],
};

/** Blocks around text; all others consist of lines. */
export const AROUND = new Set(["box", "lead", "quote", "columns", "column"]);

/** By block of lines `key: value`: each key with its names. */
export const KEYS = {
  image: {
    alt: ["alt"], caption: ["caption", "legende"], credit: ["credit"], width: ["width", "largeur"],
  },
  votes: {
    for: ["pour", "for", "yes", "oui"], against: ["contre", "against", "no", "non"],
    abstention: ["abstention", "abstentions"], unit: ["unite", "unit"],
  },
  signature: {
    name: ["nom", "name"], function: ["fonction", "function"],
    picture: ["image", "picture", "photo"], alt: ["alt"], width: ["largeur", "width"],
  },
};

/** The names that the editor writes, by language. */
const WRITTEN = {
  fr: {
    box: "encadre", lead: "chapeau", quote: "citation", image: "image", button: "bouton",
    columns: "colonnes", column: "colonne", votes: "votes", agenda: "agenda",
    signature: "signature", contents: "sommaire",
    keys: {
      alt: "alt", caption: "légende", credit: "crédit", width: "largeur", for: "pour",
      against: "contre", abstention: "abstention", unit: "unité", name: "nom",
      function: "fonction", picture: "image",
    },
  },
  en: {
    box: "box", lead: "lead", quote: "quote", image: "image", button: "button",
    columns: "columns", column: "column", votes: "votes", agenda: "dates",
    signature: "signature", contents: "contents",
    keys: {
      alt: "alt", caption: "caption", credit: "credit", width: "width", for: "for",
      against: "against", abstention: "abstention", unit: "unit", name: "name",
      function: "function", picture: "picture",
    },
  },
};

/** A name without accents and in small letters. */
export const plain = (name) => name.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");

const found = (name, names) => {
  const written = plain(name);
  return Object.keys(names).find((it) => names[it].includes(written)) ?? null;
};

/** What a block's name means; null if there is no such block. */
export const blockOf = (name) => found(name, BLOCKS);

/** What a key means in a block; null if the block has no such key. */
export const keyOf = (block, key) => found(key, KEYS[block]);

/** The name of a block that is written anew. */
export const nameOf = (block, language) => (WRITTEN[language] ?? WRITTEN.fr)[block];

/** The name of a key that is written anew, beside keys that stand there already. */
export const keyNameOf = (key, language) => (WRITTEN[language] ?? WRITTEN.fr).keys[key];
