// Writing filters, and the suggestions below their field.

import { ask, path } from "./client.js";
import { byID, element, shortened } from "./elements.js";

const reserved = new Set(
  ["and", "or", "not", "in", "is", "null", "like", "ilike", "between", "true", "false", "date",
    "contains", "escape", "id", "title"]);

/** A metadata field's name as a filter writes it. */
const written = (name) =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !reserved.has(name.toLowerCase())
    ? name : `"${name.replaceAll('"', '""')}"`;

const literal = (value) =>
  typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value).toUpperCase();

/** A filter for documents with this value; the field's name as a filter writes it. */
const equals = (field, value) => `${field} = ${literal(value)}`;

/** The values of metadata that a filter can name: `{name, field, value}`, those of objects by their paths. */
export function values(metadata, above = []) {
  return Object.entries(metadata).flatMap(([key, value]) => {
    const names = [...above, key];
    if (value === null) return [];
    if (Array.isArray(value)) {
      return value.filter((one) => typeof one !== "object").map((one) => entry(names, one));
    }
    return typeof value === "object" ? values(value, names) : [entry(names, value)];
  });
}

const entry = (names, value) =>
  ({ name: names.join("."), value, filter: equals(names.map(written).join("."), value) });

/** A filter and another condition. */
export function joined(filter, condition) {
  if (!filter.trim()) return condition;
  if (filter.includes(condition)) return filter;
  return `${/\bor\b/i.test(filter) ? `(${filter})` : filter} AND ${condition}`;
}

const known = new Map();

/** Larger collections are not asked for their fields, since all documents are read for that. */
const mostDocuments = 100_000;

/**
 * The metadata fields of a collection, read once.
 *
 * @param entry the collection, as the list of collections has it
 */
export async function fields({ collection, documents }) {
  if (documents > mostDocuments) return [];
  if (!known.has(collection)) {
    const reading = ask(path(collection, "/fields")).then((answer) => answer.fields);
    known.set(collection, reading);
    reading.catch(() => known.delete(collection));
  }
  return known.get(collection);
}

/**
 * Shows the fields of a collection below the filter.
 *
 * @param choose is called with a condition to add, or with the beginning of one
 */
export async function suggest(entry, choose) {
  const found = await fields(entry).catch(() => []);
  const field = byID("where");
  if (document.activeElement !== field) return;
  byID("fields").replaceChildren(...found.slice(0, 40).map(({ field, types, examples, documents }) =>
    element("div", {},
      element("button.name", {
        type: "button", title: `${Object.keys(types).join(", ")} in ${documents} documents`,
        onclick: () => choose(`${field} `, false),
      }, shortened(field, 40)),
      ...examples.map((example) => element("button", {
        type: "button", onclick: () => choose(equals(field, example), true),
      }, shortened(String(example), 40))))));
  byID("fields").hidden = found.length === 0;
}
