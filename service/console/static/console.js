// Keeps a console page true while it is open, and moves through it by keyboard. Without this
// script the page says the same, is read again by hand, and every form still works.
"use strict";

const QUIET_MS = 150;
const AGAIN_MS = 5000;
const AGO_MS = 10000;

let asked = 0;
// Set while somebody moves through a trip's time: what is told of the present has to wait.
let moving = 0;
let turn = 0;
let stream = null;
let leading = false;

// What each live part said when it was last shown, as the server wrote it.
const said = new WeakMap();
const live = () => document.querySelectorAll("[data-live]");

function later(pause) {
  clearTimeout(asked);
  asked = setTimeout(() => look(location.href), pause);
}

// Only the answer to the last question is shown.
async function look(address) {
  const mine = ++turn;
  const late = () => mine !== turn || moving;
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" }, cache: "no-store" });
    const told = await answer.text();
    if (late()) return;
    if (answer.redirected) {
      location.assign(answer.url);
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    show(new DOMParser().parseFromString(told, "text/html"));
  } catch {
    if (!late()) later(AGAIN_MS);
  }
}

// What stands for a stop of the keyboard when the part around it is written anew.
const STOPS = "a[href], button, input, select, textarea, summary, [tabindex]";
const place = (stop) =>
  stop.id || [stop.localName, stop.closest("[id]")?.id, ...["href", "name", "value"].map((each) => stop.getAttribute(each))].join(" ");

// Only what reads differently is replaced, and nothing somebody is typing into.
function show(fresh) {
  const held = document.activeElement;
  const where = held && place(held);
  for (const part of fresh.querySelectorAll("[data-live]")) {
    const present = document.getElementById(part.id);
    if (!present) {
      location.reload();
      return;
    }
    delete present.dataset.again;
    for (const { name, value } of part.attributes) present.setAttribute(name, value);
    if (said.get(present) === part.innerHTML || typing(present)) continue;
    said.set(present, part.innerHTML);
    const opened = [...present.querySelectorAll("details[open][id]")].map((each) => each.id);
    present.replaceChildren(...document.importNode(part, true).childNodes);
    for (const id of opened) {
      const again = document.getElementById(id);
      if (again) again.open = true;
    }
  }
  document.title = fresh.title;
  if (held && !held.isConnected) {
    const again = [...document.querySelectorAll(STOPS)].find((each) => place(each) === where);
    if (again) again.focus({ preventScroll: true });
  }
  ready();
}

function typing(part) {
  const field = part.contains(document.activeElement) ? document.activeElement : null;
  return Boolean(field && field.matches("input:not([type=range]), textarea") && field.value);
}

function follow() {
  const address = document.body.dataset.follow;
  if (!address) return;
  stream = new EventSource(address);
  stream.addEventListener("message", () => later(QUIET_MS));
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, AGAIN_MS);
  });
}

function ago() {
  const now = Date.now();
  for (const shown of document.querySelectorAll("time[data-ago]")) {
    const seconds = (now - Date.parse(shown.dateTime)) / 1000 - skew;
    if (seconds < 60) continue;
    shown.textContent = seconds < 3600
      ? `${Math.floor(seconds / 60)} min ago`
      : seconds < 172800
        ? `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")} min ago`
        : `${Math.floor(seconds / 86400)} days ago`;
  }
}

// The service's time may have been moved (in the sandbox), so it is not compared with ours.
const skew = (Date.now() - Date.parse(document.body.dataset.now || new Date().toISOString())) / 1000;

function ready() {
  const again = document.querySelector("[data-live][data-again]");
  if (again) later(Number(again.dataset.again));
  for (const form of document.querySelectorAll("form[data-slide]:not([data-ready])")) {
    form.dataset.ready = "yes";
    const slider = form.querySelector("input[type=range]");
    slider.addEventListener("input", () => {
      form.querySelector("[data-said]").textContent = slider.value;
      clearTimeout(moving);
      moving = setTimeout(() => travel(form, slider), QUIET_MS);
    });
  }
}

function travel(form, slider) {
  moving = 0;
  const address = new URL(form.action);
  if (slider.value !== slider.max) address.searchParams.set("at", slider.value);
  history.replaceState(null, "", address);
  look(address.href);
}

function rows() {
  return [...document.querySelectorAll("main a[data-open]")].filter((each) => each.offsetParent);
}

function step(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
  all[next].focus();
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, select, textarea")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (leading) {
    leading = false;
    const place = document.querySelector(`.places a[data-key="${CSS.escape(event.key)}"]`);
    if (place) location.assign(place.href);
    return;
  }
  const doings = {
    "/": () => document.querySelector("[data-search]")?.focus(),
    j: () => step(1),
    k: () => step(-1),
    g: () => { leading = true; },
    "?": () => document.getElementById("keys")?.showModal(),
  };
  if (!Object.hasOwn(doings, event.key)) return;
  event.preventDefault();
  doings[event.key]();
}

document.documentElement.classList.add("scripted");
document.addEventListener("keydown", pressed);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && document.body.dataset.follow) later(QUIET_MS);
});
for (const part of live()) said.set(part, part.innerHTML);
setInterval(ago, AGO_MS);
ready();
follow();
