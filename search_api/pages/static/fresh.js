// Tells how old what is shown has become, and when the documents fall behind. It asks only while somebody can see it.
const EVERY = 15_000;
const OLD = 10_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const GONE = {
  state: "gone", degraded: true, as_of: null, lag_ms: null,
  reason: "The server does not answer, and what you see is from before. Look whether this machine is online.",
};

function behind(lag) {
  if (lag < MINUTE) return `${(lag / 1000).toFixed(1)} s behind`;
  return lag < HOUR ? `${Math.round(lag / MINUTE)} min behind` : `${Math.round(lag / HOUR)} h behind`;
}

// An answer stays what it was: it falls behind by as much as the documents went on since.
function passed(age, found) {
  return age.dataset.asOf && found.as_of ? Math.max(0, Date.parse(found.as_of) - Date.parse(age.dataset.asOf)) : 0;
}

function showAge(age, found) {
  const since = passed(age, found);
  const known = found.lag_ms !== null;
  age.textContent = known ? behind(found.lag_ms + since) : "freshness unknown";
  age.className = `age ${found.degraded ? "late" : since > OLD ? "old" : "live"}`;
  age.title = found.reason || (since > OLD ? "This is from before; more may have happened since" : age.title);
  const again = age.parentElement.querySelector("[data-again]");
  if (again) again.hidden = since <= OLD && known;
}

function showWarning(warning, found) {
  const titles = JSON.parse(warning.dataset.titles);
  warning.hidden = !found.degraded;
  warning.querySelector("strong").textContent = `${titles[found.state] ?? titles.late}.`;
  warning.querySelector("span").textContent = found.reason;
}

async function ask() {
  try {
    const answer = await fetch("/v1/freshness", { headers: { accept: "application/json" } });
    return answer.ok ? await answer.json() : null; // What is wrong with the session or the share is told by the next search.
  } catch {
    return GONE;
  }
}

export function watchFreshness(announce) {
  const warning = () => document.querySelector("[data-warning]");
  let asking = false;

  async function look() {
    if (document.hidden || asking || !document.querySelector("[data-age]")) return;
    asking = true;
    const found = await ask();
    asking = false;
    if (!found) return;
    document.querySelectorAll("[data-age]").forEach((age) => showAge(age, found));
    const before = warning();
    if (!before) return;
    const changed = before.hidden === found.degraded;
    showWarning(before, found);
    if (changed) announce(found.degraded ? before.textContent.replace(/\s+/g, " ").trim() : "Up to date again");
  }

  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
  addEventListener("online", look);
  addEventListener("offline", look);
}
