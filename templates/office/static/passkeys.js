// Makes and uses passkeys. The browser's own methods read and write the documents.

const able = window.PublicKeyCredential?.parseCreationOptionsFromJSON
  && PublicKeyCredential.parseRequestOptionsFromJSON;

const ask = async (part, form) => {
  const answer = await fetch(part.dataset.ask, {
    method: "POST",
    body: new URLSearchParams({ token: form.elements.token.value }),
  });
  if (answer.status === 401) location.reload();
  if (answer.status === 403) location.href = `/office/confirm?next=${encodeURIComponent(location.pathname)}`;
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.fault ?? "");
  if (part.dataset.passkey === "create") {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(said);
    return navigator.credentials.create({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(said);
  return navigator.credentials.get({ publicKey });
};

const serve = (part) => {
  const form = part.querySelector("form");
  const told = part.querySelector("[role=alert]");
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    told.hidden = true;
    try {
      const credential = await ask(part, form);
      form.elements.answer.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch (error) {
      const { there, refused } = part.dataset;
      told.textContent = error.name === "InvalidStateError" ? there : refused;
      told.hidden = false;
      button.disabled = false;
      button.focus();
    }
  });
  part.hidden = false;
};

if (able) {
  document.querySelectorAll("[data-passkey]").forEach(serve);
  for (const it of document.querySelectorAll("[data-with-passkeys]")) it.hidden = false;
}
