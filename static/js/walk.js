// The walk by scanner: the first scan says that one stands at the right place, the last one does the task. What is wrong fills
// the screen, in words, until the next scan or touch.

const SAME_MS = 300;
const HIGH = { pitch: 1320, seconds: 0.09, shake: [40] };
const LOW = { pitch: 196, seconds: 0.45, shake: [140, 60, 140] };
let sound;
let before = { code: "", at: -SAME_MS };

function beep({ pitch, seconds, shake }) {
  navigator.vibrate?.(shake);
  sound ??= new AudioContext();
  const [tone, volume] = [sound.createOscillator(), sound.createGain()];
  tone.frequency.value = pitch;
  volume.gain.value = 0.15;
  tone.connect(volume).connect(sound.destination);
  tone.start();
  tone.stop(sound.currentTime + seconds);
}

const has = (codes, code) => codes.toUpperCase().split("|").includes(code.toUpperCase());

function clear() {
  document.querySelector(".walk-wrong")?.remove();
}

function refuse(code, expected) {
  const wrong = Object.assign(document.createElement("div"), { className: "walk-wrong" });
  wrong.setAttribute("role", "alert");
  const said = Object.assign(document.createElement("strong"), { textContent: code });
  wrong.append(said, Object.assign(document.createElement("span"), { textContent: expected }));
  document.querySelector("#walk").append(wrong);
  beep(LOW);
}

document.addEventListener("orderly:scan", (event) => {
  const task = document.querySelector("#walk");
  if (!task) return;
  event.preventDefault();
  const { code } = event.detail;
  const [again, at] = [before.code === code && event.timeStamp - before.at < SAME_MS, event.timeStamp];
  before = { code, at };
  if (again) return;
  clear();
  const steps = task.querySelector("[data-first]");
  if (!steps) {
    refuse(code, "Nothing is scanned here.");
  } else if (has(steps.dataset.last, code)) {
    const form = task.querySelector(".walk-foot");
    const typed = form.querySelector("[data-takes-scan]");
    if (typed) typed.value = code;
    beep(HIGH);
    form.requestSubmit();
  } else if (has(steps.dataset.first, code)) {
    task.querySelector(`.${steps.dataset.marks}`).setAttribute("data-scanned", "");
    beep(HIGH);
  } else {
    refuse(code, steps.dataset.expected);
  }
});

document.addEventListener("pointerdown", clear);
// The key that takes the words away does nothing else
document.addEventListener("keydown", (event) => {
  if (!document.querySelector(".walk-wrong")) return;
  clear();
  event.preventDefault();
});
