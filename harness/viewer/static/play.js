// Playing: a form is sent and the next turn shown without loading the page anew; keys press buttons.
"use strict";

const EVERY = 1000; // milliseconds between two looks at whether another tab or the game went on
const game = () => document.getElementById("game");
const said = document.getElementById("said");
let busy = false;

async function show(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = page.getElementById("game");
  if (!found) return say("The answer was not understood. Load the page again.");
  const fresh = document.importNode(found, true); // into this page, where its picture is loaded
  const focused = document.activeElement?.id;
  const opened = [...game().querySelectorAll("details[id]")].map((each) => [each.id, each.open]);
  const picture = fresh.querySelector(".picture");
  if (picture) await decoded(picture);
  const turned = heading(game()) !== heading(fresh);
  game().replaceWith(fresh);
  for (const [id, open] of turned ? [] : opened) {
    const again = document.getElementById(id);
    if (again) again.open = open;
  }
  document.title = page.title;
  scale();
  (document.getElementById(focused) || document.getElementById("heading"))?.focus({ preventScroll: true });
  say([...fresh.querySelectorAll("[data-said]")].map((each) => each.textContent.trim()).join(". "));
}

const heading = (place) => place.querySelector("h1").textContent;

// The old picture stays until the new one can be drawn: no flicker.
async function decoded(picture) {
  picture.src = new URL(picture.getAttribute("src"), location.href).href;
  try { await picture.decode(); } catch { /* another tab was quicker: the next look brings its turn */ }
}

function say(words) { said.textContent = words; } // read out

function lost() {
  document.querySelectorAll("button, input").forEach((each) => { each.disabled = true; });
  if (document.getElementById("lost")) return;
  const note = document.createElement("p");
  note.id = "lost";
  note.className = "note";
  note.textContent = "The program has ended. The same command in the terminal goes on, if the game was not over.";
  game().prepend(note);
  say(note.textContent);
}

async function send(form, button) {
  if (busy) return;
  busy = true;
  try {
    const fields = new URLSearchParams(new FormData(form));
    if (button?.name) fields.set(button.name, button.value);
    await show(await fetch(form.action, { method: "POST", body: fields }));
  } catch { lost(); }
  busy = false;
}

// A picture's pixels are drawn as whole squares of the screen's own where it is not larger than the place.
function scale() {
  const picture = document.querySelector("#game .picture");
  if (!picture?.naturalWidth) return;
  const ratio = window.devicePixelRatio || 1;
  const room = Math.min(picture.parentElement.clientWidth, 640) * ratio;
  const times = Math.floor(Math.min(room / picture.naturalWidth, (600 * ratio) / picture.naturalHeight));
  picture.style.width = times >= 1 ? `${(picture.naturalWidth * times) / ratio}px` : "";
}

function key(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat && busy) return;
  const field = event.target.closest("input");
  if (field && (event.key.length === 1 || field.value)) return;
  // A long text scrolls by arrows where it has the focus.
  if (event.target.closest("pre") && event.key.startsWith("Arrow")) return;
  const button = [...document.querySelectorAll("button[data-keys]")]
    .find((each) => each.dataset.keys.split(" ").includes(event.key));
  if (!button || button.matches(":disabled")) return;
  event.preventDefault();
  send(button.form, button);
}

async function follow() {
  if (!document.hidden && !busy) {
    try {
      const state = await (await fetch("/play/state")).json();
      if (!busy && state.version !== game().dataset.version) {
        busy = true;
        try { await show(await fetch("/play")); } finally { busy = false; }
      }
    } catch { lost(); return; }
  }
  setTimeout(follow, EVERY);
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.target, event.submitter);
});
document.addEventListener("keydown", key);
addEventListener("resize", scale);
addEventListener("load", scale);
setTimeout(follow, EVERY);
