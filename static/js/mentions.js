// Names behind an @: colleagues are offered while one is typed; Up and Down choose, Enter or Tab takes, Escape leaves.

const TYPED = /(?:^|[\s(])@([\p{L}\p{N}.'’ -]{0,30})$/u;
let asked = 0;

const listOf = (box) => document.getElementById(box.getAttribute("aria-controls"));
const isOffering = (box) => !listOf(box).hidden;

function close(box) {
  listOf(box).hidden = true;
  listOf(box).replaceChildren();
  box.removeAttribute("aria-activedescendant");
}

function choose(box, place) {
  const options = [...listOf(box).children];
  const chosen = options[(place + options.length) % options.length];
  for (const option of options) option.setAttribute("aria-selected", String(option === chosen));
  box.setAttribute("aria-activedescendant", chosen.id);
}

const chosenIn = (box) => [...listOf(box).children].findIndex((option) => option.getAttribute("aria-selected") === "true");

function take(box, option) {
  const before = box.value.slice(0, box.selectionStart);
  const begun = before.match(TYPED);
  if (begun) {
    box.setRangeText(`${option.textContent} `, before.length - begun[1].length, before.length, "end");
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }
  close(box);
  box.focus();
}

async function offer(box) {
  const begun = box.value.slice(0, box.selectionStart).match(TYPED);
  const turn = ++asked;
  if (!begun) return close(box);
  let names = [];
  try {
    const url = `${box.dataset.namesUrl}?q=${encodeURIComponent(begun[1])}`;
    const answer = await fetch(url, { headers: { "HX-Request": "true" } });
    if (answer.ok) ({ names } = await answer.json());
  } catch {
    names = []; // a name can be written without help
  }
  if (turn !== asked) return;
  const options = names.map((name, place) => {
    const option = Object.assign(document.createElement("li"), { id: `note-name-${place}`, textContent: name });
    option.setAttribute("role", "option");
    return option;
  });
  if (!options.length || document.activeElement !== box) return close(box);
  listOf(box).replaceChildren(...options);
  listOf(box).hidden = false;
  choose(box, 0);
  listOf(box).scrollIntoView({ block: "nearest" });
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-names-url]")) offer(event.target);
});

document.addEventListener("keydown", (event) => {
  const box = event.target;
  if (!box.matches?.("[data-names-url]") || !isOffering(box) || event.ctrlKey || event.metaKey) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) choose(box, chosenIn(box) + step);
  else if (event.key === "Enter" || event.key === "Tab") take(box, listOf(box).children[chosenIn(box)]);
  else if (event.key === "Escape") close(box);
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);

document.addEventListener("pointerdown", (event) => {
  const option = event.target.closest(".notes-names [role=option]");
  if (!option) return;
  event.preventDefault();
  take(option.closest(".field").querySelector("[data-names-url]"), option);
});

document.addEventListener("focusout", (event) => {
  if (event.target.matches("[data-names-url]")) {
    asked += 1;
    close(event.target);
  }
});
