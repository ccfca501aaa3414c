// A box that offers what its letters may mean: the list comes from the server, arrows choose, Enter or Tab takes, Escape leaves.

const ASK_AFTER_MS = 120;
const list = Object.assign(document.createElement("ul"), { id: "lookup-list", className: "lookup-list", hidden: true });
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "Suggestions");
let box = null;
let timer = 0;
let asked = 0;

const options = () => [...list.querySelectorAll("[data-value]")];
const chosen = () => list.querySelector("[aria-selected=true]");

function close() {
  clearTimeout(timer);
  asked += 1;
  list.hidden = true;
  box?.setAttribute("aria-expanded", "false");
  box?.removeAttribute("aria-activedescendant");
}

function unchoose() {
  chosen()?.setAttribute("aria-selected", "false");
  box.removeAttribute("aria-activedescendant");
}

function choose(option) {
  unchoose();
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", option.id);
}

function take(option) {
  box.value = option.dataset.value;
  close();
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

async function ask() {
  const mine = (asked += 1);
  const target = box;
  const text = target.value;
  // What is offered may depend on another box: the items of a customer
  const other = document.getElementById(target.dataset.lookupWith);
  const url = `${target.dataset.lookup}?${new URLSearchParams({ q: text.trim(), with: other?.value ?? "" })}`;
  let answer;
  try {
    answer = await fetch(url, { headers: { "HX-Request": "true" } });
  } catch {
    return; // without a connection the box is a box; sending the form says so
  }
  if (answer.status === 401) document.dispatchEvent(new Event("sessionExpired"));
  if (!answer.ok) return;
  const html = await answer.text();
  if (mine !== asked || document.activeElement !== target || target.value !== text) return;
  list.innerHTML = html;
  list.hidden = !list.children.length;
  target.setAttribute("aria-expanded", String(!list.hidden));
  if (options().length) choose(options()[0]);
}

function adopt(target) {
  if (!target.matches("[data-lookup]") || target === box) return;
  box = target;
  box.parentElement.append(list);
  list.hidden = true;
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", list.id);
  box.setAttribute("aria-expanded", "false");
}

document.addEventListener("focusin", (event) => adopt(event.target));
// The box that had the focus before this script was there
adopt(document.activeElement);

document.addEventListener("focusout", (event) => {
  if (event.target !== box) return;
  close();
  box = null;
});

document.addEventListener("input", (event) => {
  if (event.target !== box) return;
  clearTimeout(timer);
  // Whoever types on does not mean what was offered before
  unchoose();
  if (box.value.trim()) timer = setTimeout(ask, ASK_AFTER_MS);
  else close();
});

// Before the grid's and the page's own keys
document.addEventListener(
  "keydown",
  (event) => {
    if (event.target !== box || list.hidden || event.isComposing) return;
    const all = options();
    const at = all.indexOf(chosen());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = all[at + (event.key === "ArrowDown" ? 1 : -1)];
      if (next) choose(next);
    } else if (event.key === "Escape") close();
    else if ((event.key === "Enter" || event.key === "Tab") && at >= 0 && !event.ctrlKey) {
      take(all[at]);
      // In the grid the key goes on, to the next box; elsewhere Enter would send the form
      if (event.key === "Tab" || box.matches("[data-commits]")) return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

list.addEventListener("pointerdown", (event) => {
  const option = event.target.closest("[data-value]");
  event.preventDefault(); // the focus stays in the box
  if (option) take(option);
});
