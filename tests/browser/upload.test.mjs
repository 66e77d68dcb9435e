// A file becomes a dataset, by the page, with its progress; and how that is stopped or goes wrong.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { temporaryFolder } from "../lib/server.mjs";
import { eventually } from "../lib/things.mjs";
import { accessibilityFaults, datasetNames, focusOn, makeDataset, startBrowser } from "./browser.mjs";

const csv = (name, text) => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) });

// The process that runs jobs: stopped, every job waits for as long as a test looks at it.
function jobRunner(server) {
  const children = fs.readFileSync(`/proc/${server.child.pid}/task/${server.child.pid}/children`, "utf8");
  return children.trim().split(" ").map(Number).find((pid) =>
    fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[1] === "jobs");
}

// use(begin): begin(name) makes a dataset whose job waits until use() is over; its id.
async function withWaitingJobs(server, use) {
  const { source_id: source } = await makeDataset(server, "waiting.csv", "a\n1\n");
  const runner = jobRunner(server);
  process.kill(runner, "SIGSTOP");
  try {
    await use(async (name) => {
      const answer = await server.request("POST", "/api/rowhouse/v1/datasets",
        { json: { type: "data_enrichment", name, source_id: source } });
      return answer.json.job.id;
    });
  } finally {
    process.kill(runner, "SIGCONT");
  }
}

// The line of a page: so many bytes a second, -1: as fast as it goes; or none at all.
const lines = new WeakMap();
async function setLine(page, bytesPerSecond, offline = false) {
  if (!lines.has(page)) lines.set(page, await page.context().newCDPSession(page));
  const network = lines.get(page);
  await network.send("Network.enable");
  await network.send("Network.emulateNetworkConditions", { offline, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond });
}

