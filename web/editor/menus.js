// A button with a menu: arrows move within it, Escape and a choice close it.

import { h, newId, released } from "./dom.js";

/** {button, element, close}: `items()` gives [{label, checked?, act}]. */
export const menu = (label, items, attrs = {}) => {
  const id = newId("menu");
  const list = h("div", { role: "menu", id, class: "menu", "aria-label": attrs["aria-label"] ?? label, hidden: true });
  const said = h("span", {}, label);
  const button = h("button", {
    type: "button", "aria-haspopup": "menu", "aria-expanded": "false", "aria-controls": id, ...attrs,
  }, said, h("span", { "aria-hidden": "true", class: "caret" }, "▾"));
  const element = h("div", { class: "with-menu" }, button, list);

  const close = (back = true) => {
    if (list.hidden) return;
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (back) button.focus();
  };
  const open = (at = 0) => {
    list.replaceChildren(...items().map(({ label: words, checked, act }) => h("button", {
      type: "button", tabindex: "-1",
      role: checked === undefined ? "menuitem" : "menuitemradio",
      "aria-checked": checked === undefined ? null : String(checked),
      onclick: () => { close(false); released(act); },
    }, words)));
    list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    // A menu at the right edge of a small screen opens to the left.
    list.classList.remove("to-left");
    list.classList.toggle("to-left", list.getBoundingClientRect().right > document.documentElement.clientWidth);
    (at < 0 ? list.lastElementChild : list.firstElementChild)?.focus();
  };
  button.addEventListener("click", () => (list.hidden ? open() : close()));
  button.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    open(event.key === "ArrowUp" ? -1 : 0);
  });
  list.addEventListener("keydown", (event) => {
    const all = [...list.children];
    const here = all.indexOf(document.activeElement);
    const to = {
      ArrowDown: (here + 1) % all.length, ArrowUp: (here - 1 + all.length) % all.length,
      Home: 0, End: all.length - 1,
    }[event.key];
    if (to !== undefined) all[to].focus();
    else if (event.key === "Escape") close();
    else if (event.key === "Tab") close(false);
    else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
      const letter = event.key.toLowerCase();
      [...all.slice(here + 1), ...all].find((it) => it.textContent.toLowerCase().startsWith(letter))?.focus();
    } else return;
    event.stopPropagation();
    if (event.key !== "Tab") event.preventDefault();
  });
  element.addEventListener("focusout", (event) => {
    if (!element.contains(event.relatedTarget)) close(false);
  });
  return { button, element, close, said };
};
