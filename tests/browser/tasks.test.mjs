// What plugins offer on pages: tasks with an estimate, progress and a way to stop them; panels and
// pages; types, and the plugins that were refused; the API as a page.

import assert from "node:assert/strict";
import test from "node:test";
import { invite, makeDataset, startBrowser } from "./browser.mjs";
import { makeOfType, rowsOf, withTestPlugins, withWritablePlugin } from "./plugins.mjs";

const makeHooks = (server, name, copies) => makeOfType(server, "hooks_all", name, { title: "hello", copies, box: { width: 3 } });

test("tasks and views", async (t) => {
  const { server, open } = await startBrowser(t, withTestPlugins);

  await t.test("an estimate before, progress while it runs, its result at the end", async (t) => {
    const page = await open(t);
    const { id } = await makeHooks(server, "short", 200);
    await page.goto(`/datasets/${id}`);
    await page.getByText("Writes a text into every row.").waitFor();
    await page.getByRole("link", { name: "Fill a column" }).click();
    await page.getByLabel("Column").selectOption({ label: "text" });
    await page.getByLabel("With").fill("word");
    await page.getByLabel("Slowly").check();
    await page.getByRole("button", { name: "Estimate" }).click();
    await page.getByRole("heading", { name: "It would take" }).waitFor();
    assert.deepEqual(await page.locator("#estimate div").allTextContents(), ["rows200", "seconds0"]);
    assert.equal(await page.getByLabel("With").inputValue(), "word");
    assert.equal(await page.getByLabel("Slowly").isChecked(), true);
    assert.equal((await rowsOf(server, id))[0].text, "hello", "an estimate does nothing");
    await page.getByRole("button", { name: "Start" }).click();
    await page.waitForURL(`/datasets/${id}`); // over the job's page
    await page.getByRole("cell", { name: "word 1", exact: true }).waitFor();
    await page.locator(".last-task").getByRole("link", { name: "Fill a column" }).click();
    await page.getByRole("heading", { name: "Fill a column: short" }).waitFor();
    await page.getByRole("heading", { name: "Its result" }).waitFor();
    await page.getByRole("link", { name: "Open the dataset" }).waitFor();
  });

  await t.test("what a task wrote is taken back by a job, but for what was changed since", async (t) => {
    const page = await open(t);
    const { id } = await makeHooks(server, "taken back", 1200);
    const started = await server.request("POST", `/api/rowhouse/v1/datasets/${id}/tasks/fill`, { json: { column: "col_text", with: "word" } });
    await server.waitForJob(started.json.job.id);
    const undo = async () => {
      await page.goto(`/datasets/${id}/changes`);
      await page.getByRole("row", { name: /A task wrote into/ }).getByRole("button", { name: "Undo" }).click();
    };
    await undo();
    await page.waitForURL(`/datasets/${id}`); // over the job's page
    await page.getByRole("cell", { name: "hello" }).first().waitFor();
    // Done again; then one row is another's, and the page of the job says that it stays.
    await page.goto(`/datasets/${id}/changes`);
    await page.getByRole("button", { name: "Redo" }).first().click();
    await page.waitForURL(`/datasets/${id}`);
    await page.getByRole("cell", { name: "word 1", exact: true }).waitFor();
    const mine = await server.request("PATCH", `/api/rowhouse/v1/datasets/${id}/rows/row_3`, { json: { cells: { text: "mine" } }, headers: { "if-match": "*" } });
    assert.equal(mine.status, 200);
    await undo();
    await page.getByText("One cell or row was changed again since and stays as it is.").waitFor();
    await page.getByRole("link", { name: "Open the dataset" }).click();
    await page.getByRole("cell", { name: "mine", exact: true }).waitFor();
    assert.deepEqual((await rowsOf(server, id)).slice(0, 4).map((r) => r.text), ["hello", "hello", "mine", "hello"]);
  });

  await t.test("a task that runs says how far it is; its columns are held; cancelled, the dataset rests", async (t) => {
    const page = await open(t, { logs: ["status of 409"] });
    const { id } = await makeHooks(server, "long", 60000);
    await page.goto(`/datasets/${id}/tasks/fill`);
    await page.getByLabel("Column").selectOption({ label: "text" });
    await page.getByLabel("Slowly").check();
    await page.getByRole("button", { name: "Start" }).click();
    await page.waitForURL("/jobs/*");
    await page.waitForFunction(() => Number(document.querySelector("[data-field=rows]").textContent.replace(/\s/g, "")) > 0);
    await page.locator("[data-field=total]", { hasText: "60 000" }).waitFor();
    await page.locator("[data-field=rate]", { hasText: "rows/s" }).waitFor();
    const job = page.url();
    // On the dataset's page too, and what the task writes cannot be edited meanwhile.
    await page.goto(`/datasets/${id}`);
    await page.getByRole("heading", { name: "Fill a column" }).waitFor();
    await page.locator("#row-100 td").nth(1).click();
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByLabel("text", { exact: true }).fill("mine");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").getByText("A task is writing this column; wait for it or cancel it").waitFor();
    assert.equal(await page.getByLabel("text", { exact: true }).inputValue(), "mine");
    // A second one on the same column is told so.
    await page.goto(`/datasets/${id}/tasks/fill`);
    await page.getByLabel("Column").selectOption({ label: "text" });
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByRole("alert").getByText("Another task is writing one of these columns").waitFor();
    await page.goto(job);
    await page.getByRole("button", { name: "Cancel the job" }).click();
    await page.locator(".badge.is-cancelled").waitFor();
    await page.getByRole("link", { name: "The dataset" }).click();
    await page.locator(".title-line .badge.is-ready").waitFor();
    await page.goto(job);
    await page.getByRole("link", { name: "Start it again" }).click();
    await page.waitForURL(`/datasets/${id}/tasks/fill`);
  });

  await t.test("a start that is sent twice starts one job", async (t) => {
    const page = await open(t);
    const { id } = await makeHooks(server, "twice", 5);
    await page.goto(`/datasets/${id}/tasks/fill`);
    await page.getByLabel("Column").selectOption({ label: "text" });
    assert.deepEqual(await page.locator("main form").evaluate(async (form) => {
      const send = () => fetch(location.href, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      return (await Promise.all([send(), send(), send()])).map((answer) => answer.status);
    }), [200, 200, 200]);
    const { jobs } = (await server.request("GET", "/api/rowhouse/v1/jobs")).json;
    assert.equal(jobs.filter((job) => job.dataset_id === id && job.kind === "task").length, 1);
  });

  await t.test("a task that fails says why, leaves the dataset as it was, and can be started again", async (t) => {
    const page = await open(t);
    const { id } = await makeOfType(server, "rogue", "patient", { mode: "good" });
    await page.goto(`/datasets/${id}/tasks/slow`); // longer than the second its plugin gives it
    await page.getByRole("button", { name: "Start" }).click();
    await page.locator(".badge.is-failed").waitFor();
    await page.getByText(/longer than its time/).waitFor();
    await page.getByRole("link", { name: "The dataset" }).click();
    await page.locator(".title-line .badge.is-ready").waitFor();
    await page.getByRole("cell", { name: "good" }).waitFor();
    await page.locator(".last-task .badge.is-failed").waitFor();
    await page.locator(".last-task").getByRole("link").click();
    await page.getByRole("link", { name: "Start it again" }).click();
    await page.waitForURL(`/datasets/${id}/tasks/slow`);
  });

  await t.test("a dataset whose plugin crashed says so and leads to the form of its type; to a viewer only the reason", async (t) => {
    const page = await open(t);
    const { id } = await makeOfType(server, "rogue", "crashed", { mode: "segfault" });
    await page.goto(`/datasets/${id}`);
    await page.getByRole("heading", { name: "This dataset could not be made" }).waitFor();
    await page.getByRole("link", { name: "Make it again" }).click();
    await page.waitForURL("/new/rogue");
    const viewer = await open(t, { as: await invite(server, "viewer", "victor") });
    await viewer.goto(`/datasets/${id}`);
    await viewer.getByText("An editor can make it again or delete it.").waitFor();
    assert.equal(await viewer.getByRole("link", { name: "Make it again" }).count(), 0);
  });

  await t.test("what is wrong in a task's form stands at its field", async (t) => {
    const page = await open(t, { logs: ["status of 400"] });
    const { id } = await makeHooks(server, "wrong", 1);
    await page.goto(`/datasets/${id}/tasks/fill`);
    await page.getByLabel("Column").evaluate((select) => select.append(new Option("gone", "col_gone", true, true)));
    await page.getByLabel("With").fill("kept");
    await page.getByRole("button", { name: "Start" }).click();
    await page.locator(".error", { hasText: "the dataset has no column col_gone" }).waitFor();
    assert.equal(await page.getByLabel("With").inputValue(), "kept");
  });

  await t.test("a panel is drawn with its template, with its parameters in the address", async (t) => {
    const page = await open(t);
    const { id } = await makeHooks(server, "panels", 20);
    await page.goto(`/datasets/${id}`);
    const tabs = page.getByRole("navigation", { name: "This dataset" });
    await tabs.getByRole("link", { name: "Peek" }).click();
    await page.locator(".peek-title", { hasText: "hello" }).waitFor();
    assert.equal(await tabs.locator("[aria-current=page]").textContent(), "Peek");
    await page.getByText("row 1", { exact: true }).waitFor();
    await page.getByLabel("From").fill("10");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByText("row 11", { exact: true }).waitFor();
    assert.match(page.url(), /panel=peek&from=10$/);
    await tabs.getByRole("link", { name: "Rows" }).click();
    await page.getByText("Rows 1–20 of 20").waitFor();
  });

  await t.test("the example's panel and task, as its tutorial shows them", async (t) => {
    const page = await open(t);
    await page.goto("/new/text_lines");
    await page.setInputFiles("#file", { name: "moby.txt", mimeType: "text/plain", buffer: Buffer.from("Call me Ishmael.\nSome years ago\n") });
    await page.getByRole("button", { name: "Make the dataset" }).click();
    await page.getByRole("link", { name: "Longest line" }).click();
    await page.getByText("The longest line has 16 characters:").waitFor();
    await page.getByRole("link", { name: "Rows" }).click();
    await page.getByRole("link", { name: "Count words" }).click();
    await page.getByRole("button", { name: "Start" }).click();
    await page.locator(".column-name", { hasText: "words" }).waitFor();
    await page.getByRole("link", { name: "Changes", exact: true }).click();
    await page.getByText("A task wrote into 2 rows").waitFor();
  });

  await t.test("a view without a template is readable; one that fails takes nothing with it", async (t) => {
    const page = await open(t, { logs: ["status of 500", "status of 404", "status of 400", "status of 50"] });
    const { id } = await makeHooks(server, "views", 20);
    await page.goto(`/datasets/${id}/views/whole`);
    assert.deepEqual(await page.locator(".facts > div").allTextContents(), ["words–", "titlehello", "rows1, 2, 3, 4, 5"]);
    await page.goto(`/datasets/${id}/views/whole?from=x`);
    await page.locator(".error", { hasText: "From must be a number" }).waitFor();
    await page.getByRole("link", { name: "Writes where it may not" }).click();
    await page.getByRole("alert").getByText("This cannot be shown.").waitFor();
    await page.goto(`/datasets/${id}?panel=nothing`);
    await page.getByRole("alert").getByText("There is no view nothing here").waitFor();
    await page.getByRole("link", { name: "Rows", exact: true }).click();
    await page.getByText("Rows 1–20 of 20").waitFor();
    await page.goto(`/datasets/${id}/views/nothing`);
    await page.getByText("there is no view nothing here").waitFor();
  });

  await t.test("a plugin's own page and task, without a dataset", async (t) => {
    const page = await open(t);
    await makeDataset(server, "words.csv", "a\nb\nc\n");
    await page.goto("/types");
    await page.getByRole("link", { name: "The index" }).click();
    await page.waitForURL("/plugins/hooks/status");
    assert.deepEqual(await page.locator(".facts > div").allTextContents(), ["lines–", "indexfalse"]);
    await page.getByRole("link", { name: "Types", exact: true }).first().click();
    await page.getByRole("link", { name: "Import an index" }).click();
    await page.getByLabel("Lines").selectOption({ label: "words.csv" });
    await page.getByRole("button", { name: "Start" }).click();
    await page.locator(".badge.is-done").waitFor();
    await page.getByRole("link", { name: "The plugin" }).click();
    await page.getByRole("link", { name: "The index" }).click();
    await page.waitForURL("/plugins/hooks/status");
    assert.deepEqual(await page.locator(".facts > div").allTextContents(), ["lines3", "indextrue"]);
  });

  await t.test("a viewer sees panels, and no task", async (t) => {
    const viewer = await open(t, { as: await invite(server, "viewer"), logs: ["status of 403"] });
    const { id } = await makeHooks(server, "seen", 2);
    await viewer.goto(`/datasets/${id}?panel=peek`);
    await viewer.locator(".peek-title").waitFor();
    await viewer.goto(`/datasets/${id}`);
    assert.equal(await viewer.getByRole("link", { name: "Fill a column" }).count(), 0);
    await viewer.goto(`/datasets/${id}/tasks/fill`);
    await viewer.getByRole("heading", { name: "You may not do that" }).waitFor();
  });

  await t.test("without a script: estimate, start, wait and come back", async (t) => {
    const page = await open(t, { script: false });
    const { id } = await makeHooks(server, "plain", 3);
    await page.goto(`/datasets/${id}/tasks/fill`);
    await page.getByLabel("Column").selectOption({ label: "text" });
    await page.getByRole("button", { name: "Estimate" }).click();
    await page.getByRole("heading", { name: "It would take" }).waitFor();
    await page.getByRole("button", { name: "Start" }).click();
    await page.waitForURL(`/datasets/${id}`);
    await page.getByRole("cell", { name: "filled 3" }).waitFor();
  });
});

test("types", async (t) => {
  const { open } = await startBrowser(t, withWritablePlugin(t, "intruder"));

  await t.test("each says what it is made of, asks for and can do, and leads to making one", async (t) => {
    const page = await open(t);
    await page.goto("/types");
    const type = (name) => page.getByRole("region", { name });
    await type("Lines of text").getByText("Leave blank lines out").waitFor();
    await type("Lines of text").getByText("Count words").waitFor();
    await type("Lines of text").getByText("Longest line").waitFor();
    await type("Blank table").getByText("column_definitions[].default_value").waitFor();
    await type("Places on a map").getByText("Its plugin map is not on this server.").waitFor();
    assert.equal(await type("Places on a map").getByRole("link", { name: /Make one/ }).count(), 0);
    await type("Blank table").getByRole("link", { name: "Make one" }).click();
    await page.waitForURL("/new/custom_dataset");
  });

  await t.test("a plugin that was refused is named with the reason, and the others work", async (t) => {
    const page = await open(t);
    await page.goto("/types");
    await page.getByRole("heading", { name: "A plugin was refused" }).waitFor();
    const row = page.locator("#plugin-intruder");
    await row.getByText("Refused").waitFor();
    await row.getByText("intruder.so can be written by others (mode 664): chmod go-w it").waitFor();
  });
});

test("docs", async (t) => {
  const { server, open } = await startBrowser(t);

  await t.test("every address of the API is there with its parameters and fields, for who is signed in or not", async (t) => {
    const { paths } = (await server.request("GET", "/openapi.json", { key: null })).json;
    const page = await open(t, { signedIn: false });
    await page.goto("/docs");
    const shown = await page.locator("main").innerText();
    const operations = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
    assert.ok(operations.length > 60);
    for (const { path, operation } of operations) {
      assert.ok(shown.includes(path), path);
      assert.ok(shown.includes(operation.summary), operation.summary);
    }
    const one = (id) => page.locator(`#${id}`);
    await one("rowhouse_row_set").getByText("If-Match", { exact: true }).waitFor();
    await one("rowhouse_rows").getByText("From which row on, counted from 0.").waitFor();
    await one("rowhouse_dataset_create").getByText("column_definitions[].type").waitFor();
    await one("claro_dataset_create").getByText("columnDefinitions[].type").waitFor();
    await one("claro_dataset_create").getByText("/claro/api/v2/datasets").waitFor();
    assert.equal(await page.getByRole("link", { name: "openapi.json" }).getAttribute("href"), "/openapi.json");
    const signedIn = await open(t);
    await signedIn.goto("/datasets");
    await signedIn.getByRole("link", { name: "API" }).click();
    await signedIn.getByRole("link", { name: "make one under Keys" }).waitFor();
  });
});
