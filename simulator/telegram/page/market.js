/** The market panel: what a demo needs to move prices, make news and break things. */

import { el, toast } from "./dom.js";
import { hints } from "./hints.js";
import { Prices } from "./prices.js";
import { get, post } from "./wire.js";

const EVERY_MS = 1000;
const SCANS = ["TOP_PERC_GAIN", "TOP_PERC_LOSE", "MOST_ACTIVE", "HOT_BY_VOLUME"];
const SHORT = { LIMIT: "LMT", MARKET: "MKT" };

export class Market {
  /** *chat* gives {fill(text)}: put a text into the composer. */
  constructor(panel, chat) {
    this.timer = null;
    this.prices = new Prices((body) => this.run("/sim/market/tick", body, `${body.symbol} traded at ${body.last}`));
    this.orders = el("div", { "data-role": "orders" });
    this.session = el("p", { class: "state-line", "data-role": "session" });
    this.status = document.querySelector("[data-role=market-status]");
    this.walk = el("input", { type: "checkbox", role: "switch", "data-action": "walk", onchange: () => this.run("/sim/market/walk", { on: this.walk.checked }, this.walk.checked ? "Prices walk by themselves" : "Prices stand still") });
    this.bot = el("div", { class: "bot-line", hidden: true, "data-role": "bot" });
    panel.append(
      hints(chat, (path, body, done) => this.run(path, body, done)),
      section("Prices", "prices", true, this.prices.node, row(el("label", { class: "switch" }, this.walk, el("span", {}, "Let prices walk"))), this.session,
        row(this.button("Ring the closing bell", "close", "/sim/market/session", { action: "close" }, "The closing bell rang"),
          this.button("Open again", "open", "/sim/market/session", { action: "open" }, "The session is open again"))),
      section("Headline", "news", true, this.news()),
      section("Scanner", "scanner", true, this.scanner()),
      section("Orders in TWS", "orders", true, this.orders),
      section("Break something", "faults", false, this.faults(), this.bot));
  }

  /** Poll while the panel can be seen. */
  visible(on) {
    clearInterval(this.timer);
    this.timer = on ? setInterval(() => this.poll(), EVERY_MS) : null;
    if (on) this.poll();
  }

  /** Post *body* to *path* and say *done* (nothing where it is missing); false where it failed. */
  async run(path, body, done) {
    try {
      await post(path, body);
      if (done) toast(done, "good");
      await this.poll();
      return true;
    } catch (error) {
      toast(error.message, "bad");
      return false;
    }
  }

  async poll() {
    if (document.visibilityState === "hidden" || this.polling) return;
    this.polling = true;
    try {
      const [state, orders, bot, telegram] = await Promise.all(["/sim/market/state", "/sim/market/orders", "/sim/bot", "/sim/faults"].map(get));
      state.faults = [...(state.faults ?? []), ...telegram.map((fault) => `Telegram ${fault.kind}`)];
      this.draw(state, orders, bot);
    } catch (error) {
      this.status.textContent = error.message;
    } finally {
      this.polling = false;
    }
  }

  draw(state, orders, bot) {
    const faults = state.faults ?? [];
    const link = (state.clients ?? []).length > 0 ? "bot connected" : "no bot connected";
    this.status.textContent = faults.length > 0 ? `${link} · fault: ${faults.join(", ")}` : link;
    this.status.dataset.faults = faults.join(" ");
    this.session.textContent = state.session_open ? "Regular session open" : "Regular session closed";
    this.walk.checked = Boolean(state.walk);
    this.prices.draw(state.instruments ?? []);
    this.drawOrders(orders);
    this.drawBot(bot);
  }

  drawOrders(orders) {
    const key = JSON.stringify(orders);
    if (key === this.orders.dataset.key) return;
    this.orders.dataset.key = key;
    if (orders.length === 0) {
      this.orders.replaceChildren(el("p", { class: "quiet" }, "No orders yet. What you confirm in the chat appears here."));
      return;
    }
    const head = el("thead", {}, el("tr", {}, ...["Order", "Filled", "Status"].map((name) => el("th", { scope: "col" }, name))));
    const rows = [...orders].reverse().map(orderRow);
    this.orders.replaceChildren(el("table", {}, head, el("tbody", {}, ...rows)));
  }

