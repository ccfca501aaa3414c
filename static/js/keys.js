// Keys: whatever carries data-key is pressed by that key; chords are two keys in a row ("g o"). What nobody claims is handed
// to the page as an "orderly:key" event, which the queue and the search box listen to.

const CHORD_MS = 1200;
let pending = "";
let timer = 0;

const isTyping = (element) =>
  element.isContentEditable ||
  element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");

const nameOf = (event) => {
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + name;
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
  const asked = new CustomEvent("orderly:key", { detail: { key: name, shift: event.shiftKey }, cancelable: true });
  if (!document.dispatchEvent(asked)) event.preventDefault();
});

// The card is drawn from the page itself, so that it never says what the page does not do.
const QUEUE_KEYS = [["j", "Next row"], ["k", "Row before"], ["x", "Select the row"], ["Enter", "Open the row"]];

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
    if (!element.disabled && !listed.has(element.dataset.key)) listed.set(element.dataset.key, element.dataset.keyLabel);
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
