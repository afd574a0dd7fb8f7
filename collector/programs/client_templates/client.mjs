// Reports how much this program is used, without knowing who uses it. Footfall made this file from the program's
// declaration; make it again instead of changing it. It needs Node 18 or newer and nothing else.
//
//   import * as telemetry from "./telemetry.mjs";
//   telemetry.start("2.4.1");
//   telemetry.record("build", { format: "html", seconds: 2.5 });
//
// It never throws, never writes to standard output, and leaves no handle, timer, listener or promise behind: files are
// written at once, and what goes over the network is done by a process of its own. Worker threads and processes made
// by `fork` or `cluster` may each call `start`: the one that creates the day's claim file makes the report.

import fs from "node:fs";
import modules from "node:module";
import path from "node:path";

// Packagers: `true` switches the client off for good.
const OFF = false;

// footfall: declared
const DECLARED = {
  id: "paperclip",
  name: "Paperclip",
  variable: "PAPERCLIP",
  kind: "command",
  mode: "notice",
  why: "To learn which formats are worth our time.",
  contact: "https://example.org/paperclip",
  endpoint: "http://127.0.0.1:8000/e/token",
  about: "http://127.0.0.1:8000/about/token/",
  schema: "0000000000000000",
  fields: ["build", "build.format=html", "build.seconds bucket 1,10"],
  events: {
    build: {
      until: "2099-12-31",
      properties: {
        format: { type: "choice", values: ["html"], bounds: [], field: "" },
        seconds: { type: "bucket", values: [], bounds: [1, 10], field: "build.seconds bucket 1,10" },
      },
    },
  },
  ci: ["CI"],
  agents: ["CLAUDECODE"],
  reportsFromCi: false,
  reportsFromAgents: false,
};
// footfall: end of declared

const MAX_EVENTS_BYTES = 16 * 1024; // of one day's file
const MAX_REPORT_BYTES = 8 * 1024;
const MAX_QUEUE_BYTES = 12 * 1024;
const MAX_DAYS = 31;
const MAX_GAP = 32;
const MAX_USED = 500;
const MAX_REPORTS = 31;
const VERSION =
  /^[0-9]{1,6}(?:\.[0-9]{1,6}){0,3}(?:[-.]?(?:a|alpha|b|beta|rc|pre|preview|dev|post|nightly|snapshot)[-.]?[0-9]{0,8})?$/;

/**
 * The local files, and the sender, which works on the same files in a process of its own. The sender is the text of
 * this class, not this file: once a bundler has put this file into a program, running "this file" would run the whole
 * program. So nothing in here may use a name from outside. Bundlers that keep names add calls of their own to whatever
 * would get a new name, so the class is in a list, and no function in it is given to a variable.
 */
