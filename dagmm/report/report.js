(() => {
"use strict";
const D = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const flagged = D.flagged;
const hasTimes = Boolean(D.line.time || D.points.time || (flagged[0] && flagged[0].time));
const pageSize = 100;
let scaleIndex = 0;      // into D.scales
let picked = -1;         // into flagged
let shownRows = pageSize;
let order = flagged.map((_, i) => i);
let sorted = { key: "row", up: true };

// ---- text ----

// Plotly reads a little HTML in its texts; names of metrics are to be shown as they are.
const plain = s => String(s).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
// The lettering of the 3-D axes knows tags but no entities.
const plain3d = s => String(s).replace(/</g, "‹").replace(/>/g, "›").replace(/&/g, "＆");
const clip = (s, n) => s.length > n ? s.slice(0, n - 1) + "…" : s;
const unitIn = (j, escape) => D.units[j] ? ` (${escape(D.units[j])})` : "";
const isNum = v => typeof v === "number";

// show writes a number as every sentence does: Go's internal/format.
function show(v) {
  if (!isNum(v)) return v === null ? "missing" : v;
  const a = Math.abs(v);
  if (a >= 9999.5 && a < 1e15) {
    const r = Math.round(v);
    return String(Math.abs(v % 1) === .5 && r % 2 ? r - 1 : r); // a half goes to the even number
  }
  return digits(v, 4);
}
// digits is Go's %.4g, for any number of digits.
function digits(v, n) {
  if (v === 0) return "0";
  const [mantissa, exponent] = v.toExponential(n - 1).split("e"), e = Number(exponent);
  if (e >= -4 && e < n) return String(Number(v.toPrecision(n)));
  return Number(mantissa) + "e" + (e < 0 ? "-" : "+") + String(Math.abs(e)).padStart(2, "0");
}
const withUnit = (v, j) => show(v) + (isNum(v) && D.units[j] ? " " + D.units[j] : "");
const showP = p => !isNum(p) ? "–" : digits(p, 2);
const when = p => p.time || "row " + p.row;

function hoverText(row, time, energy, values) {
  const lines = [time ? `<b>${time}</b>  row ${row}` : `<b>row ${row}</b>`];
  lines.push(`energy ${show(energy)}`);
  D.metrics.slice(0, 8).forEach((m, j) => lines.push(`${plain(clip(m, 40))}: ${plain(withUnit(values[j], j))}`));
  if (D.metrics.length > 8) lines.push(`and ${D.metrics.length - 8} metrics more`);
  return lines.join("<br>");
}
const textsOf = p => p.row.map((r, k) => hoverText(r, p.time && p.time[k], p.energy[k], p.x.map(c => c[k])));
const asPoints = rows => ({
  row: rows.map(f => f.row), time: hasTimes ? rows.map(f => f.time) : undefined,
  energy: rows.map(f => f.energy), x: D.metrics.map((_, j) => rows.map(f => f.x[j])),
});
const normalTexts = textsOf(D.points), missedTexts = textsOf(D.missed);
const flaggedPoints = asPoints(flagged), flaggedTexts = textsOf(flaggedPoints);

// Very many flagged rows are drawn smaller, so that they do not hide each other.
const crowd = flagged.length > 300 ? .55 : 1;

// ---- colours ----

const root = document.documentElement;
const css = name => getComputedStyle(root).getPropertyValue("--" + name).trim();
function baseLayout(extra) {
  return Object.assign({
    separators: ".", // no mark between thousands, as in all other numbers
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: "closest",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: css("muted") },
    hoverlabel: { bgcolor: css("surface"), bordercolor: css("muted"), font: { color: css("text"), size: 12 }, align: "left" },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: css("muted"), activecolor: css("accent") },
    uirevision: "keep", // the camera and the zoom survive every redrawing
  }, extra);
}
const config = {
  responsive: true, displaylogo: false, displayModeBar: "hover", scrollZoom: false,
  showSendToCloud: false, plotlyServerURL: "", // no button that uploads
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "resetCameraLastSave3d", "hoverClosest3d", "zoomIn2d", "zoomOut2d"],
};
const axis2d = extra => Object.assign(
  { gridcolor: css("line"), linecolor: css("line"), zerolinecolor: css("line"), exponentformat: "none", automargin: true }, extra);
