import assert from "node:assert/strict";
import { test } from "node:test";

import { SavesFirst } from "../sending.js";

const aForm = () => {
  const form = { sent: 0, addEventListener: (_, it) => { form.pressed = it; }, submit: () => { form.sent += 1; } };
  return form;
};

const press = (form) => {
  let stays = false;
  form.pressed({ preventDefault: () => { stays = true; } });
  return stays;
};

const settled = () => new Promise((resolve) => { setTimeout(resolve, 250); });

test("what is saved already goes as the browser does it", () => {
  const form = aForm();
  new SavesFirst(form, { isDirty: false });
  assert.equal(press(form), false);
});

test("what is not saved is saved first, and pressing twice is one sending", async () => {
  const form = aForm();
  const saving = { isDirty: true, busy: false, stopped: null, failures: 0, saves: 0 };
  saving.save = async () => { saving.saves += 1; assert.equal(form.sent, 0); saving.isDirty = saving.saves < 2; };
  new SavesFirst(form, saving);
  assert.ok(press(form));
  assert.ok(press(form));
  await settled();
  assert.deepEqual([form.sent, saving.saves], [1, 2]);
});

test("a save that is under way is waited for", async () => {
  const form = aForm();
  const saving = { isDirty: true, busy: true, stopped: null, failures: 0, save: async () => {} };
  new SavesFirst(form, saving);
  press(form);
  await settled();
  assert.equal(form.sent, 0);
  Object.assign(saving, { busy: false, isDirty: false });
  await settled();
  assert.equal(form.sent, 1);
});

test("where saving fails, nothing is sent, and the button can be pressed again", async () => {
  for (const how of [{ stopped: "conflict" }, { failures: 1 }]) {
    const form = aForm();
    const saving = { isDirty: true, busy: false, stopped: null, failures: 0, save: async () => Object.assign(saving, how) };
    new SavesFirst(form, saving);
    press(form);
    await settled();
    assert.equal(form.sent, 0);
    Object.assign(saving, { stopped: null, save: async () => Object.assign(saving, { isDirty: false, failures: 0 }) });
    press(form);
    await settled();
    assert.equal(form.sent, 1);
  }
});