const [Store] = [
  class {
    constructor(load, facts) {
      this.load = load;
      this.fs = load("node:fs");
      this.path = load("node:path");
      this.facts = facts; // { directory, endpoint, choice }: choice is the path of the choice file
    }

    /** Milliseconds since 1970 by this machine's clock. */
    now() {
      return Date.now();
    }

    /** The UTC day after adding seconds to this machine's clock. */
    today(offset) {
      return new Date(this.now() + offset * 1000).toISOString().slice(0, 10);
    }

    addDays(day, number) {
      return new Date(Date.parse(day) + number * 86400000).toISOString().slice(0, 10);
    }

    daysBetween(earlier, later) {
      return Math.round((Date.parse(later) - Date.parse(earlier)) / 86400000);
    }

    /** The ISO 8601 week of a day, such as 2026-W31: the week belongs to the year of its Thursday. */
    week(day) {
      const thursday = new Date(Date.parse(day));
      thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));
      const year = thursday.getUTCFullYear();
      const number = 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * 86400000));
      return `${year}-W${String(number).padStart(2, "0")}`;
    }

    reportId(secret, day) {
      const hmac = this.load("node:crypto").createHmac("sha256", Buffer.from(secret, "hex"));
      return hmac.update(day).digest("hex").slice(0, 32);
    }

    file(name) {
      return this.path.join(this.facts.directory, name);
    }

    read(name) {
      try {
        return this.fs.readFileSync(this.file(name), "utf8");
      } catch {
        return "";
      }
    }

    /** Write a whole file. A reader at the same time gets the old or the new one, never half of it. */
    replace(name, text) {
      const unfinished = `${this.file(name)}.new${process.pid}`;
      try {
        this.fs.writeFileSync(unfinished, text, { mode: 0o600 });
        this.fs.renameSync(unfinished, this.file(name));
      } catch (error) {
        this.remove(this.path.basename(unfinished)); // on a full disk, leave no litter
        throw error;
      }
    }

    remove(name) {
      try {
        this.fs.unlinkSync(this.file(name));
      } catch {
        // It is gone already, or can't be deleted.
      }
    }

    /** The days of which there is a file, sorted. `kind` is `events`, `claim` or `queue`. */
    days(kind) {
      const form = new RegExp(`^${kind}-([0-9]{4}-[0-9]{2}-[0-9]{2})$`);
      let names = [];
      try {
        names = this.fs.readdirSync(this.facts.directory);
      } catch {
        // Nothing was written yet.
      }
      return names
        .map((name) => form.exec(name))
        .filter((match) => match !== null && !Number.isNaN(Date.parse(match[1])))
        .map((match) => match[1])
        .sort();
    }

    /** The report that waits in a queue file, or null. */
    queued(day) {
      try {
        const report = JSON.parse(this.read(`queue-${day}`));
        return report.day === day && Array.isArray(report.used) ? report : null;
      } catch {
        return null;
      }
    }

    isDay(text) {
      return /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) && !Number.isNaN(Date.parse(text));
    }

    /** What is remembered of this installation. Empty texts where nothing is; `used` has a day for each event. */
    installation() {
      const known = { secret: "", since: "", last: "", version: "", offset: 0, verified: "", used: {} };
      for (const line of this.read("installation").split("\n")) {
        const [key, value = "", day = ""] = line.split(" ");
        if (key === "secret" && /^[0-9a-f]{64}$/.test(value)) known.secret = value;
        else if (key === "since" && /^[0-9]{4}-W[0-9]{2}$/.test(value)) known.since = value;
        else if ((key === "last" || key === "verified") && this.isDay(value)) known[key] = value;
        else if (key === "version") known.version = value;
        else if (key === "offset" && /^-?[0-9]{1,12}$/.test(value)) known.offset = Number(value);
        else if (key === "used" && this.isDay(day)) known.used[value] = day;
      }
      return known;
    }

    remember(known) {
      const lines = ["secret", "since", "last", "version", "offset", "verified"]
        .filter((key) => known[key] !== "")
        .map((key) => `${key} ${known[key]}\n`);
      const used = Object.keys(known.used)
        .sort()
        .map((event) => `used ${event} ${known.used[event]}\n`);
      this.replace("installation", lines.concat(used).join(""));
    }

    /** Send a request and deal with the answer. Ends the process after 10 seconds, whatever happens. */
    send(body) {
      // Not `process.exit`, which waits for a name lookup that hangs in another thread.
      setTimeout(() => process.kill(process.pid, "SIGKILL"), 10000).unref();
      this.secret = this.installation().secret;
      if (!this.isWithdrawn()) this.attempt(body, true);
    }

    /** Whether the user called `forget` or `disable` since this sender was started. */
    isWithdrawn() {
      if (this.secret === "" || this.installation().secret !== this.secret) return true;
      try {
        return /^choice off$/m.test(this.fs.readFileSync(this.facts.choice, "utf8"));
      } catch {
        return false;
      }
    }

    attempt(body, mayMove) {
      const request = JSON.parse(body);
      this.exchange("POST", this.facts.endpoint, body, (status, text) => {
        if (this.isWithdrawn()) return;
        if ([400, 404, 413, 415].includes(status)) this.leaveQueue(request.reports);
        if (status !== 202) return;
        const answer = JSON.parse(text);
        if (!this.isDay(answer.day)) return;
        if (answer.day === request.today) this.delivered(request, body, answer);
        else if (mayMove) this.move(request, answer);
      });
    }

    leaveQueue(reports) {
      for (const report of reports) this.remove(`queue-${report.day}`);
    }

    delivered(request, body, answer) {
      this.leaveQueue(request.reports);
      const known = this.installation();
      known.verified = answer.day;
      known.offset = this.offsetOf(answer);
      this.remember(known);
      const oldest = this.addDays(answer.day, -30);
      const lines = this.read("sent")
        .split("\n")
        .filter((line) => line.slice(0, 10) > oldest);
      lines.push(`${answer.day} ${body}`);
      while (lines.length > 1 && Buffer.byteLength(lines.join("\n")) >= 16 * 1024) lines.shift();
      this.replace("sent", `${lines.join("\n")}\n`);
    }

    /** The seconds to add to this machine's clock. */
    offsetOf(answer) {
      const time = /^[0-9]{2}:[0-9]{2}:[0-9]{2}$/.test(answer.time) ? answer.time : "12:00:00";
      return Math.round((Date.parse(`${answer.day}T${time}Z`) - this.now()) / 1000);
    }

    /** The server's day is another one: this machine's clock is wrong. Move what was dated by it, and send once more. */
    move(request, answer) {
      const known = this.installation();
      const wrong = request.today;
      known.offset = this.offsetOf(answer);
      const reports =
        known.verified === "" ? this.moveAll(request, answer.day, known) : this.moveToday(request, answer.day, known);
      this.remember(known);
      this.rename(`claim-${wrong}`, `claim-${answer.day}`);
      this.rename(`events-${wrong}`, `events-${answer.day}`);
      if (reports.length === 0) return;
      this.attempt(JSON.stringify({ v: 1, schema: request.schema, today: answer.day, reports }), false);
    }

    /** No server ever answered, so all days are this clock's: move all by the difference. */
    moveAll(request, right, known) {
      const days = this.daysBetween(request.today, right);
      const first = request.reports.find((report) => report.gap === null);
      known.since = this.week(this.addDays(first ? first.day : this.monday(known.since), days));
      if (known.last !== "") known.last = this.addDays(known.last, days);
      for (const event of Object.keys(known.used)) known.used[event] = this.addDays(known.used[event], days);
      const moved = request.reports.map((report) => {
        const used = report.used.map((use) => Object.assign({}, use, { day: this.addDays(use.day, days) }));
        return this.redated(report, this.addDays(report.day, days), known, { since: known.since, used });
      });
      // All go before any comes: a report's new day may be another report's old one.
      this.leaveQueue(request.reports);
      for (const report of moved) this.replace(`queue-${report.day}`, JSON.stringify(report));
      return moved;
    }

    /** A server answered before, so the earlier days are right: move today's report only, or drop it. */
    moveToday(request, right, known) {
      const others = request.reports.filter((report) => report.day !== request.today);
      const days = others.map((report) => report.day).concat(known.verified);
      const previous = days
        .filter((day) => day < right)
        .sort()
        .pop();
      known.last = right;
      const report = request.reports.find((one) => one.day === request.today);
      if (!report) return others;
      this.remove(`queue-${request.today}`);
      // Uses on days that are yet to come are left out, and are no last uses either. The latest are undone first.
      for (const use of report.used.filter((one) => one.day >= right).reverse()) {
        if (use.gap === null) delete known.used[use.event];
        else known.used[use.event] = this.addDays(use.day, -use.gap);
      }
      if (days.includes(right) || previous === undefined) return others;
      const used = report.used.filter((use) => use.day < right);
      const moved = this.redated(report, right, known, { gap: Math.min(this.daysBetween(previous, right), 32), used });
      this.replace(`queue-${right}`, JSON.stringify(moved));
      return others.concat(moved);
    }

    /** The report as of another day, with what else changes. The order of its fields stays. */
    redated(report, day, known, changes) {
      return Object.assign({}, report, { id: this.reportId(known.secret, day), day }, changes);
    }

    rename(from, to) {
      try {
        if (this.fs.existsSync(this.file(to))) {
          this.fs.appendFileSync(this.file(to), this.read(from), { mode: 0o600 });
          this.remove(from);
        } else {
          this.fs.renameSync(this.file(from), this.file(to));
        }
      } catch {
        // There is no such file, or the disk is full.
      }
    }

    /** The first day of an ISO week: the fourth of January is always in the first one. */
    monday(week) {
      const fourth = `${week.slice(0, 4)}-01-04`;
      const weekday = new Date(Date.parse(fourth)).getUTCDay() || 7;
      return this.addDays(fourth, 1 - weekday + 7 * (Number(week.slice(6)) - 1));
    }

    /** Make one HTTP request. Calls back once, with status and text; the status is 0 if there is no answer. */
    exchange(method, address, body, callback) {
      const waiting = { callback };
      try {
        const target = new URL(address);
        const headers = { host: target.host, "user-agent": "footfall-node" };
        if (body !== null) {
          Object.assign(headers, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
        }
        this.connect(target, { method, headers }, waiting, (request) => {
          this.current = request;
          request
            .on("response", (answer) => this.receive(answer, waiting))
            .on("error", () => this.done(waiting, 0, ""));
          request.end(body === null ? undefined : body);
        });
      } catch {
        this.done(waiting, 0, "");
      }
    }

    receive(answer, waiting) {
      let text = "";
      answer.setEncoding("utf8").on("error", () => this.done(waiting, 0, ""));
      answer.on("data", (part) => {
        text += part;
        if (text.length > 1048576) answer.destroy();
      });
      answer.on("close", () => this.done(waiting, answer.complete ? answer.statusCode : 0, text));
    }

    done(waiting, status, text) {
      const { callback } = waiting;
      waiting.callback = null;
      try {
        if (callback !== null) callback(status, text);
      } catch {
        // The answer makes no sense, or the disk is full. The queue stays for another day.
      }
    }

    /** End the exchange that is under way. */
    giveUp() {
      if (this.current) this.current.destroy(new Error("It takes too long."));
    }

    /** Make a request, not sent yet, straight or through the proxy. Node's own clients know no proxies before Node 24. */
    connect(target, options, waiting, callback) {
      const proxy = this.proxyFor(target);
      if (proxy === null) {
        callback(this.clientFor(target).request(target, Object.assign({ agent: false }, options)));
        return;
      }
      if (proxy.protocol !== "http:" && proxy.protocol !== "https:")
        throw new Error("This kind of proxy is not known.");
      const login = proxy.username === "" ? {} : { "proxy-authorization": `Basic ${this.credentials(proxy)}` };
      if (target.protocol === "http:") {
        const headers = Object.assign({}, options.headers, login);
        const { method } = options;
        callback(this.clientFor(proxy).request(proxy, { agent: false, method, path: target.href, headers }));
        return;
      }
      const authority = `${target.hostname}:${target.port || 443}`;
      const headers = Object.assign({ host: authority }, login);
      const tunnel = this.clientFor(proxy).request(proxy, {
        agent: false,
        method: "CONNECT",
        path: authority,
        headers,
      });
      this.current = tunnel;
      tunnel.on("error", () => this.done(waiting, 0, "")).on("response", () => this.done(waiting, 0, ""));
      tunnel.on("connect", (answer, socket) => {
        if (answer.statusCode === 200) {
          callback(this.throughTunnel(target, options, socket));
          return;
        }
        socket.destroy();
        this.done(waiting, 0, "");
      });
      tunnel.end();
    }

    /** A request with TLS on a socket. It has no agent, which would connect by itself. */
    throughTunnel(target, { method, headers }, socket) {
      const servername = /^[0-9.]+$|:/.test(target.hostname) ? "" : target.hostname; // an address is not a name
      const secure = this.load("node:tls").connect({ socket, servername, host: target.hostname });
      return this.clientFor(target).request(target, { method, headers, createConnection: () => secure });
    }

    clientFor(url) {
      return this.load(url.protocol === "https:" ? "node:https" : "node:http");
    }

    credentials(proxy) {
      return Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString(
        "base64",
      );
    }

    /** The proxy for an address, from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY in either case, or null. */
    proxyFor(target) {
      const port = target.port || (target.protocol === "https:" ? "443" : "80");
      const isExcepted = this.variable("NO_PROXY")
        .split(/[\s,]+/)
        .map((name) =>
          name
            .replace(/^\*?\./, "")
            .toLowerCase()
            .split(":"),
        )
        .filter((name) => name[0] !== "" && (name.length === 1 || name[1] === port))
        .some((name) => name[0] === "*" || `.${target.hostname}`.endsWith(`.${name[0]}`));
      // In a CGI program, HTTP_PROXY is the header `Proxy` of a stranger's request.
      const plain = process.env.REQUEST_METHOD ? process.env.http_proxy : this.variable("HTTP_PROXY");
      const proxy = (target.protocol === "https:" ? this.variable("HTTPS_PROXY") : plain) || this.variable("ALL_PROXY");
      if (proxy === "" || isExcepted) return null;
      return new URL(proxy.includes("://") ? proxy : `http://${proxy}`);
    }

    variable(name) {
      return process.env[name.toLowerCase()] || process.env[name] || "";
    }
  },
];

