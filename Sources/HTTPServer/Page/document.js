// One document: its metadata, and its text with the passage that was found.

import { ask, path } from "./client.js";
import { byID, element, indexes, marked } from "./elements.js";
import { values } from "./filters.js";
import { title } from "./hits.js";

const kept = new Map();

/** A document by its id; `undefined` if there is none. */
export async function read(collection, id, signal) {
  const name = JSON.stringify([collection, id]);
  if (kept.has(name)) return kept.get(name);
  const answer = await ask(
    path(collection, "/documents/get"), { ids: [id], vectors: true }, signal);
  const [found] = answer.documents;
  if (found) {
    if (kept.size > 200) kept.delete(kept.keys().next().value);
    kept.set(name, found);
  }
  return found;
}

/** Forgets what was read, since it may have changed. */
export const forget = () => kept.clear();

/** Texts beyond this many characters are cut, with a button that shows the rest. */
const mostText = 200_000;

/** What is before a hit's passage, the passage, and what is after it. */
function split(text, hit) {
  const [start] = indexes(text, [hit.offset ?? 0]);
  const end = start + hit.text.length;
  return [text.slice(0, start), text.slice(start, end), text.slice(end)];
}

/** The text, with the passage of a hit and the query's words in it. */
function body(found, hit) {
  const { text } = found;
  const content = element("div.text");
  if (hit?.text && hit.text.length < text.length) {
    const [before, passage, after] = split(text, hit);
    content.append(
      before, element("span.passage", {}, marked(passage, hit.highlights)), after);
  } else if (text.length > mostText) {
    content.append(
      text.slice(0, mostText), element("button", {
        onclick: ({ target }) => target.replaceWith(text.slice(mostText)),
      }, "Show the rest"));
  } else {
    content.append(marked(text, hit?.highlights ?? []));
  }
  return content;
}

/** The document that is shown; it is scrolled to its passage once. */
let shown;

/**
 * Shows a document.
 *
 * @param hit the hit by which it was found, if it was
 */
export function show(found, hit, { close, similar, addFilter }) {
  const metadata = values(found.metadata).flatMap(({ name, value, filter }, index, all) => [
    element("dt", {}, all[index - 1]?.name === name ? "" : name),
    element("dd", {}, element("button", {
      type: "button", title: `Filter: ${filter}`, onclick: () => addFilter(filter),
    }, String(value)))]);
  const copy = element("button", {
    type: "button", onclick: async () => {
      await navigator.clipboard.writeText(found.id);
      copy.textContent = "Copied";
      setTimeout(() => { copy.textContent = "Copy id"; }, 1500);
    },
  }, "Copy id");
  const view = byID("document");
  view.replaceChildren(
    element("div.head", {},
      element("h2", { id: "document-title" }, found.title || title(found)),
      element("button", { type: "button", onclick: close, title: "Close (Esc)" }, "Close")),
    element("dl.meta", {},
      element("dt", {}, "id"), element("dd", {}, found.id), ...metadata),
    element("div.actions", {},
      element("button", { type: "button", onclick: similar, title: "Similar documents (s)" }, "Similar"),
      // Only pages of this machine and those by TLS may write to the clipboard.
      navigator.clipboard ? copy : undefined),
    body(found, hit));
  view.hidden = false;
  if (shown === found.id) return;
  shown = found.id;
  view.scrollTop = 0;
  const place = view.querySelector("mark") ?? view.querySelector(".passage");
  const depth = place ? place.getBoundingClientRect().top - view.getBoundingClientRect().top : 0;
  if (depth > view.clientHeight * 0.8) view.scrollTop = depth - view.clientHeight / 3;
}

/** Shows that there is no such document. */
export function showMissing(id, close) {
  shown = undefined;
  byID("document").replaceChildren(
    element("div.head", {},
      element("h2", { id: "document-title" }, "There is no such document"),
      element("button", { type: "button", onclick: close }, "Close")),
    element("p.empty", {}, id));
  byID("document").hidden = false;
}
