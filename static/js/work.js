// How much work waits, beside each entry of the navigation. It is asked for behind the page and never disturbs it.

const EVERY_MS = 30000;
const url = document.querySelector("[data-work-url]")?.dataset.workUrl;

async function ask() {
  if (document.hidden || !url) return;
  let waiting;
  try {
    const answer = await fetch(url, { headers: { "HX-Request": "true" } });
    if (!answer.ok) return;
    waiting = await answer.json();
  } catch {
    return; // the figures stand as they are until the next time
  }
  for (const count of document.querySelectorAll("[data-work]")) count.textContent = waiting[count.dataset.work] ?? "";
}

// The entry that the page stands under is seen, however many stand above it
document.querySelector(".side [aria-current]")?.scrollIntoView({ block: "nearest" });

ask();
setInterval(ask, EVERY_MS);
document.addEventListener("visibilitychange", ask);
