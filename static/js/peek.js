// Looks something up of the line in which F6, F7 or F8 is pressed; what is chosen there goes into the line's box.

const LOOKS = { F6: "stock", F7: "prices", F8: "substitutes" };
const sheet = document.getElementById("peek");
let row = null;
let from = null;

const box = (name) => row.querySelector(`[name=${name}]`);

function put(name, value) {
  box(name).value = value;
  box(name).dispatchEvent(new Event("change", { bubbles: true }));
}

async function look(what) {
  const asked = new URLSearchParams({
    look: what,
    item: box("item").value,
    quantity: box("quantity").value,
    with: document.getElementById("id_customer").value,
  });
  let answer;
  try {
    answer = await fetch(`${sheet.dataset.url}?${asked}`, { headers: { "HX-Request": "true" } });
  } catch {
    return; // without a connection nothing can be looked up; the line stays as it is
  }
  if (answer.status === 401) document.dispatchEvent(new Event("sessionExpired"));
  if (!answer.ok) return;
  sheet.querySelector(".sheet-body").innerHTML = await answer.text();
  if (!sheet.open) sheet.showModal();
  (sheet.querySelector(".sheet-body button") ?? sheet.querySelector("button")).focus();
}

document.addEventListener("keydown", (event) => {
  const what = LOOKS[event.key];
  const line = event.target.closest?.("form.entry .grid-row");
  if (!what || !line || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  row = line;
  from = event.target;
  look(what);
});

sheet.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (LOOKS[event.key]) look(LOOKS[event.key]);
  else if (step) {
    const all = [...sheet.querySelectorAll("button")];
    all[all.indexOf(document.activeElement) + step]?.focus();
  } else return;
  event.preventDefault();
});

sheet.addEventListener("click", (event) => {
  const taken = event.target.closest("[data-take-price], [data-take-item]");
  if (!taken) return;
  sheet.close();
  if ("takePrice" in taken.dataset) {
    put("price", taken.dataset.takePrice.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, ""));
    from = box("price");
  } else {
    // A substitute is sold at the price of what it stands in for
    if (!box("price").value) box("price").value = box("price").placeholder;
    put("item", taken.dataset.takeItem);
    from = box("quantity");
  }
});

sheet.addEventListener("close", () => {
  from?.focus();
  from?.select?.();
});
