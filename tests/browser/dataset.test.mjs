// The page of a dataset: its rows, its downloads, its end; by mouse and by keyboard.

import assert from "node:assert/strict";
import fs from "node:fs";
import test from "node:test";
import { datasetNames, focusOn, makeDataset, peopleCsv, startBrowser } from "./browser.mjs";

const ROWS = 200000;

async function firstNumber(page) {
  return (await page.locator("tbody th a").first().textContent()).replace(/\s/g, " ");
}

const focused = (page) => page.evaluate(() => {
  const e = document.activeElement;
  return (e.getAttribute("aria-label") ?? e.textContent).trim().replace(/\s+/g, " ").slice(0, 40) || e.id;
});

test("dataset", async (t) => {
  const { server, open } = await startBrowser(t);
  const upload = peopleCsv(ROWS);
  const people = await makeDataset(server, "people.csv", upload);
  const address = `/datasets/${people.id}`;

  await t.test("200,000 rows are paged by first, previous, next and last", async (t) => {
    const page = await open(t);
    const go = async (name, rows) => {
      await page.getByRole("link", { name, exact: true }).click();
      await page.getByText(`Rows ${rows} of 200 000`).waitFor();
    };
    await page.goto(address);
    await page.getByText("Rows 1–100 of 200 000").waitFor();
    assert.equal(await page.getByRole("link", { name: "First page" }).count(), 0);
    await go("Next page", "101–200");
    assert.equal(await firstNumber(page), "101");
    await go("Last page", "199 901–200 000");
    await page.getByText("Page 2 000 of 2 000").waitFor();
    await page.getByRole("cell", { name: "person 200000" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Next page" }).count(), 0);
    await go("Previous page", "199 801–199 900");
    await go("First page", "1–100");
  });

  await t.test("a row is gone to by its number, and stands out where it is seen", async (t) => {
    const page = await open(t);
    await page.goto(address);
    await page.getByLabel("Go to row").fill("123456");
    await page.keyboard.press("Enter");
    const row = page.locator("tr[aria-current]");
    await row.getByText("person 123456").waitFor();
    await page.waitForFunction(() => {
      const box = document.querySelector("tr[aria-current]").getBoundingClientRect();
      return box.top > 0 && box.bottom < innerHeight;
    });
    assert.equal(await firstNumber(page), "123 401");
    await page.goto(`${address}?row=99999999`);
    await page.getByText("Rows 199 901–200 000 of 200 000").waitFor();
  });

  await t.test("the header and the row numbers stay while the table scrolls in its box", async (t) => {
    const page = await open(t, { narrow: true });
    await page.goto(address);
    const places = () => page.evaluate(() => {
      const box = (e) => document.querySelector(e).getBoundingClientRect();
      return { header: box("thead th:nth-child(3)").top, number: box("tbody tr:nth-child(90) th").left, cell: box("tbody tr:nth-child(90) td").left };
    });
    const before = await places();
    await page.locator("#grid").evaluate((grid) => grid.scrollTo(200, 1000));
    const after = await places();
    assert.equal(after.header, before.header);
    assert.equal(after.number, before.number);
    assert.equal(after.cell, before.cell - 200);
  });

  await t.test("a download as CSV is the upload, byte for byte; as JSON Lines its values", async (t) => {
    const page = await open(t);
    const download = async (name) => {
      await page.goto(`${address}/export`);
      await page.getByLabel("Format").selectOption({ label: name });
      const begun = page.waitForEvent("download");
      await page.getByRole("button", { name: "Export" }).click();
      const file = await begun;
      return { name: file.suggestedFilename(), text: fs.readFileSync(await file.path(), "utf8") };
    };
    const csv = await download("CSV");
    assert.equal(csv.name, "people.csv");
    assert.ok(csv.text === upload, "the CSV differs from the upload");
    const jsonl = await download("JSON Lines");
    assert.equal(jsonl.name, "people.jsonl");
    const lines = jsonl.text.trimEnd().split("\n");
    assert.equal(lines.length, ROWS);
    assert.match(lines[0], /"amount":1\.50[,}]/);
    assert.deepEqual(JSON.parse(lines[1]),
      { id: 2, name: "person 2", city: "Łódź", amount: 2.5, active: true, note: 'said "hi", twice' });
  });

  await t.test("a row opens beside the table, from a cell and by the keyboard, and gives the focus back", async (t) => {
    const page = await open(t);
    await page.goto(`${address}?row=101`);
    await page.getByRole("cell", { name: "person 103" }).click();
    const drawer = page.getByRole("dialog", { name: "Row 103" });
    await drawer.getByText('said "hi", twice').waitFor();
    await drawer.getByText("line 104 of the file").waitFor();
    await drawer.getByRole("button", { name: "Next" }).click();
    await page.getByRole("dialog", { name: "Row 104" }).getByText("person 104").waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await focused(page), "104");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Row 104" }).waitFor();
  });

  await t.test("null, missing and empty look different, whatever the words in the cells", async (t) => {
    const page = await open(t);
    const { id } = await makeDataset(server, "kinds.jsonl", '{"a":null,"b":""}\n{"b":"null"}\n');
    await page.goto(`/datasets/${id}`);
    const cells = await page.locator("tbody td").evaluateAll((all) => all.map((td) => td.innerHTML));
    assert.deepEqual(cells, ["<i>null</i>", "", "<i>missing</i>", "null"]);
  });

  await t.test("a long cell is cut with its length said; 2,000 columns still are a page", async (t) => {
    const page = await open(t);
    const long = await makeDataset(server, "long.csv", `a,b\n${"x".repeat(100000)},1\n`);
    await page.goto(`/datasets/${long.id}`);
    await page.getByRole("cell", { name: "1", exact: true }).click();
    await page.getByRole("dialog").getByText("100.0 kB in all").waitFor();
    const names = [...Array(2000).keys()].map((i) => `c${i}`).join(",");
    const wide = await makeDataset(server, "wide.csv", `${names}\n${`${names}\n`.repeat(100)}`);
    await page.goto(`/datasets/${wide.id}`);
    await page.getByText("Rows 1–20 of 100").waitFor();
    await page.getByText("Page 1 of 5").waitFor();
    assert.equal(await page.locator("thead th").count(), 2001);
  });

  await t.test("findings are counted and the first of them listed with line and column", async (t) => {
    const page = await open(t);
    const { id } = await makeDataset(server, "odd.csv", `a,b\n${"1\n2,3\n".repeat(30)}`);
    await page.goto(`/datasets/${id}`);
    await page.getByText("30 findings").click();
    await page.getByRole("region", { name: "First findings" }).getByRole("row").nth(20).waitFor();
    assert.match(await page.locator(".findings tbody tr").first().textContent(), /^\s*2\s*b\s*row has 1 cell/);
    await page.locator(".findings tbody tr").nth(2).getByRole("link", { name: "6" }).click();
    await page.waitForURL(/\?row=5#row-5$/);
    assert.equal(await page.locator("tr[aria-current]").getAttribute("data-row"), "row_5");
  });

  await t.test("the dialog asks before it deletes; escape keeps the dataset", async (t) => {
    const page = await open(t);
    const { id } = await makeDataset(server, "to delete.csv", "a\n1\n");
    await page.goto(`/datasets/${id}`);
    await page.getByRole("link", { name: "Delete …" }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Delete this dataset?" });
    await dialog.getByText("to delete and its one row will be deleted").waitFor();
    assert.equal(await focused(page), "Keep it");
    await page.keyboard.press("Escape");
    assert.equal(await dialog.isVisible(), false);
    assert.equal(await focused(page), "Delete …");
    assert.ok((await datasetNames(server)).includes("to delete"));
    await page.keyboard.press("Enter");
    await dialog.getByRole("button", { name: "Delete the dataset" }).click();
    await page.waitForURL("/datasets");
    assert.equal(await page.getByRole("link", { name: "to delete" }).count(), 0);
    assert.ok(!(await datasetNames(server)).includes("to delete"));
  });

  await t.test("a source is deleted after a question, and its dataset keeps its rows", async (t) => {
    const page = await open(t);
    const made = await makeDataset(server, "kept.csv", "a\nstill here\n");
    await page.goto("/sources");
    const row = page.locator(`#source-${made.source_id}`);
    await row.getByText("Delete", { exact: false }).first().click();
    await row.getByRole("button", { name: "Delete the data source" }).click();
    await row.waitFor({ state: "detached" });
    await page.goto(`/datasets/${made.id}`);
    await page.getByRole("cell", { name: "still here" }).waitFor();
  });

  await t.test("by keyboard: the skip link first, then the header in its order, then the content", async (t) => {
    const page = await open(t);
    await page.goto(address);
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "Skip to the content");
    assert.ok((await page.locator(".skip").boundingBox()).y >= 0);
    const order = [];
    for (let i = 0; i < 15; i++) {
      await page.keyboard.press("Tab");
      order.push(await focused(page));
    }
    assert.deepEqual(order, ["Rowhouse", "Datasets", "New", "Sources", "Jobs", "Types", "Dark theme",
      "Signed in as owner@example.org owner", "Datasets", "Add a row", "Export …", "Delete …",
      "uploaded file", "Rows", "Changes"]);
    await page.locator(".skip").focus();
    await page.keyboard.press("Enter");
    await focusOn(page, "id", "main");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "Add a row");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, "solid");
  });
});
