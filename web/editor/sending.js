// Saves what is written before a button takes the manuscript on: what is frozen is what is seen.

const AGAIN = 100;

/** Save until the server has all that is written: true, or false where saving fails. */
export const saveAll = async (saving) => {
  do {
    await saving.save({ asked: true });
    if (saving.busy) await new Promise((resolve) => { setTimeout(resolve, AGAIN); });
  } while (saving.isDirty && !saving.stopped && !saving.failures);
  return !saving.isDirty;
};

export class SavesFirst {
  /** `saving` has isDirty, busy, stopped, failures and save(); `failed()` leads to why it fails. */
  constructor(form, saving, failed = () => {}) {
    if (!form) return;
    Object.assign(this, { form, saving, failed });
    form.addEventListener("submit", (event) => {
      if (!saving.isDirty) return;
      event.preventDefault();
      this.go();
    });
  }

  /** Save, and send the form once everything is saved; it stays where saving fails. */
  async go() {
    if (this.waits) return;
    this.waits = true;
    const isSaved = await saveAll(this.saving);
    this.waits = false;
    if (isSaved) this.form.submit();
    else this.failed();
  }
}
