// Keys: whatever carries data-key is pressed by that key; chords are two keys in a row ("g o"). What nobody claims is handed
// to the page as an "orderly:key" event, which the queue and the search box listen to. A scanner types as well, but faster than
// anybody: what it reads is heard wherever the focus is, as one "orderly:scan", and presses no key on its way.

const CHORD_MS = 1200;
let pending = "";
let timer = 0;

const isTyping = (element) =>
  element.isContentEditable ||
  element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");

const nameOf = (event) => {
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const shift = event.shiftKey && event.key === "Enter" ? "Shift+" : "";
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + shift + name;
};

const isShown = (element) => element.matches("input[type=search]") || element.checkVisibility();

function claimant(name) {
  const scope = document.querySelector("dialog[open]") ?? document;
  const found = [...scope.querySelectorAll("[data-key]")].filter((element) => element.dataset.key === name && isShown(element));
  return found.find((element) => !element.disabled);
}

function press(element) {
  if (element.matches("input, textarea, select")) {
    element.focus();
    element.select?.();
  } else {
    element.click();
  }
}

function forget() {
  pending = "";
  clearTimeout(timer);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const name = nameOf(event);
  const typing = isTyping(event.target);

  if (typing && name === "Escape") {
    // A search box would be emptied, and the rows below it still be those that were sought
    event.preventDefault();
    event.target.blur();
    return;
  }
  if (typing && !name.startsWith("Ctrl+")) return;

  const chord = pending ? `${pending} ${name}` : name;
  forget();
  const element = claimant(chord);
  if (element) {
    event.preventDefault();
    press(element);
    return;
  }
  if (document.querySelector("dialog[open]") || name.startsWith("Ctrl+")) return;
  if (!chord.includes(" ") && document.querySelector(`[data-key^="${CSS.escape(name)} "]`)) {
    pending = name;
    timer = setTimeout(forget, CHORD_MS);
    event.preventDefault();
    return;
  }
  const asked = new CustomEvent("orderly:key", { detail: { key: name, shift: event.shiftKey, target: event.target }, cancelable: true });
  if (!document.dispatchEvent(asked)) event.preventDefault();
});

// --- scans -------------------------------------------------------------------------------------------------------------

// No hand is as fast as this; a slower scanner needs a longer gap
const gap = () => Number(document.body.dataset.scanGap);
let held = [];
let holding = 0;

const isCode = (text) => text.length >= 4 && (/\d/.test(text) || Boolean(document.querySelector("#walk, [data-desk]")));

// They were keys after all; where the first of them led into a box, the others are what was typed there
function giveBack() {
  clearTimeout(holding);
  const keys = held;
  held = [];
  for (const { key, shiftKey, target } of keys) {
    const [at, box] = [target.isConnected ? target : document.body, document.activeElement];
    if (box !== target && box.matches("textarea, input:is(:not([type]), [type=text], [type=search])")) {
      box.setRangeText(key, box.selectionStart, box.selectionEnd, "end");
      box.dispatchEvent(new InputEvent("input", { bubbles: true }));
    } else at.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey, bubbles: true, cancelable: true }));
  }
}

function hear(code) {
  held = [];
  clearTimeout(holding);
  const box = [...document.querySelectorAll("[data-scan]")].find((element) => element.checkVisibility());
  if (!document.dispatchEvent(new CustomEvent("orderly:scan", { detail: { code }, cancelable: true }))) return;
  if (box) {
    box.focus();
    box.value = code;
    if (box.closest("[data-desk]")) box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    else box.form.requestSubmit();
  } else {
    const search = document.querySelector(".search-opener[href]");
    if (search) location.assign(`${search.href}?q=${encodeURIComponent(code)}`);
  }
}

window.addEventListener(
  "keydown",
  (event) => {
    if (!event.isTrusted || event.key === "Shift") return;
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing && !event.repeat;
    if (isPlain && event.key === "Enter" && isCode(held.map(({ key }) => key).join(""))) hear(held.map(({ key }) => key).join(""));
    else if (isPlain && event.key.length === 1 && (held.length || /\w/.test(event.key)) && !isTyping(event.target)) {
      held.push(event);
      clearTimeout(holding);
      holding = setTimeout(giveBack, gap());
    } else {
      const gave = held.length > 0;
      giveBack();
      // What a key has led the focus to is what the next one is for
      if (!gave || event.key !== "Enter" || document.activeElement === event.target) return;
      document.activeElement.click();
    }
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  { capture: true },
);

// The card is drawn from the page itself, so that it never says what the page does not do.
const QUEUE_KEYS = [["j", "Next row"], ["k", "Row before"], ["x", "Select the row"], ["Enter", "Open the row"], ["Space", "Open it beside the list"]];

function capsOf(name) {
  const caps = document.createElement("span");
  caps.className = "keys";
  for (const part of name.split(/[ +]/)) {
    const cap = document.createElement("kbd");
    cap.textContent = { Enter: "↵", Escape: "Esc" }[part] ?? part.toUpperCase().replace("CTRL", "Ctrl");
    caps.append(cap);
  }
  return caps;
}

document.addEventListener("orderly:dialog", (event) => {
  if (event.detail.id !== "key-card") return;
  const listed = new Map(document.querySelector("[data-row]") ? QUEUE_KEYS : []);
  for (const element of document.querySelectorAll("[data-key][data-key-label]")) {
    // What comes first on the page has the key
    const isSaid = [...listed.values()].includes(element.dataset.keyLabel);
    if (!element.disabled && !listed.has(element.dataset.key) && !isSaid) listed.set(element.dataset.key, element.dataset.keyLabel);
  }
  const list = document.querySelector("#key-card .key-list");
  list.replaceChildren(
    ...[...listed].map(([name, label]) => {
      const entry = document.createElement("li");
      entry.append(Object.assign(document.createElement("span"), { textContent: label }), capsOf(name));
      return entry;
    }),
  );
});