// Modules of Node are loaded when they are needed, which keeps the start of the program cheap. `process.execPath` stands
// for any absolute path: a bundler may leave nothing of `import.meta.url`, nor of an imported `createRequire`.
const load = modules.createRequire(process.execPath);
const OFF_WORDS = ["", "0", "false", "no", "off"];
const SENDER_VARIABLE = "FOOTFALL_SENDER";

let isAllowed = DECLARED.kind !== "library";
let canSendItself = false; // the program called `isSender`
/** The version that `start` was called with, or null. */
let started = null;
/** What `record` needs while the client is on: { store, day, offset, fields }. `fields` is a Set of what the user knows. */
let session = null;

/** Call a function, and return the fallback if it throws: no fault of ours may become one of the program's. */
function quietly(action, fallback) {
  try {
    return action();
  } catch {
    return fallback;
  }
}

/**
 * Say that the program runs, and in which version. Shows the notice or asks, and sends the day's report, if it is due.
 * @param {string} version such as "2.4.1"
 * @returns {void}
 */
export function start(version) {
  quietly(() => {
    started = plainVersion(version);
    begin(true);
  });
}

/**
 * Note that an event happened.
 * @param {string} event a declared event
 * @param {Record<string, string | number | bigint | boolean | null | undefined>} [properties] its declared properties
 * @returns {void}
 */
