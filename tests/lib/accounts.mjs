// accounts.mjs: organisations, keys and users made from the command line, and visitors: what a browser
// with a session sends, over connections that stay open.
//
//   const org = await org.new(server, "Others");                  // "2"
//   const key = await makeKey(server, { org, role: "viewer" });   // the secret
//   const olga = await Visitor.first(server);                     // the first owner, signed in
//   const vera = await invite(server, "viewer");                  // another user, signed in
//   await vera.post("/datasets/…/delete", {});                    // as a page's form would

import { execFile } from "node:child_process";
import http from "node:http";
import { promisify } from "node:util";
import { program, request } from "./server.mjs";
import { eventually, ours } from "./things.mjs";

const run = promisify(execFile);

// rowhouse WORDS --data DIR: what it prints.
export async function rowhouse(server, ...words) {
  const { stdout } = await run(program, [...words, "--data", server.folder]);
  return stdout.trim();
}

export const makeOrg = (server, name) => rowhouse(server, "org", "new", name);

// options: org, role, name, dataset, days.
export const makeKey = (server, options = {}) =>
  rowhouse(server, "key", "new", ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]));

// Requests over connections that stay open: (method, target, more) as server.request, with `key`.
export function keepAlive(server, t, maxSockets = 8) {
  const agent = new http.Agent({ keepAlive: true, maxSockets });
  t?.after(() => agent.destroy());
  const send = (method, target, more = {}) =>
    request({ ...server.connection, agent }, server.key, method, target, more);
  send.close = () => agent.destroy();
  return send;
}

// Sends until it is not told to try again in a second, because one password is looked at at a time.
export async function patiently(send) {
  let answer;
  await eventually("a password to be looked at", async () => {
    answer = await send();
    return answer.status !== 503 || answer.headers["retry-after"] !== "1";
  });
  return answer;
}

export const password = (name) => `the password of ${name}`;

let visitors = 0;

// A browser: it keeps the cookies it is given and knows the token of its session.  `headers` go with
// every request (another Host, say).
export class Visitor {
  constructor(server, headers = {}) {
    this.server = server;
    this.headers = headers;
    this.cookies = new Map();
  }

  // The first owner, who follows the link of the first start.
  static async first(server, headers) {
    return new Visitor(server, headers).follow(server.link, "owner");
  }

  get cookie() {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  // As the pages send it: more.headers stands over what is said here.
  async send(method, target, more = {}) {
    const own = { ...this.headers, "sec-fetch-site": "same-origin" };
    if (this.cookies.size) own.cookie = this.cookie;
    if (this.csrf && method !== "GET") own["x-csrf-token"] = this.csrf;
    const headers = { ...own, ...more.headers };
    for (const name of Object.keys(headers)) if (headers[name] === null) delete headers[name];
    const answer = await request(this.server.connection, this.server.key, method, target, { key: null, ...more, headers });
    for (const line of answer.headers["set-cookie"] ?? []) {
      const [, name, value] = line.match(/^([^=;]+)=([^;]*)/);
      if (value) this.cookies.set(name, value);
      else this.cookies.delete(name);
    }
    return answer;
  }

  get(target, more) {
    return this.send("GET", target, more);
  }

  // A form of a page: fields in its body, the token among them as in the page's hidden input.  Sent
  // again while somebody else's password is looked at, as a person does.
  post(target, fields = {}, more = {}) {
    const all = this.csrf ? { csrf: this.csrf, ...fields } : fields;
    return patiently(() => this.send("POST", target, { body: String(new URLSearchParams(all)), ...more,
      headers: { "content-type": "application/x-www-form-urlencoded", "x-csrf-token": null, ...more.headers } }));
  }

  // Signs in; the answer of the form.
  async signIn(email = this.email, word = this.password, next = "/datasets") {
    const answer = await this.post("/sign-in", { email, password: word, next });
    if (answer.status === 303) await this.learn();
    return answer;
  }

  // Follows a link and sets what this user signs in with.
  async follow(link, name) {
    const token = new URL(link, "http://x").searchParams.get("token");
    this.name = name;
    this.email = `${name}@example.org`;
    this.password = password(name);
    const answer = await this.post("/welcome", { token, email: this.email, name, password: this.password });
    if (answer.status !== 303) throw new Error(`${link}: ${answer.status} ${answer.text}`);
    await this.learn();
    return this;
  }

  // Reads the session's token off a page.
  async learn() {
    const { text } = await this.get("/datasets");
    this.csrf = text.match(/name="csrf"[^>]*?(?:content|value)="([0-9a-f]{64})"/)?.[1];
    if (!this.csrf) throw new Error("the page has no token");
    return this;
  }
}

// A user who was invited and came in.  `key`: of the owner who invites; server.key when not given.
export async function invite(server, role, name = `${role}${++visitors}`, key = undefined) {
  const made = await server.request("POST", `${ours}/users`, { key, json: { email: `${name}@example.org`, name, role } });
  if (made.status !== 201) throw new Error(`invite: ${made.status} ${made.text}`);
  const visitor = await new Visitor(server).follow(made.json.link, name);
  visitor.id = made.json.user.id;
  return visitor;
}
