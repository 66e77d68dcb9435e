// export.test.mjs: the form of an export: what is chosen is in the file, with and without scripts; what
// is wrong is said at its field; a large one becomes a job whose page has the link.

import assert from "node:assert/strict";
import fs from "node:fs";
import test from "node:test";
import { accessibilityFaults, makeDataset, peopleCsv, startBrowser } from "./browser.mjs";
import { readXlsx } from "../lib/readers.mjs";

const people = "id,name,city,amount\n1,Ann,Ulm,1.10\n2,=1+1,Köln,2.50\n3,Zoë,Ulm,\n";

async function download(page, act) {
  const [file] = await Promise.all([page.waitForEvent("download"), act()]);
  return { name: file.suggestedFilename(), bytes: fs.readFileSync(await file.path()) };
}

test("from the dataset to a file, of chosen columns, safe for spreadsheets: with and without scripts", async (t) => {
  const { server, open } = await startBrowser(t);
  const dataset = await makeDataset(server, "people.csv", people);
  for (const script of [true, false]) {
    const page = await open(t, { script, narrow: !script, dark: !script });
    await page.goto(`/datasets/${dataset.id}`);
    await page.getByRole("link", { name: "Export …" }).click();
    await page.getByText("Only some columns").click();
    await page.getByLabel("name", { exact: true }).check();
    await page.getByLabel("amount", { exact: true }).check();
    await page.getByLabel("Safe for spreadsheets").check();
    if (script) assert.deepEqual(await accessibilityFaults(page), []);
    const csv = await download(page, () => page.getByRole("button", { name: "Export" }).click());
    assert.equal(csv.name, "people.csv");
    assert.equal(csv.bytes.toString(), "\ufeffname,amount\r\nAnn,1.10\r\n\"'=1+1\",2.50\r\nZoë,\"\"\r\n");
    await page.reload();
    await page.getByLabel("Format").selectOption({ label: "Excel (XLSX)" });
    const sheet = await download(page, () => page.getByRole("button", { name: "Export" }).click());
    const file = `${server.folder}/sheet.xlsx`;
    fs.writeFileSync(file, sheet.bytes);
    assert.deepEqual(readXlsx(file).map((row) => row.map((c) => c?.w)),
      [["id", "name", "city", "amount"], ["1", "Ann", "Ulm", "1.10"], ["2", "=1+1", "Köln", "2.50"], ["3", "Zoë", "Ulm", undefined]]);
    assert.equal(sheet.name, "people.xlsx");
  }
});

test("a split comes as a ZIP; what is wrong is said where it was written, and nothing is lost", async (t) => {
  const { server, open } = await startBrowser(t);
  const dataset = await makeDataset(server, "people.csv", people);
  const page = await open(t, { logs: ["status of 400"] });
  await page.goto(`/datasets/${dataset.id}/export`);
  await page.getByText("Only some columns").click();
  await page.getByLabel("city", { exact: true }).check();
  await page.getByText("Split for training and testing").click();
  await page.getByLabel("Split by").selectOption({ label: "city" });
  await page.getByLabel("Test share").fill("7");
  await page.evaluate(() => (document.querySelector("form.export-form").noValidate = true));
  await page.getByRole("button", { name: "Export" }).click();
  await page.getByText("Test share must be from").first().waitFor();
  assert.equal(await page.getByLabel("city", { exact: true }).isChecked(), true);
  assert.deepEqual(await accessibilityFaults(page), []);
  await page.getByLabel("Test share").fill("0.5");
  const zip = await download(page, () => page.getByRole("button", { name: "Export" }).click());
  assert.equal(zip.name, "people.zip");
  assert.equal(zip.bytes.subarray(0, 4).toString("latin1"), "PK\u0003\u0004");
});

test("a large one is a job; its page has the link, and what became of the cells", async (t) => {
  const { server, open } = await startBrowser(t);
  const dataset = await makeDataset(server, "many.csv", peopleCsv(400000));
  const page = await open(t);
  await page.goto(`/datasets/${dataset.id}/export`);
  await page.getByLabel("Format").selectOption({ label: "Parquet" });
  await page.getByRole("button", { name: "Export" }).click();
  await page.waitForURL(/\/jobs\//);
  const link = page.getByRole("link", { name: "Download" });
  await link.waitFor();
  assert.deepEqual(await accessibilityFaults(page), []);
  await page.getByText("the number is written as its value").waitFor();
  const parquet = await download(page, () => link.click());
  assert.equal(parquet.name, "many.parquet");
  assert.equal(parquet.bytes.subarray(-4).toString(), "PAR1");
  // Its file gone, the page says so and leads back to the form.
  const folder = `${server.folder}/datasets/${dataset.id}/derived`;
  for (const name of fs.readdirSync(folder)) fs.rmSync(`${folder}/${name}`, { recursive: true });
  await page.reload();
  await page.getByText("It is kept no longer.").waitFor();
  await page.getByRole("link", { name: "Export again" }).click();
  await page.getByRole("heading", { name: "Export" }).waitFor();
  await page.waitForLoadState();
});

test("what the rows' address asks for is what is written: said in words, kept when something is wrong", async (t) => {
  const { server, open } = await startBrowser(t);
  const dataset = await makeDataset(server, "people.csv", people);
  for (const script of [true, false]) {
    const page = await open(t, { script, narrow: !script, dark: !script, logs: ["status of 400"] });
    await page.goto(`/datasets/${dataset.id}/export?${new URLSearchParams(
      [["filter", "id < 3 or name = 'Zoë'"], ["include", "city:Ulm"], ["include", "city:Köln"], ["exclude", "amount:2.50"], ["search", "N"], ["sort", "-id"]])}`);
    const question = page.locator(".question");
    assert.match(await question.innerText(),
      /^Only rows that match: id < 3 or name = 'Zoë' with city:Ulm with city:Köln without amount:2\.50 with the text N: 1 of 3\.\s+Sorted by -id\.$/);
    if (script) assert.deepEqual(await accessibilityFaults(page), []);
    await page.getByLabel("Search").fill("");
    const csv = await download(page, () => page.getByRole("button", { name: "Export" }).click());
    assert.equal(csv.bytes.toString(), "id,name,city,amount\n3,Zoë,Ulm,\"\"\n1,Ann,Ulm,1.10\n");
    await page.reload();
    await page.getByLabel("Filter").fill("id <");
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByText("filter, at character 5: it ends where a number is expected").first().waitFor();
    assert.equal(await page.getByLabel("Sort").inputValue(), "-id");
    assert.deepEqual(await page.getByLabel("With one of these values").evaluateAll((list) => list.map((one) => one.value)), ["city:Ulm", "city:Köln", ""]);
    assert.deepEqual(await page.getByLabel("With none of these values").evaluateAll((list) => list.map((one) => one.value)), ["amount:2.50", ""]);
    await page.goto(`/datasets/${dataset.id}/export?include=nothing:1`);
    await page.getByText("include: there is no column nothing").first().waitFor();
    assert.equal(await page.getByLabel("With one of these values").first().inputValue(), "nothing:1");
    await page.goto(`/datasets/${dataset.id}/export`);
    assert.equal(await question.count(), 0);
  }
});
