import assert from "node:assert/strict";
import test from "node:test";
import { Saving } from "../saving.js";

/** A clock that the test moves; timers of it run in order. */
class Clock {
  constructor() { this.now = 0; this.timers = new Map(); this.next = 1; }

  setTimeout(act, wait) { this.timers.set(this.next, [this.now + wait, act]); return this.next++; }

  clearTimeout(id) { this.timers.delete(id); }

  async pass(ms) {
    await settle();
    const end = this.now + ms;
    for (;;) {
      const due = [...this.timers].filter(([, [at]]) => at <= end).sort((a, b) => a[1][0] - b[1][0])[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.now = due[1][0];
      due[1][1]();
      await settle();
    }
    this.now = end;
    await settle();
  }
}

const settle = async () => { for (let i = 0; i < 20; i += 1) await Promise.resolve(); };

/** A server that keeps one text, takes each key once, and refuses what is based on an older one. */
class Server {
  constructor() { this.version = 1; this.body = "un"; this.keys = new Map(); this.script = []; this.got = []; this.by = "me"; }

  take(save) {
    this.got.push(save);
    const mode = this.script.shift() ?? "well";
    if (mode === "away") throw new TypeError("no network");
    if (mode === "slow") throw new DOMException("", "TimeoutError");
    if (mode === "page") return { status: 0, said: {} };
    if (mode === "emptied") return { status: 200, said: {} };
    if (typeof mode === "number") return { status: mode, said: { fault: "no" } };
    const answer = this.judge(save);
    if (mode === "lost") throw new TypeError("the answer is lost");
    return answer;
  }

