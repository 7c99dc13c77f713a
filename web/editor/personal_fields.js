// What a letter may say of its reader, its list and itself: some words every list has, and those
// that the server names.

/** What every letter may say. */
const KNOWN = [
  ["subscriber", "first_name"], ["subscriber", "last_name"], ["subscriber", "email"], ["list", "title"],
  ["campaign", "number"], ["campaign", "title"], ["campaign", "date"],
];

export class PersonalFields {
  /** `come()` is called when the server has named more. */
  constructor({ client, words, come }) {
    Object.assign(this, { client, come });
    this.all = KNOWN.map(([of, name]) => ({ of, name, label: words.say(`${of}_${name}`) }));
  }

  async load() {
    try {
      const { status, said } = await this.client.get("/fields");
      if (status !== 200) return;
      const known = new Set(this.all.map((it) => it.name));
      const more = (said.attributes ?? []).map((it) => ({ of: "subscriber", name: it.name.split(".").at(-1), label: it.label }));
      this.all = [...this.all, ...more.filter((it) => !known.has(it.name))];
      this.come();
    } catch {
      // The menu has no more names then; the next page asks again.
    }
  }
}