const traceOf = (name, p, texts, extra) => Object.assign(
  { name, mode: "markers", text: texts, hoverinfo: "text", hovertemplate: "%{text}<extra></extra>" }, extra);

// ---- scatter plots ----

// A metric that never changes is no axis.
const V = D.varying, width = V.length;
const scatterAxes = (width >= 4 ? [[0, 1, 2], [0, 1, 3]] : width === 3 ? [[0, 1, 2]] : width === 2 ? [[0, 1]] : []).map(a => a.map(k => V[k]));
const has3d = (() => {
  try { return Boolean(document.createElement("canvas").getContext("webgl")); } catch (e) { return false; }
})();
const scatters = []; // { div, axes }

function option(select, value, label) {
  const o = document.createElement("option");
  o.value = value;
  o.textContent = label;
  select.append(o);
}
function element(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

function addScatter(axes, index) {
  const panel = element("section", "panel"), head = element("div", "panel-head"), controls = element("div", "controls");
  const title = element("h2"), div = element("div", "plot scatter");
  div.id = "scatter-" + index;
  title.id = div.id + "-title";
  div.setAttribute("role", "img");
  div.setAttribute("aria-labelledby", title.id);
  const scatter = { div, axes: axes.slice(), title };
  axes.forEach((_, k) => {
    const select = element("select");
    select.setAttribute("aria-label", `Metric of axis ${"xyz"[k]}`);
    V.forEach(j => option(select, j, clip(D.metrics[j], 60)));
    select.value = axes[k];
    select.addEventListener("change", () => { scatter.axes[k] = Number(select.value); drawScatter(scatter); });
    controls.append(select);
  });
  head.append(title, controls);
  panel.append(head, div);
  if (axes.length === 3 && !has3d) panel.append(element("p", "muted small", "This browser offers no WebGL: the first two of the three metrics are drawn."));
  $("scatters").append(panel);
  scatters.push(scatter);
}

function drawScatter(s) {
  const deep = s.axes.length === 3 && has3d;
  s.title.textContent = s.axes.map(j => D.metrics[j]).join(" / ");
  const at = p => deep ? { type: "scatter3d", x: p.x[s.axes[0]], y: p.x[s.axes[1]], z: p.x[s.axes[2]] }
                       : { type: "scatter", x: p.x[s.axes[0]], y: p.x[s.axes[1]] };
  const marker = (color, size, symbol, opacity) => ({ color, size: deep ? size : size * 1.6, symbol, opacity, line: { width: 0 } });
  const chosen = asPoints(picked < 0 ? [] : [flagged[picked]]);
  const traces = [
    traceOf("not flagged", D.points, normalTexts, { ...at(D.points), marker: marker(css("normal"), 2.8, "circle", D.points.row.length > 3000 ? .3 : .45) }),
    traceOf("flagged", flaggedPoints, flaggedTexts, { ...at(flaggedPoints), marker: marker(css("flagged"), 5.5 * crowd, "diamond", 1) }),
    traceOf("labelled, not flagged", D.missed, missedTexts, { ...at(D.missed), marker: marker(css("missed"), 4.5, "square", 1) }),
    { ...at(chosen), mode: "markers", hoverinfo: "skip", marker: { size: deep ? 14 : 20, symbol: "circle-open", color: css("picked"), line: { width: 3, color: css("picked") } } },
  ];
  const axis = k => ({
    title: { text: clip(plain3d(D.metrics[s.axes[k]]), 28) + unitIn(s.axes[k], plain3d), font: { size: 13, color: css("text") } }, gridcolor: css("grid3d"), zerolinecolor: css("grid3d"),
    color: css("muted"), showline: true, linecolor: css("muted"), linewidth: 1.5, showbackground: true, backgroundcolor: css("wall"), exponentformat: "none", tickfont: { size: 11 }, nticks: 6, showspikes: false,
  });
  const layout = deep
    ? baseLayout({ margin: { l: 0, r: 0, t: 6, b: 0 }, scene: {
        xaxis: axis(0), yaxis: axis(1), zaxis: axis(2), aspectmode: "cube", dragmode: "turntable", uirevision: "keep",
        camera: { eye: narrow() ? { x: 2.3, y: 2.3, z: 1.1 } : { x: 1.45, y: 1.45, z: .72 }, center: { x: 0, y: 0, z: narrow() ? -.05 : -.13 } } } })
    : baseLayout({ margin: { l: 10, r: 10, t: 10, b: 10 }, uirevision: s.axes.join(),
        xaxis: axis2d({ title: { text: plain(clip(D.metrics[s.axes[0]], 60)) + unitIn(s.axes[0], plain) } }), yaxis: axis2d({ title: { text: plain(clip(D.metrics[s.axes[1]], 40)) + unitIn(s.axes[1], plain) } }) });
  Plotly.react(s.div, traces, layout, config);
}

function drawLegend() {
  const entry = (kind, color, text) => {
    const e = element("span");
    const dot = element("i", kind);
    dot.style.color = `var(--${color})`;
    e.append(dot, text);
    return e;
  };
  const shown = D.points.row.length < D.thinned.normal ? ` (${D.points.row.length} of ${D.thinned.normal} drawn)` : "";
  $("legend").append(entry("diamond", "flagged", "flagged"), entry("", "normal", "not flagged" + shown));
  if (D.missed.row.length) $("legend").append(entry("square", "missed", "labelled anomalous, not flagged"));
  $("legend").append(entry("", "range", "expected range of a flagged row"));
  if (scatters.length && has3d && width > 2) $("legend").append(element("span", "", "Drag to turn; click a red point for its explanation."));
}

// ---- axis of the energy ----

const scale = () => D.scales[scaleIndex].scale;
const toAxis = e => !isNum(e) ? null : scale().width ? Math.asinh((e - scale().center) / scale().width) : e;

// On the compressed axis the marks are round energies, as dense as they are legible.
function energyTicks(count) {
  if (!scale().width) return {};
  const edges = D.scales[scaleIndex].edges, low = edges[0], high = edges[edges.length - 1];
  const candidates = [0];
  for (let d = -4; d < 300; d++) for (const m of [1, 2, 5]) candidates.push(m * 10 ** d, -m * 10 ** d);
  const round = v => { const digits = String(Number(Math.abs(v).toPrecision(1)))[0]; return v === 0 ? 3 : digits === "1" ? 2 : digits === "5" ? 1 : 0; };
  const kept = [];
  const gap = (high - low) / count;
  candidates.map(v => ({ v, u: toAxis(v) })).filter(c => c.u >= low && c.u <= high)
    .sort((a, b) => round(b.v) - round(a.v) || Math.abs(b.v) - Math.abs(a.v))
    .forEach(c => { if (kept.every(k => Math.abs(k.u - c.u) >= gap)) kept.push(c); });
  kept.sort((a, b) => a.u - b.u);
  return { tickvals: kept.map(k => k.u), ticktext: kept.map(k => show(k.v)) };
}

// ---- energy over time ----

const positions = p => hasTimes ? p.time : p.row;
const narrow = () => window.innerWidth < 640;

function drawLine() {
  const metric = Number($("metric").value), withMetric = metric >= 0;
  const exact = D.thinned.bucket === 1 && D.line.row.length < 400;
  const traces = [
    traceOf("energy", D.line, D.line.row.map((r, k) => (hasTimes ? `<b>${D.line.time[k]}</b>  row ${r}` : `<b>row ${r}</b>`) + `<br>energy ${show(D.line.energy[k])}`),
      { x: positions(D.line), y: D.line.energy.map(toAxis), mode: exact ? "lines+markers" : "lines", connectgaps: false, line: { color: css("normal"), width: 1.2 }, marker: { size: 4, color: css("normal") } }),
    traceOf("labelled, not flagged", D.missed, missedTexts,
      { x: positions(D.missed), y: D.missed.energy.map(toAxis), marker: { color: css("missed"), size: 8, symbol: "square" } }),
    traceOf("flagged", flaggedPoints, flaggedTexts,
      { x: positions(flaggedPoints), y: flaggedPoints.energy.map(toAxis), marker: { color: css("flagged"), size: 9 * crowd, symbol: "diamond" } }),
  ];
  if (withMetric) traces.push(...metricTraces(metric));
  if (picked >= 0) {
    const f = asPoints([flagged[picked]]), ring = { mode: "markers", hoverinfo: "skip", marker: { size: 18, symbol: "circle-open", color: css("picked"), line: { width: 2.5 } } };
    traces.push({ ...ring, x: positions(f), y: f.energy.map(toAxis) });
    if (withMetric) traces.push({ ...ring, x: positions(f), y: f.x[metric], yaxis: "y2" });
  }
  const threshold = toAxis(D.threshold);
  const layout = baseLayout({
    margin: { l: 10, r: 10, t: 16, b: 10 }, hovermode: "closest", uirevision: scaleIndex + "/" + metric, dragmode: "zoom",
    xaxis: axis2d({ type: hasTimes ? "date" : "linear", title: hasTimes ? undefined : { text: "row" }, anchor: withMetric ? "y2" : "y", exponentformat: "none" }),
    yaxis: axis2d({ title: { text: "energy" }, domain: withMetric ? [.44, 1] : [0, 1], zeroline: false, ...energyTicks(narrow() ? 8 : 11) }),
    shapes: threshold === null ? [] : [thresholdLine({ x0: 0, x1: 1, xref: "paper", y0: threshold, y1: threshold })],
    annotations: threshold === null ? [] : [thresholdLabel({ x: 0, xref: "paper", xanchor: "left", y: threshold, yanchor: "bottom" })],
  });
  if (withMetric) layout.yaxis2 = axis2d({ title: { text: plain(clip(D.metrics[metric], 24)) + unitIn(metric, plain) }, domain: [0, .36], zeroline: false, nticks: 5 });
  Plotly.react($("line"), traces, layout, config);
}

// The chosen metric's values, and beside each flagged one the range that was expected.
function metricTraces(metric) {
  const range = { x: [], y: [] };
  const name = D.metrics[metric];
  for (const f of flagged) {
    const part = f.parts.find(p => p.metric === name);
    if (!part || part.usual || !isNum(part.low) || !isNum(part.high)) continue;
    const x = hasTimes ? f.time : f.row;
    range.x.push(x, x, null);
    range.y.push(part.low, part.high, null);
  }
  const common = { yaxis: "y2" };
  return [
    traceOf(name, D.points, normalTexts, { ...common, x: positions(D.points), y: D.points.x[metric], marker: { color: css("normal"), size: 3.5, opacity: .6 } }),
    { ...common, ...range, mode: "lines", hoverinfo: "skip", line: { color: css("range"), width: 5 } },
    traceOf("labelled, not flagged", D.missed, missedTexts, { ...common, x: positions(D.missed), y: D.missed.x[metric], marker: { color: css("missed"), size: 6, symbol: "square" } }),
    traceOf("flagged", flaggedPoints, flaggedTexts, { ...common, x: positions(flaggedPoints), y: flaggedPoints.x[metric], marker: { color: css("flagged"), size: 8 * crowd, symbol: "diamond" } }),
  ];
}
const thresholdLine = where => ({ type: "line", line: { color: css("flagged"), width: 1.5, dash: "dash" }, ...where });
const thresholdLabel = where => ({
  text: "threshold " + show(D.threshold), showarrow: false, font: { color: css("flagged"), size: 12 }, bgcolor: css("surface"), opacity: .92, ...where,
});

// ---- density ----

function drawDensity() {
  const d = D.scales[scaleIndex];
  const middle = d.edges.slice(1).map((e, k) => (e + d.edges[k]) / 2);
  const fromAxis = u => d.scale.width ? Math.sinh(u) * d.scale.width + d.scale.center : u;
  const steps = (values, name, color) => {
    const x = [], y = [], text = [];
    values.forEach((v, k) => {
      const t = `${name}: ${v.toPrecision(3)} %<br>energy ${show(fromAxis(d.edges[k]))} to ${show(fromAxis(d.edges[k + 1]))}`;
      x.push(d.edges[k], d.edges[k + 1]);
      y.push(v, v);
      text.push(t, t);
    });
    return { type: "scatter", name, x, y, text, mode: "lines", hoverinfo: "text", hovertemplate: "%{text}<extra></extra>", fill: "tozeroy", fillcolor: fade(color, .28), line: { color, width: 1.6 } };
  };
  const traces = middle.length ? [steps(d.normal, "not flagged", css("normal")), steps(d.flagged, "flagged", css("flagged"))] : [];
  const few = flagged.length <= 500; // a mark under the axis for each flagged row
  if (few) traces.push(traceOf("flagged", flaggedPoints, flaggedTexts, { x: flaggedPoints.energy.map(toAxis), y: flagged.map(() => -1.2), cliponaxis: false, marker: { symbol: "line-ns-open", size: 10, color: css("flagged"), line: { width: 1.5 } } }));
  if (few && picked >= 0) traces.push({ x: [toAxis(flagged[picked].energy)], y: [-1.2], mode: "markers", hoverinfo: "skip", cliponaxis: false, marker: { symbol: "circle-open", size: 16, color: css("picked"), line: { width: 2.5 } } });
  const threshold = toAxis(D.threshold);
  Plotly.react($("density"), traces, baseLayout({
    margin: { l: 10, r: 14, t: 26, b: 10 }, uirevision: String(scaleIndex),
    xaxis: axis2d({ title: { text: "energy" }, zeroline: false, ...energyTicks(narrow() ? 7 : 10) }),
    yaxis: axis2d({ title: { text: "% of the group's rows" }, rangemode: "normal", zeroline: true }),
    shapes: threshold === null ? [] : [thresholdLine({ x0: threshold, x1: threshold, y0: 0, y1: 1, yref: "paper" })],
    annotations: threshold === null ? [] : [thresholdLabel({ x: threshold, y: 1, yref: "paper", yanchor: "bottom", xanchor: "center" })],
  }), config);
}
function fade(hex, alpha) {
  const v = parseInt(hex.slice(1), 16);
  return `rgba(${v >> 16 & 255},${v >> 8 & 255},${v & 255},${alpha})`;
}

// ---- table ----

const columns = [
  { key: "row", title: hasTimes ? "Time" : "Row", value: f => f.row },
  { key: "energy", title: "Energy", value: f => isNum(f.energy) ? f.energy : Infinity },
  { key: "p", title: "p-value", value: f => isNum(f.p) ? f.p : 2 },
  { key: "metric", title: "Reason", value: f => f.parts.length ? f.parts[0].metric : "" },
];

function drawHead() {
  const tr = element("tr");
  for (const c of columns) {
    const th = element("th"), b = element("button", "", c.title);
    b.type = "button";
    th.scope = "col";
    if (sorted.key === c.key) th.setAttribute("aria-sort", sorted.up ? "ascending" : "descending");
    b.addEventListener("click", () => {
      sorted = { key: c.key, up: sorted.key === c.key ? !sorted.up : c.key !== "energy" };
      const sign = sorted.up ? 1 : -1;
      order.sort((i, j) => {
        const a = c.value(flagged[i]), b2 = c.value(flagged[j]);
        return sign * (a < b2 ? -1 : a > b2 ? 1 : 0) || i - j;
      });
      drawHead();
      drawRows();
    });
    th.append(b);
    tr.append(th);
  }
  $("flagged").tHead.replaceChildren(tr);
}

function drawRows() {
  const body = $("flagged").tBodies[0];
  body.replaceChildren(...order.slice(0, shownRows).map(tableRow));
  const left = order.length - shownRows;
  $("more").hidden = left <= 0;
  $("more").textContent = `Show ${Math.min(left, pageSize)} more of ${left}`;
  if (!flagged.length) {
    $("flagged").hidden = $("range-hint").hidden = true;
    $("table-hint").textContent = "No row's energy is above the threshold.";
  }
}

function tableRow(i) {
  const f = flagged[i], tr = element("tr", i === picked ? "picked" : "");
  tr.dataset.index = i;
  tr.tabIndex = 0;
  const time = element("td", "when", f.time || String(f.row));
  if (f.time) time.append(element("div", "muted small", "row " + f.row));
  if (D.labelled) time.append(f.label ? element("span", "tag known", "labelled anomalous") : element("span", "tag", "not labelled"));
  const energy = element("td", "energy");
  energy.append(element("b", "", show(f.energy)));
  const p = element("td", "p", showP(f.p));
  if (f.weak) p.append(" ", element("span", "tag", "weak"));
  const why = element("td", "why");
  if (f.sentence) why.append(element("p", "sentence", f.sentence));
  if (f.pair) {
    const tag = element("span", "tag", f.pair + " together");
    tag.style.marginBottom = "8px";
    why.append(tag);
  }
  const head = f.parts.length > 6 ? 4 : f.parts.length;
  why.append(partList(f.parts.slice(0, head)));
  if (head < f.parts.length) {
    const rest = element("details");
    rest.addEventListener("click", e => e.stopPropagation());
    rest.append(element("summary", "", `${f.parts.length - head} metrics more`), partList(f.parts.slice(head)));
    why.append(rest);
  }
  tr.append(time, energy, p, why);
  return tr;
}

function partList(parts) {
  const grid = element("div", "parts");
  for (const p of parts) {
    const j = D.metrics.indexOf(p.metric);
    const share = element("div", "share"), track = element("div", "share-track"), bar = element("i");
    bar.style.width = (isNum(p.share) ? 100 * Math.min(Math.max(p.share, 0), 1) : 0) + "%";
    track.append(bar);
    share.append(track, element("b", "", isNum(p.share) ? Math.round(100 * p.share) + "%" : "–"));
    share.title = "share of the energy's excess";
    const value = element("div", "value", p.shown + (isNum(p.value) && D.units[j] ? " " + D.units[j] : ""));
    if (isNum(p.value)) value.title = String(p.value);
    const known = isNum(p.low) && isNum(p.high);
    grid.append(element("div", "name", p.metric), share, value, known && isNum(p.value) ? gauge(p) : element("div", "gauge"), element("div", "expected", p.expected));
  }
  return grid;
}

// A gauge is as long as the expected range and the value need, with a margin on both sides.
function gauge(p) {
  const low = Math.min(p.low, p.value), high = Math.max(p.high, p.value);
  const span = high - low || 1, from = low - span * .08, all = span * 1.16;
  const at = v => 100 * (v - from) / all;
  const g = element("div", "gauge"), range = element("div", "range");
  const dot = element("div", p.value < p.low || p.value > p.high ? "dot outside" : "dot");
  range.style.left = at(p.low) + "%";
  range.style.width = at(p.high) - at(p.low) + "%";
  dot.style.left = at(p.value) + "%";
  g.append(range, dot);
  return g;
}

// ---- selection ----

function pick(i, reveal) {
  picked = i;
  for (const tr of $("flagged").tBodies[0].rows) tr.classList.toggle("picked", Number(tr.dataset.index) === i);
  for (const tr of document.querySelectorAll(".incidents [data-row]")) tr.classList.toggle("picked", i >= 0 && Number(tr.dataset.row) === flagged[i].row);
  $("picked").hidden = i < 0;
  if (i >= 0) {
    const f = flagged[i];
    $("picked-text").replaceChildren(element("b", "", when(f)), ` · energy ${show(f.energy)}`, f.sentence ? element("div", "muted", f.sentence) : "");
  }
  scatters.forEach(drawScatter);
  drawLine();
  drawDensity();
  if (reveal) showRow(i);
}
function showRow(i) {
  const place = order.indexOf(i);
  if (place >= shownRows) {
    shownRows = Math.ceil((place + 1) / pageSize) * pageSize;
    drawRows();
  }
  const tr = $("flagged").querySelector(`tr[data-index="${i}"]`);
  if (tr) tr.scrollIntoView({ block: "center" });
}
function step(by) {
  const place = order.indexOf(picked);
  pick(order[(place + by + order.length) % order.length], false);
}
function pickFromPlot(event) {
  const point = event.points && event.points[0];
  if (point && point.data.name === "flagged") pick(point.pointNumber, false);
}

// ---- start ----

function drawAll() {
  scatters.forEach(drawScatter);
  drawLine();
  drawDensity();
}

function start() {
  const select = $("metric");
  option(select, -1, "none");
  V.forEach(j => option(select, j, clip(D.metrics[j], 60)));
  const often = flagged.length && flagged[0].parts.length ? D.metrics.indexOf(mostOften()) : -1;
  select.value = V.includes(often) ? often : width ? V[0] : -1;
  select.addEventListener("change", drawLine);
  if (!hasTimes) $("line-title").textContent = "Energy by row";
  $("scale-choice").hidden = D.scales.length < 2;
  $("scale-choice").addEventListener("click", e => {
    if (!e.target.dataset.scale) return;
    scaleIndex = Number(e.target.dataset.scale);
    for (const b of $("scale-choice").children) b.setAttribute("aria-pressed", String(b === e.target));
    drawLine();
    drawDensity();
  });

  scatterAxes.forEach(addScatter); // all of them before the first is drawn: they share the page's width
  $("scatters").hidden = !scatterAxes.length;
  for (const s of scatters) {
    drawScatter(s);
    s.div.on("plotly_click", pickFromPlot);
  }
  drawLegend();
  drawLine();
  drawDensity();
  $("line").on("plotly_click", pickFromPlot);
  $("density").on("plotly_click", pickFromPlot);

  drawHead();
  drawRows();
  $("more").addEventListener("click", () => { shownRows += pageSize; drawRows(); });
  const body = $("flagged").tBodies[0];
  const rowOf = e => e.target.closest("tr");
  body.addEventListener("click", e => { if (!String(getSelection())) pick(Number(rowOf(e).dataset.index), false); });
  body.addEventListener("keydown", e => {
    if (e.key === "Enter" && e.target === rowOf(e)) pick(Number(rowOf(e).dataset.index), false);
  });
  $("previous").addEventListener("click", () => step(-1));
  $("next").addEventListener("click", () => step(1));
  $("to-plots").addEventListener("click", () => (scatterAxes.length ? $("scatters") : $("line")).scrollIntoView({ block: "start" }));
  $("to-row").addEventListener("click", () => showRow(picked));
  $("unpick").addEventListener("click", () => pick(-1, false));
  document.addEventListener("keydown", e => { if (e.key === "Escape" && picked >= 0) pick(-1, false); });

  for (const tr of document.querySelectorAll(".incidents [data-row]")) {
    const peak = flagged.findIndex(f => f.row === Number(tr.dataset.row));
    tr.addEventListener("click", () => { if (!String(getSelection())) pick(peak, false); });
    tr.addEventListener("keydown", e => { if (e.key === "Enter") pick(peak, false); });
  }
  document.querySelectorAll(".strip").forEach(readout);
  document.addEventListener("themechange", drawAll);
}

// ---- strips ----

// All rows that the page holds, in their order on the axis of the strips.
const shown = [];
D.points.row.forEach((row, k) => shown.push({ row, at: D.points.at[k], time: D.points.time && D.points.time[k], energy: D.points.energy[k], x: j => D.points.x[j][k] }));
D.missed.row.forEach((row, k) => shown.push({ row, at: D.missed.at[k], time: D.missed.time && D.missed.time[k], energy: D.missed.energy[k], x: j => D.missed.x[j][k] }));
flagged.forEach((f, k) => shown.push({ row: f.row, at: f.at, time: f.time, energy: f.energy, flagged: k, x: j => f.x[j] }));
shown.sort((a, b) => a.at - b.at || a.row - b.row);

function nearest(at, rows) {
  let low = 0, high = rows.length - 1;
  while (high - low > 1) {
    const middle = low + high >> 1;
    if (rows[middle].at < at) low = middle; else high = middle;
  }
  return rows[low] && at - rows[low].at <= rows[high].at - at ? rows[low] : rows[high];
}

// readout tells the value under the pointer; a click selects the nearest flagged row.
function readout(strip) {
  const chart = strip.querySelector(".chart"), cursor = strip.querySelector(".cursor"), out = strip.querySelector("output");
  const j = Number(strip.dataset.metric);
  const place = e => 1000 * (e.clientX - chart.getBoundingClientRect().left) / chart.clientWidth;
  chart.addEventListener("pointermove", e => {
    const r = nearest(place(e), shown);
    if (!r) return;
    cursor.hidden = false;
    cursor.style.left = Math.min(r.at / 10, 99.9) + "%";
    out.textContent = `${when(r)}: ${j < 0 ? show(r.energy) : withUnit(r.x(j), j)}`;
  });
  chart.addEventListener("pointerleave", () => { cursor.hidden = true; out.textContent = ""; });
  chart.addEventListener("click", e => {
    const at = place(e), r = nearest(at, shown.filter(r => r.flagged !== undefined));
    if (r && Math.abs(r.at - at) < 25) pick(r.flagged, false);
  });
}

function mostOften() {
  const count = new Map();
  for (const f of flagged) if (f.parts.length) count.set(f.parts[0].metric, (count.get(f.parts[0].metric) || 0) + 1);
  return [...count].sort((a, b) => b[1] - a[1])[0][0];
}

start();
})();
