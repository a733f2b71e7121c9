/** Text and Bot API entities -> nodes. Offsets are UTF-16 units, which is what JavaScript counts too. */

import { copy, el } from "./dom.js";

const SIMPLE = { bold: "strong", italic: "em", underline: "u", strikethrough: "s" };
const SAFE = /^(https?|tg|mailto|tel):/i;
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);

/** Whether *address* may become a link: a bot must not be able to run a script here. */
export const isSafe = (address) => SAFE.test(address ?? "");

/** Return a fragment for *text*; *send* is called with the command when one in the text is tapped. */
export function render(text, entities, send) {
  const ordered = [...(entities ?? [])].filter((e) => e.length > 0).sort((a, b) => a.offset - b.offset || b.length - a.length);
  return span(text, 0, text.length, ordered, send);
}

function span(text, start, end, entities, send) {
  const fragment = document.createDocumentFragment();
  const queue = [...entities];
  let at = start;
  let block = false;
  // A block stands on lines of its own already: the line feed beside it would show as an empty line.
  const between = (from, to, next) => {
    const plain = text.slice(from, to);
    const head = block && plain.startsWith("\n") ? 1 : 0;
    return plain.slice(head, next && plain.length > head && plain.endsWith("\n") ? -1 : undefined);
  };
  while (queue.length > 0) {
    const first = queue.shift();
    const from = Math.max(first.offset, at);
    const to = Math.min(first.offset + first.length, end);
    if (to <= from) continue;
    fragment.append(between(at, from, BLOCKS.has(first.type)));
    const inside = [];
    const after = [];
    for (const other of queue) {
      if (other.offset >= to) after.push(other);
      else {
        inside.push({ ...other, length: Math.min(other.offset + other.length, to) - other.offset });
        const rest = other.offset + other.length - to;
        // Entities may cross; the part that sticks out is drawn again behind.
        if (rest > 0) after.push({ ...other, offset: to, length: rest });
      }
    }
    fragment.append(wrap(first, text.slice(from, to), span(text, from, to, inside, send), send));
    queue.splice(0, queue.length, ...after.sort((a, b) => a.offset - b.offset || b.length - a.length));
    at = to;
    block = BLOCKS.has(first.type);
  }
  fragment.append(between(at, end, false));
  return fragment;
}

function wrap(entity, plain, content, send) {
  if (SIMPLE[entity.type]) return el(SIMPLE[entity.type], {}, content);
  return (KINDS[entity.type] ?? (() => el("span", { "data-entity": entity.type }, content)))(entity, plain, content, send);
}

const KINDS = {
  code: (_, plain, content) => el("code", { title: "Copy", onclick: () => copy(plain) }, content),
  pre: (entity, _, content) => el("pre", { "data-language": entity.language, tabindex: "0" }, el("code", {}, content)),
  spoiler: (_, __, content) => spoiler(content),
  blockquote: (_, __, content) => el("blockquote", {}, content),
  expandable_blockquote: (_, __, content) => expandable(content),
  text_link: (entity, _, content) => link(entity.url, content, true),
  url: (_, plain, content) => link(/^[a-z]+:/i.test(plain) ? plain : `https://${plain}`, content, false),
  email: (_, plain, content) => link(`mailto:${plain}`, content, false),
  phone_number: (_, plain, content) => link(`tel:${plain.replace(/\s/g, "")}`, content, false),
  bot_command: (_, plain, content, send) =>
    el("button", { type: "button", class: "inline-command", "data-command": plain, onclick: () => send(plain) }, content),
  date_time: (entity, plain) => moment(entity, plain),
};

function link(address, content, shown) {
  if (!isSafe(address)) return el("span", {}, content);
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer", title: shown ? address : undefined }, content);
}

function spoiler(content) {
  const node = el("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": "Hidden text, tap to show" }, content);
  const show = (event) => {
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    node.classList.add("shown");
    for (const name of ["role", "tabindex", "aria-label"]) node.removeAttribute(name);
    node.removeEventListener("click", show);
    node.removeEventListener("keydown", show);
  };
  node.addEventListener("click", show);
  node.addEventListener("keydown", show);
  return node;
}

function expandable(content) {
  const quoted = el("span", { class: "quoted" }, content);
  const toggle = el("button", { type: "button", class: "fold", "aria-expanded": "false", hidden: true }, "Show more");
  const quote = el("blockquote", { class: "expandable folded" }, quoted, toggle);
  // Only the drawn width tells whether three lines are enough.
  new ResizeObserver(() => {
    if (quote.classList.contains("folded")) toggle.hidden = quoted.scrollHeight <= quoted.clientHeight + 1;
  }).observe(quoted);
  toggle.addEventListener("click", () => {
    const folded = quote.classList.toggle("folded");
    toggle.setAttribute("aria-expanded", String(!folded));
    toggle.textContent = folded ? "Show more" : "Show less";
  });
  return quote;
}

/** A point in time in the reader's own zone; format is Telegram's r|w?[dD]?[tT]?, and none means the text as written. */
function moment(entity, plain) {
  const date = new Date(entity.unix_time * 1000);
  const format = entity.date_time_format ?? "";
  const full = date.toLocaleString([], { dateStyle: "full", timeStyle: "long" });
  const node = el("time", { datetime: date.toISOString(), title: full, "data-entity": "date_time" });
  if (format === "r") node.dataset.relative = String(entity.unix_time);
  node.textContent = format ? formatted(date, format) : plain;
  return node;
}

function formatted(date, format) {
  if (format === "r") return relative(date);
  const options = {};
  if (format.includes("w")) options.weekday = format.includes("D") ? "long" : "short";
  if (/d/i.test(format)) {
    Object.assign(options, { day: "numeric", month: format.includes("D") ? "long" : "short" });
    if (format.includes("D")) options.year = "numeric";
  }
  if (/t/i.test(format)) {
    Object.assign(options, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    if (format.includes("T")) options.second = "2-digit";
  }
  return new Intl.DateTimeFormat([], options).format(date);
}

function relative(date) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const words = new Intl.RelativeTimeFormat([], { numeric: "auto" });
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  }
  return words.format(Math.trunc(seconds), "second");
}

/** Bring the "3 minutes ago" of every shown time up to date. */
export function freshen() {
  for (const node of document.querySelectorAll("time[data-relative]")) {
    node.textContent = relative(new Date(Number(node.dataset.relative) * 1000));
  }
}
