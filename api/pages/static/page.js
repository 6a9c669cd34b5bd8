// The live parts: the chart out of its own table, copying, and news of records and heads.

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function readTable(table) {
  const rows = Array.from(table.tBodies[0].rows);
  return {
    days: rows.map((row) => Number(row.dataset.day)),
    series: Array.from(table.tHead.rows[0].cells).slice(1).map((cell, at) => ({
      label: cell.textContent.trim(),
      colour: `--chart-${Number(cell.dataset.colour) + 1}`,
      values: rows.map((row) => Number(row.cells[at + 1].dataset.value)),
    })),
  };
}

// Stacked bars: each series is drawn from zero to its cumulated height, the highest first.
function drawChart(figure) {
  const { days, series } = readTable(figure.querySelector("table"));
  const place = figure.querySelector("[data-plot]");
  place.replaceChildren();
  if (!window.uPlot || days.length === 0) return null;
  const sums = days.map(() => 0);
  const stacked = series.map((one) => ({
    ...one,
    tops: one.values.map((value, at) => { sums[at] += Math.max(0, value); return sums[at]; }),
  })).reverse();
  const language = document.documentElement.lang;
  const dayName = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });
  const amount = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { stroke: colour("--ink-soft"), font, ticks: { show: false } };
  const grid = { stroke: colour("--line"), width: 1 };
  const ground = colour("--card");
  return new window.uPlot({
    width: place.clientWidth,
    height: Math.max(190, figure.clientHeight - 4),
    cursor: { show: false },
    legend: { show: false },
    scales: { x: { time: true, range: (_, low, high) => [low - 43200, high + 43200] }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.08 : 1] } },
    tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    axes: [
      { ...axis, grid: { show: false }, size: 30, space: 70, values: (_, ticks) => ticks.map((t) => dayName.format(new Date(t * 1000))) },
      { ...axis, grid, size: 46, values: (_, ticks) => ticks.map((t) => amount.format(t)) },
    ],
    series: [{}, ...stacked.map((one) => ({
      label: one.label,
      fill: colour(one.colour),
      stroke: ground,
      width: 1,
      points: { show: false },
      paths: window.uPlot.paths.bars({ size: [0.82, 24] }),
    }))],
  }, [days, ...stacked.map((one) => one.tops)], place);
}

const charts = new Map();
function drawCharts() {
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    charts.get(figure)?.destroy();
    charts.set(figure, drawChart(figure));
  }
}

let width = 0;
new ResizeObserver(() => {
  if (document.body.clientWidth === width) return;
  width = document.body.clientWidth;
  drawCharts();
}).observe(document.body);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawCharts);

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = button.dataset.done;
});

// News: the server says that there is something new; the page asks for its parts again.
if (document.body.dataset.live !== undefined) {
  const source = new EventSource("/v1/stream");
  let waiting = 0;
  const refresh = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      document.body.dispatchEvent(new CustomEvent("news"));
      // A counterfoil that is being read stays open.
      if (!document.querySelector(".foil")) document.body.dispatchEvent(new CustomEvent("salesnews"));
    }, 400);
  };
  source.addEventListener("record", refresh);
  source.addEventListener("head", refresh);
  addEventListener("pagehide", () => source.close());
}
