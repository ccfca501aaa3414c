// Notes in the corner: they leave by themselves unless they say that something is wrong, and they tell what the server could not.

const STAY_MS = 6000;
const UNDO_MS = 10000;
const toasts = document.getElementById("toasts");

function schedule(note) {
  if (note.dataset.scheduled || note.matches(".warning, .error")) return;
  note.dataset.scheduled = "yes";
  let timer = setTimeout(() => note.remove(), Number(note.dataset.stays ?? STAY_MS));
  note.addEventListener("pointerenter", () => clearTimeout(timer));
  note.addEventListener("pointerleave", () => {
    timer = setTimeout(() => note.remove(), STAY_MS / 2);
  });
}

// What can be taken back with certainty says so, and by which key
function offer(note, undo) {
  const button = note.querySelector("[data-undo]");
  document.querySelectorAll("#toasts [data-undo]").forEach((other) => other.remove());
  button.hidden = false;
  button.addEventListener("click", () => {
    note.remove();
    undo();
  });
  note.dataset.stays = UNDO_MS;
}

function add(text, level = "info", undo = null) {
  const template = document.getElementById("toast-template");
  const note = template.content.firstElementChild.cloneNode(true);
  note.classList.add(level);
  note.querySelector("p").textContent = text;
  if (undo) offer(note, undo);
  toasts.append(note);
}

const scheduleAll = () => toasts.querySelectorAll("[data-toast]").forEach(schedule);
new MutationObserver(scheduleAll).observe(toasts, { childList: true });
scheduleAll();

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-close]");
  if (button) button.closest("[data-toast], [data-refusal]").remove();
});

document.addEventListener("orderly:note", (event) => add(event.detail.text, event.detail.level, event.detail.undo));

document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  add(`The server could not do that (${status}). Nothing was changed; what you typed is still here.`, "error");
});

// A refusal stands until the next try
document.addEventListener("htmx:beforeRequest", () => document.getElementById("refusal")?.replaceChildren());

document.addEventListener("htmx:sendError", () => {
  add("No connection to the server. What you typed is still here: try again when you are back on the network.", "error");
});