test("upload", async (t) => {
  const { server, open } = await startBrowser(t);

  await t.test("a chosen file names its dataset and leads over its job to its rows", async (t) => {
    const page = await open(t);
    await page.goto("/upload");
    await page.setInputFiles("#file", csv("cities of 2024.csv", "city,people\nUlm,126000\nKöln,1080000\n"));
    assert.equal(await page.getByLabel("Name").inputValue(), "cities of 2024");
    await page.getByRole("button", { name: "Upload" }).click();
    await page.waitForURL("/datasets/*");
    await page.getByRole("heading", { name: "cities of 2024" }).waitFor();
    await page.getByRole("cell", { name: "1080000" }).waitFor();
  });

  await t.test("a name somebody wrote stays when another file is chosen", async (t) => {
    const page = await open(t);
    await page.goto("/upload");
    await page.setInputFiles("#file", csv("first.csv", "a\n1\n"));
    await page.setInputFiles("#file", csv("second.csv", "a\n1\n"));
    assert.equal(await page.getByLabel("Name").inputValue(), "second");
    await page.getByLabel("Name").fill("mine");
    await page.setInputFiles("#file", csv("third.csv", "a\n1\n"));
    assert.equal(await page.getByLabel("Name").inputValue(), "mine");
  });

  await t.test("a file dropped anywhere on the page is taken", async (t) => {
    const page = await open(t);
    await page.goto("/upload");
    const files = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["a,b\n1,dropped here\n"], "dropped.csv", { type: "text/csv" }));
      return transfer;
    });
    await page.dispatchEvent("main", "dragenter", { dataTransfer: files });
    await page.locator("#file.over").waitFor();
    await page.dispatchEvent("h1", "drop", { dataTransfer: files });
    await page.getByRole("button", { name: "Upload" }).click();
    await page.waitForURL("/datasets/*");
    await page.getByRole("cell", { name: "dropped here" }).waitFor();
  });

  const row = (page, name) => page.locator(".uploads > li", { hasText: name });
  // A file of so many megabytes on the disk.
  const folder = temporaryFolder(t);
  const megabytes = (name, n) => {
    const file = path.join(folder, name);
    fs.writeFileSync(file, `a,b\n${"1,something to fill the line\n".repeat(Math.floor(n * 1e6 / 29))}`);
    return file;
  };
  const uploads = () => fs.readdirSync(`${server.folder}/uploads`);

  await t.test("while it is sent, the page says how far, how fast and how long; cancelled, nothing is kept", async (t) => {
    const page = await open(t);
    const before = await datasetNames(server);
    await page.goto("/upload");
    await setLine(page, 2e6);
    await page.setInputFiles("#file", megabytes("large.csv", 20));
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByText(/^[\d.]+ [kM]B of 20\.0 MB at [\d.]+ [kM]B\/s, \d+ s left$/).waitFor();
    await page.waitForFunction(() => {
      const bar = document.querySelector(".uploads progress");
      const said = document.querySelector("[data-item-percent]").textContent;
      return bar.value > 0 && bar.value < 100 && said === `${bar.value} %`;
    });
    await page.getByRole("button", { name: "Cancel large.csv" }).click();
    await page.getByRole("alert").getByText("The upload was cancelled. Nothing was kept.").waitFor();
    await page.getByRole("button", { name: "Upload" }).waitFor();
    assert.deepEqual(await datasetNames(server), before);
    await eventually("the upload to go", () => uploads().length === 0);
    assert.equal(await page.evaluate(() => localStorage.length), 0);
  });

  await t.test("several files are sent at once, each with its bar, and each becomes a dataset", async (t) => {
    const page = await open(t);
    await page.goto("/upload");
    await page.setInputFiles("#file", ["one", "two", "three", "four"].map((name, i) => csv(`${name}.csv`, `a\n${i}\n`)));
    const name = page.getByLabel("Name");
    assert.deepEqual([await name.isDisabled(), await name.getAttribute("placeholder")], [true, "Each is named like its file"]);
    await page.getByRole("button", { name: "Remove three.csv" }).click();
    await page.getByRole("button", { name: "Upload" }).click();
    for (const file of ["one", "two", "four"]) await page.getByRole("link", { name: `Open ${file}.csv` }).waitFor();
    assert.equal(await page.getByRole("progressbar", { name: "two.csv: sent" }).getAttribute("value"), "100");
    await page.getByRole("status").getByText("All files are stored.").waitFor();
    const names = await datasetNames(server);
    assert.deepEqual(["one", "two", "three", "four"].map((file) => names.filter((n) => n === file).length), [1, 1, 0, 1]);
    await page.getByRole("link", { name: "Open four.csv" }).click();
    await page.getByRole("heading", { name: "four" }).waitFor();
  });

  await t.test("one of several that is refused says so in its row, and can be sent again", async (t) => {
    const page = await open(t, { logs: ["status of 422", "status of 400"] });
    await page.goto("/upload");
    await page.setInputFiles("#file", [csv("empty.csv", ""), csv("full.csv", "a\n1\n")]);
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByRole("link", { name: "Open full.csv" }).waitFor();
    await row(page, "empty.csv").getByText("The file empty.csv is empty").waitFor();
    await page.getByRole("button", { name: "Try again empty.csv" }).click();
    await row(page, "empty.csv").getByText("The file empty.csv is empty").waitFor();
    await page.getByRole("button", { name: "Remove empty.csv" }).click();
    assert.equal(await row(page, "empty.csv").count(), 0);
  });

  // What the browser sends of a file: where each piece begins.
  function offsets(page) {
    const seen = [];
    page.on("request", (request) => request.method() === "PATCH" && seen.push(Number(request.headers()["upload-offset"])));
    return seen;
  }

  await t.test("paused, resumed, and by the keyboard alone", async (t) => {
    const page = await open(t);
    const seen = offsets(page);
    await page.goto("/upload");
    await setLine(page, 3e6);
    await page.setInputFiles("#file", megabytes("paused.csv", 18));
    await page.getByRole("button", { name: "Upload" }).press("Enter");
    const pause = page.getByRole("button", { name: "Pause paused.csv" });
    await pause.waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Pause paused.csv", "the focus goes there");
    await eventually("the second piece to begin", () => seen.at(-1) === 8388608);
    await page.keyboard.press("Enter");
    await page.getByText(/^Paused at 8\.4 MB of 18\.0 MB$/).waitFor();
    await setLine(page, -1);
    await page.keyboard.press("Enter"); // the same button, now Resume
    await page.waitForURL("/datasets/*");
    await page.getByRole("heading", { name: "paused" }).waitFor();
    assert.deepEqual([...new Set(seen)], [0, 8388608, 16777216]);
  });

  await t.test("a page that is loaded again in the middle goes on with the same file where it was", async (t) => {
    const page = await open(t);
    const file = megabytes("again.csv", 20);
    await page.goto("/upload");
    await setLine(page, 5e6);
    await page.setInputFiles("#file", file);
    const before = offsets(page);
    await page.getByRole("button", { name: "Upload" }).click();
    await eventually("the second piece to begin", () => before.at(-1) === 8388608);
    await page.reload();
    await page.getByText("Not finished: again.csv. Choose it again, and it goes on where it stopped.").waitFor();
    await setLine(page, -1);
    const seen = offsets(page);
    await page.setInputFiles("#file", file);
    await page.getByText(/^20\.0 MB, begun before: it goes on where it stopped$/).waitFor();
    await page.getByRole("button", { name: "Upload" }).click();
    await page.waitForURL("/datasets/*");
    await page.getByRole("heading", { name: "again" }).waitFor();
    assert.ok(seen[0] >= 8388608, seen.join());
    assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("upload ")).length), 0);
    const { json } = await server.request("GET", "/api/rowhouse/v1/sources");
    assert.equal(json.sources[0].bytes, fs.statSync(file).size);
  });

  await t.test("a line that is gone in the middle is waited for, and nothing acknowledged is sent twice", async (t) => {
    const page = await open(t, { logs: ["ERR_INTERNET_DISCONNECTED"] });
    await page.goto("/upload");
    const seen = offsets(page);
    await setLine(page, 5e6);
    await page.setInputFiles("#file", megabytes("offline.csv", 20));
    await page.getByRole("button", { name: "Upload" }).click();
    await eventually("the second piece to begin", () => seen.at(-1) === 8388608);
    await setLine(page, -1, true);
    await page.getByText("The connection is lost. It goes on by itself when it is back.", { exact: true }).waitFor();
    await setLine(page, -1);
    await page.waitForURL("/datasets/*");
    await page.getByRole("heading", { name: "offline" }).waitFor();
    assert.deepEqual([...new Set(seen)], [0, 8388608, 16777216], "each piece from where it was");
  });

  await t.test("a server that fails for a while is asked again, one that refuses is believed", async (t) => {
    const page = await open(t, { logs: ["status of 507", "status of 403"] });
    await page.goto("/upload");
    let failures = 0;
    const full = { status: 507, contentType: "application/problem+json", body: JSON.stringify({ detail: "the disk is full" }) };
    await page.route("/api/rowhouse/v1/uploads/*", (route) =>
      route.request().method() === "PATCH" && ++failures === 1 ? route.fulfill(full) : route.continue());
    await page.setInputFiles("#file", csv("patient.csv", "a\n1\n"));
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByText("The disk is full. It is tried again by itself.", { exact: true }).waitFor();
    await page.waitForURL("/datasets/*");
    assert.equal(failures, 2);
    await page.goto("/upload");
    await page.route("/api/rowhouse/v1/uploads", (route) => route.fulfill({ ...full, status: 403, body: JSON.stringify({ detail: "a quota is used up" }) }));
    await page.setInputFiles("#file", csv("refused.csv", "a\n2\n"));
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByRole("alert").getByText("A quota is used up").waitFor();
    await page.unroute("/api/rowhouse/v1/uploads");
    await page.getByRole("button", { name: "Upload" }).click();
    await page.waitForURL("/datasets/*");
  });

  await t.test("the list of files: axe finds nothing, light, dark and narrow", async (t) => {
    for (const options of [{}, { dark: true }, { narrow: true }]) {
      const page = await open(t, { ...options, logs: ["status of 422"] });
      await page.goto("/upload");
      await setLine(page, 1e6);
      const small = (name, text) => {
        fs.writeFileSync(path.join(folder, name), text);
        return path.join(folder, name);
      };
      await page.setInputFiles("#file", [small("empty.csv", ""), megabytes("a-long-name-".repeat(12), 20), small("third.csv", "a\n1\n")]);
      assert.deepEqual(await accessibilityFaults(page), []);
      await page.getByRole("button", { name: "Upload" }).click();
      await row(page, "empty.csv").getByText("The file empty.csv is empty").waitFor();
      await page.getByText(/ s left$/).waitFor();
      assert.deepEqual(await accessibilityFaults(page), []);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing scrolls sideways");
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/uploads-${JSON.stringify(options).replace(/\W/g, "")}.png`, fullPage: true });
      await page.getByRole("button", { name: /^Cancel a-long/ }).click();
      await page.getByRole("link", { name: "Open third.csv" }).waitFor();
    }
  });

  await t.test("what the server refuses stands at its field, and the form can be sent again", async (t) => {
    const page = await open(t, { logs: ["status of 422", "status of 400"] });
    await page.goto("/upload");
    await page.setInputFiles("#file", csv("nothing.csv", ""));
    await page.getByRole("button", { name: "Upload" }).click();
    await page.locator("#file-problem", { hasText: "The file nothing.csv is empty" }).waitFor();
    assert.equal(await page.locator("#file").getAttribute("aria-invalid"), "true");
    assert.match(await page.locator("#file").getAttribute("aria-describedby"), /file-problem/);
    await focusOn(page, "id", "file");
    await page.setInputFiles("#file", csv("something.csv", "a\n1\n"));
    assert.equal(await page.locator("#file-problem").count(), 0);
    await page.getByRole("button", { name: "Upload" }).click();
    await page.waitForURL("/datasets/*");
  });

  await t.test("a file over the limit is refused before a byte of it is sent", async (t) => {
    const page = await open(t);
    await page.goto("/upload");
    await page.locator("form[data-upload]").evaluate((form) => (form.dataset.limit = "10"));
    let sent = 0;
    page.on("request", (request) => (sent += request.method() === "POST" ? 1 : 0));
    await page.setInputFiles("#file", csv("large.csv", "a,b,c,d\n1,2,3,4\n"));
    await page.getByText(/This file is 16 B; one upload may have 10 B/).waitFor();
    await page.getByRole("button", { name: "Upload" }).click();
    assert.equal(sent, 0);
  });

  await t.test("a broken file fails with its line and the next step", async (t) => {
    const page = await open(t);
    await page.goto("/upload");
    await page.setInputFiles("#file", csv("broken.csv", `a,b\n1,2\n${"x,".repeat(2001)}\n4,5\n`));
    await page.getByRole("button", { name: "Upload" }).click();
    await page.waitForURL("/jobs/*");
    await page.locator(".badge.is-failed").waitFor();
    await page.getByText("Line 3", { exact: true }).waitFor();
    await page.getByText(/this row has 2,002 columns, the limit is 2,000/).waitFor();
    await page.getByRole("link", { name: "The dataset" }).click();
    await page.getByRole("heading", { name: "Line 3" }).waitFor();
    await page.getByRole("link", { name: "Upload a corrected file" }).click();
    await page.waitForURL("/new/data_enrichment");
  });

  await t.test("a source that is there makes another dataset without a file", async (t) => {
    const { source_id: source } = await makeDataset(server, "stock.csv", "item\nbolt\n");
    const page = await open(t);
    await page.goto(`/upload?source=${source}`);
    assert.equal(await page.locator("#file").count(), 0);
    await page.getByLabel("Name").fill("stock once more");
    await page.getByRole("button", { name: "Make the dataset" }).click();
    await page.waitForURL("/datasets/*");
    await page.getByRole("heading", { name: "stock once more" }).waitFor();
    await page.getByRole("cell", { name: "bolt" }).waitFor();
  });

  await t.test("a job that waits says so, goes on by itself, and can be cancelled", async (t) => {
    const page = await open(t);
    await withWaitingJobs(server, async (begin) => {
      await page.goto(`/jobs/${await begin("cancelled in time")}`);
      await page.locator(".badge.is-queued").waitFor();
      await page.getByRole("button", { name: "Cancel the job" }).click();
      await page.locator(".badge.is-cancelled").waitFor();
      await page.getByRole("link", { name: "Upload again" }).waitFor();
      await page.goto(`/jobs/${await begin("patient")}`);
      await page.locator(".badge.is-queued").waitFor();
      await page.waitForFunction(() => document.title.startsWith("0 % · "));
    });
    await page.waitForURL("/datasets/*");
    await page.getByRole("heading", { name: "patient" }).waitFor();
  });

  await t.test("a server that does not answer while a job is watched is said, not hidden", async (t) => {
    const page = await open(t, { logs: ["status of 503"] });
    await page.route("/api/rowhouse/v1/jobs/*", (route) => route.fulfill({ status: 503, body: "gone" }));
    await withWaitingJobs(server, async (begin) => {
      await page.goto(`/jobs/${await begin("watched")}`);
      await page.getByText("The server does not answer. Asking again in").waitFor();
    });
    await page.unroute("/api/rowhouse/v1/jobs/*");
    await page.waitForURL("/datasets/*");
  });

  await t.test("the first page of an empty server takes a file too", async (t) => {
    const { open } = await startBrowser(t);
    const page = await open(t);
    await page.goto("/datasets");
    await page.getByRole("heading", { name: "Make your first dataset" }).waitFor();
    const sample = await page.request.get(await page.getByRole("link", { name: "sample.csv" }).getAttribute("href"));
    await page.setInputFiles("#file", { name: "sample.csv", mimeType: "text/csv", buffer: await sample.body() });
    await page.getByRole("button", { name: "Upload" }).click();
    await page.waitForURL("/datasets/*");
    await page.getByRole("heading", { name: "sample" }).waitFor();
  });
});
