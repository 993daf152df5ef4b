// Keyboard shortcuts, announcements and copying. Searching works without any of this.
import { drawChart } from "./chart.js";
import { watchFreshness } from "./fresh.js";
import { suggestIn } from "./suggest.js";

const box = () => document.querySelector("form[data-active] input[name=q]") ?? document.querySelector("input[name=q]");
const titles = () => [...document.querySelectorAll("#results td[data-title] a")];
const help = document.getElementById("help");
const single = document.getElementById("single-keys");
const KEYS = "rowtide-single-keys";

// The server formats times in the time zone of this cookie.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`rowtide-zone=${zone}`)) {
  document.cookie = `rowtide-zone=${zone}; path=/; max-age=31536000; samesite=strict`;
}

single.checked = localStorage.getItem(KEYS) !== "off";
single.addEventListener("change", () => localStorage.setItem(KEYS, single.checked ? "on" : "off"));
document.getElementById("open-help").addEventListener("click", () => help.showModal());
help.addEventListener("click", (event) => event.target === help && help.close());

const isWriting = (element) => element.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]");

function follow(relation) {
  document.querySelector(`a[rel=${relation}]`)?.click();
}

const ACTIONS = {
  "/": () => { box()?.focus(); box()?.select(); },
  "?": () => help.showModal(),
  "[": () => follow("prev"),
  "]": () => follow("next"),
};

function move(step, from) {
  const links = titles();
  const place = links.indexOf(from);
  if (place + step < 0) { box()?.focus(); return; }
  links[Math.min(place + step, links.length - 1)]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || help.open) return;
  const at = document.activeElement;
  const inResults = at.closest?.("#results");
  if (single.checked && !isWriting(at) && ACTIONS[event.key]) {
    event.preventDefault();
    ACTIONS[event.key]();
  } else if (event.key === "ArrowDown" && titles().length && (inResults || at === box() || at === document.body || at.id === "main")) {
    event.preventDefault();
    move(1, at);
  } else if (event.key === "ArrowUp" && inResults) {
    event.preventDefault();
    move(-1, at);
  } else if (event.key === "Escape") {
    const menu = at.closest?.("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
    else if (inResults) box()?.focus();
  }
});

// One open menu at a time, closed by a click elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

async function copyText(link, text) {
  await navigator.clipboard.writeText(text);
  const before = link.textContent;
  link.textContent = "Copied";
  announce("Copied");
  setTimeout(() => { link.textContent = before; }, 1500);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-copy], [data-copy-text]");
  if (!link || !navigator.clipboard) return;
  event.preventDefault();
  const text = link.dataset.copyText
    ? document.querySelector(link.dataset.copyText).textContent
    : new URL(link.dataset.copy, location.href).href;
  copyText(link, text);
});

function announce(text) {
  document.getElementById("live").textContent = text;
}

// On a phone the filters are folded by default, and a visitor's choice survives a search. The HTML has them open.
const narrow = matchMedia("(max-width: 52rem)");
let opened = false;
function fold() {
  const filters = document.querySelector(".facet-fold");
  if (!filters) return;
  filters.open = opened || !narrow.matches;
  filters.dataset.ready = "";
}
document.addEventListener("click", (event) => {
  const filters = event.target.closest?.(".facet-fold > summary")?.parentElement;
  if (filters) opened = !filters.open;
});
narrow.addEventListener("change", fold);
fold();

// When the server cannot be reached, the hits stay, with a notice above them.
function showUnreachable(path) {
  const fault = document.getElementById("fault");
  const notice = document.getElementById("unanswered")?.content.cloneNode(true);
  if (!fault || !notice) return;
  notice.querySelector("a").href = path ?? location.href;
  fault.replaceChildren(notice);
  window.htmx.process(fault);
}
for (const kind of ["htmx:sendError", "htmx:timeout"]) {
  document.body.addEventListener(kind, (event) => showUnreachable(event.detail.pathInfo.finalRequestPath));
}
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, pathInfo } = event.detail;
  if (xhr.getResponseHeader("HX-Retarget") || xhr.responseText.includes('id="content"')) return;
  event.detail.shouldSwap = false;
  showUnreachable(pathInfo.finalRequestPath);
});

// A half-typed text may not be a valid search yet: errors are withheld while suggestions are open, and shown afterwards.
let withheld = false;
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const typing = document.querySelector("form[data-active] [role=listbox]:not([hidden])");
  withheld = Boolean(typing) && event.detail.xhr.status === 422;
  if (withheld) event.detail.shouldSwap = false;
});
document.body.addEventListener("suggestions-opened", () => {
  const fault = document.getElementById("fault");
  withheld ||= Boolean(fault?.querySelector(".place"));
  if (withheld) fault.replaceChildren();
});
document.body.addEventListener("suggestions-closed", (event) => {
  if (withheld) window.htmx.trigger(event.target.closest("form"), "submit");
  withheld = false;
});

drawChart();
watchFreshness(announce);
document.querySelectorAll("form[role=search]").forEach((form) => suggestIn(form, (text) => {
  document.getElementById("suggested").textContent = text;
}));
document.body.addEventListener("htmx:afterSwap", fold);
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "main") drawChart();
  if (document.activeElement === document.body) document.getElementById("main").focus({ preventScroll: true });
  const fault = document.getElementById("fault");
  if (event.target === fault || fault?.textContent.trim()) return;
  const text = document.getElementById("content")?.dataset.q;
  if (text !== undefined && document.activeElement !== box()) box().value = text;
  announce(document.getElementById("count")?.innerText.replace(/\s+/g, " ").trim() ?? document.title);
});
