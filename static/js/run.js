// A long run: all rows of a queue are chosen, sent slice by slice, and counted as they are done. It can be stopped after any slice.

const figure = new Intl.NumberFormat(document.documentElement.lang);
let running = null;

const queue = () => document.getElementById("queue");
const form = () => document.getElementById("queue-bulk");
const noun = (count) => (count === 1 ? queue().dataset.noun : queue().dataset.nounPlural);

// The server cuts the slices: rows that share a document stay in one
async function allRows() {
  const answer = await fetch(document.querySelector("[data-select-all]").dataset.selectAll);
  return answer.ok ? (await answer.json()).slices : [];
}

function show(dialog, run) {
  const [bar] = dialog.getElementsByTagName("progress");
  bar.max = run.ids.length;
  bar.value = run.done + run.refused;
  dialog.querySelector("[data-run-count]").textContent =
    `${figure.format(run.done + run.refused)} of ${figure.format(run.ids.length)} · ${figure.format(run.refused)} refused`;
}

function finish(dialog, sentence) {
  running = null;
  dialog.querySelector("[data-run-title]").textContent = sentence;
  dialog.querySelector("[data-run-stop]").hidden = true;
  dialog.querySelector("[data-run-close]").hidden = false;
  dialog.querySelector("[data-run-close]").focus();
}

async function send(button, ids) {
  const fields = new FormData(form());
  fields.delete("id");
  ids.forEach((id) => fields.append("id", id));
  fields.append("slice", "1");
  const headers = { "HX-Request": "true", "X-CSRFToken": fields.get("csrfmiddlewaretoken") };
  const answer = await fetch(button.formAction, { method: "POST", headers, body: fields });
  if (answer.status === 401) document.dispatchEvent(new CustomEvent("sessionExpired"));
  if (!answer.ok) throw new Error(String(answer.status));
  const holder = document.createElement("div");
  holder.innerHTML = await answer.text();
  return holder.querySelector("template");
}

async function go(button) {
  const dialog = document.getElementById("run");
  const slices = await allRows();
  const run = { ids: slices.flat(), done: 0, refused: 0, stopped: false };
  running = run;
  dialog.querySelector("[data-run-title]").textContent = button.dataset.bulk.replace("{}", `${figure.format(run.ids.length)} ${noun(run.ids.length)}`);
  dialog.querySelector("[data-run-stop]").hidden = false;
  dialog.querySelector("[data-run-close]").hidden = true;
  dialog.querySelector("[data-run-rows]").replaceChildren();
  show(dialog, run);
  dialog.showModal();
  for (const slice of slices) {
    if (run.stopped) break;
    try {
      const told = await send(button, slice);
      run.done += Number(told.dataset.done);
      run.refused += Number(told.dataset.refused);
      dialog.querySelector("[data-run-rows]").append(told.content);
      show(dialog, run);
    } catch {
      finish(dialog, `Stopped: the server did not answer. ${figure.format(run.done)} done; the rest can be sent again.`);
      return;
    }
  }
  const word = run.stopped ? "Stopped" : "Finished";
  finish(dialog, `${word}: ${figure.format(run.done)} ${noun(run.done)} done, ${figure.format(run.refused)} refused.`);
}

document.addEventListener("click", (event) => {
  const all = event.target.closest("[data-select-all]");
  if (all) {
    form().dataset.all = all.dataset.chosen;
    document.dispatchEvent(new CustomEvent("orderly:selection"));
  }
  if (event.target.closest("[data-run-stop]") && running) running.stopped = true;
  if (event.target.closest("[data-run-close]")) event.target.closest("dialog").close();
});

// Chosen all, the button starts a run instead of a request of its own; the question before it has been asked by now
document.addEventListener("htmx:beforeRequest", (event) => {
  const button = event.detail.elt.closest("#queue-bulk [data-bulk]");
  if (!button || !form().dataset.all) return;
  event.preventDefault();
  go(button);
});

// A page that asks first gets the rows with the form
document.addEventListener("submit", async (event) => {
  if (event.target.id !== "queue-bulk" || !event.target.dataset.all || event.submitter.hasAttribute("hx-post")) return;
  event.preventDefault();
  const bulk = event.target;
  document.querySelectorAll("#queue [data-row] .check").forEach((box) => (box.checked = false));
  for (const id of (await allRows()).flat()) bulk.append(Object.assign(document.createElement("input"), { type: "hidden", name: "id", value: id }));
  delete bulk.dataset.all;
  delete bulk.dataset.sent;
  bulk.requestSubmit(event.submitter);
});

window.addEventListener("beforeunload", (event) => {
  if (running) event.preventDefault();
});

document.getElementById("run")?.addEventListener("cancel", (event) => {
  if (running) event.preventDefault();
});

// What was done has left the rows that are shown
document.getElementById("run")?.addEventListener("close", () => location.reload());