export function record(event, properties = {}) {
  quietly(() => {
    if (session === null) return;
    if (session.store.today(session.offset) !== session.day) begin(false); // a program that runs for days
    if (session !== null) append(session, lineOf(event, Object(properties), session));
  });
}

/**
 * Measure the seconds until `stop` is called, and record the event with them.
 * @param {string} event a declared event
 * @param {string} property its bucket property that takes the seconds
 * @param {Parameters<typeof record>[1]} [properties] the other properties; `stop` takes more of them
 * @returns {{ stop(properties?: Parameters<typeof record>[1]): void }}
 */
export function timer(event, property, properties = {}) {
  let begun = performance.now();
  return {
    stop(more = {}) {
      quietly(() => {
        if (begun === null) return;
        const seconds = (performance.now() - begun) / 1000;
        begun = null;
        record(event, { ...properties, ...more, [property]: seconds });
      });
    },
  };
}

/**
 * Tell whether the client is on or off, and why.
 * @returns {string} begins with "on" or "off"
 */
export function status() {
  return quietly(() => {
    const verdict = decide();
    if (verdict.off !== "") return `off: ${verdict.off}`;
    return verdict.waits === "" ? `on: ${verdict.why}` : `off until ${verdict.waits}`;
  }, "off: it can't be told why");
}

/**
 * Remember that the user wants the program to report.
 * @returns {string} the status
 */
export function enable() {
  quietly(() => {
    choose("on");
    if (started !== null) begin(false);
  });
  return status();
}

/**
 * Remember that the user does not want the program to report.
 * @returns {string} the status
 */
export function disable() {
  session = null;
  quietly(() => choose("off"));
  return status();
}

/**
 * Return the exact text of the next request.
 * @returns {string} JSON
 */
export function show() {
  return quietly(() => {
    const verdict = decide();
    const store = stateStore(verdict.who);
    const known = store.installation();
    const today = store.today(known.offset);
    const isFirstLater = hasToRemember(store, known, today);
    if (known.secret === "") {
      known.secret = newSecret();
      if (verdict.off === "" && verdict.waits === "" && !isFirstLater) {
        makeDirectory(store);
        store.remember(known);
      }
    }
    const isNext = verdict.waits === "" && !isFirstLater && isDue(verdict, known, today);
    const day = isNext ? today : store.addDays(today, 1);
    return bodyOf(store, day, reportOf(store, known, day, started ?? "other").report);
  }, "");
}

/**
 * Return what was sent in the last 30 days.
 * @returns {string} one request on each line: the day, a blank, the exact text
 */
export function sent() {
  return quietly(() => stateStore(caller()).read("sent"), "");
}

/**
 * Delete all local files except a choice of `off`. The next report is one of a new installation.
 * @returns {string} the status
 */
export function forget() {
  session = null;
  quietly(() => {
    for (const group of ["ci", "agent", ""]) clear(stateStore(group));
    const config = configStore();
    if (readChoice(config).choice === "off") return;
    config.remove("choice");
    quietly(() => fs.rmdirSync(config.facts.directory));
  });
  return status();
}

/**
 * Ask the server which schema it publishes. The only call that waits for the network: at most 10 seconds.
 * @returns {Promise<string>} what differs, in words
 */
export async function verify() {
  const text = status();
  if (text.startsWith("off")) return `The server was not asked, because telemetry is ${text}. See ${DECLARED.about}`;
  const store = new Store(load, { directory: "", endpoint: DECLARED.endpoint });
  const [code, answer] = await new Promise((resolve) => {
    const limit = setTimeout(() => resolve([0, store.giveUp()]), 10000);
    store.exchange("GET", `${DECLARED.about}declaration.json`, null, (...received) => {
      clearTimeout(limit);
      resolve(received);
    });
  });
  const published = quietly(() => JSON.parse(answer), null);
  const isPlain = (text) => typeof text === "string" && /^[ -~]*$/.test(text); // it is shown on a terminal
  if (code !== 200 || !Array.isArray(published?.fields) || !isPlain(published.schema)) {
    return "The server could not be asked.";
  }
  if (published.schema === DECLARED.schema) return `The server publishes the same schema, ${DECLARED.schema}.`;
  const ours = DECLARED.fields.filter((field) => !published.fields.includes(field));
  const theirs = published.fields.filter((field) => isPlain(field) && !DECLARED.fields.includes(field));
  return [
    `This program has schema ${DECLARED.schema}, the server publishes ${published.schema}.`,
    ...ours.map((field) => `Only this program has: ${field}`),
    ...theirs.map((field) => `Only the server has: ${field}`),
  ].join("\n");
}

/**
 * For the program that uses a library: let the library's client report.
 * @returns {void}
 */
export function allow() {
  isAllowed = true;
}

/**
 * For a program that is one executable with Node inside: it has to be its own sender. Call this first of all, and do
 * nothing else if it returns true: `if (!telemetry.isSender()) main();`
 * @returns {boolean}
 */
