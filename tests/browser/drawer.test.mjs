// The drawer of a row: JSON as a tree, whatever its size and depth, its numbers as they were written;
// cells of which the page has only the beginning, fetched whole; by mouse and by keyboard alone.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fs from "node:fs";
import test from "node:test";
import { accessibilityFaults, focusOn, makeDataset, startBrowser } from "./browser.mjs";

const MB = 1000000;
const doc = '{"price": 1.10, "big": 9223372036854775808, "far": -1e400, "": "no \\"name\\"\\n", "on": true, "gone": null, ' +
  '"none": {}, "few": [], "tags": ["a", "b", 3.0], "place": {"city": "Łódź", "at": {"lat": 51.750, "lon": 19.46}}}';
const many = `[${Array.from({ length: 100000 }, (_, i) => `{"n": ${i}.0}`).join(",")}]`;
const members = `{${Array.from({ length: 420 }, (_, i) => `"k${i}":0`).join(",")}}`;
const long = `first line\n${"Łódź 0123456789 😀".repeat(10 * MB / 25)}\nlast line`;
// The deepest that a cell may be: the row is around it.
const DEPTH = 63;
const deep = `[${'{"level":['.repeat(31)}"the end, which has room for itself"${"]}".repeat(31)}]`;
const hash = (text) => createHash("sha256").update(text).digest("hex");

async function openRow(page, id, row = 1) {
  await page.goto(`/datasets/${id}`);
  await page.locator(`#row-${row} th a`).first().click();
  await page.getByRole("dialog", { name: `Row ${row}` }).waitFor();
  return page.locator("#row-dialog"); // whichever row it shows
}
// The part of the drawer that is about one column.
const field = (drawer, name) => drawer.locator("dl > div").filter({ has: drawer.page().locator("dt", { hasText: new RegExp(`^${name} `) }) });
const fetchAll = async (box) => {
  await box.getByRole("button", { name: /^Show all of it/ }).click();
  await box.getByRole("button", { name: "Copy" }).waitFor();
};
const copied = async (page, box) => {
  await box.getByRole("button", { name: "Copy" }).click();
  await box.getByText("Copied.").waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
};

