// Looks again at a page whose numbers move, and shows what has changed; the focus stays in its place.

const main = document.querySelector("main");
const reachable = () => [...main.querySelectorAll("a, button, input, select, [tabindex]")];

const show = (page) => {
  const place = reachable().indexOf(document.activeElement);
  main.replaceChildren(...page.querySelector("main").childNodes);
  document.title = page.title;
  begin();
  if (place >= 0) reachable()[place]?.focus({ preventScroll: true });
};

const look = async (seconds) => {
  // Nobody loses the words that are being marked, and a page that nobody sees asks nothing.
  if (document.hidden || !getSelection().isCollapsed) return wait(seconds);
  try {
    const answer = await fetch(location.href);
    if (answer.redirected || !answer.ok) return location.reload();
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    wait(seconds);
  }
};

const wait = (seconds) => { setTimeout(look, seconds * 1000, seconds); };

const begin = () => {
  const part = main.querySelector("[data-again]");
  if (!part) return;
  for (const it of part.children) it.hidden = !it.hidden;
  wait(Number(part.dataset.again));
};

begin();
