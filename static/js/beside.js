// A row's document beside the list: Space or a press on the row opens it, j and k take it along, Escape closes it. It stands in
// a frame of its own, so that it works as it does alone; what is done in it shows in the list at once.

const AFTER_MS = 140;
const panel = document.getElementById("beside");
const frame = panel?.querySelector("iframe");
const linkOf = (row) => row?.querySelector("a[href]");
const current = () => document.querySelector("#queue [data-row][data-current]");
let timer = 0;
let shown = "";
let awaited = false;

function show(row) {
  const url = linkOf(row)?.href;
  if (!url) return;
  document.querySelector("[data-row][data-beside]")?.removeAttribute("data-beside");
  row.setAttribute("data-beside", "");
  panel.hidden = false;
  document.body.classList.add("has-beside");
  if (url === shown) return;
  shown = url;
  clearTimeout(timer);
  // Held down, the key passes rows by
  timer = setTimeout(() => {
    awaited = true;
    frame.contentWindow.location.replace(url);
  }, AFTER_MS);
}

function close() {
  if (!panel || panel.hidden) return;
  clearTimeout(timer);
  panel.hidden = true;
  shown = "";
  document.body.classList.remove("has-beside");
  frame.contentWindow.location.replace("about:blank");
  document.querySelector("[data-row][data-beside]")?.removeAttribute("data-beside");
  linkOf(current())?.focus({ preventScroll: true });
}

// Frames of our own pages are shown only where a browser says who asks, which it does not without TLS
const hasRoom = () => panel && window.isSecureContext && window.matchMedia("(min-width: 1024px)").matches;

if (panel) {
  document.addEventListener("orderly:key", (event) => {
    const { key, target } = event.detail;
    if (key === "Escape" && !panel.hidden) close();
    else if (key === " " && hasRoom() && current() && !target.matches("input, button, summary")) {
      if (panel.hidden) show(current());
      else close();
    } else return;
    event.preventDefault();
  });

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("#queue [data-row]");
    if (row && !panel.hidden) show(row);
  });

  document.addEventListener("click", (event) => {
    const row = event.target.closest("#queue [data-row]");
    if (!row || event.target.closest("a, button, input, label, summary, .cell-check") || !hasRoom() || !getSelection().isCollapsed) return;
    linkOf(row)?.focus({ preventScroll: true });
    show(row);
  });

  panel.addEventListener("click", (event) => {
    if (event.target.closest("[data-beside-close]")) close();
    if (event.target.closest("[data-beside-open]")) linkOf(current())?.click();
  });

  // What it opens by itself follows something that was done in it
  frame.addEventListener("load", () => {
    if (!awaited && !panel.hidden) document.dispatchEvent(new CustomEvent("orderly:look"));
    awaited = false;
  });
  document.addEventListener("orderly:leave-beside", close);
}

// Within the frame Escape leads back to the list
if (window.parent !== window) {
  document.addEventListener("orderly:key", (event) => {
    if (event.detail.key === "Escape") window.parent.document.dispatchEvent(new CustomEvent("orderly:leave-beside"));
  });
}
