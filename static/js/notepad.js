// The note form of a document: files are dropped or picked, several at a time, and listed before they go; Ctrl+Enter sends.

const said = (bytes) => (bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);

const boxOf = (form) => form.querySelector("[data-files]");

function give(form, files) {
  const chosen = new DataTransfer();
  for (const file of files) chosen.items.add(file);
  boxOf(form).files = chosen.files;
  list(form);
}

function entry(form, file, isTooLarge) {
  const item = document.createElement("li");
  const name = Object.assign(document.createElement("span"), { className: "wraps", textContent: file.name });
  const size = Object.assign(document.createElement("span"), { className: "muted", textContent: said(file.size) });
  if (isTooLarge) {
    size.className = "is-wrong";
    size.textContent = `${said(file.size)}, more than the ${said(Number(form.dataset.mostBytes))} that a file may have`;
  }
  const leave = Object.assign(document.createElement("button"), { type: "button", className: "quiet note-verb", textContent: "Leave out" });
  leave.setAttribute("aria-label", `Leave out ${file.name}`);
  leave.addEventListener("click", () => {
    give(form, [...boxOf(form).files].filter((each) => each !== file));
    boxOf(form).focus();
  });
  item.append(name, size, leave);
  return item;
}

function list(form) {
  const files = [...boxOf(form).files];
  const tooLarge = files.filter((file) => file.size > Number(form.dataset.mostBytes));
  const tooMany = files.length > Number(form.dataset.mostFiles);
  const items = files.map((file) => entry(form, file, tooLarge.includes(file)));
  if (tooMany) {
    const item = Object.assign(document.createElement("li"), { className: "is-wrong", textContent: `At most ${form.dataset.mostFiles} files at once.` });
    items.push(item);
  }
  form.querySelector("[data-chosen]").replaceChildren(...items);
  form.querySelector("[type=submit]").disabled = tooMany || tooLarge.length > 0;
}

const formOf = (event) => event.target.closest?.("[data-notepad]");

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-notepad] [data-files]")) list(event.target.form);
});

// Files pasted into the words come along, such as a picture of the screen
document.addEventListener("paste", (event) => {
  const form = formOf(event);
  if (!form || !event.clipboardData.files.length) return;
  event.preventDefault();
  give(form, [...boxOf(form).files, ...event.clipboardData.files]);
});

for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    const form = formOf(event);
    if (!form || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    form.classList.toggle("is-target", name === "dragover");
    if (name === "drop") give(form, [...boxOf(form).files, ...event.dataTransfer.files]);
  });
}

document.addEventListener("keydown", (event) => {
  const form = formOf(event);
  if (!form || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  event.stopPropagation();
  const button = form.querySelector("[type=submit]");
  if (!button.disabled) form.requestSubmit(button);
}, true);

// What was sent is gone, and the next words begin where the last ones did
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.requestConfig?.elt?.matches("[data-notepad]")) document.getElementById("note-text")?.focus();
});

// Where the browser keeps what was chosen, as on the way back, it is shown
for (const form of document.querySelectorAll("[data-notepad]")) list(form);
