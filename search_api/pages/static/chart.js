// Draws the table below the chart as bars with uPlot, and filters the search to the bars that are dragged over or clicked.
const HEIGHT = 126;
const MIN_DRAG_PX = 4;

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Custom properties contain light-dark(); an element must resolve it to a colour that a canvas accepts.
function colour(name) {
  const probe = document.createElement("i");
  probe.style.color = style(name);
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

function bars(figure) {
  return [...figure.querySelectorAll("tr[data-at]")].map(({ dataset }) => ({
    at: Number(dataset.at), count: Number(dataset.count), start: dataset.start, end: dataset.end, label: dataset.label,
  }));
}

function narrow(plot, from, to) {
  const url = new URL(plot.dataset.rest, location.href);
  url.searchParams.append("filter", `${plot.dataset.field}:>=${from.start}`);
  if (to.end) url.searchParams.append("filter", `${plot.dataset.field}:<${to.end}`);
  window.htmx.ajax("GET", url.pathname + url.search, { target: "#main", select: "#content", swap: "innerHTML" });
}

function drawn(plot, rows) {
  const isDate = plot.dataset.chart === "date";
  const width = rows.length > 1 ? rows[1].at - rows[0].at : 1;
  const ends = rows.at(-1).at + width;
  const compact = new Intl.NumberFormat(undefined, { notation: "compact" });
  const axis = { stroke: colour("--quiet"), font: "11px Inter Variable, sans-serif", ticks: { show: false } };
  const grid = { stroke: colour("--line"), width: 1 };
  const tip = document.createElement("div");
  tip.className = "tip";
  const barAt = (x) => rows.findLast((row) => row.at <= x);

  const chart = new window.uPlot({
    width: plot.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    padding: [8, 12, 0, 0],
    scales: { x: { time: isDate, range: [rows[0].at, ends] }, y: { range: (_, __, most) => [0, Math.max(most, 1) * 1.05] } },
    axes: [
      { ...axis, grid: { show: false }, size: isDate ? 38 : 24, gap: 3, ...(isDate ? {} : { values: (_, ticks) => ticks.map((tick) => compact.format(tick)) }) },
      { ...axis, grid, size: 40, splits: (u) => [0, Math.round(u.scales.y.max / 2.1), Math.round(u.scales.y.max / 1.05)], values: (_, ticks) => ticks.map((tick) => compact.format(tick)) },
    ],
    series: [{}, {
      fill: colour("--bar"), stroke: colour("--bar"), width: 0, points: { show: false },
      paths: window.uPlot.paths.bars({ size: [0.86, 60], align: 1, gap: 1 }),
    }],
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: MIN_DRAG_PX } },
    hooks: {
      setCursor: [(u) => {
        const { left } = u.cursor;
        const row = left >= 0 && barAt(u.posToVal(left, "x"));
        tip.hidden = !row;
        if (!row) return;
        tip.textContent = `${row.label}: ${row.count.toLocaleString()}`;
        tip.style.left = `${Math.min(Math.max(left, 60), u.bbox.width / devicePixelRatio - 60)}px`;
      }],
      setSelect: [(u) => {
        if (u.select.width < MIN_DRAG_PX) return;
        const from = barAt(u.posToVal(u.select.left, "x")) ?? rows[0];
        const to = barAt(u.posToVal(u.select.left + u.select.width, "x")) ?? rows.at(-1);
        narrow(plot, from, to);
      }],
    },
  }, [rows.map((row) => row.at), rows.map((row) => row.count)], plot);

  chart.over.append(tip);
  tip.hidden = true;
  chart.over.addEventListener("click", () => {
    const row = chart.select.width < MIN_DRAG_PX && barAt(chart.posToVal(chart.cursor.left, "x"));
    if (row) narrow(plot, row, row);
  });
  return chart;
}

let shown = null;

export function drawChart() {
  shown?.chart.destroy();
  shown = null;
  const plot = document.querySelector("[data-chart]");
  if (!plot || !window.uPlot) return;
  const figure = plot.closest("figure");
  const rows = bars(figure);
  const table = figure.querySelector(".bars");
  table.open = false;
  table.dataset.ready = "";
  shown = { plot, chart: drawn(plot, rows) };
}

addEventListener("resize", () => shown?.chart.setSize({ width: shown.plot.clientWidth, height: HEIGHT }));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawChart);
