// Counts down to a moment, then looks every two seconds what has become of it.

const shown = document.querySelector("[data-left]");
const until = Date.now() + Number(shown.dataset.left) * 1000;

const tick = () => {
  const left = Math.max(0, Math.round((until - Date.now()) / 1000));
  shown.textContent = String(left);
  if (left > 0) return setTimeout(tick, 500);
  setTimeout(() => location.reload(), 2000);
};

tick();
