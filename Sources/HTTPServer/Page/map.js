// The map of a collection: its documents in a plane, colored by a field, with the query and its hits lit.

import { ask, path, Problem } from "./client.js";
import { read as readDocument } from "./document.js";
import { byID, count, element, shortened } from "./elements.js";
import { fields } from "./filters.js";
import { Plane } from "./plane.js";

// Okabe and Ito's colors, which also the color-blind tell apart, and one for the rest.
const categories = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b5a800", "#8a63d2"];
const rest = "#8b949c";
const shades = ["#3b4cc0", "#5f8fd9", "#52b3a8", "#8fbf5a", "#d9b13b", "#e5813f", "#c9333d"];

let plane;
let events;
let collection;
/** What is shown and what is lit, as JSON. */
let shown;
let lit;
let only;

/** @param given `open(id)`, and `color(field)` when another is chosen */
export function prepare(given) {
  events = given;
  plane = new Plane(byID("canvas"), {
    hover, select: ({ id }) => events.open(id),
    zoomed: (isZoomed) => { byID("map-reset").hidden = !isZoomed; },
  });
  byID("map-reset").addEventListener("click", () => plane.reset());
  byID("color").addEventListener("change", () => events.color(byID("color").value));
}

/**
 * Brings the map up to date.
 *
 * @param entry the collection, as the list of collections has it
 * @param color a field as a filter writes it, `none`, or nothing for the best
 * @param found the query as text, if there is one, and the ids of its hits
 */
export async function update(entry, color, found, open, signal) {
  if (collection !== entry.collection) byID("map-note").textContent = "Placing documents…";
  const field = color || await bestField(entry);
  const wanted = JSON.stringify([entry, field]);
  if (wanted !== shown) {
    const answer = await ask(path(entry.collection, "/projection"), {
      color: field === "none" ? undefined : field,
    }, signal);
    shown = wanted;
    lit = undefined;
    if (collection !== entry.collection) hover(undefined);
    collection = entry.collection;
    show(answer, entry, field);
    await showFields(entry, field);
  }
  const light = JSON.stringify([shown, found]);
  if (light !== lit) {
    const answer = await places(entry, found, signal);
    lit = light;
    const byName = new Map(answer.documents.map((document) => [document.id, document]));
    plane.light(answer.queries[0], found.ids.map((id) => byName.get(id)).filter(Boolean));
  }
  const other = open && !plane.has(open) ? await places(entry, { ids: [open] }, signal) : undefined;
  plane.markOpen(open, other?.documents[0]);
}

async function places(entry, { query, ids }, signal) {
  if (!query && ids.length === 0) return { documents: [], queries: [] };
  const request = (queries) => ask(
    path(entry.collection, "/projection"), { points: false, ids, queries }, signal);
  try { return await request(query ? [query] : []); } catch (error) {
    // Without an embedder a query has no place.
    if (error instanceof Problem && query) return request([]);
    throw error;
  }
}

/** A field of few texts that most documents have. */
async function bestField(entry) {
  const found = await fields(entry).catch(() => []);
  const candidates = found.filter(({ types, distinct, documents }) =>
    types.text && distinct > 1 && distinct <= 30 && documents * 2 > entry.documents);
  return candidates.sort((a, b) => a.distinct - b.distinct)[0]?.field ?? "none";
}

async function showFields(entry, field) {
  const found = await fields(entry).catch(() => []);
  const names = found.filter(({ distinct }) => distinct !== 1).map((one) => one.field);
  if (field !== "none" && !names.includes(field)) names.push(field);
  byID("color").replaceChildren(
    element("option", { value: "none" }, "none"),
    ...names.map((name) => element("option", { value: name }, shortened(name, 40))));
  byID("color").value = field;
}

function show({ points, variance }, entry, field) {
  const groups = field === "none" ? [] : grouped(points);
  const colors = groups.map(({ color }) => color);
  colors.push(rest);
  points.forEach((point) => {
    const group = groups.findIndex(({ has }) => has(point.color));
    point.group = group < 0 ? groups.length : group;
  });
  only = undefined;
  plane.setPoints(points);
  plane.setColors(colors);
  const isRest = points.some(({ group }) => group === groups.length);
  const legend = [...groups, ...(groups.length && isRest ? [{ name: "other", color: rest }] : [])];
  byID("legend").replaceChildren(...legend.map(({ name, color }, index) => {
    const dot = element("span.dot");
    dot.style.background = color;
    const button = element("button", {
      type: "button", "aria-pressed": "false", title: `Only ${shortened(name, 100)}`, onclick: () => {
        only = only === index ? undefined : index;
        plane.setColors(colors, only);
        byID("legend").querySelectorAll("button").forEach((other, place) =>
          other.setAttribute("aria-pressed", String(place === only)));
      },
    }, dot, shortened(name, 40));
    return element("li", {}, button);
  }));
  const share = Math.round(100 * variance.reduce((sum, part) => sum + part, 0));
  const number = points.length < entry.documents
    ? `${count(points.length, "document")} of ${count(entry.documents, "document").replace(/ .*/, "")}`
    : count(points.length, "document");
  byID("map-note").textContent = number;
  byID("map-note").title = `The two directions in which the vectors differ most, with ${share} % of their variance`;
}

/** Groups of equal values, the most frequent first; of many numbers, ranges. */
function grouped(points) {
  const counts = new Map();
  for (const { color } of points) if (color !== null) counts.set(color, (counts.get(color) ?? 0) + 1);
  const values = [...counts.keys()];
  if (values.length > categories.length && values.every((value) => typeof value === "number")) {
    const all = points.map(({ color }) => color).filter((color) => color !== null).sort((a, b) => a - b);
    const bounds = shades.map((_, index) => all[Math.floor((index * all.length) / shades.length)]);
    const starts = [...new Set(bounds)];
    return starts.map((start, index) => {
      const end = starts[index + 1] ?? Infinity;
      return {
        name: end === Infinity ? `from ${start}` : `${start} – ${end}`, color: shades[Math.floor((index * shades.length) / starts.length)],
        has: (value) => value !== null && value >= start && value < end,
      };
    });
  }
  return values.sort((a, b) => counts.get(b) - counts.get(a)).slice(0, categories.length)
    .map((value, index) => ({
      name: String(value), color: categories[index], has: (other) => other === value,
    }));
}

// What the pointer is on: its title at once, its text when the pointer rests.

let resting;
let described;

function hover(point, x, y) {
  byID("tip").hidden = !point;
  if (point !== described) describe(point);
  if (!point) return;
  const tip = byID("tip");
  const { clientWidth, clientHeight } = tip.parentElement;
  const isLeft = x > clientWidth / 2;
  const isAbove = y > clientHeight / 2;
  tip.style.transform = `translate(${isLeft ? "calc(-100% - 14px)" : "14px"}, ${isAbove ? "calc(-100% - 14px)" : "14px"})`;
  tip.style.left = `${x}px`;
  tip.style.top = `${y}px`;
}

function describe(point) {
  described = point;
  clearTimeout(resting);
  byID("map-live").textContent = point ? point.title || point.id : "";
  if (!point) return;
  const text = element("span");
  byID("tip").replaceChildren(element("b", {}, point.title || shortened(point.id, 100)), text);
  resting = setTimeout(async () => {
    const document = await readDocument(collection, point.id).catch(() => undefined);
    if (document && plane.hovered === point) text.textContent = shortened(document.text, 220);
  }, 140);
}
