// tutorial.test.mjs: plugins/README.md followed word by word, in a copy of the checkout: its pieces of
// C and XML go where it says, its commands are run, and what it promises to be seen is seen.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import { root, startServer, temporaryFolder } from "../lib/server.mjs";

const run = promisify(execFile);
const build = process.env.ROWHOUSE_BUILD ?? "build";
const readme = fs.readFileSync(path.join(root, "plugins/README.md"), "utf8");
const blocks = (language) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map((m) => m[1]);

test("plugins/README.md gives a type with a form, an ingest, a task and a panel, without touching fcgi/", async (t) => {
  const copy = path.join(temporaryFolder(t), "checkout");
  fs.mkdirSync(copy);
  await run("cp", ["-a", "Makefile", "fcgi", "plugins", "templates", "static", "conf", build, copy], { cwd: root });
  const folder = path.join(copy, "plugins/diary");
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, "diary.c"), blocks("c").join("\n"));
  fs.writeFileSync(path.join(folder, "last.xhtml"), blocks("xml")[0]);
  const data = path.join(copy, "diary-data");
  let url = "";
  const shell = (text) => run("bash", ["-ec", text.replaceAll("build/", `${build}/`)
    .replaceAll("/tmp/diary-data", data).replaceAll("/tmp/diary", path.join(copy, "diary"))
    .replaceAll("http://127.0.0.1:8080", url).replace(/^make$/m, `make ${build.includes("san") ? "SAN=1" : ""}`)],
  { cwd: copy });
  const [see, use] = blocks("sh");

  const listed = (await shell(see)).stdout;
  assert.match(listed, /^diary +Diary: diary$/m);

  const server = await startServer(t, { data, port: true, env: { ROWHOUSE_PLUGINS: path.join(copy, build, "plugins") } });
  url = server.url;
  const said = (await shell(use)).stdout;
  const answers = said.trim().split(/(?<=\})(?=\{")/).map((text) => JSON.parse(text));
  const [created, findings, started, rows, last] = answers;
  assert.deepEqual([created.dataset.type_title, created.dataset.name], ["Diary", "March"]);
  assert.deepEqual(findings.findings.map((f) => [f.code, f.line]), [["no-date", 2]]);
  assert.equal(started.job.kind_title, "Count a word");
  assert.deepEqual(rows.columns.map((c) => [c.name, c.type]), [["day", "date"], ["entry", "text"], ["mentions", "integer"]]);
  assert.deepEqual(rows.rows.map((r) => r.cells), [
    ["2024-03-14", "market, bread and cheese", 1], ["2024-03-15", "rain, bread", 1]]);
  assert.deepEqual(last, { entries: 2, day: "2024-03-15", entry: "rain, bread" });

  const job = await server.waitForJob(started.job.id);
  assert.deepEqual([job.state, job.done, job.percent], ["done", 2, 100], "its progress");
  const page = await server.request("GET", `/datasets/${created.dataset.id}?panel=last`);
  assert.equal(page.status, 200);
  assert.match(page.text, /<blockquote><bdi>rain, bread<\/bdi><\/blockquote>/);
  const form = (await server.request("GET", "/new/diary")).text;
  assert.match(form, /name="since"/);
  assert.match(form, /Entries of earlier days are left out\./);
});
