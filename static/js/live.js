// A queue that stays as fresh as the work is: rows change where they stand, what left is marked, what came is announced. Nothing
// moves by itself under the eye, the pointer or the focus.

const EVERY_MS = 15000;
const news = document.getElementById("queue-news");
let tag = "";
let came = null;
let epoch = 0;

const queue = () => document.getElementById("queue");
const isBusy = () => document.hidden || !queue() || Boolean(document.querySelector("dialog[open], #queue .htmx-request"));

// Tokens are new in every answer and say nothing about the row
function wordsOf(row) {
  const copy = row.cloneNode(true);
  for (const input of copy.querySelectorAll("input[name=csrfmiddlewaretoken], input[name=idempotency_key]")) input.remove();
  return copy.innerHTML;
}

function forget() {
  epoch += 1;
  tag = "";
  came = null;
  if (news) news.hidden = true;
}

function change(row, fresh) {
  if (wordsOf(row) === wordsOf(fresh)) return;
  const stops = (within) => [...within.querySelectorAll("a[href], button, input")];
  const focused = stops(row).indexOf(document.activeElement);
  const isChosen = row.querySelector(".check")?.checked;
  row.replaceChildren(...fresh.cloneNode(true).childNodes);
  if (isChosen) row.querySelector(".check").checked = true;
  stops(row)[focused]?.focus({ preventScroll: true });
  window.htmx.process(row);
  row.setAttribute("data-changed", "");
}

function leave(row) {
  row.setAttribute("data-gone", "");
  row.title = "No longer in this list";
  const box = row.querySelector(".check");
  if (box) Object.assign(box, { checked: false, disabled: true });
}

function come(row) {
  if (!row.hasAttribute("data-gone")) return;
  row.removeAttribute("data-gone");
  row.removeAttribute("title");
  const box = row.querySelector(".check");
  if (box) box.disabled = false;
}

function count(fresh) {
  const counts = (within) => [...within.querySelectorAll("#queue-tabs .count")];
  const now = counts(fresh);
  counts(queue()).forEach((shown, at) => {
    if (now[at]) shown.textContent = now[at].textContent;
  });
  const total = fresh.querySelector("#queue-count");
  if (total) document.getElementById("queue-count").textContent = total.textContent;
}

function put(fresh) {
  const there = document.querySelector("#queue [data-row][data-current]")?.id;
  fresh.querySelector("#queue-count")?.remove();
  queue().replaceWith(fresh);
  window.htmx.process(fresh);
  forget();
  document.dispatchEvent(new CustomEvent("orderly:selection"));
  const link = there && document.querySelector(`#${CSS.escape(there)} a[href]`);
  if (link) link.focus({ preventScroll: true });
}

function merge(fresh) {
  count(fresh);
  const rows = [...queue().querySelectorAll("[data-row]")];
  const now = new Map([...fresh.querySelectorAll("[data-row]")].map((row) => [row.id, row]));
  const added = [...now.keys()].filter((id) => !document.getElementById(id)).length;
  if (!rows.length) {
    if (added) put(fresh);
    return;
  }
  // As many as came may have pushed others off the page's end: these have not left the list
  let pushed = added;
  for (const row of rows.toReversed()) {
    if (now.has(row.id)) {
      pushed = 0;
      come(row);
      change(row, now.get(row.id));
    } else if (pushed > 0) pushed -= 1;
    else leave(row);
  }
  document.dispatchEvent(new CustomEvent("orderly:selection"));
  came = added ? fresh : null;
  news.hidden = !added;
  news.querySelector("span").textContent = `${added} new`;
}

async function look() {
  if (isBusy()) return;
  const [asked, address] = [epoch, location.pathname + location.search];
  let answer;
  try {
    answer = await fetch(address, { cache: "no-store", headers: { "HX-Request": "true", "X-Live": "1", "If-None-Match": tag } });
  } catch {
    return; // the rows stand as they are until the next time
  }
  if (answer.status !== 200) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("queue");
  // What was done meanwhile is newer than this answer
  if (!fresh || asked !== epoch || isBusy() || address !== location.pathname + location.search) return;
  tag = answer.headers.get("ETag") ?? "";
  merge(document.adoptNode(fresh));
}

if (queue()) {
  setInterval(look, EVERY_MS);
  document.addEventListener("visibilitychange", look);
  document.addEventListener("orderly:look", look);
  document.addEventListener("htmx:beforeRequest", forget);
  document.addEventListener("htmx:afterSettle", forget);
  news?.addEventListener("click", () => came && put(came));
}
