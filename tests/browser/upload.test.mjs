// A file becomes a dataset, by the page, with its progress; and how that is stopped or goes wrong.

import assert from "node:assert/strict";
import fs from "node:fs";
import test from "node:test";
import { datasetNames, focusOn, makeDataset, startBrowser } from "./browser.mjs";

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

async function slowLine(page, bytesPerSecond) {
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  await network.send("Network.emulateNetworkConditions",
    { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond });
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

  await t.test("while it is sent, the page says how far, how fast and how long; cancelled, nothing is kept", async (t) => {
    const page = await open(t);
    const before = await datasetNames(server);
    await page.goto("/upload");
    await slowLine(page, 2e6);
    await page.setInputFiles("#file", csv("large.csv", `a,b\n${"1,something to fill the line\n".repeat(300000)}`));
    await page.getByRole("button", { name: "Upload" }).click();
    const detail = page.locator("[data-sending-detail]");
    await detail.getByText(/^[\d.]+ [kM]B of 8\.\d MB at [\d.]+ [kM]B\/s, \d+ s left$/).waitFor();
    await page.waitForFunction(() => {
      const bar = document.querySelector("progress");
      const said = document.querySelector("[data-sending-percent]").textContent;
      return bar.value > 0 && bar.value < 100 && said === `${bar.value} %`;
    });
    await page.getByRole("button", { name: "Cancel the upload" }).click();
    await page.getByRole("alert").getByText("The upload was cancelled. Nothing was kept.").waitFor();
    await page.getByRole("button", { name: "Upload" }).waitFor();
    assert.deepEqual(await datasetNames(server), before);
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
