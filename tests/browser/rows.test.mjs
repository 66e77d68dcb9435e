// Rows that are added, edited and deleted on the page of a dataset, and taken back: by mouse, by
// keyboard alone, without a script, by two people at once, and by who may not.

import assert from "node:assert/strict";
import test from "node:test";
import { accessibilityFaults, focusOn, invite, makeDataset, startBrowser } from "./browser.mjs";
import { makeTable, rowsOf } from "./plugins.mjs";

const columns = [
  { name: "item", type: "string", required: true, description: "What it is called" },
  { name: "price", type: "number" },
  { name: "bought", type: "date" },
  { name: "in use", type: "boolean", default_value: true },
  { name: "notes", type: "text" },
];
const laptop = { item: "Laptop", price: 1200.5, bought: "2024-03-14", "in use": true, notes: "With charger.\nAnd a bag." };
const desk = { item: "Desk", price: 300, bought: "2023-01-02", "in use": false, notes: "" };

const saved = (page) => page.getByRole("dialog").getByText("Row edited").waitFor();

async function openEditor(page, cell) {
  await page.getByRole("cell", { name: cell, exact: true }).click();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByRole("button", { name: "Save" }).waitFor();
}

test("rows", async (t) => {
  const { server, open } = await startBrowser(t);
  const table = (rows = [laptop, desk]) => makeTable(server, "inventory", columns, rows);

  await t.test("an empty table says what to do, and its first row is added with the columns' own inputs", async (t) => {
    const page = await open(t);
    const { id } = await table([]);
    await page.goto(`/datasets/${id}`);
    await page.getByRole("heading", { name: "No rows yet" }).waitFor();
    await page.getByRole("link", { name: "Add the first row" }).click();
    assert.equal(await page.getByLabel("price").getAttribute("type"), "number");
    assert.equal(await page.getByLabel("bought").getAttribute("type"), "date");
    assert.deepEqual(await page.getByLabel("in use").locator("option").allTextContents(), ["–", "true", "false"]);
    assert.equal(await page.getByLabel("notes").evaluate((e) => e.tagName), "TEXTAREA");
    await page.getByText("What it is called").waitFor();
    await page.getByText("Left empty, it becomes “true”.").waitFor();
    await page.getByRole("button", { name: "Add the row", exact: true }).click();
    await focusOn(page, "id", "field-cells.col_item");
    await page.getByLabel("item").fill("Laptop");
    await page.getByLabel("price").fill("1200.50");
    await page.getByLabel("bought").fill("2024-03-14");
    await page.getByRole("button", { name: "Add the row", exact: true }).click();
    await page.getByRole("status").getByText("Row added").waitFor();
    assert.deepEqual(await rowsOf(server, id), [{ item: "Laptop", price: 1200.5, bought: "2024-03-14", "in use": true, notes: "" }]);
    assert.equal(await page.locator("#row-1 td").nth(1).textContent(), "1200.50", "as it was typed");
  });

  await t.test("by mouse: a cell is clicked, edited beside the table, and one click takes it back", async (t) => {
    const page = await open(t);
    const { id } = await table();
    await page.goto(`/datasets/${id}`);
    await openEditor(page, "300");
    await focusOn(page, "id", "field-cells.col_price");
    await page.getByLabel("price").fill("310");
    await page.getByRole("button", { name: "Save" }).click();
    await saved(page);
    await page.locator("#row-2 td", { hasText: "310" }).waitFor();
    assert.deepEqual(await rowsOf(server, id), [laptop, { ...desk, price: 310 }]);
    await page.getByRole("dialog").getByRole("button", { name: "Undo" }).click();
    await page.getByText("Change 2 taken back").waitFor();
    await page.getByRole("cell", { name: "300", exact: true }).waitFor();
    assert.deepEqual(await rowsOf(server, id), [laptop, desk]);
    await page.getByRole("button", { name: "Redo" }).click();
    await page.getByRole("cell", { name: "310", exact: true }).waitFor();
  });

  await t.test("by mouse: a row is deleted after a question, and one click brings it back to its place", async (t) => {
    const page = await open(t);
    const { id } = await table();
    await page.goto(`/datasets/${id}`);
    await page.getByRole("cell", { name: "Laptop" }).click();
    await page.getByRole("dialog", { name: "Row 1" }).getByRole("button", { name: "Delete …" }).click();
    const ask = page.getByRole("dialog", { name: "Delete this row?" });
    await ask.getByRole("button", { name: "Keep it" }).click();
    assert.equal((await rowsOf(server, id)).length, 2);
    await page.getByRole("dialog", { name: "Row 1" }).getByRole("button", { name: "Delete …" }).click();
    await ask.getByRole("button", { name: "Delete the row" }).click();
    await page.getByRole("status").getByText("Row deleted").waitFor();
    assert.deepEqual(await rowsOf(server, id), [desk]);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("Change 2 taken back").waitFor();
    assert.deepEqual(await rowsOf(server, id), [laptop, desk]);
  });

  await t.test("by keyboard alone: a row is added, edited, deleted and brought back", async (t) => {
    const page = await open(t);
    const { id } = await table([desk]);
    const press = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await page.goto(`/datasets/${id}`);
    await page.getByRole("link", { name: "Add a row" }).focus();
    await press("Enter");
    await page.waitForURL("**/rows/new");
    await page.getByLabel("item").focus();
    await page.keyboard.type("Lamp");
    await press("Tab");
    await page.keyboard.type("45");
    await press("Enter"); // in a line, as in any form
    await page.getByText("Row added").waitFor();
    await page.getByRole("button", { name: "Keys" }).waitFor(); // which the script shows
    await page.locator("#row-2 th a").first().focus();
    await press("Enter");
    const drawer = page.getByRole("dialog", { name: "Row 2" });
    await drawer.waitFor();
    await focusOn(page, "textContent", "Edit");
    await press("Enter");
    await page.getByRole("button", { name: "Save" }).waitFor();
    await focusOn(page, "id", "field-cells.col_item");
    await page.keyboard.press("End");
    await page.keyboard.type(" with a switch");
    await press("Enter");
    await saved(page);
    await focusOn(page, "textContent", "Edit");
    await press("Escape");
    await drawer.waitFor({ state: "hidden" });
    await focusOn(page, "textContent", "2");
    await page.getByRole("button", { name: "Undo" }).waitFor(); // still there when the drawer is not
    await press("Enter", "Tab", "Enter");
    await page.getByRole("dialog", { name: "Delete this row?" }).waitFor();
    await focusOn(page, "textContent", "Keep it");
    await press("Tab", "Enter");
    await page.getByText("Row deleted").waitFor();
    assert.deepEqual(await rowsOf(server, id), [desk]);
    await page.getByRole("button", { name: "Undo" }).focus();
    await press("Enter");
    await page.getByRole("cell", { name: "Lamp with a switch" }).waitFor();
  });

  await t.test("escape leaves the form first, and does not drop what was written", async (t) => {
    const page = await open(t);
    const { id } = await table();
    await page.goto(`/datasets/${id}`);
    await openEditor(page, "Desk");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Edit", exact: true }).waitFor();
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByLabel("notes").fill("typed with care");
    await page.keyboard.press("Escape");
    await page.getByText("Not saved yet").waitFor();
    assert.equal(await page.getByLabel("notes").inputValue(), "typed with care");
    await page.getByRole("dialog").getByRole("link", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Edit", exact: true }).waitFor();
    assert.deepEqual(await rowsOf(server, id), [laptop, desk]);
  });

  await t.test("signed out while a row is edited: what was typed stays, and is saved after a sign-in in another tab", async (t) => {
    const page = await open(t);
    const { id } = await table();
    await page.goto(`/datasets/${id}`);
    await openEditor(page, "Desk");
    await page.getByLabel("notes").fill("typed with care");
    const cookies = await page.context().cookies();
    await page.context().clearCookies();
    await page.getByRole("button", { name: "Save" }).click();
    const alert = page.getByRole("alert");
    await alert.getByText("You are signed out").waitFor();
    assert.equal(await alert.getByRole("link", { name: "Sign in" }).getAttribute("target"), "_blank");
    assert.equal(await page.getByLabel("notes").inputValue(), "typed with care");
    await page.context().addCookies(cookies);
    await page.getByRole("button", { name: "Save" }).click();
    await saved(page);
    assert.deepEqual(await rowsOf(server, id), [laptop, { ...desk, notes: "typed with care" }]);
  });

  await t.test("two people: who is later sees both values, keeps what nobody else touched, and decides", async (t) => {
    const other = await invite(server, "editor", "erika");
    const mine = await open(t, { logs: ["status of 412"] });
    const theirs = await open(t, { as: other });
    const { id } = await table();
    await mine.goto(`/datasets/${id}`);
    await openEditor(mine, "300");
    await theirs.goto(`/datasets/${id}/rows/row_2/edit?at=2`);
    await theirs.getByLabel("price").fill("320");
    await theirs.getByLabel("notes").fill("scratched");
    await theirs.getByRole("button", { name: "Save" }).click();
    await theirs.getByText("Row edited").waitFor();
    await mine.getByLabel("price").fill("330");
    await mine.getByRole("button", { name: "Save" }).click();
    await mine.getByText("Somebody was quicker").waitFor();
    await mine.getByText("Meanwhile this became “320”. Saving keeps what stands here.").waitFor();
    assert.equal(await mine.getByLabel("price").inputValue(), "330");
    assert.equal(await mine.getByLabel("notes").inputValue(), "scratched", "what only the other changed");
    assert.deepEqual(await accessibilityFaults(mine), []);
    await mine.getByRole("button", { name: "Save" }).click();
    await saved(mine);
    assert.deepEqual((await rowsOf(server, id))[1], { ...desk, price: 330, notes: "scratched" });
  });

  await t.test("two people: one deletes what the other edits, or edits what the other deletes", async (t) => {
    const page = await open(t, { logs: ["status of 404", "status of 412"] });
    const { id } = await table();
    await page.goto(`/datasets/${id}`);
    await openEditor(page, "Laptop");
    const change = (method, row, json) => server.request(method, `/api/rowhouse/v1/datasets/${id}/rows/${row}`,
      { json, headers: { "if-match": "*" } });
    assert.equal((await change("DELETE", "row_1")).status, 200);
    await page.getByLabel("item").fill("Notebook");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").getByText("There is no such row (any more)").waitFor();
    assert.equal(await page.getByLabel("item").inputValue(), "Notebook", "nothing that was typed is lost");
    await page.goto(`/datasets/${id}/rows/row_2/delete?at=1`);
    assert.equal((await change("PATCH", "row_2", { cells: { price: 999 } })).status, 200);
    await page.getByRole("button", { name: "Delete the row" }).click();
    await page.getByText("Somebody was quicker").waitFor();
    await page.getByText("999").waitFor();
    await page.getByRole("button", { name: "Delete the row" }).click();
    await page.getByText("Row deleted").waitFor();
  });

  await t.test("what does not fit stands at its field, with everything that was typed", async (t) => {
    const page = await open(t, { logs: ["status of 422"] });
    const { id } = await table();
    await page.goto(`/datasets/${id}/rows/row_1/edit?at=1`);
    await page.locator("form[data-row-form]").evaluate((form) => (form.noValidate = true));
    await page.getByLabel("item").fill("");
    await page.getByLabel("notes").fill("kept");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("#field-cells\\.col_item-error", { hasText: "item must have a value" }).waitFor();
    assert.equal(await page.getByLabel("item").getAttribute("aria-invalid"), "true");
    assert.match(await page.getByLabel("item").getAttribute("aria-describedby"), /field-cells\.col_item-error/);
    await focusOn(page, "id", "field-cells.col_item");
    assert.equal(await page.getByLabel("notes").inputValue(), "kept");
    assert.deepEqual(await rowsOf(server, id), [laptop, desk]);
  });

  await t.test("only what was changed is written: odd cells come through untouched, and say so when they cannot", async (t) => {
    const page = await open(t);
    const long = "x".repeat(40000);
    const kinds = await makeDataset(server, "odd.jsonl",
      [{ n: 7, s: "a\r\nb", j: { a: [1, 2] }, b: true, long, q: '"<&\'' }, { n: "n/a", s: "", j: null, b: "yes", long: "", q: "" }]
        .map((row) => JSON.stringify(row)).join("\n"));
    const before = (await server.request("GET", `/api/rowhouse/v1/datasets/${kinds.id}/rows/row_1`)).text;
    const cells = (text) => JSON.parse(text).row.cells;
    await page.goto(`/datasets/${kinds.id}/rows/row_1/edit?at=1`);
    await page.getByText("40.0 kB, which is more than can be edited here").waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForURL("**/datasets/*?row=1#row-1");
    assert.equal((await server.request("GET", `/api/rowhouse/v1/datasets/${kinds.id}/rows/row_1`)).text, before, "nothing changed, nothing written");
    await page.goto(`/datasets/${kinds.id}/rows/row_1/edit?at=1`);
    await page.getByLabel("j", { exact: true }).fill('{"a":[1,2,3]}');
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Row edited").waitFor();
    const expected = cells(before);
    expected[2] = { a: [1, 2, 3] };
    assert.deepEqual(cells((await server.request("GET", `/api/rowhouse/v1/datasets/${kinds.id}/rows/row_1`)).text), expected);
    // A word in a column of numbers is not swallowed by an input that takes only those.
    await page.goto(`/datasets/${kinds.id}/rows/row_2/edit?at=2`);
    assert.equal(await page.getByLabel("n", { exact: true }).inputValue(), "n/a");
    assert.equal(await page.getByLabel("b", { exact: true }).inputValue(), "yes");
  });

  await t.test("the list of changes says who did what, takes back what stands, and takes that back too", async (t) => {
    const page = await open(t, { logs: ["status of 409"] });
    const { id } = await table();
    await page.goto(`/datasets/${id}/rows/row_1/edit?at=1`);
    await page.getByLabel("price").fill("1");
    await page.getByRole("button", { name: "Save" }).click();
    await page.goto(`/datasets/${id}/rows/row_1/edit?at=1`);
    await page.getByLabel("price").fill("2");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("link", { name: "Changes", exact: true }).click();
    await page.waitForURL("**/changes");
    const line = (n) => page.locator(`#change-${n}`);
    await line(3).getByText("owner@example.org").waitFor();
    await line(3).getByText("Row edited").waitFor();
    await line(1).getByText("2 rows added").waitFor();
    // Something later stands on it: it says what to do instead of doing half of it.
    await line(2).getByRole("button", { name: "Undo" }).click();
    await page.getByRole("alert").getByText("was changed again after this change").waitFor();
    await line(3).getByRole("button", { name: "Undo" }).click();
    await line(3).getByText("taken back by change 4").waitFor();
    assert.equal(await line(3).getByRole("button").count(), 0);
    assert.equal((await rowsOf(server, id))[0].price, 1);
    await line(4).getByRole("button", { name: "Redo" }).click();
    await line(4).getByText("taken back by change 5").waitFor();
    assert.equal((await rowsOf(server, id))[0].price, 2);
  });

  await t.test("a form that is sent twice by an impatient click adds one row", async (t) => {
    const page = await open(t);
    const { id } = await table([]);
    await page.goto(`/datasets/${id}/rows/new`);
    await page.getByLabel("item").fill("once");
    assert.deepEqual(await page.locator("main form").evaluate(async (form) => {
      const send = () => fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      return (await Promise.all([send(), send()])).map((answer) => answer.status);
    }), [200, 200]);
    assert.equal((await rowsOf(server, id)).length, 1);
    // Who goes back to the form and fills in another row gets that one too.
    await page.getByLabel("item").fill("another");
    await page.locator("main form").evaluate((form) => fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) }));
    assert.deepEqual((await rowsOf(server, id)).map((row) => row.item), ["once", "another"]);
  });

  await t.test("a change that was taken back in another tab says so, and by what; nothing happens twice", async (t) => {
    const page = await open(t, { logs: ["status of 409"] });
    const { id } = await table();
    await page.goto(`/datasets/${id}/rows/row_1/edit?at=1`);
    await page.getByLabel("price").fill("1");
    await page.getByRole("button", { name: "Save" }).click();
    await page.goto(`/datasets/${id}/changes`);
    const other = await page.context().newPage();
    await other.goto(`/datasets/${id}/changes`);
    for (const one of [page, other]) await one.locator("#change-2").getByRole("button", { name: "Undo" }).click();
    await other.getByRole("alert").getByText("Change 2 was taken back already, by change 3").waitFor();
    await other.locator("#change-2").getByText("taken back by change 3").waitFor();
    assert.deepEqual(await rowsOf(server, id), [laptop, desk]);
  });

  await t.test("several rows in a row: 'Add it and another' comes back to an empty form", async (t) => {
    const page = await open(t);
    const { id } = await table([]);
    await page.goto(`/datasets/${id}/rows/new`);
    for (const name of ["one", "two"]) {
      await page.getByLabel("item").fill(name);
      await page.getByRole("button", { name: "Add it and another" }).click();
      await page.getByText("Row added").waitFor();
      await page.waitForFunction(() => document.getElementById("field-cells.col_item").value === "");
    }
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("Change 2 taken back").waitFor();
    assert.deepEqual((await rowsOf(server, id)).map((row) => row.item), ["one"]);
  });

  await t.test("a reviewer edits but neither adds nor deletes; a viewer sees no way to change anything", async (t) => {
    const { id } = await table();
    const reviewer = await open(t, { as: await invite(server, "reviewer"), logs: ["status of 403"] });
    await reviewer.goto(`/datasets/${id}`);
    await openEditor(reviewer, "Desk");
    await reviewer.getByLabel("notes").fill("reviewed");
    await reviewer.getByRole("button", { name: "Save" }).click();
    await saved(reviewer);
    for (const name of ["Delete …", "Add a row"])
      assert.equal(await reviewer.getByText(name, { exact: true }).count(), 0, name);
    await reviewer.goto(`/datasets/${id}/rows/row_1/delete`);
    await reviewer.getByRole("heading", { name: "You may not do that" }).waitFor();
    const viewer = await open(t, { as: await invite(server, "viewer"), logs: ["status of 403"] });
    await viewer.goto(`/datasets/${id}`);
    await viewer.getByRole("cell", { name: "Laptop" }).click();
    await viewer.getByRole("dialog", { name: "Row 1" }).waitFor();
    for (const name of ["Edit", "Delete …", "Add a row", "New"])
      assert.equal(await viewer.getByText(name, { exact: true }).count(), 0, name);
    await viewer.goto(`/datasets/${id}/changes`);
    await viewer.getByText("2 rows added").waitFor();
    assert.equal(await viewer.getByRole("button", { name: "Undo" }).count(), 0);
    await viewer.goto(`/datasets/${id}/rows/row_1/edit`);
    await viewer.getByRole("heading", { name: "You may not do that" }).waitFor();
  });

  await t.test("without a script: added, edited, deleted and taken back by forms and links", async (t) => {
    const page = await open(t, { script: false });
    const { id } = await table([desk]);
    await page.goto(`/datasets/${id}`);
    await page.getByRole("link", { name: "Add a row" }).click();
    await page.getByLabel("item").fill("Lamp");
    await page.getByRole("button", { name: "Add the row", exact: true }).click();
    await page.getByText("Row added").waitFor();
    await page.getByRole("link", { name: "Edit row 2" }).click();
    await page.getByLabel("item").fill("Torch");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("cell", { name: "Torch" }).waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("cell", { name: "Lamp" }).waitFor();
    await page.getByRole("link", { name: "Edit row 2" }).click();
    await page.getByRole("link", { name: "Delete the row …" }).click();
    await page.getByRole("heading", { name: "Delete row 2?" }).waitFor();
    await page.getByRole("button", { name: "Delete the row" }).click();
    await page.getByText("Row deleted").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("cell", { name: "Lamp" }).waitFor();
    await page.getByRole("link", { name: "Changes", exact: true }).click();
    await page.locator("#change-1").getByText("Row added").waitFor();
  });
});