  drawBot(bot) {
    this.bot.hidden = bot.state === "none";
    if (this.bot.dataset.key === JSON.stringify(bot)) return;
    this.bot.dataset.key = JSON.stringify(bot);
    const words = { running: `The bot runs (process ${bot.pid})`, starting: "The bot starts…", waiting: "The bot died and is started again…", stopped: "The bot is stopped" };
    this.bot.replaceChildren(
      el("p", { class: "state-line", "data-bot": bot.state }, `${words[bot.state] ?? bot.state}${bot.restarts ? ` · restarted ${bot.restarts}×` : ""}`),
      this.button("Kill and restart the bot", "restart-bot", "/sim/bot/restart", {}, "The bot was killed; it starts again"));
  }

  button(words, action, path, body, done, look = "") {
    return el("button", { type: "button", class: `plain-button ${look}`, "data-action": action, onclick: () => this.run(path, body, done) }, words);
  }

  news() {
    const symbol = el("input", { name: "symbol", list: "symbols", placeholder: "Symbol or empty", "aria-label": "Symbol of the headline", value: "AAPL", autocapitalize: "characters", spellcheck: "false" });
    const headline = el("input", { name: "headline", placeholder: "Headline", "aria-label": "Headline", value: "Apple raises guidance for the year" });
    return form("news", async () => {
      const body = { headline: headline.value.trim() };
      if (symbol.value.trim()) body.symbol = symbol.value.trim().toUpperCase();
      await this.run("/sim/market/news", body, "Headline published");
    }, headline, row(symbol, submit("Publish")));
  }

  scanner() {
    const scan = el("select", { name: "scan", "aria-label": "Scan" }, ...SCANS.map((name) => el("option", { value: name }, name)));
    const symbols = el("input", { name: "symbols", placeholder: "AMD, PLTR", "aria-label": "Symbols, best first", value: "AMD, PLTR", autocapitalize: "characters", spellcheck: "false" });
    return form("scanner", async () => {
      const list = symbols.value.split(",").map((one) => one.trim().toUpperCase()).filter(Boolean);
      await this.run("/sim/market/scanner", { scan_code: scan.value, symbols: list }, `${list.join(", ")} on top of ${scan.value}`);
    }, scan, row(symbols, submit("Put on top")));
  }

  faults() {
    const tws = "/sim/market/faults";
    const chat = "/sim/faults";
    return el("div", { class: "fault-grid" },
      el("button", { type: "button", class: "plain-button danger", "data-action": "cut", onclick: () => this.cut() }, "Cut the TWS link"),
      this.button("Silence TWS", "silence", tws, { kind: "silence" }, "TWS keeps the line open and says nothing", "danger"),
      this.button("Telegram: 429", "telegram-429", chat, { method: "sendMessage", kind: "429", count: 3, retry_after: 3 }, "The next three messages meet 429", "danger"),
      this.button("Telegram: hangs", "telegram-timeout", chat, { method: "sendMessage", kind: "timeout", count: 2 }, "The next two messages arrive, but the bot is not told", "danger"),
      el("button", { type: "button", class: "plain-button success wide", "data-action": "heal", onclick: () => this.heal() }, "Heal everything"));
  }

  /** Nobody listens any more, and who is connected is thrown out. */
  async cut() {
    const path = "/sim/market/faults";
    if (await this.run(path, { kind: "refuse" })) await this.run(path, { kind: "drop" }, "The link to TWS is cut, until it is healed");
  }

  async heal() {
    if (await this.run("/sim/market/faults", { kind: "heal" })) await this.run("/sim/faults", { kind: "clear" }, "TWS and Telegram are well");
  }
}

function orderRow(order) {
  const kind = SHORT[order.orderType] ?? order.orderType;
  const price = order.limitPrice ?? order.stopPrice;
  const filled = order.filled > 0 && order.avgFillPrice ? `${order.filled} @ ${Number(order.avgFillPrice).toFixed(2)}` : `${order.filled}/${order.quantity}`;
  return el("tr", { "data-order": order.orderId, "data-status": order.status },
    el("td", {}, el("strong", { class: order.action === "BUY" ? "buy" : "sell" }, order.action), ` ${order.quantity} ${order.symbol}`, el("small", {}, `${kind}${price ? ` ${price}` : ""} · ${order.tif}`)),
    el("td", {}, filled),
    el("td", {}, el("span", { class: "pill" }, order.status)));
}

export function section(title, name, open, ...children) {
  return el("details", { class: "panel-section", "data-section": name, open }, el("summary", {}, title), el("div", { class: "panel-body" }, ...children));
}

const row = (...children) => el("div", { class: "row" }, ...children);
const submit = (words) => el("button", { type: "submit", class: "plain-button primary" }, words);

function form(name, run, ...children) {
  return el("form", {
    class: "panel-form", "data-form": name, autocomplete: "off",
    onsubmit: (event) => {
      event.preventDefault();
      run();
    },
  }, ...children);
}
