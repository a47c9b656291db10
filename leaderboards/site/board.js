// Tables that sort, filter and page, and a plot of chosen models, from the JSON of all rows at the end of the page. Without this
// script the page keeps its first rows in order of rank and its first curves. No text of an entry is ever read as HTML.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const PAGE = 100;
const FILTERS = ["size", "architecture", "tier", "trained_on"];
const form = document.querySelector("form.filters");
const status = document.querySelector(".status");
const tables = [...document.querySelectorAll("table[data-view]")].map((table) => ({
  table,
  view: table.dataset.view,
  heads: [...table.tHead.rows[0].cells],
  pager: document.querySelector(`.pager[data-for="${table.dataset.view}"]`),
  page: 0,
  sort: null,
}));
let picks = [];
let shown = data.rows;

const SVG = "http://www.w3.org/2000/svg";
function element(name, attributes = {}, ...children) {
  const made = name.startsWith("svg:") ? document.createElementNS(SVG, name.slice(4)) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function spread([, , value, low, high]) {
  const line = (x1, x2, y1, y2, kind) => element("svg:line", { x1: 100 * x1, x2: 100 * x2, y1, y2, ...kind });
  const box = { class: "spread", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" };
  return element("svg:svg", box, line(0, 1, 5, 5, { class: "rail" }), line(low, high, 5, 5), line(value, value, 1, 9));
}

function cellOf(cell, head) {
  const made = element("td", head.classList.contains("num") ? { class: "num" } : {}, cell[0]);
  if (cell[1]) made.append(" ", element("small", {}, cell[1]));
  if (cell[3] !== null) made.append(spread(cell));
  return made;
}

function nameCell(row) {
  const link = element("a", { href: `entries/${row.id}.html` }, element("bdi", {}, row.name));
  const made = element("th", { scope: "row", class: "name" }, link);
  for (const tag of row.tags) made.append(" ", element("span", { class: "tag" }, tag));
  return made;
}

function pickCell(row) {
  const box = element("input", { type: "checkbox", "aria-label": `Draw the curve of ${row.name}` });
  box.checked = picks.includes(row.id);
  box.disabled = !box.checked && picks.length >= data.chart.markers.length;
  box.addEventListener("change", () => {
    picks = box.checked ? [...picks, row.id] : picks.filter((id) => id !== row.id);
    draw();
    show();
    document.querySelector(`tr[data-id="${row.id}"] input`)?.focus();
  });
  return element("td", { class: "pick" }, box);
}

function sorted(rows, { view, sort, heads }) {
  if (!sort) return rows;
  const column = sort.column - heads.findIndex((head) => head.classList.contains("name")) - 1;
  const key = (row) => (column < 0 ? row.name : row.views[view][column][2]);
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  return rows
    .map((row) => [key(row), row])
    .sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null); // what is not known stays at the end
      const order = typeof a === "number" ? a - b : compare(a, b);
      return sort.descending ? -order : order;
    })
    .map(([, row]) => row);
}

function show() {
  for (const each of tables) {
    const rows = sorted(shown, each);
    const last = Math.max(0, Math.ceil(rows.length / PAGE) - 1);
    each.page = Math.min(each.page, last);
    const from = each.page * PAGE;
    const columns = each.heads.filter((head) => !head.matches(".name, .pick"));
    each.table.tBodies[0].replaceChildren(
      ...rows.slice(from, from + PAGE).map((row) => {
        const cells = row.views[each.view].map((cell, i) => cellOf(cell, columns[i]));
        const made = element("tr", { "data-id": row.id }, nameCell(row), ...cells);
        if (each.view === "overview") made.prepend(pickCell(row));
        return made;
      }),
    );
    each.heads.forEach((head, column) => {
      head.removeAttribute("aria-sort");
      if (each.sort?.column === column) head.setAttribute("aria-sort", each.sort.descending ? "descending" : "ascending");
    });
    each.pager.hidden = last === 0;
    each.pager.querySelector("span").textContent = `${from + 1} to ${Math.min(from + PAGE, rows.length)} of ${rows.length.toLocaleString("en")}`;
    each.pager.querySelector('[data-step="-1"]').disabled = each.page === 0;
    each.pager.querySelector('[data-step="1"]').disabled = each.page === last;
  }
  status.textContent = shown.length === data.rows.length ? "" : `${shown.length.toLocaleString("en")} of ${data.rows.length.toLocaleString("en")} entries fit the filter.`;
  remember();
}

function filter() {
  const wanted = form.elements.q.value.trim().toLowerCase();
  shown = data.rows.filter(
    (row) => row.name.toLowerCase().includes(wanted) && FILTERS.every((name) => !form.elements[name].value || row.filters[name] === form.elements[name].value),
  );
  for (const each of tables) each.page = 0;
  show();
}