export function isSender() {
  canSendItself = true;
  if (process.env[SENDER_VARIABLE] !== DECLARED.id) return false;
  quietly(() => {
    const [facts, body] = fs.readFileSync(0, "utf8").split("\n"); // each is one line of JSON
    new Store(load, JSON.parse(facts)).send(body);
  });
  return true;
}

/** Find out whether the client is on; tell or ask, and make the day's report, if they are due. */
function begin(mayTell) {
  session = null;
  if (process.env[SENDER_VARIABLE]) {
    // Electron whose fuse `runAsNode` is off starts the app instead of the sender: end before it opens a window.
    if (process.versions.electron) process.exit(0);
    return;
  }
  let verdict = decide();
  if (verdict.off === "" && mayTell && tell(verdict)) verdict = decide();
  if (verdict.off !== "" || verdict.waits !== "") return;
  const store = stateStore(verdict.who);
  const known = store.installation();
  const day = store.today(known.offset);
  session = { store, day, offset: known.offset, fields: verdict.fields };
  const isHeldBack = DECLARED.fields.includes("country") && !verdict.fields.has("country");
  if (isDue(verdict, known, day) && !isHeldBack) makeReport(store, day);
}

/** Whether a day has no report yet. `told` only matters before the first one: a wrong clock may have shown it. */
function isDue({ told }, { last }, day) {
  return day !== last && (last !== "" || day !== told);
}

/** Whether a server has not yet shown that it remembers an earlier day, as one in a new container never does. */
function hasToRemember(store, { secret }, day) {
  return secret === "" && driver() === "server" && store.days("claim").every((one) => one === day);
}

// ---- Whether it is on

/**
 * Return { off, waits, why, who, fields, told, news, declined }. `off` is the switch that decides, `waits` what has to
 * happen first, and `why` the reason to be on, in words or empty; `fields` is what may be recorded, `told` the day of the
 * notice, which has no report, and `news` the fields that the user doesn't know.
 */
function decide() {
  const who = caller();
  const verdict = { off: "", waits: "", why: "", who, fields: new Set(DECLARED.fields), told: "", news: [] };
  const variable = `${DECLARED.variable}_TELEMETRY`;
  const isForced = isSet(variable);
  const off = offEverywhere(variable, isForced);
  if (off !== "") return { ...verdict, off };
  const config = configStore();
  const choice = readChoice(config);
  verdict.off = (isForced ? "" : offByChoice(choice, who)) || offHere(config, stateStore(who));
  if (verdict.off !== "") return verdict;
  if (isForced) return { ...verdict, why: `${variable} is set` };
  return { ...verdict, ...consent(choice, who) };
}

/** The switches 1 to 5 of the documentation, or an empty text. A variable that means on goes before the fifth. */
function offEverywhere(variable, isForced) {
  if (OFF) return `it was switched off by who packaged ${DECLARED.name}`;
  if (fs.existsSync("/etc/footfall/off")) return "/etc/footfall/off exists";
  if (isSet("DO_NOT_TRACK")) return "DO_NOT_TRACK is set";
  const word = (process.env[variable] ?? "").trim();
  if (isForced || word !== "") return isForced ? "" : `${variable} is ${word}`;
  const names = [`${variable}_DISABLED`, "TELEMETRY_DISABLED", "DISABLE_TELEMETRY"];
  return names.filter(isSet).map((name) => `${name} is set`)[0] ?? "";
}

/** The switches 6 to 8: what user and developer, together, chose. */
function offByChoice(choice, who) {
  if (choice.choice === "off") return "you chose it";
  if (DECLARED.mode === "off" && choice.choice !== "on") return "it is off unless you enable it";
  if (who === "ci" && !DECLARED.reportsFromCi) return `a CI system runs it (${DECLARED.ci.find(isThere)} is set)`;
  if (who === "agent" && !DECLARED.reportsFromAgents) {
    return `a coding agent runs it (${DECLARED.agents.find(isThere)} is set)`;
  }
  return "";
}

/** The switches 9 and 10, and whether there is something to send with. */
function offHere(config, state) {
  if (config === null) return "there is no home directory";
  const problem = placeProblem(config) || placeProblem(state);
  if (problem !== "") return problem;
  if (!isAllowed) return "the program that uses it did not allow it";
  return hasSender() ? "" : "it has no Node to send with, and does not begin with isSender()";
}

/** What follows from what the user was told and chose. A file without fields was written by hand: then all is meant. */
function consent({ choice, told, schema, declined, fields }, who) {
  if (choice === "on" && schema === "") return { why: "you chose it", told };
  const news = DECLARED.fields.filter((field) => !fields.includes(field));
  const known = { fields: new Set(fields), told, news, declined };
  if (choice === "on") return { ...known, why: "you chose it" };
  if (DECLARED.mode === "notice" && told !== "") return { ...known, why: `you were told on ${told}` };
  if (DECLARED.mode === "notice" && who === "ci") return { why: "it may report from CI systems" };
  return {
    ...known,
    waits: DECLARED.mode === "notice" ? "the notice was shown on a terminal" : "you agree, on a terminal",
  };
}

function isSet(name) {
  return !OFF_WORDS.includes((process.env[name] ?? "").trim().toLowerCase());
}

function isThere(name) {
  return Boolean(process.env[name]);
}

/** Whether a CI system or a coding agent runs the program: `ci`, `agent` or empty. */
function caller() {
  if (DECLARED.ci.some(isThere)) return "ci";
  return DECLARED.agents.some(isThere) ? "agent" : "";
}

/** Who runs the program, as a report says it: the first that applies. */
function driver() {
  if (caller() !== "") return caller();
  if (DECLARED.kind === "server") return "server";
  const isContained =
    process.env.KUBERNETES_SERVICE_HOST || fs.existsSync("/.dockerenv") || fs.existsSync("/run/.containerenv");
  return isContained ? "container" : "person";
}

