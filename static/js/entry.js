// The grid in which an order is keyed: lines come and go, keys move between boxes, and whatever is typed is priced by the server.
// Nothing is computed here; boxes are never written to by an answer.

const PRICE_AFTER_MS = 250;
const KEEP_AFTER_MS = 900;
const CELLS = ["item", "quantity", "price", "discount"];
let timer = 0;
let keepTimer = 0;
// Something was typed that the server does not have yet; and how often, for an answer may be to what was typed before
let dirty = false;
let typings = 0;
// Counts how often lines came or went: an answer for other lines is not for these
let shape = 0;

const form = () => document.querySelector("form.entry");
const body = () => document.getElementById("grid-rows");
const rows = () => [...body().rows];
const boxesOf = (row) => CELLS.map((name) => row.querySelector(`input[name=${name}]`));

function preview(delay = 0) {
  clearTimeout(timer);
  timer = setTimeout(() => form()?.dispatchEvent(new Event("preview")), delay);
}

// What is typed is kept on the server, so that a closed tab loses nothing
function typed() {
  dirty = true;
  typings += 1;
  clearTimeout(keepTimer);
  keepTimer = setTimeout(() => form()?.dispatchEvent(new Event("keep")), KEEP_AFTER_MS);
}

// --- lines -----------------------------------------------------------------------------------------------------------------

// The ids of a line's parts end in its place, under which the server names them
function number() {
  shape += 1;
  rows().forEach((row, index) => {
    const place = index + 1;
    row.querySelector("[data-place]").textContent = place;
    for (const part of row.querySelectorAll("[data-part]")) {
      const { part: name } = part.dataset;
      part.id = `row-${place}-${name}`;
      if (part.matches("input")) {
        part.setAttribute("aria-labelledby", `col-${name} row-${place}-no`);
        part.setAttribute("aria-describedby", `row-${place}-${name}-note`);
      }
      if (part.dataset.noteOf) part.dataset.noteOf = `row-${place}-${name.replace("-note", "")}`;
    }
  });
}

function addRow(after = rows().at(-1)) {
  if (rows().length >= Number(form().dataset.maxRows)) {
    const text = `A form holds ${form().dataset.maxRows} lines. Import longer orders as a file.`;
    document.dispatchEvent(new CustomEvent("orderly:note", { detail: { text, level: "warning" } }));
    return null;
  }
  const row = rows()[0].cloneNode(true);
  for (const box of row.querySelectorAll("input")) {
    box.value = "";
    box.placeholder = box.name === "item" ? box.placeholder : "";
    box.removeAttribute("aria-invalid");
  }
  for (const note of row.querySelectorAll(".entry-note, output")) {
    note.replaceChildren();
    if ("listPrice" in note.dataset) note.dataset.listPrice = "";
  }
  row.querySelector("[role=listbox]")?.remove();
  after.after(row);
  number();
  return row;
}

function dropRow(row) {
  const next = row.nextElementSibling ?? row.previousElementSibling ?? addRow();
  const place = rows().indexOf(row);
  const isBlank = boxesOf(row).every((box) => !box.value);
  row.remove();
  number();
  boxesOf(next)[0].focus();
  changed();
  if (isBlank) return;
  const undo = () => {
    const at = rows()[place];
    if (at) at.before(row);
    else body().append(row);
    number();
    boxesOf(row)[0].focus();
    changed();
  };
  document.dispatchEvent(new CustomEvent("orderly:note", { detail: { text: `Line ${place + 1} deleted.`, undo } }));
}

function changed(delay = 0) {
  typed();
  preview(delay);
}

// --- keys ------------------------------------------------------------------------------------------------------------------

function step(box, rowsDown, index) {
  const at = rows().indexOf(box.closest("tr")) + rowsDown;
  const row = rows()[at] ?? (rowsDown > 0 ? addRow() : null);
  const target = row && boxesOf(row)[index];
  target?.focus();
  target?.select();
}

function forward(box) {
  const index = CELLS.indexOf(box.name);
  if (index < 0) {
    const all = [...form().querySelectorAll("input:not([type=hidden]), select")];
    all[all.indexOf(box) + 1]?.focus();
  } else if (index < CELLS.length - 1) step(box, 0, index + 1);
  else step(box, 1, 0);
}