function draw() {
  const figure = document.querySelector("figure");
  if (!figure) return;
  const { width, height, left, right, top, bottom, dodge, markers } = data.chart;
  const rows = picks.length ? picks.map((id) => data.rows.find((row) => row.id === id)) : data.rows.slice(0, markers.length);
  const step = (width - left - right) / Math.max(1, data.bins.length);
  const y = (share) => top + (1 - share) * (height - top - bottom);
  const legend = figure.querySelector(".legend");
  const plot = figure.querySelector(".plot");
  const words = [];
  plot.replaceChildren();
  legend.replaceChildren();
  rows.forEach((row, i) => {
    const place = ([bin]) => left + step * (bin + 0.5) + (i - (rows.length - 1) / 2) * dodge;
    const points = row.curve.map((each) => `${place(each)},${y(each[1])}`).join(" ");
    const group = element("svg:g", {}, element("svg:polyline", { class: `curve s${i + 1}`, points }));
    for (const each of row.curve) {
      const [bin, value, low, high, n] = each;
      const percent = (share) => `${(100 * share).toFixed(1)} %`;
      const label = `${data.bins[bin]} words: ${percent(value)} (${percent(low)} to ${percent(high)}, ${n} stages)`;
      const x = place(each);
      const bar = element("svg:line", { class: `s${i + 1}`, x1: x, x2: x, y1: y(low), y2: y(high) });
      const mark = element("svg:path", { class: `mark s${i + 1}`, d: markers[i], transform: `translate(${x} ${y(value)})` });
      group.append(element("svg:g", {}, element("svg:title", {}, `${row.name}, ${label}`), bar, mark));
      words.push(`${row.name}, ${label}`);
    }
    plot.append(group);
    const sample = element("svg:svg", { viewBox: "0 0 36 14", "aria-hidden": "true" });
    sample.append(element("svg:line", { class: `curve s${i + 1}`, x1: 0, y1: 7, x2: 36, y2: 7 }));
    sample.append(element("svg:path", { class: `mark s${i + 1}`, d: markers[i], transform: "translate(18 7)" }));
    legend.append(element("li", {}, sample, " ", element("bdi", {}, row.name)));
  });
  figure.querySelector("desc").textContent = words.join("; ");
}

// The state of the page lies in its address, so that a link shows what its writer saw.
function remember() {
  const state = new URLSearchParams();
  for (const name of ["q", ...FILTERS]) if (form.elements[name].value) state.set(name, form.elements[name].value);
  for (const { view, sort } of tables) if (sort) state.set(`sort-${view}`, `${sort.column}${sort.descending ? "d" : "a"}`);
  if (picks.length) state.set("pick", picks.join(","));
  const text = state.toString();
  if (text || location.hash.includes("=")) history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
}

function recall() {
  const state = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
  for (const name of ["q", ...FILTERS]) form.elements[name].value = state.get(name) ?? "";
  for (const name of FILTERS) if (form.elements[name].selectedIndex < 0) form.elements[name].selectedIndex = 0;
  for (const each of tables) {
    const found = /^(\d{1,2})([ad])$/.exec(state.get(`sort-${each.view}`) ?? "");
    each.sort = found && Number(found[1]) < each.heads.length ? { column: Number(found[1]), descending: found[2] === "d" } : null;
  }
  const known = new Set(data.rows.map((row) => row.id));
  picks = (state.get("pick") ?? "").split(",").filter((id) => known.has(id)).slice(0, data.chart.markers.length);
  if (picks.length) draw();
  filter();
}

for (const each of tables) {
  if (each.view === "overview" && data.bins.length) {
    const head = element("th", { scope: "col", class: "pick" }, "Draw");
    each.table.tHead.rows[0].prepend(head);
    each.heads.unshift(head);
  }
  each.heads.forEach((head, column) => {
    if (head.classList.contains("pick")) return;
    const button = element("button", { type: "button" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const ascending = !head.classList.contains("num") || "ascending" in head.dataset;
      const again = each.sort?.column === column;
      each.sort = { column, descending: again ? !each.sort.descending : !ascending };
      each.page = 0;
      show();
    });
  });
  each.pager.addEventListener("click", (event) => {
    if (!event.target.dataset.step) return;
    each.page += Number(event.target.dataset.step);
    show();
    each.table.closest(".scroll").focus();
  });
}
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", filter);
form.addEventListener("reset", () => setTimeout(() => {
  picks = [];
  for (const each of tables) each.sort = null;
  draw();
  filter();
}));
window.addEventListener("hashchange", () => location.hash.includes("=") && recall());
form.hidden = false;
recall();
