/** The demo's page: chats at the left, the open chat in the middle, the market at the right. */

import { clock, snippet } from "./bubble.js";
import { Composer } from "./composer.js";
import { byRole, el, icon, toast } from "./dom.js";
import { freshen } from "./entities.js";
import { answered } from "./keyboard.js";
import { Market } from "./market.js";
import { allChats, apply, chat, idsOf, markRead, messagesOf, refresh, subscribe } from "./store.js";
import { Timeline } from "./timeline.js";
import { follow, post } from "./wire.js";

const state = { chatId: 111, actor: 111 };

const act = {
  // In a group the last private chat that was open says who is speaking.
  userId: () => (chat(state.chatId)?.kind === "group" ? state.actor : state.chatId),
  send: (text) => send({ text }),
  reply: (message) => composer.reply(message),
};

const jump = byRole("jump");
const timeline = new Timeline(byRole("timeline"), document.getElementById("scroller"), act, (missed, atEnd) => {
  jump.hidden = atEnd;
  jump.dataset.count = missed > 0 ? String(missed) : "";
  if (atEnd && document.visibilityState === "visible") markRead(state.chatId);
});
const composer = new Composer(document.getElementById("composer"), send);
const market = new Market(document.getElementById("panel"), {
  fill(text) {
    closeDrawers();
    composer.fill(text);
  },
});

async function send(content, replyTo) {
  const body = { from_id: act.userId(), ...content };
  if (replyTo !== undefined) body.reply_to_message_id = replyTo;
  try {
    await post(`/sim/chats/${state.chatId}/messages`, body);
    return true;
  } catch (error) {
    toast(`Not sent: ${error.message}`, "bad");
    return false;
  }
}

function open(chatId) {
  state.chatId = chatId;
  const entry = chat(chatId);
  if (entry?.kind !== "group") state.actor = chatId;
  document.getElementById("chat-title").textContent = entry?.kind === "group" ? entry.name : "squawkbot";
  timeline.open(chatId);
  composer.open(chatId);
  markRead(chatId);
  drawChats();
  drawStatus();
  restoreReply();
}

/** Everything was fetched anew: the first time the chat opens, later its reader stays where they were. */
function refreshed() {
  if (timeline.chatId === null) return open(state.chatId);
  timeline.redraw();
  drawChats();
  return composer.learn();
}

/** A question with ForceReply that is still the last message opens the reply mode again. */
function restoreReply() {
  const last = messagesOf(state.chatId).at(-1);
  if (last) forceReply(last);
}

function forceReply(message) {
  const asked = message.reply_markup?.force_reply;
  if (asked && message.from?.is_bot) composer.reply(message, message.reply_markup.input_field_placeholder);
}

function drawChats() {
  const list = document.getElementById("chat-list");
  const focused = document.activeElement?.dataset?.user;
  list.replaceChildren(...allChats().map(chatRow));
  if (focused) list.querySelector(`[data-user="${focused}"]`)?.focus();
  const unread = allChats().reduce((sum, entry) => sum + (entry.id === state.chatId ? 0 : entry.unread), 0);
  const badge = byRole("unread-total");
  badge.hidden = unread === 0;
  badge.textContent = String(unread);
  badge.parentElement.setAttribute("aria-label", unread ? `Chats, ${unread} unread` : "Chats");
  const everywhere = allChats().reduce((sum, entry) => sum + entry.unread, 0);
  document.title = everywhere ? `(${everywhere}) squawkbot demo` : "squawkbot demo";
}

function chatRow(entry, tone) {
  const last = messagesOf(entry.id).at(-1);
  const unread = entry.unread > 0 && entry.id !== state.chatId;
  return el("li", {},
    el("button", {
      type: "button", class: "chat-row", "data-user": entry.id, "aria-current": entry.id === state.chatId ? "true" : undefined,
      onclick: () => {
        closeDrawers();
        open(entry.id);
      },
    },
    el("span", { class: "avatar", "data-tone": tone, "aria-hidden": "true" }, entry.name.slice(0, 1)),
    el("span", { class: "row-words" },
      el("span", { class: "row-top" }, el("span", { class: "row-name" }, entry.name), el("span", { class: "row-role" }, entry.role), last && el("time", {}, clock(last.date))),
      el("span", { class: "row-bottom" },
        el("span", { class: "row-last" }, last ? `${last.from?.is_bot ? "" : "You: "}${snippet(last)}` : "No messages yet"),
        unread && el("span", { class: "badge", "aria-label": `${entry.unread} unread` }, String(entry.unread))))));
}

