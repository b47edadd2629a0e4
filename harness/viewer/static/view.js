// What the pages do by themselves: follow a run, and go from turn to turn without loading the page anew.
"use strict";

const EVERY = 2000; // milliseconds between two looks at whether anything came
const PACE = 700; // milliseconds a turn while playing
const shown = () => document.getElementById("shown");
const range = document.getElementById("turn");
const play = document.getElementById("play");
let playing = null;
let latest = 0; // of several answers under way only the last one asked for is shown

async function show(address, { remember = true } = {}) {
  const mine = ++latest;
  const answer = await fetch(address);
  const text = await answer.text();
  if (mine !== latest || !answer.ok) return;
  const page = new DOMParser().parseFromString(text, "text/html");
  const fresh = page.getElementById("shown");
  if (!fresh) return;
  const focused = document.activeElement && document.activeElement.id;
  shown().replaceWith(fresh);
  document.title = page.title;
  if (focused && document.activeElement.id !== focused) document.getElementById(focused)?.focus();
  if (range) {
    range.max = fresh.dataset.last;
    range.value = fresh.dataset.number;
    document.getElementById("said").textContent = `${range.value} of ${range.max}`; // read out, as outputs are
  }
  if (remember) history.replaceState(null, "", address);
  await wait(mine);
}

// The game is still being played up to this turn: ask for the page again, with more patience.
async function wait(mine) {
  if (!document.querySelector("[data-waiting]")) return;
  const address = new URL(location.href);
  address.searchParams.set("wait", "1");
  if (mine === latest) await show(address, { remember: false });
}

function go(number) {
  const last = Number(shown().dataset.last);
  const address = new URL(location.href);
  address.searchParams.set("turn", Math.min(Math.max(number, 0), last));
  return show(address);
}

const now = () => Number(shown().dataset.number);

function stop() {
  clearTimeout(playing);
  playing = null;
  play.textContent = "Play";
}

async function step() {
  if (now() >= Number(shown().dataset.last)) return stop();
  await go(now() + 1);
  if (playing !== null) playing = setTimeout(step, PACE);
}

function toggle() {
  if (playing !== null) return stop();
  play.textContent = "Pause";
  playing = setTimeout(step, 0);
}

function key(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea")) return;
  const last = Number(shown().dataset.last);
  const moves = { ArrowLeft: () => go(now() - 1), ArrowRight: () => go(now() + 1), Home: () => go(0), End: () => go(last) };
  if (event.key === " " && !event.target.closest("button, summary, a")) moves[" "] = toggle;
  // A long text scrolls by these keys where it has the focus.
  if (!moves[event.key] || (event.target.closest("pre") && event.key !== " ")) return;
  event.preventDefault();
  moves[event.key]();
}

async function follow() {
  const address = shown().dataset.state;
  if (address && !document.hidden && playing === null) {
    try {
      const state = await (await fetch(address)).json();
      if (state.version && state.version !== shown().dataset.version) await show(location.href, { remember: false });
    } catch { /* the viewer was ended: the page stays as it is */ }
  }
  setTimeout(follow, EVERY);
}

if (range) {
  play.hidden = false;
  play.addEventListener("click", toggle);
  range.addEventListener("input", () => go(Number(range.value)));
  document.addEventListener("keydown", key);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#steps a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    show(link.href);
  });
  wait(latest);
}
if (shown()?.dataset.state) setTimeout(follow, EVERY);
