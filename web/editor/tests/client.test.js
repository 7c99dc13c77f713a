import assert from "node:assert/strict";
import test from "node:test";
import { Client, faultOf } from "../client.js";

const answer = (body, { status = 200, type = "application/json", url = "https://office.example.org/office/letters/1", redirected = false } = {}) => ({
  status, redirected, url, ok: status >= 200 && status < 300, headers: new Headers(type ? { "content-type": type } : {}),
  json: async () => JSON.parse(body),
});

const client = (...given) => new Client("/office/letters/1", "token", { fetcher: async () => answer(...given) });

test("what our server says is its status and what it says", async () => {
  assert.deepEqual(await client('{"version": 2}').json("PUT", "", {}), { status: 200, said: { version: 2 } });
  assert.deepEqual(await client('{"fault": "no"}', { status: 413, type: "application/json; charset=utf-8" }).get(""), { status: 413, said: { fault: "no" } });
  assert.deepEqual(await client("<h1>", { status: 502, type: "text/html" }).get(""), { status: 502, said: {} });
});

test("a page, half an answer or another address in place of an answer is nobody's", async () => {
  for (const [body, given] of [["<h1>Wi-Fi", { type: "text/html" }], ['{"version":', {}], ["", { type: null }],
    ["<h1>", { type: "text/html", redirected: true, url: "https://wifi.example.net/welcome" }]]) {
    assert.deepEqual(await client(body, given).json("PUT", "", {}), { status: 0, said: {} }, body);
  }
});

test("who is led to the sign-in page is signed out", async () => {
  const given = { type: "text/html", redirected: true, url: "https://office.example.org/office/sign-in?next=x" };
  assert.equal((await client("<h1>", given).get("/token")).status, 401);
});

test("a line that breaks within an answer is a network that is away", async () => {
  const broken = { ...answer("{}"), json: async () => { throw new TypeError("network error"); } };
  await assert.rejects(new Client("", "", { fetcher: async () => broken }).get(""), TypeError);
});

test("faults of several fields are one text", () => {
  assert.equal(faultOf({ faults: [{ field: "title", text: "a." }, { field: "date", text: "b." }] }), "a. b.");
  assert.equal(faultOf({}), "");
});
