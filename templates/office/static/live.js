// Follows a sending by its stream of events; each is a whole picture of the part that moves.

const part = document.querySelector("[data-stream]");
const said = document.querySelector("[data-said]");
const lost = document.querySelector("[data-lost]");
const place = part.dataset.stream.replace(/\/stream$/, "");
const state = part.querySelector("[data-state]").dataset.state;
let source;
let sentence = "";

// Not reload(): this may be the answer to a form, and what was done before is not told again.
// Nor does it take the place of an answer that is on its way: who pressed Stop reads what became of it.
let leaving = 0;
const again = () => {
  if (Date.now() < leaving) setTimeout(again, 500);
  else location.replace(place);
};
const leave = () => { leaving = Date.now() + 10_000; };
addEventListener("submit", leave);
addEventListener("click", (event) => { if (event.target.closest("a[href]")) leave(); });

const show = (text) => {
  const next = new DOMParser().parseFromString(text, "text/html").querySelector("[data-state]");
  if (next?.dataset.state !== state) return again();
  lost.hidden = true;
  // Nobody loses the words that are being marked.
  if (getSelection().isCollapsed) part.replaceChildren(next);
  sentence = next.dataset.sentence;
};

// Where no stream is given, since too many watch or the server begins anew, the page is asked again.
const look = async () => {
  try {
    const answer = await fetch(place);
    if (answer.redirected || answer.status === 404) return again();
    if (answer.ok) show(await answer.text());
    else lost.hidden = false;
  } catch {
    lost.hidden = false;
  }
  if (!document.hidden && source.readyState === EventSource.CLOSED) setTimeout(begin, 5000);
};

const begin = () => {
  source?.close();
  source = new EventSource(part.dataset.stream);
  source.onmessage = (event) => show(event.data);
  source.addEventListener("over", () => { source.close(); again(); });
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) look();
    else lost.hidden = false;
  };
  source.onopen = () => { lost.hidden = true; };
};

// A page that nobody sees watches nothing.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) source.close();
  else begin();
});
addEventListener("pagehide", () => source.close());
addEventListener("pageshow", (event) => { if (event.persisted) begin(); });
// A screen reader is told one sentence now and then, not every number.
setInterval(() => { if (said.textContent !== sentence) said.textContent = sentence; }, 30_000);
begin();
