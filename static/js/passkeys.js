// Passkeys: the browser's part. A form marked with data-passkey asks the device first, and is sent with its answer.

const canHavePasskeys = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON);

function tell(text) {
  document.dispatchEvent(new CustomEvent("orderly:note", { detail: { text } }));
}

async function answerOf(form) {
  const asked = await fetch(form.dataset.passkey, { headers: { Accept: "application/json" }, cache: "no-store" });
  // Signed in too long ago, or not any more: the page itself says what comes first
  if (asked.redirected) location.reload();
  const options = await asked.json();
  const credential =
    form.dataset.ceremony === "create"
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  return JSON.stringify(credential.toJSON());
}

// Before anybody else hears of it: without an answer there is nothing to send
document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    if (!form.dataset.passkey || form.elements.answer.value) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (form.dataset.asking) return;
    form.dataset.asking = "yes";
    try {
      form.elements.answer.value = await answerOf(form);
      form.requestSubmit();
    } catch (error) {
      const isThere = error.name === "InvalidStateError";
      tell(isThere ? "This device has a passkey for you already." : "No passkey was used. Try again, or take another way.");
    } finally {
      delete form.dataset.asking;
      // What was signed is worth nothing a second time
      setTimeout(() => (form.elements.answer.value = ""));
    }
  },
  true,
);

export function show(root) {
  if (!canHavePasskeys) return;
  for (const form of root.querySelectorAll("form[data-passkey][hidden]")) {
    form.hidden = false;
    if ("first" in form.dataset) form.querySelector("button").focus();
  }
}

show(document);
document.addEventListener("htmx:afterSwap", () => show(document));
