// Shows how old the results have become, and warns when the documents fall behind. It polls only while the page is visible.
const POLL_MS = 15_000;
const OLD_MS = 10_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const UNREACHABLE = {
  state: "gone", degraded: true, as_of: null, lag_ms: null,
  reason: "Can’t reach the server. Showing earlier results. Check your connection.",
};

function lagWords(lag) {
  if (lag < MINUTE) return `${(lag / 1000).toFixed(1)} s behind`;
  return lag < HOUR ? `${Math.round(lag / MINUTE)} min behind` : `${Math.round(lag / HOUR)} h behind`;
}

// The results on the page do not change: their lag grows by as much as the documents have advanced since.
function sinceShown(age, freshness) {
  return age.dataset.asOf && freshness.as_of ? Math.max(0, Date.parse(freshness.as_of) - Date.parse(age.dataset.asOf)) : 0;
}

function showAge(age, freshness) {
  const since = sinceShown(age, freshness);
  const known = freshness.lag_ms !== null;
  age.textContent = known ? lagWords(freshness.lag_ms + since) : "freshness unknown";
  age.className = `age ${freshness.degraded ? "late" : since > OLD_MS ? "old" : "live"}`;
  age.title = freshness.reason || (since > OLD_MS ? "These results are old; the data may have changed since" : age.title);
  const refresh = age.parentElement.querySelector("[data-again]");
  if (refresh) refresh.hidden = since <= OLD_MS && known;
}

function showWarning(warning, freshness) {
  const titles = JSON.parse(warning.dataset.titles);
  warning.hidden = !freshness.degraded;
  warning.querySelector("strong").textContent = `${titles[freshness.state] ?? titles.late}.`;
  warning.querySelector("span").textContent = freshness.reason;
}

async function fetchFreshness() {
  try {
    const response = await fetch("/v1/freshness", { headers: { accept: "application/json" } });
    return response.ok ? await response.json() : null; // The next search shows a problem with the session or the rate limit.
  } catch {
    return UNREACHABLE;
  }
}

export function watchFreshness(announce) {
  const warning = () => document.querySelector("[data-warning]");
  let pending = false;

  async function poll() {
    if (document.hidden || pending || !document.querySelector("[data-age]")) return;
    pending = true;
    const freshness = await fetchFreshness();
    pending = false;
    if (!freshness) return;
    document.querySelectorAll("[data-age]").forEach((age) => showAge(age, freshness));
    const before = warning();
    if (!before) return;
    const changed = before.hidden === freshness.degraded;
    showWarning(before, freshness);
    if (changed) announce(freshness.degraded ? before.textContent.replace(/\s+/g, " ").trim() : "Up to date again");
  }

  setInterval(poll, POLL_MS);
  document.addEventListener("visibilitychange", poll);
  addEventListener("online", poll);
  addEventListener("offline", poll);
}
