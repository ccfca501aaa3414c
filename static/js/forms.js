// Forms: the token is read when it is sent, so that signing in again elsewhere does not spoil a page; a mistake gets the focus.

document.addEventListener("htmx:configRequest", (event) => {
  const cookie = document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/);
  if (!cookie || event.detail.verb === "get") return;
  event.detail.headers["X-CSRFToken"] = cookie[1];
  event.detail.parameters.csrfmiddlewaretoken = cookie[1];
});

function showFirstMistake() {
  const field = (document.querySelector("dialog[open]") ?? document).querySelector("[aria-invalid=true]:not([type=hidden])");
  field?.focus();
  return Boolean(field);
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.xhr?.status === 422) showFirstMistake();
});

if (!showFirstMistake()) {
  document.querySelector("main form[data-guard] [autofocus]")?.focus();
}

// A page that is a form begins in its first box, but for a phone, where that would raise the keyboard over the page
if (document.activeElement === document.body && matchMedia("(min-width: 768px)").matches) {
  const box = "input:not([type=hidden], [readonly], [type=file]), select, textarea";
  document.querySelector("main .page-content > form[data-guard], main .page-content > .narrow > form[data-guard]")?.querySelector(box)?.focus();
}

// What stands in the first box is a proposal: typing replaces it
if (document.activeElement.matches("input[autofocus]:not([type=date])")) document.activeElement.select();

// A plain form is sent once, however often its button is pressed
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});

window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
