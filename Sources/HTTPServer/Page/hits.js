// The list of hits, and how they were found.

import { byID, count, element, marked, milliseconds, shortened } from "./elements.js";
import { values } from "./filters.js";

/** What is shown for a document without a title. */
export const title = (document) =>
  document.title
    ? shortened(document.title, 300)
    : element("span.untitled", {}, shortened(document.text?.trim() || document.id, 80));

/** The parts of a score: by meaning, and by words, equal or alike. */
function parts(hit, mode) {
  if (hit.dense_part !== undefined) return { dense: hit.dense_part, lexical: hit.lexical_part + hit.token_part };
  return mode === "lexical" ? { dense: 0, lexical: hit.score } : { dense: hit.score, lexical: 0 };
}

function score(hit, mode, best) {
  const { dense, lexical } = parts(hit, mode);
  const share = (part) => `${Math.max(0, Math.min(100, (100 * part) / best))}%`;
  const spoken = hit.dense_part === undefined
    ? `score ${hit.score.toFixed(3)}`
    : `score ${hit.score.toFixed(3)}: ${dense.toFixed(3)} by meaning, ${lexical.toFixed(3)} by words`;
  const bars = [["dense", dense], ["lexical", lexical]].map(([name, part]) => {
    const bar = element(`i.${name}`);
    bar.style.width = share(part);
    return bar;
  });
  return element("span.score", { title: spoken },
    element("span.meter", { "aria-hidden": "true" }, ...bars),
    element("span", { "aria-hidden": "true" }, hit.score.toFixed(3)),
    element("span.sr", {}, spoken));
}

function chips(metadata, addFilter) {
  return values(metadata).slice(0, 5).map(({ name, value, filter }) =>
    element("button.chip", {
      type: "button", title: `Filter: ${filter}`, onclick: () => addFilter(filter),
    }, `${shortened(name, 24)}: ${shortened(String(value), 40)}`));
}

/** Another line of a hit, with numbers. */
function numbers(hit) {
  if (hit.dense_part === undefined) return undefined;
  const { dense, lexical } = parts(hit);
  return element("span.parts", {},
    element("span.dot.dense"), `${dense.toFixed(3)} by meaning  `,
    element("span.dot.lexical"), `${lexical.toFixed(3)} by words`);
}

function item(hit, { mode, best, address, addFilter, explains }) {
  const text = hit.text ?? "";
  const snippet = hit.snippet
    ? marked(text, hit.highlights, hit.snippet) : shortened(text, 280);
  const copies = hit.duplicates?.length;
  const place = hit.line > 1 ? ` · line ${hit.line}` : "";
  return element("li.hit", { "data-id": hit.id },
    element("h2", {},
      element("a", { href: address(hit.id) }, title(hit)),
      hit.score === undefined ? undefined : score(hit, mode, best)),
    element("p.id", { title: shortened(hit.id, 500) },
      `${shortened(hit.id, 120)}${place}${copies ? ` · and ${count(copies, "copy", "copies")}` : ""}`),
    text && element("p.snippet", {}, snippet),
    element("div.foot", {},
      explains ? numbers(hit) : undefined, ...chips(hit.metadata ?? {}, addFilter)));
}

/** Shows hits, or documents, in place of those before, or after them. */
export function showHits(hits, options, isMore = false) {
  const best = Math.max(...hits.map((hit) => hit.score ?? 0), 1e-9);
  const items = hits.map((hit) => item(hit, { ...options, best }));
  if (isMore) return byID("hits").append(...items);
  const focused = document.activeElement.closest("#hits li")?.dataset.id;
  byID("hits").replaceChildren(...items);
  if (focused !== undefined) link(focused)?.focus();
}

/** The link of a hit by the document's id, or all links. */
export const links = () => [...document.querySelectorAll("#hits h2 a")];
export const link = (id) => links().find((link) => link.closest("li").dataset.id === id);

/** Shows which hit is open. */
export function markOpen(id) {
  for (const item of document.querySelectorAll("#hits .hit")) {
    const isOpen = item.dataset.id === id;
    item.classList.toggle("open", isOpen);
    if (isOpen) item.querySelector("a").setAttribute("aria-current", "true");
    else item.querySelector("a").removeAttribute("aria-current");
  }
}

const phaseNames = {
  encode: "reading the query", filter: "filter", dense: "search by meaning",
  lexical: "search by words", fuse: "joining both", rerank: "ranking again", fetch: "reading hits",
};

/** Shows where the time went and what was looked at. */
export function showExplanation({ explanation, mode }) {
  const { phases } = explanation;
  const total = phases.reduce((sum, phase) => sum + phase.ms, 0) || 1;
  const facts = [];
  if (mode !== "lexical") {
    facts.push(explanation.graph_rows > 0
      ? `${count(explanation.distance_computations, "distance")} computed along a graph of ${count(explanation.graph_rows, "passage")}`
      : `${count(explanation.distance_computations, "distance")} computed: all passages, without a graph`);
  }
  if (mode !== "dense") {
    facts.push(`${count(explanation.scored_passages, "passage")} scored by words`);
  }
  if (explanation.matching_passages !== null) {
    facts.push(`the filter lets ${count(explanation.matching_passages, "passage")} through`);
  }
  const weights = explanation.fusion && explanation.dense_weight !== null
    ? `Scores add up: by meaning at most ${explanation.dense_weight}, by words at most ${explanation.lexical_weight}.`
    : undefined;
  byID("why").replaceChildren(
    element("div.phases", { "aria-hidden": "true" }, ...phases.map((phase, index) => {
      const bar = element(`i.phase${index % 6}`);
      bar.style.flexGrow = phase.ms / total;
      return bar;
    })),
    element("ul", {}, ...phases.map((phase, index) =>
      element("li", {}, element(`span.dot.phase${index % 6}`),
        `${phaseNames[phase.name] ?? phase.name} ${milliseconds(phase.ms)}`))),
    element("p", {}, `${facts.join("; ")}. `.replace(/^./, (first) => first.toUpperCase()), weights));
}
