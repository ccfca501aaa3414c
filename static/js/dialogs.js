// Dialogs: opened by buttons, asked before what cannot be undone, and signing in again over the page when the session has ended.

function open(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return dialog;
  document.dispatchEvent(new CustomEvent("orderly:dialog", { detail: { id } }));
  dialog.returnValue = "";
  dialog.showModal();
  return dialog;
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open-dialog]");
  if (opener && !event.ctrlKey && !event.metaKey) {
    // Without a script it may be a link, to a page that does the same
    event.preventDefault();
    open(opener.dataset.openDialog);
  }
  if (event.target.closest("[data-print]")) window.print();
  // The veil around a dialog closes it
  if (event.target.matches("dialog.sheet")) event.target.close("");
});

// What a button says, without the key that presses it
function wordsOf(button) {
  const copy = button.cloneNode(true);
  for (const key of copy.querySelectorAll(".keys")) key.remove();
  return copy.textContent.trim() || "Do it";
}

// A menu is entered as it opens
document.addEventListener(
  "toggle",
  (event) => {
    if (event.newState === "open" && event.target.matches(".menu[popover]")) {
      event.target.querySelector("a[href], button:enabled, input:not([type=hidden]), select")?.focus();
    }
  },
  { capture: true },
);

document.addEventListener("htmx:confirm", (event) => {
  const asking = event.detail.elt.closest("[data-confirm]");
  if (!asking) return;
  event.preventDefault();
  const dialog = document.getElementById("question");
  dialog.querySelector("#question-text").textContent = asking.dataset.confirm;
  dialog.querySelector("[value=yes] span").textContent = asking.dataset.confirmVerb ?? wordsOf(event.detail.elt);
  dialog.addEventListener(
    "close",
    () => {
      if (dialog.returnValue === "yes") event.detail.issueRequest(true);
    },
    { once: true },
  );
  open("question");
});

document.addEventListener("sessionExpired", () => {
  // A page may have asked several times before it heard; what is typed into the first form stays
  if (document.getElementById("sign-in-again").open) return;
  const dialog = open("sign-in-again");
  import(dialog.dataset.passkeys);
  // The form's own autofocus says where the next key belongs
  window.htmx.ajax("GET", dialog.dataset.url, { target: "#sign-in-form", swap: "innerHTML" });
});

document.addEventListener("signedInAgain", (event) => {
  // Somebody else at the same screen must not go on with another person's page
  if (String(event.detail.user) !== document.body.dataset.user) {
    location.reload();
    return;
  }
  document.getElementById("sign-in-again").close();
  document.getElementById("sign-in-form").replaceChildren();
  document.dispatchEvent(
    new CustomEvent("orderly:note", { detail: { text: "You are signed in again. Send what you were about to send." } }),
  );
});