/** Why nothing can be remembered there, or an empty text. Looks at the nearest directory that exists, and writes nothing. */
function placeProblem(store) {
  let place = store.facts.directory;
  while (!fs.existsSync(place) && path.dirname(place) !== place) place = path.dirname(place);
  try {
    if (!fs.statSync(place).isDirectory()) return `${place} is not a directory`;
    fs.accessSync(place, fs.constants.W_OK | fs.constants.X_OK);
  } catch {
    return `${place} can't be written`;
  }
  // With sudo, HOME is often still the user's. A file of root's there could not be changed by its owner.
  const isRoot = process.geteuid?.() === 0;
  return isRoot && fs.statSync(place).uid !== 0 ? "root runs it in the home of somebody else" : "";
}

// ---- Files

/** The store of the directory for the choice, or null without a home. */
function configStore() {
  return storeIn("XDG_CONFIG_HOME", ".config", "");
}

/** The store of the directory for everything else. What CI systems and agents report is kept apart. */
function stateStore(who) {
  return storeIn("XDG_STATE_HOME", path.join(".local", "state"), who);
}

function storeIn(variable, fallback, group) {
  const { HOME, LOCALAPPDATA, [variable]: named } = process.env;
  const home = process.platform === "win32" ? LOCALAPPDATA : HOME;
  if (!home || !path.isAbsolute(home)) return null;
  let base = named && path.isAbsolute(named) ? named : path.join(home, fallback);
  if (process.platform === "win32") base = home; // not %APPDATA%, which is copied between machines
  return new Store(load, { directory: path.join(base, DECLARED.id, "telemetry", group), endpoint: DECLARED.endpoint });
}

function makeDirectory(store) {
  fs.mkdirSync(store.facts.directory, { recursive: true, mode: 0o700 });
}

function clear(store) {
  const ours = /^(installation|sent|events-|claim-|queue-|sender-)/;
  for (const name of quietly(() => fs.readdirSync(store.facts.directory), [])) if (ours.test(name)) store.remove(name);
  quietly(() => fs.rmdirSync(store.facts.directory)); // unless the choice is in it
}

function readChoice(config) {
  const found = { choice: "", told: "", schema: "", declined: "", fields: [] };
  for (const line of config === null ? [] : config.read("choice").split("\n")) {
    const [key] = line.split(" ", 1);
    const value = line.slice(key.length + 1);
    if (key === "field") found.fields.push(value);
    else if (Object.hasOwn(found, key) && key !== "fields") found[key] = value;
  }
  return found;
}

function writeChoice(config, { choice, told, schema, declined, fields }) {
  const lines = Object.entries({ choice, schema, told, declined }).filter(([, value]) => value !== "");
  lines.push(...fields.map((field) => ["field", field]));
  if (choice === "off") lines.splice(1);
  makeDirectory(config);
  config.replace("choice", lines.map(([key, value]) => `${key} ${value}\n`).join(""));
}

function choose(choice) {
  const config = configStore();
  const former = readChoice(config);
  const told = former.choice === "off" || former.told === "" ? currentDay() : former.told;
  writeChoice(config, { choice, told, schema: DECLARED.schema, declined: "", fields: DECLARED.fields });
}

function currentDay() {
  const store = stateStore("");
  return store.today(store.installation().offset);
}

// ---- Telling and asking

/** Show the notice or ask, if that is due and somebody is there. Return whether the choice file changed. */
function tell({ who, waits, news, declined }) {
  const isDue = waits !== "" || (news.length > 0 && declined !== DECLARED.schema && DECLARED.mode !== "off");
  if (!isDue || who === "ci" || who === "agent") return false;
  const { isatty } = load("node:tty");
  if (!isatty(0) || !isatty(2) || !load("node:worker_threads").isMainThread) return false;
  const config = configStore();
  const former = readChoice(config);
  const known = {
    ...former,
    schema: DECLARED.schema,
    fields: DECLARED.fields,
    told: former.told || currentDay(),
    declined: "",
  };
  fs.writeSync(2, noticeText(waits !== ""));
  if (DECLARED.mode === "ask") {
    if (isYes()) known.choice = "on";
    else if (former.choice === "on") Object.assign(known, { ...former, declined: DECLARED.schema });
    else known.choice = "off";
  }
  writeChoice(config, known);
  return true;
}

function noticeText(isFirst) {
  const { name, why, about, variable, mode } = DECLARED;
  if (mode === "ask") {
    const what = isFirst ? `May ${name} report` : `May this version of ${name} report more about`;
    return `${what} how it is used, once a day and anonymously?\n${why}\nWhat it would send: ${about}\nYes or no? [y/N] `;
  }
  const what = isFirst ? `${name} reports` : `This version of ${name} reports more about`;
  const how = "how it is used, once a day and anonymously, from tomorrow on.";
  return `${what} ${how}\n${why}\nWhat it sends: ${about}\nTo switch it off, set ${variable}_TELEMETRY=off\n`;
}

/** Read a line from the terminal. Standard input itself may be set not to wait, so the terminal is opened once more. */
function isYes() {
  const buffer = Buffer.alloc(256);
  const terminal = process.platform === "win32" ? 0 : quietly(() => fs.openSync("/dev/tty", "r"), 0);
  const length = quietly(() => fs.readSync(terminal, buffer), 0);
  if (terminal !== 0) fs.closeSync(terminal);
  return /^y(es)?$/i.test(buffer.toString("utf8", 0, length).trim());
}

// ---- Recording

/** One line of an event file, or an empty text. What the user doesn't know of is left out. */
function lineOf(event, properties, { fields, day }) {
  const declared = typeof event === "string" && Object.hasOwn(DECLARED.events, event) ? DECLARED.events[event] : null;
  if (declared === null || !fields.has(event) || (declared.until !== "" && day > declared.until)) return "";
  const texts = Object.keys(declared.properties)
    .sort()
    .filter((name) => Object.hasOwn(properties, name))
    .map((name) => [name, valueText(declared.properties[name], `${event}.${name}`, properties[name], fields)]);
  return [event, ...texts.filter(([, text]) => text !== "").map(([name, text]) => `${name}=${text}`)].join(" ");
}

