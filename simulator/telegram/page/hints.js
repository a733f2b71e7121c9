/** Five things to try, as the simulator lists them: one click fills the message box or moves the market. */

import { el } from "./dom.js";
import { get } from "./wire.js";

/** Return the section; it stays away where the simulator has no hints. *run(path, body, done)* moves the market. */
export function hints(chat, run) {
  const list = el("ol", { class: "hints" });
  const node = el("details", { class: "panel-section", "data-section": "hints", open: true, hidden: true },
    el("summary", {}, "Five things to try"), el("div", { class: "panel-body" }, list));
  get("/sim/hints").then((found) => {
    list.append(...found.map((hint) => item(hint, chat, run)));
    node.hidden = found.length === 0;
  }).catch(() => undefined);
  return node;
}

function item(hint, chat, run) {
  const steps = hint.steps.map((step) => el("button", {
    type: "button", class: `plain-button ${step.text ? "fill" : ""}`, "data-hint": step.text ?? step.path,
    onclick: () => (step.text ? chat.fill(step.text) : run(step.path, step.body, step.done)),
  }, step.label));
  return el("li", {}, el("p", {}, hint.title), el("div", { class: "row" }, ...steps));
}
