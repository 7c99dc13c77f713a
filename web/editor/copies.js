// Copies in the browser of what the server does not have yet. IndexedDB with strict durability
// writes to the disk; localStorage may wait for seconds, and a browser that is killed loses it.

const STORE = "copies";

const opened = () => new Promise((resolve, reject) => {
  const asking = indexedDB.open("pli-manuscripts", 1);
  asking.onupgradeneeded = () => asking.result.createObjectStore(STORE);
  asking.onsuccess = () => resolve(asking.result);
  asking.onerror = () => reject(asking.error);
});

/** The copies of a person's manuscript: one for each tab, so that tabs overwrite no other's. */
export class Copies {
  constructor(account, draft) {
    this.draft = draft;
    this.prefix = `${account}/${draft}/`;
    this.tab = crypto.randomUUID();
    // The lock tells other tabs that this one is alive, and its copy not left behind.
    navigator.locks?.request(this.#lock(this.tab), () => new Promise(() => {}));
  }

  #lock(tab) {
    return `pli-manuscript-${this.draft}/${tab}`;
  }

  async #held() {
    return (await navigator.locks?.query())?.held.map((it) => it.name) ?? [];
  }

  /** Whether another tab of this browser has the manuscript open. */
  async hasTwin() {
    const [own, all] = [this.#lock(this.tab), this.#lock("")];
    return (await this.#held()).some((it) => it.startsWith(all) && it !== own);
  }

  /** From now on the copies are of somebody else, who took the text over. */
  async moveTo(account) {
    const before = this.prefix + this.tab;
    this.prefix = `${account}/${this.draft}/`;
    const copy = await this.#run("readonly", (store) => store.get(before));
    if (copy) await this.keep(copy);
    await this.#run("readwrite", (store) => store.delete(before));
  }

  async #run(mode, act) {
    this.database ??= opened();
    const transaction = (await this.database).transaction(STORE, mode, { durability: "strict" });
    const asking = act(transaction.objectStore(STORE));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(asking.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  }

  keep(copy) {
    return this.#run("readwrite", (store) => store.put(copy, this.prefix + this.tab));
  }

  async forget(tab = this.tab) {
    try {
      await this.#run("readwrite", (store) => store.delete(this.prefix + tab));
    } catch {
      // Without a store there is no copy either.
    }
  }

  /** Copies that tabs left behind which are no longer there: [tab, copy] pairs. */
  async left() {
    const range = IDBKeyRange.bound(this.prefix, `${this.prefix}\uffff`);
    let keys;
    try {
      keys = await this.#run("readonly", (store) => store.getAllKeys(range));
    } catch {
      return [];
    }
    const held = new Set(await this.#held());
    const found = [];
    for (const key of keys) {
      const tab = key.slice(this.prefix.length);
      if (held.has(this.#lock(tab))) continue;
      found.push([tab, await this.#run("readonly", (store) => store.get(key))]);
    }
    return found;
  }
}