function drawStatus() {
  const entry = chat(state.chatId);
  const status = document.getElementById("chat-status");
  const typing = entry !== undefined && entry.typingUntil > performance.now();
  const who = entry?.kind === "group" ? `group · speaking as ${chat(state.actor)?.name ?? ""}` : `talking as ${entry?.name ?? ""}${entry?.role ? `, ${entry.role}` : ""}`;
  const words = typing ? "typing…" : who;
  status.classList.toggle("typing", typing);
  if (status.textContent !== words) status.textContent = words;
}

const SHOW = {
  message(change) {
    timeline.added(change.message);
    forceReply(change.message);
    if (timeline.pinned && document.visibilityState === "visible") markRead(state.chatId);
  },
  edit: (change) => timeline.edited(change.message),
  delete: (change) => idsOf(change).forEach((id) => timeline.deleted(id)),
  answer: () => undefined,
};

subscribe((change) => {
  if (change.kind === "refresh") return refreshed();
  if (change.kind === "commands") return composer.learn();
  if (change.kind === "answer") answered(change.answer);
  if (change.chat?.id === state.chatId) {
    SHOW[change.kind]?.(change);
    drawStatus();
  }
  return drawChats();
});

async function onLink(link) {
  document.body.dataset.link = link;
  byRole("banner").hidden = link === "up";
  if (link !== "up") return;
  try {
    await refresh();
  } catch (error) {
    // The banner tells of a line that broke again.
    if (document.body.dataset.link === "up") toast(error.message, "bad");
  }
}

const narrow = { chats: matchMedia("(max-width: 759px)"), market: matchMedia("(max-width: 1119px)") };
let opener = null;

function drawer(name, on) {
  const panel = document.getElementById(name);
  panel.classList.toggle("open", on);
  panel.inert = narrow[name].matches && !on;
  for (const button of document.querySelectorAll(`[data-open="${name}"]`)) button.setAttribute("aria-expanded", String(on));
  byRole("backdrop").hidden = !document.querySelector(".side.open");
  if (name === "market") market.visible(!narrow.market.matches || on);
}

function closeDrawers() {
  const any = document.querySelector(".side.open");
  drawer("chats", false);
  drawer("market", false);
  if (any) opener?.focus();
}

function wireDrawers() {
  for (const button of document.querySelectorAll("[data-open]")) {
    button.addEventListener("click", () => {
      opener = button;
      drawer(button.dataset.open, true);
      document.querySelector(`[data-close="${button.dataset.open}"]`).focus();
    });
  }
  for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", closeDrawers);
  byRole("backdrop").addEventListener("click", closeDrawers);
  document.addEventListener("keydown", (event) => event.key === "Escape" && closeDrawers());
  for (const name of ["chats", "market"]) {
    narrow[name].addEventListener("change", () => drawer(name, false));
    drawer(name, false);
  }
}

const ICONS = [[".chats-toggle", "chats"], [".market-toggle", "chart"], [".jump", "down"], [".send", "send"],
  ["[data-close]", "close"], ["[data-role=attach]", "attach"], ["[data-role=commands-toggle]", "slash"]];
for (const [selector, name] of ICONS) document.querySelectorAll(selector).forEach((node) => node.prepend(icon(name)));
document.querySelector(".bot-avatar").append(document.querySelector(".logo").cloneNode(true));
jump.addEventListener("click", () => timeline.toBottom());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && timeline.pinned) markRead(state.chatId);
});
setInterval(drawStatus, 1000);
setInterval(freshen, 20000);
wireDrawers();
follow(apply, onLink);
