// The packing desk and the dock: the button names how much is chosen, and a scan counts its row. The first scan starts the
// count from nothing, so that what was not scanned does not go along.

const counted = (form) => [...form.querySelectorAll("[data-count]")];
const amount = (field) => (field.type === "checkbox" ? Number(field.checked) : Number(field.value) || 0);

function tally(form) {
  const label = form.querySelector("[data-tally]");
  const total = counted(form).reduce((sum, field) => sum + amount(field), 0);
  const figure = Number(total.toFixed(6)).toLocaleString(document.documentElement.lang || undefined);
  label.textContent = `${label.dataset.tally} ${figure} ${form.dataset.noun}${total === 1 ? "" : "s"}`;
  label.closest("button").disabled = total <= 0;
}

function say(form, text, tone) {
  const note = form.querySelector("[data-scan-note]");
  note.textContent = text;
  note.dataset.tone = tone;
}

function scan(form, code) {
  const row = [...form.querySelectorAll("[data-codes]")].find((each) =>
    each.dataset.codes.toUpperCase().split("|").includes(code.toUpperCase()),
  );
  if (!row) return say(form, `${code} is not on this page.`, "wrong");
  if (!form.dataset.counting) {
    for (const field of counted(form)) {
      if (field.type === "checkbox") field.checked = false;
      else field.value = "";
    }
    form.dataset.counting = "yes";
  }
  const field = row.querySelector("[data-count]");
  const most = field.type === "checkbox" ? 1 : Number(field.max);
  if (amount(field) + 1 > most) return say(form, `${code}: all ${most} are in already.`, "wrong");
  if (field.type === "checkbox") field.checked = true;
  else field.value = String(amount(field) + 1);
  form.querySelector("[data-just-scanned]")?.removeAttribute("data-just-scanned");
  row.setAttribute("data-just-scanned", "");
  say(form, field.type === "checkbox" ? `${code} leaves.` : `${code}: ${field.value} of ${field.dataset.due ?? most}.`, "done");
}

document.addEventListener("keydown", (event) => {
  const box = event.target.closest("[data-desk] [data-scan]");
  if (!box || event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const code = box.value.trim();
  box.value = "";
  if (!code) return;
  scan(box.form, code);
  tally(box.form);
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-desk]");
  if (form && event.target.matches("[data-count]")) tally(form);
});

const arrive = () => document.querySelectorAll("[data-desk]").forEach(tally);
document.addEventListener("htmx:afterSettle", arrive);
window.addEventListener("pageshow", arrive);
