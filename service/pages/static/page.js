// Keeps the checkout page true while it is open: asks for it again whenever the server says that
// the trip has moved, runs the countdown, and lets a form be sent only once. Without this script
// the page says the same and is read again by hand.
"use strict";

const QUIET_MS = 250;
const AGAIN_MS = 5000;
const TICK_MS = 1000;
const SENT_MS = 10000;

let deadline = 0;
let asked = 0;
let stream = null;

// What each live part said when it was last shown, as the server wrote it.
const said = new WeakMap();

const standing = () => document.getElementById("standing");

function clock() {
  const shown = document.querySelector(".clock");
  if (!shown) {
    deadline = 0;
    return;
  }
  deadline = Date.now() + Number(standing().dataset.leftS) * 1000;
  const time = shown.querySelector("time");
  const until = new Date(time.dateTime);
  const words = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
  time.textContent = `${until.toLocaleString("en-GB", words)} (your time)`;
  tick();
}

function tick() {
  const shown = document.querySelector(".clock .left");
  if (!shown || !deadline) return;
  const left = Math.max(0, Math.ceil((deadline - Date.now()) / 1000));
  const hours = Math.floor(left / 3600);
  const minutes = Math.floor((left % 3600) / 60);
  const parts = hours ? [`${hours} h`, `${minutes} min`] : [`${minutes} min`, `${left % 60} s`];
  shown.textContent = `${parts.join(" ")} left to pay.`;
  if (left === 0) {
    deadline = 0;
    later(TICK_MS);
  }
}

function later(pause) {
  clearTimeout(asked);
  asked = setTimeout(look, pause);
}

async function look() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    later(AGAIN_MS);
  }
}

// Only what reads differently is replaced: a part that says the same is not read out again, and
// keeps its button while somebody presses it.
function show(fresh) {
  const focused = document.activeElement ? document.activeElement.id : "";
  for (const part of fresh.querySelectorAll("[data-live]")) {
    const present = document.getElementById(part.id);
    if (!present) continue;
    for (const { name, value } of part.attributes) present.setAttribute(name, value);
    if (part.querySelector("[data-live]") || said.get(present) === part.innerHTML) continue;
    said.set(present, part.innerHTML);
    present.replaceChildren(...document.importNode(part, true).childNodes);
  }
  document.title = fresh.title;
  const again = focused && document.getElementById(focused);
  if (again && again !== document.activeElement) again.focus({ preventScroll: true });
  ready();
  follow();
}

function follow() {
  if (standing().dataset.follow !== "yes") {
    if (stream) stream.close();
    stream = null;
    return;
  }
  if (stream && stream.readyState !== EventSource.CLOSED) return;
  const sid = encodeURIComponent(document.getElementById("checkout").dataset.sid);
  stream = new EventSource(`/checkout?sid=${sid}&seen=${standing().dataset.version}`);
  stream.addEventListener("message", () => later(QUIET_MS));
  stream.addEventListener("error", () => {
    if (stream && stream.readyState === EventSource.CLOSED) later(AGAIN_MS);
  });
}

function ready() {
  clock();
  for (const form of document.querySelectorAll("form[data-once]:not([data-ready])")) {
    form.dataset.ready = "yes";
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
      setTimeout(() => delete form.dataset.sent, SENT_MS);
    });
  }
}

window.addEventListener("pageshow", (event) => {
  for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
  if (event.persisted) later(0);
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") later(QUIET_MS);
});
for (const part of document.querySelectorAll("[data-live]")) said.set(part, part.innerHTML);
setInterval(tick, TICK_MS);
ready();
follow();
