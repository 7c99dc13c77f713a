// The numbers of what is chosen, while it changes; and proposals while a rule is typed.

const form = document.querySelector("#choice");
const numbers = document.querySelector("#numbers");
let asked, timer;

const count = async () => {
  asked?.abort();
  asked = new AbortController();
  const chosen = new FormData(form);
  for (const name of ["token", "seen"]) chosen.delete(name);
  numbers.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`${form.dataset.numbers}?${new URLSearchParams(chosen)}`, { signal: asked.signal });
    if (answer.redirected) return location.reload();
    if (answer.status !== 200) return;
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    numbers.replaceChildren(...part.body.childNodes);
    numbers.removeAttribute("aria-busy");
  } catch (error) {
    if (error.name !== "AbortError") numbers.removeAttribute("aria-busy");
  }
};
const soon = () => { clearTimeout(timer); timer = setTimeout(count, 350); };

// A combobox (ARIA 1.2): the arrows choose, Enter and Tab take, Escape closes.
const completing = (field) => {
  const list = document.createElement("ul");
  let at = -1, span = [0, 0], last;
  list.id = `${field.id}-proposals`;
  list.className = "proposals";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.dataset.listLabel);
  field.after(list);
  for (const [name, value] of [["role", "combobox"], ["aria-expanded", "false"], ["aria-autocomplete", "list"], ["aria-controls", list.id]]) field.setAttribute(name, value);

  const close = () => { last?.abort(); list.hidden = true; at = -1; field.setAttribute("aria-expanded", "false"); field.removeAttribute("aria-activedescendant"); };
  const mark = (to) => {
    const all = [...list.children];
    at = (to + all.length) % all.length;
    all.forEach((it, n) => it.setAttribute("aria-selected", String(n === at)));
    field.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  };
  const take = (text) => {
    field.setRangeText(`${text} `, span[0], span[1], "end");
    close();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const propose = async () => {
    last?.abort();
    last = new AbortController();
    const query = new URLSearchParams({ text: field.value, at: String(field.selectionStart) });
    try {
      const answer = await fetch(`${form.dataset.complete}?${query}`, { signal: last.signal });
      if (!answer.ok || answer.redirected) return close();
      const found = await answer.json();
      if (!found.proposals.length || document.activeElement !== field) return close();
      span = [found.start, found.end];
      list.replaceChildren(...found.proposals.map((text, n) => {
        const it = document.createElement("li");
        it.id = `${list.id}-${n}`;
        it.textContent = text;
        it.setAttribute("role", "option");
        it.setAttribute("aria-selected", "false");
        it.addEventListener("pointerdown", (event) => { event.preventDefault(); take(text); });
        return it;
      }));
      at = -1;
      list.hidden = false;
      field.setAttribute("aria-expanded", "true");
    } catch { /* a newer question is under way, or the server is away: no proposals */ }
  };
  // What was proposed for the text of before would be put in the wrong place.
  field.addEventListener("input", () => { close(); propose(); });
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (list.hidden) { if (event.key === "ArrowDown") { event.preventDefault(); propose(); } return; }
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at < 0 ? -1 : at - 1);
    else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) take(list.children[at].textContent);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
};

// The field of a rule is of use only where a rule is chosen.
const segment = form.querySelector("#segment");
const ruled = () => { form.querySelector("#rule").closest(".field").hidden = segment.value !== segment.dataset.rule; };
segment.addEventListener("input", ruled);
ruled();
form.addEventListener("input", soon);
for (const field of form.querySelectorAll("input[data-rule]")) completing(field);
count();
