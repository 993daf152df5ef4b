// Suggestions while typing: a combobox of the ARIA pattern; combobox-nav handles its keys and roles.
import Combobox from "./vendor/combobox-nav.js";

const DELAY_MS = 120;

function option(item, id) {
  const line = document.createElement("li");
  line.role = "option";
  line.id = id;
  const label = document.createElement("span");
  label.className = "name";
  label.textContent = item.label;
  const where = document.createElement("span");
  where.className = "quiet";
  where.textContent = item.kind === "field" ? "field" : item.field.replaceAll(".", " › ").replaceAll("_", " ");
  const count = document.createElement("span");
  count.className = "count";
  count.textContent = item.count?.toLocaleString() ?? "";
  line.append(label, where, count);
  return line;
}

export function suggestIn(form, announce) {
  const input = form.querySelector("input[type=search]");
  const list = form.querySelector("[data-suggest]");
  const combobox = new Combobox(input, list, { tabInsertsSuggestions: false, firstOptionSelectionMode: "none" });
  let items = [];
  let request = null;
  let timer = 0;

  function close() {
    clearTimeout(timer);
    request?.abort();
    const wasOpen = !list.hidden;
    list.hidden = true;
    combobox.stop();
    announce("");
    if (wasOpen) list.dispatchEvent(new Event("suggestions-closed", { bubbles: true }));
  }

  function show(suggestions) {
    combobox.stop();
    items = suggestions;
    list.replaceChildren(...items.map((item, place) => option(item, `${list.id}-${place}`)));
    list.hidden = !items.length;
    if (!items.length) return;
    combobox.start();
    list.dispatchEvent(new Event("suggestions-opened", { bubbles: true }));
    announce(items.length === 1 ? "1 suggestion" : `${items.length} suggestions`);
  }

  async function suggest() {
    request?.abort();
    request = new AbortController();
    const { signal } = request;
    const query = new URLSearchParams({ q: input.value });
    for (const filter of new FormData(form).getAll("filter")) query.append("filter", filter);
    try {
      const response = await fetch(`${list.dataset.suggest}?${query}`, { signal });
      const suggestions = response.ok ? (await response.json()).items : [];
      if (!signal.aborted && document.activeElement === input) show(suggestions);
    } catch (error) {
      if (error.name !== "AbortError") close(); // Searching works without suggestions.
    }
  }

  input.addEventListener("input", (event) => {
    clearTimeout(timer);
    if (event.detail?.chosen || !input.value.trim()) { close(); return; }
    timer = setTimeout(suggest, DELAY_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) { event.preventDefault(); close(); }
    if (event.key === "Enter" && !list.querySelector("[aria-selected=true]")) close();
  });
  input.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("combobox-commit", (event) => {
    const item = items[[...list.children].indexOf(event.target)];
    input.value = item.text;
    const chosen = item.kind === "value";
    input.dispatchEvent(new CustomEvent("input", { bubbles: true, detail: { chosen } }));
    if (chosen && !form.hasAttribute("data-active")) form.requestSubmit();
  });
}
