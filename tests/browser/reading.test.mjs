// How a file is read, chosen by a person who looks at it: from the file to the dataset, and back.

import assert from "node:assert/strict";
import test from "node:test";
import { accessibilityFaults, startBrowser } from "./browser.mjs";

const sales = "Sales of May\n\nid;name;day;price\n1;Ann;2024-05-01;1,50\n2;Bob;2024-05-02\n3;Eve;2024-05-03;2,75\n";

test("reading", async (t) => {
  const { server, open } = await startBrowser(t);
  const upload = async (name, content) =>
    (await server.request("POST", "/api/rowhouse/v1/sources", { form: [["file", { name, content }]] })).json.source.id;
  const header = (page) => page.locator("#shown .grid thead .column-name").allTextContents();

  await t.test("a file is looked at, read otherwise, and made into a dataset", async (t) => {
    const page = await open(t);
    await page.goto("/upload");
    await page.setInputFiles("#file", { name: "sales.csv", mimeType: "text/csv", buffer: Buffer.from(sales) });
    // It is what one does first, also with Enter.
    assert.match(await page.getByRole("button", { name: "Look at it first" }).getAttribute("class"), /primary/);
    await page.getByLabel("Description").fill("What was sold.");
    await page.getByLabel("Name").fill("Sales of May");
    await page.getByLabel("Name").press("Enter");
    await page.waitForURL("/sources/*/read");
    await page.getByRole("heading", { name: "sales.csv" }).waitFor();
    assert.deepEqual(await header(page), ["id", "name", "day", "price"]);
    // What was typed about it is there, once.
    assert.equal(await page.getByLabel("Description", { exact: true }).first().inputValue(), "What was sold.");
    assert.equal(await page.getByLabel("Name", { exact: true }).first().inputValue(), "Sales of May");
    await page.reload();
    assert.equal(await page.getByLabel("Name", { exact: true }).first().inputValue(), "sales");
    await page.getByText("Found: ;").waitFor();
    // What was noticed leads to the line it is about.
    await page.locator("#shown").getByRole("cell", { name: "missing-cell" }).waitFor();
    await page.locator("#shown .findings").getByRole("link", { name: "5" }).click();
    assert.equal(new URL(page.url()).hash, "#line-5");
    await page.locator("#line-5:target", { hasText: "2;Bob;2024-05-02" }).waitFor();
    // The preview follows what is typed, without another upload.
    await page.getByLabel("Rows of the header").fill("0");
    await page.locator("#shown .column-name", { hasText: "column4" }).waitFor();
    await page.getByLabel("Rows of the header").fill("");
    await page.locator("#shown .column-name", { hasText: "price" }).waitFor();
    // A column is renamed, another left out.
    await page.getByText("Change name").click();
    await page.locator('[name="options.columns[1].name"]').fill("customer");
    await page.getByText("Change day").click();
    await page.locator('input[type=checkbox][name="options.columns[2].keep"]').uncheck();
    await page.locator("#shown th[data-left-out] .column-name", { hasText: "day" }).waitFor();
    await page.getByLabel("Name", { exact: true }).first().fill("Sales");
    await page.getByRole("button", { name: "Make the dataset" }).click();
    await page.getByRole("heading", { name: "Sales" }).waitFor();
    await page.getByRole("cell", { name: "Ann" }).waitFor();
    assert.deepEqual(await page.locator("#grid thead .column-name").allTextContents(), ["id", "customer", "price"]);
    // The source remembers it, and can be read anew.
    await page.getByText("finding").first().click();
    await page.getByRole("link", { name: "Read the file in another way" }).click();
    await page.getByRole("heading", { name: "sales.csv" }).waitFor();
    assert.equal(await page.locator("#shown th[data-left-out] .column-name").textContent(), "day");
    await page.getByRole("link", { name: "Find everything out again" }).click();
    await page.waitForURL(/\?anew=1/);
    assert.equal(await page.locator("#shown th[data-left-out]").count(), 0);
  });

  await t.test("an option that makes no sense stands at its field, and what was typed stays", async (t) => {
    const page = await open(t, { logs: ["status of 400"] });
    await page.goto(`/sources/${await upload("a.csv", "a,b\n1,2\n")}/read`);
    await page.getByLabel("Quote").fill("abc");
    await page.getByText("The quote must be one ASCII character, or none").first().waitFor();
    assert.equal(await page.getByLabel("Quote").inputValue(), "abc");
    await page.getByLabel("Quote").fill("none");
    await page.locator("#shown .column-name", { hasText: "b" }).waitFor();
    assert.equal(await page.getByText("The quote must be one ASCII character").count(), 0);
  });

  await t.test("without a script the same is done by two buttons", async (t) => {
    const page = await open(t, { script: false });
    await page.goto(`/sources/${await upload("plain.csv", "a|b;c\n1|2;3\n4|5;6\n7|8;9\n")}/read`);
    await page.getByLabel("Delimiter").fill("|");
    await page.getByRole("button", { name: "Show" }).click();
    assert.deepEqual(await header(page), ["a", "b;c"]);
    assert.equal(await page.getByLabel("Delimiter").inputValue(), "|");
    await page.getByRole("button", { name: "Make the dataset" }).click();
    await page.waitForURL(/\/(jobs|datasets)\//);
    const { datasets } = (await server.request("GET", "/api/rowhouse/v1/datasets")).json;
    assert.equal(datasets[0].name, "plain");
  });

  await t.test("it has no accessibility faults and fits a phone, light and dark", async (t) => {
    const id = await upload("wide.csv", `${[...Array(30).keys()].map((i) => `column${i}`).join(",")}\n${"x,".repeat(29)}x\n1,2\n`);
    for (const options of [{}, { dark: true }, { narrow: true }, { narrow: true, dark: true }]) {
      const page = await open(t, options);
      await page.goto(`/sources/${id}/read`);
      await page.getByText("Change column0").click();
      assert.deepEqual(await accessibilityFaults(page), []);
      const width = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(width[0] <= width[1], `${width}`);
    }
  });
});
