import assert from "node:assert/strict";
import test from "node:test";
import { Session } from "../session.js";

/** Just enough of a document for the words and buttons that are told. */
class Element {
  constructor(tag) { Object.assign(this, { tag, attrs: {}, children: [], on: {} }); }
  setAttribute(name, value) { this.attrs[name] = value; }
  addEventListener(name, act) { this.on[name] = act; }
  contains(it) { return it === this || this.children.some((child) => child.contains?.(it)); }
  append(...children) { this.children.push(...children); }
  replaceChildren(...children) { this.children = children; }
  get text() { return this.children.map((it) => it.text ?? it).join(" "); }
  find(tag) {
    for (const it of this.children) {
      const found = it.tag === tag ? it : it.find?.(tag);
      if (found) return found;
    }
    return null;
  }
}

const a_page = (context) => {
  globalThis.document = { createElement: (tag) => new Element(tag) };
  context.after(() => { delete globalThis.document; });
  const page = { here: null, saves: 0, adopted: [], place: new Element("div"), client: { token: "old", take(token) { this.token = token; } } };
  page.client.whoIs = async () => {
    if (page.here instanceof Error) throw page.here;
    return page.here;
  };
  page.timers = { setInterval: () => 1, clearInterval: () => {} };
  page.session = new Session({
    client: page.client, place: page.place, timers: page.timers, author: { account: "1", name: "Anne" },
    words: { say: (name, holes = {}) => [name, ...Object.values(holes)].join(":") },
    again: async () => { page.saves += 1; }, adopt: async (here) => { page.adopted.push(here.name); },
  });
  return page;
};
const anne = (token) => ({ account: "1", name: "Anne", token, may_write: true });
const bruno = (may_write = true) => ({ account: "2", name: "Bruno", token: "of bruno", may_write });

test("the same person signs in again: the text is saved by itself, with the new token", async (context) => {
  const page = a_page(context);
  page.session.ask("/office/sign-in");
  assert.match(page.place.text, /session_title/);
  assert.equal(page.place.find("iframe").attrs.src, "/office/sign-in");
  await page.place.find("iframe").on.load();
  assert.equal(page.saves, 0, "nobody is in yet");
  page.here = new TypeError("no network");
  await page.session.look();
  page.here = anne("new");
  await page.place.find("iframe").on.load();
  assert.deepEqual([page.client.token, page.saves, page.session.isOver], ["new", 1, false]);
  assert.equal(page.place.children.length, 0);
});

test("somebody else who signs in is asked, and nothing is saved under that name before", async (context) => {
  const page = a_page(context);
  page.session.ask();
  page.here = bruno();
  await page.session.look();
  await page.session.look();
  assert.match(page.place.text, /another_title:Bruno/);
  assert.deepEqual([page.client.token, page.saves, page.session.isOver], ["old", 0, true]);
  await page.place.find("button").on.click();
  assert.deepEqual([page.client.token, page.saves, page.adopted], ["of bruno", 1, ["Bruno"]]);
  assert.equal(page.session.author.name, "Bruno");
});

test("who comes back as the author saves without a question, also after somebody else was asked", async (context) => {
  const page = a_page(context);
  page.session.ask();
  page.here = bruno();
  await page.session.look();
  const button = page.place.find("button");
  page.here = anne("new");
  await button.on.click();
  await new Promise((resolve) => { setTimeout(resolve, 5); });
  assert.deepEqual([page.client.token, page.saves, page.adopted], ["new", 1, []], "the answer was not Anne's");
});

test("somebody who may not write gets no button", async (context) => {
  const page = a_page(context);
  page.session.ask();
  page.here = bruno(false);
  await page.session.look();
  assert.equal(page.place.find("button"), null);
  assert.match(page.place.text, /another_may_not:Bruno/);
});

test("a refusal is of another session, or stays one", async (context) => {
  const page = a_page(context);
  page.here = anne("new");
  assert.equal(await page.session.check(), true);
  assert.deepEqual([page.client.token, page.saves], ["new", 1]);
  assert.equal(await page.session.check(), false, "this token is of this session");
  page.here = null;
  assert.equal(await page.session.check(), true);
  assert.match(page.place.text, /session_title/);
  page.here = new TypeError("no network");
  assert.equal(await page.session.check(), true);
});
