// The search box over every page: it offers what the letters or the scan may mean, pages to go to, and what this page can do.

const ASK_AFTER_MS = 120;
const sheet = document.getElementById("palette");
const box = sheet?.querySelector("input");
const list = sheet?.querySelector("[role=listbox]");
const status = sheet?.querySelector("[role=status]");
let timer = 0;
let asked = 0;
// What was in the box when the list was asked for: Enter after a quick scan does not mean the list
let offeredFor = null;
let doings = [];

const options = () => [...list.querySelectorAll("[data-url], [data-doing]")];
const chosen = () => list.querySelector("[aria-selected=true]");

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  box.removeAttribute("aria-activedescendant");
  if (!option) return;
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", option.id);
}

// What can be done on the page below, by a key or once it is asked for, can be done from here as well
function pageDoings(text) {
  const offered = new Set([...list.querySelectorAll(".offer-name")].map((name) => name.textContent));
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return [...document.querySelectorAll("main [data-key-label]")].filter((element) => {
    const label = element.dataset.keyLabel;
    const fits = (element.dataset.key || words.length) && words.every((word) => label.toLowerCase().split(/\s+/).some((part) => part.startsWith(word)));
    if (!fits || element.disabled || offered.has(label) || !element.matches("a[href], button") || !element.checkVisibility()) return false;
    return offered.add(label);
  });
}

function drawDoings(text) {
  doings = pageDoings(text);
  doings.forEach((element, at) => {
    const option = document.createElement("li");
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.dataset.doing = at;
    const kind = Object.assign(document.createElement("span"), { className: "offer-kind", textContent: "On this page" });
    const name = Object.assign(document.createElement("span"), { className: "offer-name", textContent: element.dataset.keyLabel });
    option.append(kind, name);
    list.append(option);
  });
}

async function ask() {
  const mine = (asked += 1);
  const text = box.value;
  let answer;
  try {
    answer = await fetch(`${box.form.action}?${new URLSearchParams({ q: text })}`, { headers: { "HX-Request": "true" } });
  } catch {
    return; // without a connection Enter says so
  }
  if (answer.status === 401) document.dispatchEvent(new Event("sessionExpired"));
  if (!answer.ok) return;
  const html = await answer.text();
  if (mine !== asked || !sheet.open) return;
  list.innerHTML = html;
  drawDoings(text);
  offeredFor = text;
  const all = options();
  all.forEach((option, at) => (option.id = `offer-${at}`));
  if (text.trim() && all.length && !list.querySelector("[data-url]")) list.querySelector(".offer-none")?.remove();
  choose(chosen() ?? (list.querySelector("[data-url]") ? null : all[0]));
  status.textContent = text.trim() ? `${all.length} found` : "";
}

function take(option, event) {
  if (option.dataset.url) {
    if (event.ctrlKey || event.metaKey || event.button === 1) window.open(option.dataset.url, "_blank", "noopener");
    else location.assign(option.dataset.url);
    return;
  }
  const element = doings[Number(option.dataset.doing)];
  sheet.close();
  element.click();
}

function open() {
  document.querySelector("[data-open-dialog=palette]")?.click();
}

document.addEventListener("orderly:dialog", (event) => {
  if (event.detail.id !== "palette") return;
  box.value = "";
  list.replaceChildren();
  offeredFor = null;
  ask();
});

// Whatever on the page has the key, such as the box for scans at a desk, comes first
document.addEventListener("orderly:key", (event) => {
  if (event.detail.key !== "/" || !sheet) return;
  event.preventDefault();
  open();
});

document.addEventListener("keydown", (event) => {
  if (!sheet || event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  event.preventDefault();
  if (!document.querySelector("dialog[open]")) open();
});

box?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(ask, ASK_AFTER_MS);
});

box?.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const all = options();
  const at = all.indexOf(chosen());
  if (event.key === "ArrowDown") choose(all[(at + 1) % all.length]);
  else if (event.key === "ArrowUp") choose(all[at < 0 ? all.length - 1 : (at - 1 + all.length) % all.length]);
  else if (event.key === "Enter" && at >= 0 && offeredFor === box.value) take(all[at], event);
  else if (event.key === "Enter" && box.value.trim()) {
    // The server opens what was meant, where that is one thing, and lists it otherwise
    clearTimeout(timer);
    box.form.submit();
  } else if (event.key !== "Enter") return;
  event.preventDefault();
});

sheet?.addEventListener("click", (event) => {
  const option = event.target.closest("[data-url], [data-doing]");
  if (option) take(option, event);
  if (event.target.closest("[data-close-palette]")) sheet.close();
});

list?.addEventListener("auxclick", (event) => {
  const option = event.target.closest("[data-url]");
  if (option && event.button === 1) take(option, event);
});

// The focus stays in the box
list?.addEventListener("pointerdown", (event) => event.preventDefault());