test("drawer", async (t) => {
  const { server, open } = await startBrowser(t);
  const line = (values) => `{${Object.entries(values).map(([k, v]) => `"${k}": ${v}`).join(", ")}}\n`;
  const text = (value) => JSON.stringify(value);
  const { id } = await makeDataset(server, "cells.jsonl",
    line({ doc, many: "[1]", members, text: text("short"), said: text(' [{"a": 1.50}] '), deep, n: "1.10" }) +
    line({ doc: "{}", many, members: "[]", text: text(long), said: text("[not] JSON"), deep: "[[]]", n: "null" }) +
    line({ doc: '[["x"]]', many: "[]", members: "1", text: text(`{"a": ${many}}`) }));
  const context = async (t, options) => {
    const page = await open(t, options);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    return page;
  };

  await t.test("a cell of JSON is a tree with its keys, counts and numbers as they were written, and a text on demand", async (t) => {
    const page = await context(t);
    const box = field(await openRow(page, id), "doc");
    assert.deepEqual(await box.locator(".tree > details > ul > li").evaluateAll((list) => list.map((li) => li.firstChild.nodeName === "DETAILS" ? li.querySelector("summary").textContent : li.textContent)),
      ["price: 1.10", "big: 9223372036854775808", "far: -1e400", '"": "no "name"\n"', "on: true", "gone: null", "none: {}", "few: []",
        "tags: [3]", "place: {2}"]);
    assert.equal(await box.locator(".tree > details > summary").textContent(), "{10}");
    assert.deepEqual(await box.locator(".tree-number").allTextContents(), ["1.10", "9223372036854775808", "-1e400", "3.0"]);
    // Types can be told apart by their colour.
    const colours = await box.evaluate((e) => ["string", "number", "boolean", "null"].map((kind) => getComputedStyle(e.querySelector(`.tree-${kind}`)).color));
    assert.equal(new Set(colours).size, 4, colours.join());
    // Two levels are open, the third is made when it is asked for.
    await box.getByText("Łódź").waitFor();
    const third = box.locator("details", { has: page.locator("summary", { hasText: /^at: / }) }).last();
    assert.deepEqual([await third.getAttribute("open"), await third.locator("ul").count()], [null, 0]);
    await third.locator("summary").click();
    await third.getByText("lat: 51.750").waitFor();
    await box.getByRole("button", { name: "Show as text" }).click();
    assert.equal(await box.locator(".cell-text").textContent(), doc);
    assert.equal(await box.locator(".tree").count(), 0);
    assert.equal(await copied(page, box), doc);
    await box.getByRole("button", { name: "Show as a tree" }).click();
    await box.getByText("price: 1.10").waitFor();
  });

  await t.test("what needs no tools has none; a text that is JSON through and through can be a tree", async (t) => {
    const page = await context(t);
    const drawer = await openRow(page, id);
    for (const name of ["text", "n"]) assert.equal(await field(drawer, name).locator("button").count(), 0, name);
    const said = field(drawer, "said");
    assert.equal(await said.locator(".cell-text").textContent(), ' [{"a": 1.50}] ');
    await said.getByRole("button", { name: "Show as a tree" }).click();
    await said.getByText("a: 1.50").waitFor();
    await drawer.getByRole("button", { name: "Next" }).click();
    assert.equal(await field(drawer, "said").locator("dd").textContent(), "[not] JSON");
    assert.equal(await field(drawer, "said").locator("button").count(), 0);
    assert.equal(await field(drawer, "doc").locator(".tree").textContent(), "{}");
    assert.equal(await field(drawer, "members").locator(".tree").textContent(), "[]");
    assert.equal(await field(drawer, "n").locator("dd").textContent(), "null");
  });

  await t.test("by keyboard alone: a tree is opened, closed and gone on with", async (t) => {
    const page = await context(t);
    const box = field(await openRow(page, id), "members");
    await focusOn(page, "textContent", "Edit");
    const press = (key) => page.keyboard.press(key);
    // From where the drawer begins, with Tab, to the tree of 420 members.
    for (let i = 0; i < 200 && !(await page.evaluate(() => document.activeElement.textContent === "{420}")); i++) await press("Tab");
    await focusOn(page, "textContent", "{420}");
    assert.equal(await box.locator("li").count(), 201);
    await press("Enter");
    await box.locator("details:not([open])").waitFor();
    await press("Space");
    await box.locator("details[open]").waitFor();
    await press("Tab");
    await focusOn(page, "textContent", "200 more of 220");
    await press("Enter");
    await focusOn(page, "textContent", "20 more of 20");
    assert.equal(await box.locator("li").count(), 401);
    await press("Enter");
    assert.equal(await box.locator("li").count(), 420);
    await focusOn(page, "textContent", "{420}");
    assert.equal(await box.locator("li").last().textContent(), "k419: 0");
  });

  await t.test("100,000 members come when they are asked for, 200 at a time", async (t) => {
    const page = await context(t);
    const box = field(await openRow(page, id, 2), "many");
    await fetchAll(box);
    assert.equal(await box.locator(".tree > details > summary").textContent(), "[100\u2009000]");
    assert.equal(await box.locator(".tree > details > ul > li").count(), 201);
    await box.getByRole("button", { name: "200 more of 99\u2009800" }).click();
    assert.equal(await box.locator(".tree > details > ul > li").count(), 401);
    const last = box.locator(".tree > details > ul > li").nth(399);
    await last.locator("summary").click();
    await last.getByText("n: 399.0").waitFor();
    assert.equal(hash(await copied(page, box)), hash(many));
    // The same as a text, of which only the whole tells that it is JSON.
    const said = field(await openRow(page, id, 3), "text");
    await fetchAll(said);
    await said.getByRole("button", { name: "Show as a tree" }).click();
    assert.equal(await said.locator("summary").nth(1).textContent(), "a: [100\u2009000]");
    assert.equal(await said.locator("details[open]").count(), 1, "too many to stand open unasked");
  });

  await t.test("a long text is fetched whole, shown in pieces, copied and saved to the last byte", async (t) => {
    const page = await context(t);
    const box = field(await openRow(page, id, 2), "text");
    const size = (Buffer.byteLength(long) / MB).toFixed(1);
    assert.ok((await box.textContent()).length < 10000);
    await box.getByRole("button", { name: `Show all of it (${size} MB)` }).focus();
    await page.keyboard.press("Enter");
    await box.getByRole("button", { name: "Copy" }).waitFor();
    await focusOn(page, "textContent", "Copy");
    const shown = () => box.locator(".cell-text").evaluate((e) => [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join(""));
    const first = await shown();
    assert.ok(first.length >= 100000 && first.length <= 100001, String(first.length));
    assert.ok(long.startsWith(first));
    await box.getByRole("button", { name: /^More \(/ }).click();
    const second = await shown();
    assert.ok(second.length >= 200000 && long.startsWith(second), String(second.length));
    const whole = await copied(page, box);
    assert.deepEqual([whole.length, hash(whole)], [long.length, hash(long)]);
    const [download] = await Promise.all([page.waitForEvent("download"), box.getByRole("link", { name: "Save" }).click()]);
    assert.equal(download.suggestedFilename(), "row_2-text.txt");
    assert.equal(hash(fs.readFileSync(await download.path())), hash(long));
  });

  await t.test("a fetch ends with Stop, and when the drawer is closed; it can be begun again", async (t) => {
    const page = await context(t, { logs: ["status of 404"] });
    const held = [];
    await page.route("**/cells/col_text", (route) => held.push(route));
    const drawer = await openRow(page, id, 2);
    const box = field(drawer, "text");
    for (const end of [() => box.getByRole("button", { name: "Stop" }).click(), () => page.keyboard.press("Escape")]) {
      await box.getByRole("button", { name: /^Show all of it/ }).click();
      const [failed] = await Promise.all([page.waitForEvent("requestfailed"), end()]);
      assert.match(failed.url(), /col_text$/);
      if (await drawer.isVisible()) await box.getByText("Stopped.").waitFor();
    }
    assert.equal(held.length, 2);
    await page.unroute("**/cells/col_text");
    await page.locator("#row-2 th a").first().click();
    await fetchAll(field(drawer, "text"));
    await page.keyboard.press("Escape");
    // Whose row is gone meanwhile is told so.
    const { id: other } = await makeDataset(server, "gone.jsonl", line({ a: text("x".repeat(10000)) }) + line({ a: "1" }));
    const gone = field(await openRow(page, other), "a");
    await server.request("DELETE", `/api/rowhouse/v1/datasets/${other}/rows/row_1`, { headers: { "if-match": "*" } });
    await gone.getByRole("button", { name: /^Show all of it/ }).click();
    await gone.getByText("There is no row with this id").waitFor();
    await gone.getByRole("button", { name: /^Show all of it/ }).waitFor();
  });

  await t.test("a cell that somebody changed meanwhile is shown as it is now, and says so", async (t) => {
    const page = await context(t);
    const { id: other } = await makeDataset(server, "changed.jsonl", line({ a: text("x".repeat(10000)) }));
    const box = field(await openRow(page, other), "a");
    const set = await server.request("PATCH", `/api/rowhouse/v1/datasets/${other}/rows/row_1`, { json: { cells: { a: "new" } }, headers: { "if-match": "*" } });
    assert.equal(set.status, 200, set.text);
    await fetchAll(box);
    await box.getByText("The row was changed since this page was loaded").waitFor();
    assert.equal(await box.locator(".cell-text").textContent(), "new");
  });

  await t.test("the drawer goes on with the rows that take the place of the others", async (t) => {
    const page = await context(t);
    await page.goto(`/datasets/${id}`);
    await page.evaluate(async () => {
      const { RowDrawer } = await import("/static/drawer.mjs");
      const old = document.getElementById("row-dialog");
      const dialog = old.cloneNode(true);
      old.replaceWith(dialog);
      const grid = document.getElementById("grid").cloneNode(true);
      document.getElementById("grid").replaceWith(grid);
      const drawer = new RowDrawer(dialog);
      drawer.take(grid);
      const table = grid.querySelector("table").cloneNode(true);
      table.querySelector("#row-1").remove();
      table.querySelector("#row-2 td:last-child").textContent = "taken";
      grid.querySelector("table").replaceWith(table);
      drawer.take(grid);
    });
    await page.getByRole("cell", { name: "taken" }).click();
    const drawer = page.getByRole("dialog", { name: "Row 2" });
    await drawer.getByText("taken").waitFor();
    assert.ok(await drawer.getByRole("button", { name: "Previous" }).isDisabled());
    await drawer.getByRole("button", { name: "Next" }).click();
    await page.getByRole("dialog", { name: "Row 3" }).getByText("x").first().waitFor();
  });

  await t.test("the deepest tree fits a telephone; nothing is wrong for who cannot see it", async (t) => {
    // Dark and narrow change colours and places, not what the document says.
    for (const [options, rules] of [[{}], [{ narrow: true, dark: true }, ["color-contrast", "target-size", "scrollable-region-focusable"]]]) {
      const page = await context(t, options);
      const drawer = await openRow(page, id);
      const box = field(drawer, "deep");
      const shot = async (what) => process.env.SHOTS &&
        page.screenshot({ path: `${process.env.SHOTS}/${what}-${options.narrow ? 390 : 1280}-${options.dark ? "dark" : "light"}.png` });
      await shot("tree");
      await box.evaluate(async (element) => {
        for (let closed; (closed = element.querySelector("details:not([open])"));) {
          const opened = new Promise((resolve) => closed.addEventListener("toggle", resolve, { once: true }));
          closed.querySelector("summary").click();
          await opened;
        }
      });
      await box.getByText("the end, which has room").waitFor();
      assert.equal(await box.locator("details").count(), DEPTH);
      const sideways = await page.evaluate(() => [document.documentElement, document.getElementById("row-dialog")].map((e) => e.scrollWidth - e.clientWidth));
      assert.deepEqual(sideways, [0, 0]);
      await box.getByText("the end, which has room").scrollIntoViewIfNeeded();
      await shot("deep");
      assert.deepEqual(await accessibilityFaults(page, rules), []);
      await drawer.getByRole("button", { name: "Next" }).click();
      await fetchAll(field(drawer, "text"));
      await shot("text");
      assert.deepEqual(await accessibilityFaults(page, rules), []);
    }
  });
});
