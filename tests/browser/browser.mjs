// browser.mjs: Debian's Chromium on a Rowhouse of its own.
//
//   const { server, open } = await startBrowser(t);    // ends with the test
//   const page = await open(t, { dark: true });        // signed in, in a context of its own
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

export async function startBrowser(t, options = {}) {
  const server = await startServer(t, { ...options, port: true });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: process.getuid() === 0 ? ["--no-sandbox", ...flags] : flags,
  });
  t.after(() => browser.close());
  return { server, browser, open: (t, options) => open(t, browser, server, options) };
}

// A page in a fresh context.  options: dark, narrow (390 px), script (false: none), signedIn
// (false: not), logs (words of errors that this test provokes, as "status of 404").
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
  page.setDefaultTimeout(15000);
  if (options.signedIn !== false) await signIn(page, server);
  return page;
}

// By the form's own address: what the form itself does is sign-in.test.mjs's.
async function signIn(page, server) {
  const answer = await page.request.post("/sign-in", {
    form: { key: server.key, next: "/datasets" },
    headers: { origin: server.url },
    maxRedirects: 0,
  });
  assert.equal(answer.status(), 303);
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
