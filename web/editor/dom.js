// Small helpers to make elements: attributes and listeners only, since the policy forbids styles.

/** An element; `on…` are listeners, true and false set or leave an attribute. */
export const h = (tag, attrs = {}, ...children) => {
  const it = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs ?? {})) {
    if (name.startsWith("on")) it.addEventListener(name.slice(2), value);
    else if (value === true) it.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) it.setAttribute(name, value);
  }
  it.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return it;
};

let numbered = 0;

/** An id that no other element has. */
export const newId = (stem) => `${stem}-${++numbered}`;

/** Show a dialog and wait: its form's button, or null if it was left. */
export const ask = (dialog) => new Promise((resolve) => {
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    before?.focus?.({ preventScroll: true });
    resolve(dialog.returnValue || null);
  }, { once: true });
  dialog.returnValue = "";
  dialog.showModal();
});

let isDown = false;
globalThis.document?.addEventListener("keydown", (event) => { isDown = event.key === "Enter"; }, true);
globalThis.document?.addEventListener("keyup", () => { isDown = false; }, true);

/** Act once Enter is up again: what gets the focus meanwhile would take it for its own. */
export const released = (act) => {
  if (isDown) document.addEventListener("keyup", () => act(), { once: true });
  else act();
};
