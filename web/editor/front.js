// The fields above the text: title, number, date, subject, preheader, language, theme.

const NAMES = ["title", "number", "date", "subject", "preheader", "language", "theme"];

export class Front {
  constructor(form, changed) {
    this.fields = NAMES.map((name) => form.elements[name]).filter(Boolean);
    for (const it of this.fields) it.addEventListener("input", changed);
    const heading = document.querySelector(".writing h1");
    form.elements.title?.addEventListener("input", (event) => {
      heading.textContent = event.target.value.trim() || heading.textContent;
    });
  }

  value(name) {
    return this.fields.find((it) => it.name === name)?.value ?? "";
  }

  values() {
    return Object.fromEntries(this.fields.map((it) => [it.name, it.value]));
  }

  fill(values) {
    for (const it of this.fields) if (values[it.name] !== undefined) it.value = values[it.name];
  }
}
