// The queue under the keys: a row is where the focus is. Selection names what the buttons will do, and back finds its row again.

const rows = () => [...document.querySelectorAll("#queue [data-row]")];
const linkOf = (row) => row.querySelector("a[href]");
let currentId = "";
let lastBox = null;

function mark(row) {
  document.querySelector("[data-row][data-current]")?.removeAttribute("data-current");
  if (!row) return;
  row.setAttribute("data-current", "");
  currentId = row.id;
}

function goTo(row) {
  if (!row) return;
  linkOf(row)?.focus({ preventScroll: true });
  mark(row);
  row.firstElementChild.scrollIntoView({ block: "nearest" });
}

function current() {
  return document.querySelector("#queue [data-row][data-current]") ?? document.getElementById(currentId);
}

document.addEventListener("focusin", (event) => {
  const row = event.target.closest("#queue [data-row]");
  if (row) mark(row);
});

document.addEventListener("orderly:key", (event) => {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(current());
  const { key } = event.detail;
  if (key === "j" || key === "ArrowDown") goTo(all[Math.min(at + 1, all.length - 1)]);
  else if (key === "k" || key === "ArrowUp") goTo(all[Math.max(at - 1, 0)]);
  else if (key === "x" && at >= 0) all[at].querySelector(".check")?.click();
  else if (key === "Enter" && at >= 0 && document.activeElement === document.body) linkOf(all[at])?.click();
  else return;
  event.preventDefault();
});

// --- selection ---------------------------------------------------------------------------------------------------------

// With the whole page chosen, the rest of the queue is offered, as far as one run goes
function offerAll(form, isPageChosen) {
  const offer = form.querySelector("[data-select-all]");
  if (!offer) return;
  const [count, most] = [Number(offer.dataset.count), Number(offer.dataset.most)];
  offer.hidden = !isPageChosen || Boolean(form.dataset.all);
  offer.dataset.chosen = Math.min(count, most);
  offer.textContent = count > most ? `Select the first ${most}` : `Select all ${count}`;
}

function showSelection() {
  const queue = document.getElementById("queue");
  const form = document.getElementById("queue-bulk");
  if (!queue || !form) return;
  const boxes = [...queue.querySelectorAll("[data-row] .check")];
  const checked = boxes.filter((box) => box.checked).length;
  if (checked < boxes.length) delete form.dataset.all;
  const chosen = Number(form.dataset.all ?? checked);
  const noun = chosen === 1 ? queue.dataset.noun : queue.dataset.nounPlural;
  for (const button of form.querySelectorAll("[data-bulk]")) {
    button.disabled = chosen === 0;
    button.querySelector("span").textContent = button.dataset.bulk.replace("{}", chosen ? `${chosen} ${noun}` : "selected");
  }
  const all = queue.querySelector("[data-check-all]");
  if (all) {
    all.checked = checked > 0 && checked === boxes.length;
    all.indeterminate = checked > 0 && checked < boxes.length;
  }
  offerAll(form, boxes.length > 0 && checked === boxes.length);
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-check-all]")) {
    for (const box of document.querySelectorAll("#queue [data-row] .check")) box.checked = event.target.checked;
  }
  if (event.target.matches("#queue .check")) showSelection();
});

document.addEventListener("orderly:selection", showSelection);

// A second press comes when the answer's rows stand there and none of them is chosen any more: it asks for nothing
document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.detail.elt.closest("[data-bulk]")?.form;
  if (form && !form.dataset.all && !document.querySelector("#queue [data-row] .check:checked")) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const box = event.target.closest("#queue [data-row] .check");
  if (box) {
    // Shift selects everything between this box and the one before
    const boxes = [...document.querySelectorAll("#queue [data-row] .check")];
    const [from, to] = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
    lastBox = box;
    return;
  }
  const link = event.target.closest("#queue [data-row] a[href]");
  if (link && !event.ctrlKey && !event.metaKey) {
    // Going back from the document lands on its row
    history.replaceState(history.state, "", `#${link.closest("[data-row]").id}`);
  }
});

// Where there is no room for all tabs, the one that is shown is among those seen
function seeTab() {
  const tabs = document.getElementById("queue-tabs");
  const tab = tabs?.querySelector("[aria-current]");
  if (tab) tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2;
}

function arrive() {
  showSelection();
  seeTab();
  const row = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (row && row.matches("#queue [data-row]")) goTo(row);
}

document.addEventListener("htmx:afterSettle", (event) => {
  showSelection();
  if (event.target.id === "queue") seeTab();
  const row = currentId && document.getElementById(currentId);
  if (row && document.activeElement === document.body) goTo(row);
  else if (event.target.id === "queue") mark(null);
});

// Restored from the browser's own cache or loaded anew, the page is the same
window.addEventListener("pageshow", arrive);