document.addEventListener("keydown", (event) => {
  const box = event.target;
  if (event.defaultPrevented || event.isComposing || !box.matches?.("form.entry :is(input, select)")) return;
  const index = CELLS.indexOf(box.name);
  const ctrl = event.ctrlKey || event.metaKey;
  if (event.key === "Enter" && !ctrl) forward(box);
  else if (index < 0) return;
  else if (event.key === "ArrowDown" && !ctrl) step(box, 1, index);
  else if (event.key === "ArrowUp" && !ctrl) step(box, -1, index);
  else if (ctrl && event.key.toLowerCase() === "d") {
    const above = box.closest("tr").previousElementSibling;
    if (above) {
      box.value = boxesOf(above)[index].value;
      changed();
    }
  } else if (ctrl && event.key === "Backspace") dropRow(box.closest("tr"));
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-add-row]")) {
    event.preventDefault();
    boxesOf(addRow() ?? rows().at(-1))[0].focus();
  }
  const drop = event.target.closest("[data-drop-row]");
  if (drop) dropRow(drop.closest("tr"));
});

// F9 leads to the note, and from there back to where it was pressed
let left = null;

document.addEventListener("keydown", (event) => {
  if (event.key !== "F9" || event.defaultPrevented || !form()?.contains(event.target)) return;
  event.preventDefault();
  const note = document.getElementById("id_note");
  if (event.target !== note) left = event.target;
  (event.target === note ? left : note)?.focus();
});

// --- typing, pasting, pricing ------------------------------------------------------------------------------------------------

document.addEventListener("input", (event) => {
  if (!event.target.matches("form.entry :is(input, textarea)")) return;
  typed();
  // Names of customers and items are read when they are complete, figures while they are typed; a note costs nothing
  if (!event.target.matches("[data-commits], textarea")) preview(PRICE_AFTER_MS);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("form.entry :is(input, select)")) changed();
});

// Cells copied from a spreadsheet: item, quantity, price and discount, from the box where they are pasted
document.addEventListener("paste", (event) => {
  const box = event.target;
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!box.matches?.("form.entry .entry-grid input") || !/[\t\n]/.test(text.trim())) return;
  event.preventDefault();
  const first = CELLS.indexOf(box.name);
  let row = box.closest("tr");
  for (const line of text.trim().split(/\r?\n/)) {
    row ??= addRow();
    if (!row) break;
    const boxes = boxesOf(row);
    line.split("\t").slice(0, CELLS.length - first).forEach((cell, index) => {
      boxes[first + index].value = cell.trim();
    });
    row = row.nextElementSibling;
  }
  changed();
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches("[data-preview]")) event.detail.xhr.shape = shape;
});

// A press that leaves a box has it priced, and would be lost were what is pressed replaced meanwhile
let isPressed = false;
document.addEventListener("pointerdown", () => (isPressed = true), true);
for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => (isPressed = false), true);

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (!("shape" in xhr)) return;
  if (isPressed || xhr.shape !== shape) event.detail.shouldSwap = false;
  if (isPressed) preview(PRICE_AFTER_MS);
});

// What the answer says of a box is put on the box itself, its value apart
document.addEventListener("htmx:afterRequest", (event) => {
  if (!form()) return;
  if (event.detail.xhr?.getResponseHeader("HX-Redirect")) dirty = false;
  for (const note of form().querySelectorAll("[data-note-of]")) {
    const box = document.getElementById(note.dataset.noteOf);
    if (!box) continue;
    if (note.querySelector(".field-error")) box.setAttribute("aria-invalid", "true");
    else box.removeAttribute("aria-invalid");
    if ("listPrice" in note.dataset) box.placeholder = note.dataset.listPrice;
  }
});

document.addEventListener("htmx:beforeSend", (event) => {
  if (event.target.matches?.("[data-keep]")) event.detail.xhr.typings = typings;
});

// What was not kept, for want of a connection or a session, is asked about before the page is left
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status === 200 && xhr.typings === typings) dirty = false;
});

// A phone shows one empty line: the others come by themselves
if (matchMedia("(max-width: 767px)").matches) {
  for (const row of rows().slice(1)) if (boxesOf(row).every((box) => !box.value)) row.remove();
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form.entry")) return;
  clearTimeout(keepTimer);
  if (!event.target.hasAttribute("hx-post")) dirty = false;
});

// The tab goes before the pause is over
window.addEventListener("pagehide", () => {
  if (dirty && form()) navigator.sendBeacon(form().querySelector("[data-keep]").dataset.keep, new FormData(form()));
});

window.addEventListener("beforeunload", (event) => {
  if (dirty && form()) event.preventDefault();
});
