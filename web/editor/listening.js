// What the window tells the page: keys, the network that comes and goes, a tab that is hidden or closed.

/** `page` is the Writing of the page. */
export const listen = (page) => {
  page.form.addEventListener("submit", (event) => {
    // Saving is done here; it is also what Enter in a field asks for.
    event.preventDefault();
    page.saving.save({ asked: true });
  });
  document.addEventListener("keydown", (event) => {
    if (event.altKey && event.key === "F10" && !page.switching.isSource) {
      event.preventDefault();
      page.desk.toolbar.focus();
    }
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") {
      event.preventDefault();
      page.saving.save({ asked: true });
    }
  });
  addEventListener("online", () => {
    page.saving.again();
    page.preview.look();
  });
  addEventListener("offline", () => page.saving.isDirty && page.tell("failed", { why: "away" }));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      page.saving.flush();
      page.saving.save();
    } else page.session.look();
  });
  addEventListener("focus", () => page.session.look());
  addEventListener("pagehide", () => page.presence.leave());
  addEventListener("beforeunload", (event) => {
    if (!page.saving.isDirty || page.leaves) return;
    page.saving.flush();
    page.saving.save();
    event.preventDefault();
  });
};
