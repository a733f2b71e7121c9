/** Inline keyboards: drawing them, pressing their buttons, showing the bot's answer. */

import { copy, el, icon, modal, toast } from "./dom.js";
import { isSafe } from "./entities.js";
import { post } from "./wire.js";

const STYLES = new Set(["primary", "success", "danger"]);
const PATIENCE_MS = 15000;
const waiting = new Map(); // callback query id -> finish; the bot has not answered yet
const early = new Map(); // callback query id -> answer that came before our own request returned
const busy = new Set(); // chat:message:data, so that a redraw keeps the spinner

/** Return the keyboard of *message*, or null; *act* gives {userId, send}. */
export function keyboardOf(message, act) {
  const rows = message.reply_markup?.inline_keyboard ?? [];
  if (rows.length === 0) return null;
  return el("div", { class: "keyboard", role: "group", "aria-label": "Buttons" },
    ...rows.map((row) => el("div", { class: "keys" }, ...row.map((button) => key(message, button, act)))));
}

function key(message, button, act) {
  const style = STYLES.has(button.style) ? button.style : "plain";
  const shape = { class: `key ${style}`, "data-button": button.text, "data-callback": button.callback_data, "data-style": button.style };
  if (button.url && isSafe(button.url)) {
    return el("a", { ...shape, href: button.url, target: "_blank", rel: "noopener noreferrer" }, label(button.text), icon("link"));
  }
  const node = el("button", { ...shape, type: "button" }, label(button.text), button.copy_text ? icon("copy") : null);
  if (button.copy_text) node.addEventListener("click", () => copy(button.copy_text.text));
  else if (button.callback_data !== undefined) node.addEventListener("click", () => press(message, button, act));
  else node.addEventListener("click", () => toast("This kind of button does nothing in the demo."));
  if (busy.has(name(message, button))) node.setAttribute("aria-busy", "true");
  return node;
}

const label = (text) => el("span", { class: "key-label" }, text);
const name = (message, button) => `${message.chat.id}:${message.message_id}:${button.callback_data}`;

function mark(message, button, on) {
  busy[on ? "add" : "delete"](name(message, button));
  const shown = document.querySelectorAll(`[data-message-id="${message.message_id}"][data-chat-id="${message.chat.id}"] .key`);
  for (const node of shown) {
    if (node.dataset.callback !== button.callback_data) continue;
    if (on) node.setAttribute("aria-busy", "true");
    else node.removeAttribute("aria-busy");
  }
}

async function press(message, button, act) {
  if (busy.has(name(message, button))) return;
  mark(message, button, true);
  try {
    const sent = await post(`/sim/chats/${message.chat.id}/press`, {
      from_id: act.userId(), message_id: message.message_id, button: button.callback_data,
    });
    await answerTo(sent.callback_query_id, sent.answer);
  } catch (error) {
    toast(error.message, "bad");
  } finally {
    mark(message, button, false);
  }
}

async function answerTo(id, given) {
  const answer = given ?? early.get(id) ?? (await new Promise((finish) => {
    waiting.set(id, finish);
    setTimeout(() => finish(null), PATIENCE_MS);
  }));
  waiting.delete(id);
  early.delete(id);
  if (!answer?.text) return;
  if (answer.show_alert) modal(answer.text);
  else toast(answer.text);
}

/** Take an answerCallbackQuery from the stream. */
export function answered(answer) {
  const finish = waiting.get(answer.callback_query_id);
  if (finish) finish(answer);
  else {
    early.set(answer.callback_query_id, answer);
    if (early.size > 50) early.delete(early.keys().next().value);
  }
}
