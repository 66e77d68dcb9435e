// A new dataset from the page: the form is made of what its type asks for; what is wrong stands where
// it is, with everything that was sent.

import assert from "node:assert/strict";
import test from "node:test";
import { datasetNames, focusOn, startBrowser } from "./browser.mjs";
import { rowsOf, withTestPlugins } from "./plugins.mjs";

const text = (name, content) => ({ name, mimeType: "text/plain", buffer: Buffer.from(content) });
const cell = (page, row, name) => page.locator(`[name="column_definitions[${row}].${name}"]`);

async function columnsOf(server, page) {
  await page.waitForURL(/\/datasets\/[^/]+$/);
  const id = page.url().split("/").at(-1);
  const answer = await server.waitForDataset(id) && (await server.request("GET", `/api/rowhouse/v1/datasets/${id}`)).json;
  return answer.columns.map(({ name, type, required, default_value }) => [name, type, required, default_value]);
}

test("new", async (t) => {
  const { server, open } = await startBrowser(t, withTestPlugins);

  await t.test("a type is chosen, a table of columns filled in, its lines moved and removed", async (t) => {
    const page = await open(t);
    await page.goto("/datasets");
    await page.getByRole("link", { name: "New", exact: true }).click();
    await page.getByRole("link", { name: /^Make one.*Blank table/ }).click();
    await page.getByLabel("Name", { exact: true }).fill("inventory");
    const define = async (row, name, type, preset) => {
      await cell(page, row, "name").fill(name);
      await cell(page, row, "type").selectOption(type);
      if (preset) await cell(page, row, "default_value").fill(preset);
    };
    await define(0, "second", "number", "7");
    await define(1, "first", "string");
    await cell(page, 1, "required").check();
    await define(2, "gone", "text");
    await page.getByRole("button", { name: "Move up: line 2" }).click();
    assert.equal(await cell(page, 0, "name").inputValue(), "first");
    await page.getByRole("button", { name: "Remove: line 3" }).click();
    await page.getByRole("button", { name: "Add another" }).click();
    await focusOn(page, "name", "column_definitions[2].name");
    await define(2, "third", "boolean");
    await page.getByRole("button", { name: "Make the dataset" }).click();
    assert.deepEqual(await columnsOf(server, page), [["first", "string", true, null], ["second", "number", false, "7"], ["third", "boolean", false, null]]);
    await page.getByRole("link", { name: "Add the first row" }).waitFor();
  });

  await t.test("by keyboard alone", async (t) => {
    const page = await open(t);
    await page.goto("/new/custom_dataset");
    await page.getByLabel("Name", { exact: true }).focus();
    await page.keyboard.type("typed");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.type("only");
    await page.keyboard.press("Tab");
    await page.keyboard.type("num"); // a select takes the letters
    await page.keyboard.press("Tab");
    await page.keyboard.type("one column");
    await page.keyboard.press("Enter"); // makes it: no other button is in the way
    assert.deepEqual(await columnsOf(server, page), [["only", "number", false, null]]);
  });

  for (const script of [true, false]) {
    await t.test(`what is wrong stands at its field in its line, and nothing that was sent is lost (script: ${script})`, async (t) => {
      const page = await open(t, { script, logs: ["status of 400"] });
      await page.goto("/new/custom_dataset");
      await page.getByLabel("Name", { exact: true }).fill("half right");
      await page.getByLabel("Description", { exact: true }).fill("<b>\"kept\"</b>");
      await cell(page, 0, "name").fill("good");
      await cell(page, 0, "type").selectOption("string");
      // A line left blank between, and one with a default value that does not fit.
      await cell(page, 2, "name").fill("bad");
      await cell(page, 2, "type").selectOption("number");
      await cell(page, 2, "default_value").fill("seven");
      await page.getByRole("button", { name: "Make the dataset" }).click();
      await page.getByRole("alert").getByText("Default value of 'bad' must be a number").waitFor();
      const wrong = cell(page, 1, "default_value");
      assert.equal(await wrong.inputValue(), "seven");
      assert.equal(await wrong.getAttribute("aria-invalid"), "true");
      await page.locator("td .error", { hasText: "must be a number" }).waitFor();
      assert.equal(await cell(page, 0, "name").inputValue(), "good");
      assert.equal(await cell(page, 1, "type").inputValue(), "number");
      assert.equal(await page.getByLabel("Description", { exact: true }).inputValue(), '<b>"kept"</b>');
      // A column without its name is asked for, not dropped.
      await wrong.fill("7");
      await cell(page, 1, "name").fill("");
      await page.getByRole("button", { name: "Make the dataset" }).click();
      await page.getByRole("alert").getByText("Column name is required").waitFor();
      await cell(page, 1, "name").fill("bad");
      await page.getByRole("button", { name: "Make the dataset" }).click();
      assert.deepEqual(await columnsOf(server, page), [["good", "string", false, null], ["bad", "number", false, "7"]]);
    });
  }

  await t.test("without a script there are blank lines, and more by a button that keeps what was typed", async (t) => {
    const page = await open(t, { script: false });
    await page.goto("/new/custom_dataset");
    await page.getByLabel("Name", { exact: true }).fill("many");
    const rows = await page.locator("[data-form-table] tbody tr").count();
    for (let i = 0; i < rows; i++) {
      await cell(page, i, "name").fill(`column ${i}`);
      await cell(page, i, "type").selectOption("string");
    }
    await page.getByRole("button", { name: "More lines" }).click();
    assert.equal(await cell(page, rows - 1, "name").inputValue(), `column ${rows - 1}`);
    await cell(page, rows, "name").fill("one more");
    await cell(page, rows, "type").selectOption("text");
    await page.getByRole("button", { name: "Make the dataset" }).click();
    assert.equal((await columnsOf(server, page)).length, rows + 1);
  });

  for (const script of [true, false]) {
    await t.test(`a type with a file and a form of every kind takes both (script: ${script})`, async (t) => {
      const page = await open(t, { script, logs: ["status of 400"] });
      await page.goto("/new/hooks_all");
      await page.getByLabel("Title").fill("forbidden");
      await page.getByLabel("Width").fill("3");
      await page.locator('[name="tags[0].name"]').fill("a tag");
      await page.setInputFiles("#file", text("first.txt", "from the first file\n"));
      await page.setInputFiles("#files", [text("one.txt", "one\n"), text("two.txt", "two\n")]);
      await page.getByRole("button", { name: "Make the dataset" }).click();
      await page.locator(".error", { hasText: "Title must not be 'forbidden'" }).waitFor();
      assert.equal(await page.getByLabel("Width").inputValue(), "3");
      assert.equal(await page.locator('[name="tags[0].name"]').inputValue(), "a tag");
      await page.getByLabel("Title").fill("allowed");
      await page.getByLabel("Copies").fill("1");
      if (!script) { // a browser forgets files; it never forgets what was typed
        await page.setInputFiles("#file", text("first.txt", "from the first file\n"));
        await page.setInputFiles("#files", [text("one.txt", "one\n"), text("two.txt", "two\n")]);
      }
      await page.getByRole("button", { name: "Make the dataset" }).click();
      await page.waitForURL(/\/datasets\/[^/]+$/);
      const rows = await rowsOf(server, page.url().split("/").at(-1));
      assert.deepEqual(rows.map((row) => row.text), ["allowed", "a tag", "from the first file", "one", "two"]);
      assert.deepEqual(rows.slice(2).map((row) => row.from), ["data:first.txt", "files:one.txt", "files:two.txt"]);
      await page.getByRole("heading", { name: "first" }).waitFor(); // called like its file
    });
  }

  await t.test("a form that is sent twice, by a double click or by an impatient browser, makes one dataset", async (t) => {
    const page = await open(t);
    const made = async (name) => (await datasetNames(server)).filter((one) => one === name).length;
    const fill = async (name) => {
      await page.goto("/new/custom_dataset");
      await page.getByLabel("Name", { exact: true }).fill(name);
      await cell(page, 0, "name").fill("a");
      await cell(page, 0, "type").selectOption("string");
    };
    await fill("clicked twice");
    await page.getByRole("button", { name: "Make the dataset" }).dblclick();
    await page.waitForURL(/\/datasets\/[^/]+$/);
    assert.equal(await made("clicked twice"), 1);
    await fill("sent twice");
    assert.deepEqual(await page.locator("main form").evaluate(async (form) => {
      const send = () => fetch(location.href, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      return (await Promise.all([send(), send(), send()])).map((answer) => answer.status);
    }), [200, 200, 200]);
    assert.equal(await made("sent twice"), 1);
    // Who goes back and makes another one of the same form gets it.
    assert.equal(await page.locator("main form").evaluate(async (form) => {
      form.elements.name.value = "another";
      return (await fetch(location.href, { method: "POST", body: new URLSearchParams(new FormData(form)) })).status;
    }), 200);
    assert.deepEqual([await made("sent twice"), await made("another")], [1, 1]);
  });

  await t.test("files that may be left out can be left out", async (t) => {
    const page = await open(t, { script: false });
    await page.goto("/new/hooks_all");
    await page.getByLabel("Name", { exact: true }).fill("no file");
    await page.getByLabel("Title").fill("alone");
    await page.getByLabel("Width").fill("3");
    await page.getByLabel("Copies").fill("1");
    await page.getByRole("button", { name: "Make the dataset" }).click();
    await page.waitForURL(/\/datasets\/[^/]+$/);
    assert.deepEqual((await rowsOf(server, page.url().split("/").at(-1))).map((row) => row.text), ["alone"]);
  });

  await t.test("of a source that is here already any type that takes a file can be made", async (t) => {
    const page = await open(t);
    await page.goto("/new/text_lines");
    await page.setInputFiles("#file", text("poem.txt", "roses are red\nviolets are blue\n"));
    await page.getByRole("button", { name: "Make the dataset" }).click();
    await page.getByRole("cell", { name: "roses are red" }).waitFor();
    await page.getByRole("link", { name: "uploaded file" }).click();
    await page.getByRole("link", { name: "Make a dataset from poem.txt" }).click();
    await page.getByRole("link", { name: "make something else of it" }).click();
    await page.getByRole("link", { name: /^Make one.*Lines of text/ }).waitFor();
    assert.equal(await page.getByRole("link", { name: /^Make one.*Blank table/ }).count(), 0, "it takes no file");
    await page.getByRole("link", { name: /^Make one.*Lines of text/ }).click();
    await page.getByRole("button", { name: "Make the dataset" }).waitFor();
    assert.equal(await page.locator("#file").count(), 0);
    await page.getByRole("button", { name: "Make the dataset" }).click();
    await page.getByRole("heading", { name: "poem" }).waitFor();
    await page.getByRole("cell", { name: "violets are blue" }).waitFor();
  });

  await t.test("a type whose plugin is not loaded is not offered, and its address says why", async (t) => {
    const page = await open(t, { logs: ["status of 422", "status of 404"] });
    await page.goto("/new");
    await page.getByText("2 more types whose plugins are not loaded").waitFor();
    assert.equal(await page.getByRole("link", { name: /Extraction/ }).count(), 0);
    await page.goto("/new/data_extraction");
    await page.getByText("the plugin extraction").waitFor();
    await page.goto("/new/nonsense");
    await page.getByText("there is no dataset type of this name").waitFor();
  });
});
