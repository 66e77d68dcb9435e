// browser.mjs: Debian's Chromium, the one without windows, on a Rowhouse of its own.
//
//   const { server, open } = await startBrowser(t);    // ends with the test
//   const page = await open(t, { dark: true });        // signed in as its owner, in a context of its own
//   const viewer = await invite(server, "viewer");     // another user
//   const other = await open(t, { as: viewer });
//
// Every page is watched: at the end of its test it must have asked no other host, logged no error,
// broken no rule of the Content-Security-Policy and run nothing that came with the data.

import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { startServer } from "../lib/server.mjs";

const flags = [
  "--disable-gpu", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--no-first-run",
  // What is not this machine does not exist.
  "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
];

// options: those of startServer; fresh: nobody has a password yet.
export async function startBrowser(t, options = {}) {
  const server = await startServer(t, { ...options, port: true });
  if (!options.fresh) await follow(server, server.link, owner);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium-headless-shell",
    args: process.getuid() === 0 ? ["--no-sandbox", ...flags] : flags,
  });
  t.after(() => browser.close());
  return { server, browser, open: (t, options) => open(t, browser, server, options) };
}

// A page in a fresh context.  options: dark, narrow (390 px), script (false: none), signedIn
// (false: not), as (a user), logs (words of errors that this test provokes, as "status of 404").
async function open(t, browser, server, options = {}) {
  const context = await browser.newContext({
    baseURL: server.url,
    colorScheme: options.dark ? "dark" : "light",
    viewport: options.narrow ? { width: 390, height: 844 } : { width: 1280, height: 800 },
    javaScriptEnabled: options.script !== false,
    acceptDownloads: true,
  });
  const faults = [];
  context.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== "data:" && protocol !== "blob:" && origin !== server.url) faults.push(`asked ${request.url()}`);
  });
  context.on("console", (message) => {
    const text = message.text();
    if (message.type() === "error" && !options.logs?.some((words) => text.includes(words)))
      faults.push(`${message.page()?.url()}: ${text}`);
  });
  context.on("weberror", (error) => faults.push(String(error.error())));
  context.on("dialog", (dialog) => {
    // The browser's own question before an upload is left is ours; alert() would be an injection.
    if (dialog.type() !== "beforeunload") faults.push(`dialog: ${dialog.message()}`);
    dialog.accept();
  });
  if (options.script !== false)
    await context.addInitScript(() =>
      addEventListener("securitypolicyviolation", (e) => console.error(`CSP ${e.violatedDirective} ${e.blockedURI}`)));
  t.after(async () => {
    await context.close();
    assert.deepEqual(faults, []);
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30000);
  if (options.signedIn !== false) await signIn(context, server, options.as ?? owner);
  return page;
}

export const owner = { email: "owner@example.org", name: "Olga Owner", password: "a password for tests" };

// Waits until what has the focus is this: a page gives it a moment after it is drawn.
export async function focusOn(page, property, value) {
  const have = () => page.evaluate((name) => document.activeElement[name], property);
  await page.waitForFunction(([name, value]) => document.activeElement[name] === value, [property, value], { timeout: 5000 })
    .catch(async () => assert.equal(await have(), value, "what has the focus"));
}

// Posts a form as the pages of this server do.
function post(server, target, fields) {
  return server.request("POST", target, { key: null, body: String(new URLSearchParams(fields)),
    headers: { "content-type": "application/x-www-form-urlencoded", origin: server.url, host: new URL(server.url).host } });
}

// By the form's own address: what the form itself does is sign-in.test.mjs's.  The browser is given
// the cookie it would have been given.
async function signIn(context, server, user) {
  const answer = await post(server, "/sign-in", { email: user.email, password: user.password });
  assert.equal(answer.status, 303, answer.text);
  const [, name, value] = answer.headers["set-cookie"][0].match(/^([^=]+)=([^;]+)/);
  await context.addCookies([{ name, value, domain: "127.0.0.1", path: "/", secure: true, httpOnly: true, sameSite: "Lax" }]);
}

// Follows a link to come in with, and sets what the user signs in with.
async function follow(server, link, user) {
  const token = new URL(link).searchParams.get("token");
  const answer = await post(server, "/welcome", { token, ...user });
  assert.equal(answer.status, 303, answer.text);
}

// Another user, who has come in and set a password.
export async function invite(server, role, name = role) {
  const user = { email: `${name}@example.org`, name, password: `the password of ${name}` };
  const answer = await server.request("POST", "/api/rowhouse/v1/users", { json: { email: user.email, name, role } });
  assert.equal(answer.status, 201, answer.text);
  await follow(server, answer.json.link, user);
  return { ...user, id: answer.json.user.id };
}

// The menu of who is signed in, where the account, keys, users, the audit and the way out are.
export async function openMenu(page) {
  await page.locator("summary", { hasText: "Signed in as" }).click();
}

// Makes a dataset by the API and waits until it is ready (or failed).
export async function makeDataset(server, name, content, fields = []) {
  const answer = await server.request("POST", "/api/rowhouse/v1/datasets/upload", {
    form: [["type", "data_enrichment"], ...fields, ["file", { name, content }]],
  });
  assert.equal(answer.status, 201, answer.text);
  return server.waitForDataset(answer.json.dataset.id);
}

export async function datasetNames(server) {
  const answer = await server.request("GET", "/api/rowhouse/v1/datasets");
  return answer.json.datasets.map((dataset) => dataset.name);
}

// 200,000 rows take the server a quarter of a second and this loop less.
export function peopleCsv(rows) {
  const lines = ["id,name,city,amount,active,note"];
  for (let i = 1; i <= rows; i++)
    lines.push(`${i},person ${i},${["Ulm", "Köln", "Łódź"][i % 3]},${i % 97}.50,${i % 2 === 0},"said ""hi"", twice"`);
  return `${lines.join("\n")}\n`;
}

const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const everything = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

// What axe finds against WCAG 2.2 AA and its best practices (or against these rules), a line each.
export async function accessibilityFaults(page, rules) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const result = await page.evaluate((runOnly) => window.axe.run(document, { runOnly, resultTypes: ["violations"] }),
    rules ? { type: "rule", values: rules } : { type: "tag", values: everything });
  return result.violations.flatMap((v) => v.nodes.map((node) => `${v.id}: ${node.html.slice(0, 160)}`));
}
