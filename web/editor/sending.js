// Saves what is written before a button takes the manuscript on: what is frozen is what is seen.

const AGAIN = 100;

export class SavesFirst {
  /** `saving` has isDirty, busy, stopped, failures and save(); its own words tell why it fails. */
  constructor(form, saving) {
    if (!form) return;
    Object.assign(this, { form, saving });
    form.addEventListener("submit", (event) => {
      if (!saving.isDirty) return;
      event.preventDefault();
      this.go();
    });
  }

  /** Save, and send the form once everything is saved; it stays where saving fails. */
  async go() {
    const { saving } = this;
    if (this.waits) return;
    this.waits = true;
    do {
      await saving.save({ asked: true });
      if (saving.busy) await new Promise((resolve) => { setTimeout(resolve, AGAIN); });
    } while (saving.isDirty && !saving.stopped && !saving.failures);
    this.waits = false;
    if (!saving.isDirty) this.form.submit();
  }
}
