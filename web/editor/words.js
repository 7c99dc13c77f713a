// The sentences that the script shows. They stand in the page, in the person's language.

/** Older browsers do not know each zone, such as one that is only an offset. */
const isZone = (zone) => {
  try {
    return Boolean(zone && new Intl.DateTimeFormat("fr", { timeZone: zone }));
  } catch {
    return false;
  }
};

export class Words {
  /** `zone` is the time zone of the person, as the office tells hours; else that of the browser. */
  constructor(sentences, language, zone) {
    this.sentences = sentences;
    this.language = language;
    this.zone = isZone(zone) ? zone : undefined;
    this.plural = new Intl.PluralRules(language);
  }

  /** A sentence by its name, with its holes filled. */
  say(name, holes = {}) {
    const sentence = this.sentences[name];
    if (sentence === undefined) return name;
    return sentence.replace(/\{(\w+)\}/g, (hole, key) => holes[key] ?? hole);
  }

  /** A sentence of a number: `name_one` or `name_many`. */
  count(name, n, holes = {}) {
    const kind = this.plural.select(n) === "one" ? "one" : "many";
    return this.say(`${name}_${kind}`, { n: n.toLocaleString(this.language), ...holes });
  }

  /** The hour of an instant. */
  hour(instant) {
    return new Date(instant).toLocaleTimeString(this.language, { hour: "2-digit", minute: "2-digit", timeZone: this.zone });
  }
}
