/** Small builders of elements. Text goes in as text, never as markup. */

const SVG = "http://www.w3.org/2000/svg";
const SHAPES = {
  attach: "M20 11.5l-8 8a5 5 0 0 1-7-7l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4l7.5-7.5",
  back: "M15 5l-7 7 7 7",
  bell: "M4 4l16 16M9.5 19a2.6 2.6 0 0 0 5 0M17.5 13.5V10a5.5 5.5 0 0 0-8.4-4.7M6.6 8.6c-.1.4-.1.9-.1 1.4v4L5 16.5h11.5",
  chart: "M4 19V5m0 14h16M8 15l4-5 3 3 5-7",
  chats: "M4 6h16M4 12h16M4 18h10",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v11H9zM5 15V4h10",
  down: "M12 5v14m-6-6l6 6 6-6",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  link: "M8 16L17 7m-7 0h7v7",
  reply: "M10 6L4 12l6 6v-4c5 0 8 1.5 10 5-.5-6-4-10-10-10z",
  send: "M4 12l16-8-5 17-4-7z",
  slash: "M15 4L9 20",
};

/** Return <tag> with *attributes* (onclick etc. become listeners) and *children* (strings become text). */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

export const byRole = (role, root = document) => root.querySelector(`[data-role="${role}"]`);

/** Show *text* for a few seconds; screen readers hear it. */
export function toast(text, kind = "info") {
  const note = el("div", { class: `toast ${kind}`, "data-role": "toast" }, text);
  const shown = byRole("toasts");
  shown.append(note);
  while (shown.children.length > 3) shown.firstChild.remove();
  setTimeout(() => note.remove(), 3000 + Math.min(text.length, 200) * 40);
}

/** Show *text* in a dialog that waits for OK; the focus returns to where it was. */
export function modal(text) {
  const ok = el("button", { type: "submit", class: "plain-button primary", autofocus: true }, "OK");
  const dialog = el("dialog", { class: "alert", "data-role": "alert", "aria-label": "squawkbot says" },
    el("form", { method: "dialog" }, el("p", {}, text), ok));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Show a picture as large as the window allows; a click or Escape closes it. */
export function lightbox(source, caption) {
  const close = el("button", { type: "button", class: "icon-button light", "aria-label": "Close the picture" }, icon("close"));
  const dialog = el("dialog", { class: "lightbox", "data-role": "lightbox", "aria-label": caption || "Picture" },
    el("img", { src: source, alt: caption || "Picture" }), close);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`Copied: ${text}`);
  } catch {
    toast(`Could not copy. The text is: ${text}`, "bad");
  }
}