  judge(save) {
    if (this.keys.has(save.key)) return { status: 200, said: { version: this.keys.get(save.key), saved_at: "x" } };
    if (save.base !== this.version) return { status: 409, said: { version: this.version, by: this.by, front: {}, body: this.body, blocks: [] } };
    this.version += 1;
    this.body = save.body;
    this.keys.set(save.key, this.version);
    return { status: 200, said: { version: this.version, saved_at: "x" } };
  }
}

const a_desk = () => {
  const clock = new Clock();
  const server = new Server();
  const desk = { clock, server, text: "un", told: [], copy: null };
  let key = 0;
  desk.saving = new Saving({
    version: 1, take: () => ({ front: {}, body: desk.text }), send: async (save) => server.take(save),
    keep: async (copy) => { desk.copy = copy; }, forget: async () => { desk.copy = null; },
    tell: (state, said) => desk.told.push([state, said]), timers: clock, newKey: () => `key-${++key}`,
  });
  desk.type = (text) => { desk.text = text; desk.saving.changed(); };
  desk.last = () => desk.told.at(-1)?.[0];
  return desk;
};

test("a text is saved one second after the last key", async () => {
  const { clock, server, type, last, saving } = a_desk();
  type("deux");
  await clock.pass(900);
  type("deux mots");
  await clock.pass(900);
  assert.equal(server.got.length, 0);
  await clock.pass(150);
  assert.equal(server.body, "deux mots");
  assert.equal(last(), "saved");
  assert.equal(saving.isDirty, false);
});

test("somebody who never pauses is saved every ten seconds", async () => {
  const { clock, server, type } = a_desk();
  for (let i = 0; i < 24; i += 1) {
    type(`mot ${i}`);
    await clock.pass(500);
  }
  assert.equal(server.got.length, 1);
});

test("until the server has it, a copy waits in the browser", async () => {
  const desk = a_desk();
  desk.type("deux");
  await desk.clock.pass(300);
  assert.deepEqual(desk.copy, { base: 1, front: {}, body: "deux", sent: null });
  await desk.clock.pass(1_000);
  assert.equal(desk.copy, null);
});

test("an hour without a network loses nothing, and is said loudly", async () => {
  const desk = a_desk();
  desk.server.script = Array(200).fill("away");
  for (let i = 0; i < 60; i += 1) {
    desk.type(`minute ${i}`);
    await desk.clock.pass(60_000);
    assert.equal(desk.last(), "failed");
    assert.equal(desk.copy.body, `minute ${i}`);
  }
  assert.ok(desk.server.got.length > 100);
  desk.server.script = [];
  await desk.saving.again();
  await desk.clock.pass(2_000);
  assert.equal(desk.server.body, "minute 59");
  assert.equal(desk.server.version, 3);
  assert.equal(desk.last(), "saved");
  assert.equal(desk.copy, null);
});

test("a save whose answer is lost is sent again with its key, and counts once", async () => {
  const desk = a_desk();
  desk.server.script = ["lost"];
  desk.type("deux");
  await desk.clock.pass(1_100);
  desk.type("deux mots");
  await desk.clock.pass(10_000);
  assert.deepEqual(desk.server.got.map((it) => [it.key, it.body]), [
    ["key-1", "deux"], ["key-1", "deux"], ["key-2", "deux mots"],
  ]);
  assert.equal(desk.server.version, 3);
  assert.equal(desk.last(), "saved");
});

test("what is typed while a save is on its way is saved after it", async () => {
  const desk = a_desk();
  let answer;
  desk.saving.send = (save) => new Promise((resolve) => { answer = () => resolve(desk.server.take(save)); });
  desk.type("deux");
  await desk.clock.pass(1_000);
  desk.type("deux mots");
  await desk.clock.pass(3_000);
  answer();
  await desk.clock.pass(1_100);
  answer();
  await desk.clock.pass(100);
  assert.equal(desk.server.body, "deux mots");
  assert.equal(desk.server.got.length, 2);
});

test("somebody else's version is never written over: both texts are shown, and the choice is saved", async () => {
  const desk = a_desk();
  desk.server.version = 7;
  desk.server.body = "d’elle";
  desk.type("de moi");
  await desk.clock.pass(1_100);
  assert.equal(desk.last(), "conflict");
  assert.equal(desk.server.body, "d’elle");
  assert.equal(desk.copy.body, "de moi");
  desk.type("de moi encore");
  await desk.clock.pass(60_000);
  assert.equal(desk.server.body, "d’elle");
  desk.text = "des deux";
  await desk.saving.resolved(7);
  assert.equal(desk.server.body, "des deux");
  assert.equal(desk.last(), "saved");
});

test("the same text in two versions is no conflict", async () => {
  const desk = a_desk();
  desk.server.version = 4;
  desk.server.body = "pareil";
  desk.type("pareil");
  await desk.clock.pass(1_100);
  assert.equal(desk.last(), "saved");
  assert.equal(desk.saving.version, 4);
});

test("a session that is over stops saving, keeps the text, and goes on when somebody signed in", async () => {
  const desk = a_desk();
  desk.server.script = [401];
  desk.type("deux");
  await desk.clock.pass(1_100);
  assert.equal(desk.last(), "session");
  desk.type("deux mots");
  await desk.clock.pass(60_000);
  assert.equal(desk.server.got.length, 1);
  assert.equal(desk.copy.body, "deux mots");
  await desk.saving.again();
  await desk.clock.pass(1_100);
  assert.equal(desk.server.body, "deux mots");
});

for (const [status, state] of [
  [400, "not_understood"], [404, "unseen"], [405, "not_understood"], [410, "gone"], [413, "too_large"],
  [415, "not_understood"], [422, "refused"], [423, "locked"],
]) {
  test(`a refusal with ${status} is told and not asked again, until something else is written`, async () => {
    const desk = a_desk();
    desk.server.script = [status];
    desk.type("deux");
    await desk.clock.pass(120_000);
    assert.equal(desk.last(), state);
    assert.equal(desk.copy.body, "deux");
    assert.equal(desk.saving.hasCopy, true);
    assert.equal(desk.server.got.length, 1);
    desk.type("deux mots");
    await desk.clock.pass(1_100);
    assert.equal(desk.server.body, "deux mots");
  });
}

test("what only somebody can answer waits for the answer, whatever is written", async () => {
  const desk = a_desk();
  desk.server.script = [403];
  desk.type("deux");
  await desk.clock.pass(1_100);
  assert.equal(desk.last(), "forbidden");
  desk.type("deux mots");
  await desk.clock.pass(60_000);
  assert.equal(desk.server.got.length, 1);
  await desk.saving.again();
  await desk.clock.pass(1_100);
  assert.equal(desk.server.body, "deux mots");
});

for (const [mode, why] of [
  ["away", "away"], ["slow", "slow"], ["page", "strange"], ["emptied", "strange"], [409, "strange"], [408, "busy"], [429, "busy"],
  [500, "broken"], [502, "busy"], [503, "busy"], [504, "busy"],
]) {
  test(`after ${mode}, the reason told is ${why}, and the same save is sent again until it is taken`, async () => {
    const desk = a_desk();
    desk.server.script = [mode, mode];
    desk.type("deux");
    await desk.clock.pass(1_100);
    assert.equal(desk.last(), "failed");
    assert.equal(desk.told.at(-1)[1].why, why);
    assert.equal(desk.copy.body, "deux");
    await desk.clock.pass(10_000);
    assert.equal(desk.server.body, "deux");
    assert.equal(desk.last(), "saved");
    assert.equal(new Set(desk.server.got.map((it) => it.key)).size, 1);
  });
}

test("a browser that keeps no copy is told with what failed, and again once it keeps one", async () => {
  const desk = a_desk();
  const { keep } = desk.saving;
  desk.saving.keep = async () => { throw new Error("no room"); };
  desk.server.script = ["away", "away"];
  desk.type("deux");
  await desk.clock.pass(1_100);
  assert.equal(desk.saving.hasCopy, false);
  desk.saving.keep = keep;
  await desk.clock.pass(2_100);
  assert.equal(desk.saving.hasCopy, true);
  assert.equal(desk.last(), "failed");
});

test("answers that come out of order change nothing: one save is on its way at a time", async () => {
  const desk = a_desk();
  const waiting = [];
  desk.saving.send = (save) => new Promise((resolve) => { waiting.push(() => resolve(desk.server.take(save))); });
  desk.type("deux");
  await desk.clock.pass(1_000);
  for (const text of ["trois", "quatre"]) {
    desk.type(text);
    desk.saving.save({ asked: true });
    await desk.clock.pass(2_000);
  }
  assert.equal(waiting.length, 1);
  waiting[0]();
  await desk.clock.pass(1_100);
  waiting[1]();
  await desk.clock.pass(100);
  assert.deepEqual(desk.server.got.map((it) => [it.base, it.body]), [[1, "deux"], [2, "quatre"]]);
});

test("a server with trouble is asked again, ever more rarely", async () => {
  const desk = a_desk();
  desk.server.script = Array(100).fill(503);
  desk.type("deux");
  await desk.clock.pass(120_000);
  assert.ok(desk.server.got.length >= 6 && desk.server.got.length <= 9, desk.server.got.length);
});

test("a person who asks for a save gets a version, also of a text that was saved already", async () => {
  const desk = a_desk();
  await desk.saving.save({ asked: true });
  assert.equal(desk.server.got[0].asked, true);
});

test("a clock that is wrong changes nothing: only versions are compared", async () => {
  const desk = a_desk();
  const real = Date.now;
  Date.now = () => 0;
  try {
    desk.type("deux");
    await desk.clock.pass(1_100);
  } finally {
    Date.now = real;
  }
  assert.equal(desk.server.body, "deux");
});
