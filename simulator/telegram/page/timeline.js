/** The open chat's messages, by day; it keeps the place of someone who reads further up. */

import { bubble, dayOf } from "./bubble.js";
import { el } from "./dom.js";
import { messagesOf } from "./store.js";

const NEAR_PX = 90;
const SHOWN = 250; // older messages wait behind a button: a page of thousands scrolls badly
const DEEP_LINK = /^(?:https?:\/\/t\.me\/|tg:\/\/resolve\?).*[?&]start=([A-Za-z0-9_-]{1,64})/;

export class Timeline {
  /** *act* as in bubble.js; *onMissed* gets the number of messages below the reader's view. */
  constructor(list, scroller, act, onMissed) {
    this.list = list;
    this.scroller = scroller;
    this.act = { ...act, jump: (id) => this.jump(id) };
    this.onMissed = onMissed;
    this.chatId = null;
    this.missed = 0;
    this.shown = SHOWN;
    this.pinned = true;
    scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    // Pictures that load late and a keyboard that opens must not push the newest message out of sight.
    const keep = new ResizeObserver(() => this.pinned && this.toBottom());
    keep.observe(list);
    keep.observe(scroller);
    list.addEventListener("click", (event) => this.deepLink(event));
  }

  open(chatId) {
    if (this.chatId !== chatId) this.shown = SHOWN;
    this.chatId = chatId;
    this.redraw();
    this.toBottom();
  }

  /** Draw everything anew (after a reconnect) without moving the reader. */
  redraw() {
    const top = this.scroller.scrollTop;
    const messages = messagesOf(this.chatId);
    this.list.replaceChildren();
    if (messages.length > this.shown) this.list.append(this.earlier(messages.length));
    if (messages.length === 0) this.list.append(el("p", { class: "empty-chat", "data-role": "empty-chat" }, "No messages yet. Say /start."));
    for (const message of messages.slice(-this.shown)) this.place(message);
    if (this.pinned) this.toBottom();
    else this.scroller.scrollTop = top;
  }

  earlier(total) {
    return el("button", {
      type: "button", class: "earlier",
      onclick: () => {
        const below = this.scroller.scrollHeight - this.scroller.scrollTop;
        this.shown += SHOWN;
        this.redraw();
        this.scroller.scrollTop = this.scroller.scrollHeight - below;
      },
    }, `Show earlier messages (${total - this.shown})`);
  }

  added(message) {
    this.list.querySelector(".empty-chat")?.remove();
    const node = this.place(message);
    node.classList.add("arrived");
    if (this.pinned || !message.from?.is_bot) this.toBottom();
    else this.count(this.missed + 1);
  }

  edited(message) {
    const old = this.find(message.message_id);
    if (!old) return;
    const focused = old.contains(document.activeElement) ? document.activeElement.dataset.button : undefined;
    const node = bubble(message, this.act);
    node.classList.add("changed");
    old.replaceWith(node);
    if (focused) node.querySelector(`[data-button="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  deleted(messageId) {
    const node = this.find(messageId);
    if (!node) return;
    const day = node.closest(".day");
    node.remove();
    if (!day.querySelector(".message")) day.remove();
  }

  find(messageId) {
    return this.list.querySelector(`.message[data-message-id="${messageId}"]`);
  }

  /** Put *message* at the end of its day (they come in order). */
  place(message) {
    const node = bubble(message, this.act);
    const key = dayOf(message);
    let day = this.list.querySelector(`.day[data-day="${key}"]`);
    if (!day) {
      day = el("section", { class: "day", "data-day": key }, el("h3", { class: "day-name" }, dayName(message)));
      this.list.append(day);
    }
    day.append(node);
    return node;
  }

  scrolled() {
    const below = this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight;
    this.pinned = below < NEAR_PX;
    this.count(this.pinned ? 0 : this.missed);
  }

  count(number) {
    this.missed = number;
    this.onMissed(number, this.pinned);
  }

  toBottom() {
    this.pinned = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.count(0);
  }

  jump(messageId) {
    const node = this.find(messageId);
    if (!node) return;
    this.pinned = false;
    node.scrollIntoView({ block: "center" });
    node.classList.remove("changed");
    requestAnimationFrame(() => node.classList.add("changed"));
  }

  deepLink(event) {
    const address = event.target.closest("a[href]")?.getAttribute("href") ?? "";
    const match = DEEP_LINK.exec(address);
    if (!match) return;
    event.preventDefault();
    this.act.send(`/start ${match[1]}`);
  }
}

function dayName(message) {
  const date = new Date(message.date * 1000);
  const today = new Date();
  if (date.toDateString() === today.toDateString()) return "Today";
  const options = { weekday: "long", day: "numeric", month: "long" };
  if (date.getFullYear() !== today.getFullYear()) options.year = "numeric";
  return date.toLocaleDateString([], options);
}