/** A property's value as it stands in an event file, or an empty text if it can't be recorded. */
function valueText({ type, values, bounds, field }, name, value, fields) {
  if (type === "choice") {
    if (value === undefined || value === null) return "";
    if (values.includes(value) && fields.has(`${name}=${value}`)) return value;
    return values.some((one) => fields.has(`${name}=${one}`)) ? "other" : "";
  }
  if (!fields.has(field)) return "";
  if (type === "flag") return typeof value === "boolean" ? String(value) : "";
  if (type === "version") return typeof value === "string" ? plainVersion(value) : "";
  const isNumber = typeof value === "bigint" || (typeof value === "number" && !Number.isNaN(value));
  return isNumber ? String(bounds.filter((bound) => bound <= value).length) : "";
}

function plainVersion(version) {
  const text = String(version).trim().replace(/^v/, "").replace(/\+.*$/s, "");
  return text.length <= 40 && VERSION.test(text) ? text : "other";
}

/** Append a line with one write, which other processes' lines can't break into. */
function append({ store, day }, line) {
  if (line === "") return;
  const name = store.file(`events-${day}`);
  let file;
  try {
    file = fs.openSync(name, "a", 0o600);
  } catch {
    makeDirectory(store);
    file = fs.openSync(name, "a", 0o600);
  }
  try {
    if (fs.fstatSync(file).size + line.length < MAX_EVENTS_BYTES) fs.writeSync(file, `${line}\n`);
  } finally {
    fs.closeSync(file);
  }
}

// ---- The day's report

/** Make the report of a day, unless another process does, and start the sender. */
function makeReport(store, day) {
  makeDirectory(store);
  try {
    fs.closeSync(fs.openSync(store.file(`claim-${day}`), "wx", 0o600));
  } catch {
    return;
  }
  try {
    const known = store.installation(); // it may have changed since
    if (hasToRemember(store, known, day)) return;
    if (known.secret === "") {
      known.secret = newSecret();
      known.since = store.week(day);
      store.remember(known);
    }
    const { report, next } = reportOf(store, known, day, started);
    store.replace(`queue-${day}`, JSON.stringify(report));
    store.remember(next);
  } catch (error) {
    store.remove(`claim-${day}`);
    throw error;
  }
  for (const name of fs.readdirSync(store.facts.directory)) {
    const [kind] = name.split("-", 1);
    const isOld = kind === "events" ? name < `events-${day}` : kind === "claim" && name !== `claim-${day}`;
    if (isOld || kind === "sender" || name.includes(".new")) store.remove(name); // some are of a process that was killed
  }
  startSender(store, bodyOf(store, day, null));
}

function newSecret() {
  return load("node:crypto").randomBytes(32).toString("hex");
}

/** Return the report of a day, and what is to be remembered of the installation with it. Writes nothing. */
function reportOf(store, known, day, version) {
  const next = { ...known, used: { ...known.used }, last: day, version };
  const waiting = store.days("queue").filter((one) => one < day);
  for (const one of waiting.filter((date) => date > known.last)) recover(next, store.queued(one));
  const previous = [known.last, known.verified, ...waiting]
    .filter((one) => one !== "" && one < day)
    .sort()
    .pop();
  const report = { id: store.reportId(known.secret, day), day, gap: null };
  if (previous !== undefined) report.gap = Math.min(store.daysBetween(previous, day), MAX_GAP);
  // If all reports are of later days, a clock was wrong: today's, if a server has answered, else the former one.
  const isNew = previous === undefined && known.verified === "";
  if (isNew) Object.assign(next, { since: store.week(day), used: {} });
  next.since ||= store.week(previous ?? day);
  Object.assign(report, { since: next.since, version });
  if (!isNew && !["", version].includes(known.version)) report.from = plainVersion(known.version);
  Object.assign(report, { os: system(), arch: architecture(), runtime: runtime(), driver: driver(), used: [] });
  report.used = newest(usedBetween(store, previous ?? "", day), MAX_REPORT_BYTES - JSON.stringify(report).length);
  addGaps(store, report.used, next.used, store.addDays(day, -MAX_DAYS));
  return { report, next };
}

/** Take over what a report says that was queued just before its process was killed. */
function recover(next, report) {
  if (report === null) return;
  for (const { event, day } of report.used) if (!(next.used[event] >= day)) next.used[event] = day;
}

/** Sum up the events from one day to another, exclusive, by day, event and properties. All gaps are null yet. */
function usedBetween(store, from, to) {
  const used = [];
  for (const day of store.days("events")) {
    if (day < from || day >= to) continue;
    const sums = new Map();
    for (const line of store.read(`events-${day}`).split("\n").slice(0, -1)) {
      const read = readLine(line, day);
      if (read !== null) addUp(sums, read, day);
    }
    used.push(...sums.values());
  }
  return used;
}

function addUp(sums, { event, p, h }, day) {
  const key = JSON.stringify([event, p]);
  if (!sums.has(key)) sums.set(key, { day, event, n: 0, gap: null, ...(Object.keys(p).length > 0 && { p }) });
  const sum = sums.get(key);
  sum.n += 1;
  for (const [name, bin] of Object.entries(h)) {
    sum.h ??= {};
    sum.h[name] ??= Array(DECLARED.events[event].properties[name].bounds.length + 1).fill(0);
    sum.h[name][bin] += 1;
  }
}

/** The last entries, as many as there is room for. */
function newest(used, bytes) {
  let first = used.length;
  let room = bytes;
  while (first > 0 && used.length - first < MAX_USED) {
    room -= JSON.stringify(used[first - 1]).length + 1;
    if (room < 0) break;
    first -= 1;
  }
  return used.slice(first);
}

/**
 * Give each entry the days since the event's previous day of use, and note its last one in `lastUse`. A previous day that
 * is in this report and before `oldest` is none, because no server takes it any more.
 */
function addGaps(store, used, lastUse, oldest) {
  const known = { ...lastUse };
  const before = {};
  for (const use of used) {
    const last = lastUse[use.event];
    if (!(use.event in before) || last !== use.day) before[use.event] = last >= oldest ? last : known[use.event];
    const previous = before[use.event];
    if (previous < use.day) use.gap = Math.min(store.daysBetween(previous, use.day), MAX_GAP);
    lastUse[use.event] = use.day;
  }
}

/**
 * Return what a line of an event file says: { event, p, h }, or null unless all of it is valid. A property or value that
 * this version of the program does not declare any more is left out or `other`.
 */
function readLine(line, day) {
  const [event, ...parts] = line.split(" ");
  const declared = Object.hasOwn(DECLARED.events, event) ? DECLARED.events[event] : null;
  if (declared === null || (declared.until !== "" && day > declared.until)) return null;
  const read = { event, p: {}, h: {} };
  let former = "";
  for (const part of parts) {
    const [, name, text] = /^([a-z][a-z0-9_]*)=(.+)$/.exec(part) ?? [];
    if (name === undefined || name <= former) return null; // properties are sorted
    former = name;
    if (!Object.hasOwn(declared.properties, name)) continue;
    const { type, values, bounds } = declared.properties[name];
    if (type === "bucket" && /^[0-9]{1,2}$/.test(text) && Number(text) <= bounds.length) read.h[name] = Number(text);
    else if (type === "flag" && ["true", "false"].includes(text)) read.p[name] = text === "true";
    else if (type === "version" && plainVersion(text) === text) read.p[name] = text;
    else if (type === "choice") read.p[name] = values.includes(text) ? text : "other";
    else return null;
  }
  return read;
}

/** The text of a request: what waits, and another report if there is one. Queue files that are too many or old go. */
function bodyOf(store, day, report) {
  const reports = report === null ? [] : [report];
  let bytes = JSON.stringify(reports).length;
  for (const one of store.days("queue").reverse()) {
    if (report !== null && one === day) continue;
    const waiting = store.queued(one);
    bytes += JSON.stringify(waiting).length;
    const hasRoom = bytes <= MAX_QUEUE_BYTES && reports.length < MAX_REPORTS && store.daysBetween(one, day) <= MAX_DAYS;
    if (waiting !== null && hasRoom) reports.unshift(waiting);
    else if (report === null) store.remove(`queue-${one}`);
  }
  return JSON.stringify({ v: 1, schema: DECLARED.schema, today: day, reports });
}

function system() {
  const names = { darwin: "macos", win32: "windows" };
  const known = ["linux", "freebsd", "openbsd", "netbsd", "android"];
  return names[process.platform] ?? (known.includes(process.platform) ? process.platform : "other");
}

function architecture() {
  const names = { x64: "x86-64", ia32: "x86", ppc64: load("node:os").endianness() === "LE" ? "ppc64le" : "other" };
  const known = ["arm64", "arm", "riscv64", "s390x"];
  return names[process.arch] ?? (known.includes(process.arch) ? process.arch : "other");
}

function runtime() {
  const name = ["electron", "bun", "deno"].find((one) => process.versions[one]) ?? "node";
  return `${name}${Number.parseInt(process.versions[name], 10)}`;
}

// ---- The sender

/**
 * Start a process that sends a request and outlives this one. It gets its program and the request through standard
 * input, from a file that is gone at once: nothing of it is in the list of processes, and no pipe has to be served. It is
 * a child of this process, but leaves no zombie: Node takes note of its end by itself.
 *
 * In an executable with Node inside, `process.execPath` is the program itself, which must not run twice: there, nothing
 * is sent unless the program says that it is its own sender. Electron runs as Node if a variable says so.
 */
function startSender(store, body) {
  if (!hasSender()) return;
  const isNode = isNodeItself();
  // The sender looks once more whether the user has just chosen `off`, unless a variable decides over that.
  const choice = isSet(`${DECLARED.variable}_TELEMETRY`) ? "" : configStore().file("choice");
  const facts = { ...store.facts, choice };
  const program = `new (${Store})(require, ${JSON.stringify(facts)})`;
  const input = isNode ? `${program}.send(${JSON.stringify(body)});` : `${JSON.stringify(facts)}\n${body}`;
  if (isNode && !input.includes("queue-")) return; // compiled to byte code: the class has no text
  const name = `sender-${process.pid}`;
  try {
    fs.writeFileSync(store.file(name), input, { mode: 0o600 });
    const file = fs.openSync(store.file(name), "r");
    try {
      launch(isNode ? ["--input-type=commonjs", "-"] : [], file);
    } finally {
      fs.closeSync(file);
    }
  } finally {
    store.remove(name);
  }
}

function hasSender() {
  return canSendItself || isNodeItself();
}

function isNodeItself() {
  return Boolean(process.versions.electron) || /^(node|nodejs)[-0-9.]*(\.exe)?$/i.test(path.basename(process.execPath));
}

function launch(parameters, input) {
  // What the user set for the program, such as `--inspect-brk` or a coverage directory, is not meant for the sender.
  const isOurs = ([name]) => !["NODE_OPTIONS", "NODE_V8_COVERAGE"].includes(name.toUpperCase());
  const env = { ...Object.fromEntries(Object.entries(process.env).filter(isOurs)), [SENDER_VARIABLE]: DECLARED.id };
  if (process.versions.electron) env.ELECTRON_RUN_AS_NODE = "1";
  const child = load("node:child_process").spawn(process.execPath, parameters, {
    cwd: load("node:os").tmpdir(), // no directory is kept from being unmounted or deleted
    detached: true, // its own session: a closed terminal or Ctrl+C does not reach it
    env,
    stdio: [input, "ignore", "ignore"],
    windowsHide: true, // CREATE_NO_WINDOW
  });
  child.on("error", () => {}); // else a failure to start, which is told later, would end the program
  child.unref();
}
