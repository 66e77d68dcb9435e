// The grid of a dataset: what is in its columns, facets, filters, sorting, search and keys, with and
// without a script; every count is held against one made here.

import assert from "node:assert/strict";
import test from "node:test";
import { accessibilityFaults, focusOn, invite, makeDataset, startBrowser } from "./browser.mjs";

const cities = ["Ulm", "Köln", "Łódź", "a:b, \"c\""];

// 300 people: every third without a note, prices from 1 to 100, born over 50 years.
function makeRows(count) {
  return Array.from({ length: count }, (_, i) => ({
    name: `person ${i + 1}`,
    city: cities[i % 7 % 4],
    price: (i * 37) % 100 + 1,
    born: `${1950 + (i * 13) % 50}-0${i % 9 + 1}-1${i % 10}`,
    note: i % 3 ? `note ${i % 5}` : "",
  }));
}

const field = (value) => (/[",]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value);
const asCsv = (rows) => `${Object.keys(rows[0])}\n${rows.map((row) => Object.values(row).map(field).join()).join("\n")}\n`;

const count = (text) => Number(text.replace(/\D/g, ""));
const column = (page, n) => page.locator(`tbody td:nth-of-type(${n})`).allTextContents();
const range = (page, text) => page.locator("#range").getByText(text).waitFor();
const parameters = (page) => new URL(page.url()).searchParams;

test("grid", async (t) => {
  const { server, open } = await startBrowser(t);
  const rows = makeRows(300);
  const people = await makeDataset(server, "people.csv", asCsv(rows));
  const address = `/datasets/${people.id}`;
  const head = (page, name) => page.locator(`thead th[data-name=${JSON.stringify(name)}]`);
  const facet = (page, name) => page.getByRole("region", { name, exact: true });

  for (const script of [true, false])
    await t.test(`values of a facet are chosen and left out, their counts follow, the address says it all (${script ? "with" : "without"} a script)`, async (t) => {
      const page = await open(t, { script });
      await page.goto(address);
      for (const name of ["city", "note"]) await head(page, name).getByRole("link", { name: `Facet of ${name}` }).click();
      await facet(page, "note").waitFor();
      const shown = async (name) => Object.fromEntries(await Promise.all((await facet(page, name).getByRole("listitem").all()).map(async (item) =>
        [await item.locator(".value").textContent(), count(await item.locator(".number").textContent())])));
      const expected = (list, name) => list.reduce((all, row) => ({ ...all, [row[name] || "blank"]: (all[row[name] || "blank"] ?? 0) + 1 }), {});
      assert.deepEqual(await shown("city"), expected(rows, "city"));
      assert.deepEqual(await shown("note"), expected(rows, "note"));

      await facet(page, "city").getByRole("link", { name: "Köln", exact: true }).click();
      await range(page, `of ${rows.filter((r) => r.city === "Köln").length} that match`);
      await facet(page, "city").getByRole("link", { name: cities[3], exact: true }).click();
      await facet(page, "note").getByRole("link", { name: "Not blank", exact: true }).click();
      const chosen = rows.filter((r) => (r.city === "Köln" || r.city === cities[3]) && r.note);
      await range(page, `of ${chosen.length} that match, 300 in all`);
      assert.deepEqual((await column(page, 1)).slice(0, 50), chosen.slice(0, 50).map((r) => r.name));
      // A facet shows what its own choices leave out, too.
      assert.deepEqual(await shown("city"), expected(rows.filter((r) => r.note), "city"));
      assert.deepEqual(await shown("note"), expected(rows.filter((r) => r.city === "Köln" || r.city === cities[3]), "note"));
      assert.deepEqual(parameters(page).getAll("include"), ["city:Köln", `city:${cities[3]}`]);
      assert.deepEqual(parameters(page).getAll("exclude"), ["note:"]);
      assert.equal(await page.getByRole("link", { name: "Export …" }).getAttribute("href").then((h) => new URL(h, server.url).searchParams.getAll("include").length), 2);

      // Once more takes one back; a chip takes another; the browser's own way back undoes that.
      await facet(page, "city").getByRole("link", { name: "Köln", exact: true }).click();
      await range(page, `of ${rows.filter((r) => r.city === cities[3] && r.note).length} that match`);
      await page.getByRole("link", { name: /^Without note:/ }).click();
      await range(page, `of ${rows.filter((r) => r.city === cities[3]).length} that match`);
      await page.goBack();
      await range(page, `of ${rows.filter((r) => r.city === cities[3] && r.note).length} that match`);
      await page.getByRole("link", { name: "Show all rows" }).click();
      await range(page, "of 300");
      await facet(page, "city").waitFor();
      await facet(page, "city").getByRole("link", { name: "Close the facet city" }).click();
      await facet(page, "city").waitFor({ state: "detached" });
      assert.deepEqual(parameters(page).getAll("facet"), ["note"]);
    });

  await t.test("bars over numbers and dates lead to as many rows as they say, and all of them to all rows", async (t) => {
    const page = await open(t);
    for (const [name, of, place] of [["price", (r) => r.price, 3], ["born", (r) => r.born, 4]]) {
      await page.goto(address);
      const bars = head(page, name).locator(".bars a");
      const titles = await bars.locator("title").allTextContents();
      assert.ok(titles.length > 10);
      assert.equal(titles.reduce((sum, title) => sum + count(title.split(": ")[1]), 0), 300);
      for (const i of [0, 7, titles.length - 1]) {
        await page.goto(address);
        const said = count(titles[i].split(": ")[1]);
        // The middle of a bar may be over it, because it is low: the bar itself is clicked.
        await bars.nth(i).dispatchEvent("click");
        await range(page, `of ${said} that match`);
        const [from, to] = parameters(page).get("include").replace(/^\w+:/, "").split("..");
        const num = (v) => (name === "price" ? Number(v) : Date.parse(v));
        const expected = rows.filter((r) => num(of(r)) >= num(from) && (to === "" || num(of(r)) < num(to)));
        assert.equal(expected.length, said, titles[i]);
        assert.deepEqual(await column(page, place), expected.slice(0, 100).map((r) => String(of(r))));
      }
    }
  });

  await t.test("what is empty is said over its column, and leads to it", async (t) => {
    const page = await open(t);
    await page.goto(address);
    await head(page, "note").getByRole("link", { name: "33 % empty" }).click();
    await range(page, "of 100 that match");
    assert.deepEqual(new Set(await column(page, 5)), new Set([""]));
    assert.equal(await head(page, "city").getByText("empty").count(), 0);
  });

  await t.test("a click on a name sorts, once more turns it round, once more ends it; with Shift by several", async (t) => {
    const page = await open(t);
    const sorted = (...by) => [...rows].sort((a, b) => {
      for (const [name, turn] of by) if (a[name] !== b[name]) return (a[name] < b[name] ? -1 : 1) * turn;
      return 0;
    }).slice(0, 100);
    const click = (name, options) => head(page, name).locator(".column-name").click(options);
    const state = (sort) => page.waitForFunction((sort) => (new URLSearchParams(location.search).get("sort") ?? "") === sort &&
      !document.querySelector("#rows[aria-busy]"), sort);
    await page.goto(address);
    await click("price");
    await state("price");
    assert.deepEqual(await column(page, 1), sorted(["price", 1]).map((r) => r.name));
    assert.equal(await head(page, "price").getAttribute("aria-sort"), "ascending");
    await click("price");
    await state("-price");
    assert.deepEqual(await column(page, 1), sorted(["price", -1]).map((r) => r.name));
    assert.equal(await head(page, "price").getAttribute("aria-sort"), "descending");
    await click("born", { modifiers: ["Shift"] });
    await state("-price,born");
    assert.deepEqual(await column(page, 1), sorted(["price", -1], ["born", 1]).map((r) => r.name));
    await click("born", { modifiers: ["Shift"] });
    await state("-price,-born");
    await click("price");
    await state("-born");
    await click("born");
    await state("");
    assert.deepEqual(await column(page, 1), rows.slice(0, 100).map((r) => r.name));
  });

  await t.test("a filter and a search are asked for together; what is wrong is said at the filter, and nothing is lost", async (t) => {
    const page = await open(t, { logs: ["status of 400"] });
    await page.goto(`${address}?facet=city`);
    await page.getByLabel("Filter").fill("price > 50 and note is not blank");
    await page.getByLabel("Search").fill("NOTE 4");
    await page.keyboard.press("Enter");
    const found = rows.filter((r) => r.price > 50 && r.note === "note 4");
    await range(page, `of ${found.length} that match`);
    await focusOn(page, "id", "search");
    assert.deepEqual(await column(page, 1), found.slice(0, 100).map((r) => r.name));
    await page.getByLabel("Filter").fill("price > 50 and nothing = 1");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("there is no column nothing").waitFor();
    assert.equal(await page.getByLabel("Filter").inputValue(), "price > 50 and nothing = 1");
    assert.equal(await page.getByLabel("Filter").getAttribute("aria-invalid"), "true");
    assert.equal(await page.getByLabel("Search").inputValue(), "NOTE 4");
    await page.getByLabel("Filter").fill("price > 100000");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "No row matches" }).waitFor();
    await page.getByRole("link", { name: "Show all rows" }).last().click();
    await range(page, "of 300");
    assert.deepEqual([...parameters(page).keys()], ["facet"]);
  });

  await t.test("pages and positions are of the rows that match", async (t) => {
    const page = await open(t);
    await page.goto(`${address}?filter=price%20%3E%2010&sort=-name`);
    const found = rows.filter((r) => r.price > 10).sort((a, b) => (a.name < b.name ? 1 : -1));
    await page.getByRole("link", { name: "Last page" }).click();
    await range(page, `201–${found.length} of ${found.length}`);
    assert.deepEqual(await column(page, 1), found.slice(200).map((r) => r.name));
    await page.getByLabel("Go to row").fill("42");
    await page.keyboard.press("Enter");
    await page.locator("tr[aria-current]").getByRole("cell", { name: found[41].name, exact: true }).waitFor();
    assert.deepEqual([parameters(page).get("filter"), parameters(page).get("sort")], ["price > 10", "-name"]);
  });

  await t.test("by keyboard: from cell to cell and over the end of the page, into a row and back, to search and filter", async (t) => {
    const page = await open(t);
    const at = () => page.evaluate(() => document.activeElement.textContent);
    await page.goto(address);
    await page.locator("#grid").focus();
    await page.keyboard.press("ArrowDown");
    assert.equal(await at(), "person 1");
    for (const key of ["ArrowDown", "ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
    assert.equal(await at(), String(rows[1].price));
    await page.keyboard.press("Home");
    assert.equal(await at(), "person 2");
    await page.keyboard.press("Control+End");
    assert.equal(await at(), rows[99].note);
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowDown");
    await page.waitForFunction((text) => document.activeElement.textContent === text && location.search.includes("row=101"), rows[100].born);
    await page.keyboard.press("ArrowUp");
    await page.waitForFunction((text) => document.activeElement.textContent === text, rows[99].born);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByText("person 100", { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.keyboard.press("n");
    await range(page, "101–200");
    await page.keyboard.press("p");
    await range(page, "1–100");
    await page.keyboard.press("/");
    await focusOn(page, "id", "search");
    await page.keyboard.type("n?f/");
    assert.equal(await page.getByLabel("Search").inputValue(), "n?f/", "what is typed is no command");
    await page.locator("#grid").focus();
    await page.keyboard.press("f");
    await focusOn(page, "id", "filter");
    await page.locator("#grid").focus();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
  });

  for (const script of [true, false])
    await t.test(`an edit of a row that was searched for leads back to what was asked (${script ? "with" : "without"} a script)`, async (t) => {
      const page = await open(t, { script });
      await page.goto(`${address}?filter=name%20%3D%20'person%207'%20or%20name%20%3D%20'person%208'&sort=-name`);
      await range(page, "of 2 that match");
      if (script) {
        await page.getByRole("cell", { name: "person 7", exact: true }).click();
        await page.getByRole("button", { name: "Edit" }).click();
      } else {
        await page.getByRole("link", { name: "Edit row 2" }).click();
      }
      await page.getByLabel("price").fill(script ? "71" : "72");
      await page.getByRole("button", { name: "Save" }).click();
      if (script) {
        await page.getByRole("dialog").getByText("71", { exact: true }).waitFor();
        await page.getByRole("dialog").getByRole("button", { name: "Undo" }).click();
      } else {
        await range(page, "of 2 that match");
        assert.deepEqual(await column(page, 3), [String(rows[7].price), "72"]);
        await page.getByRole("button", { name: "Undo" }).click();
      }
      await range(page, "of 2 that match");
      await page.getByText(/taken back|Redo/).first().waitFor();
      assert.deepEqual(await column(page, 3), [rows[7].price, rows[6].price].map(String));
      assert.equal(parameters(page).get("sort"), "-name");
    });

  await t.test("a viewer asks like everybody, and changes nothing", async (t) => {
    const page = await open(t, { as: await invite(server, "viewer") });
    await page.goto(`${address}?include=price%3A10..20`);
    await range(page, `of ${rows.filter((r) => r.price >= 10 && r.price < 20).length} that match`);
    assert.equal(await page.getByRole("link", { name: /^Edit row/ }).count(), 0);
  });

  await t.test("of many cells the statistics come after the rows; a page of 100 rows stays under 100 kB", async (t) => {
    const many = await makeDataset(server, "many.csv", asCsv(makeRows(30000)));
    const page = await open(t);
    const answer = await page.goto(`/datasets/${many.id}`);
    assert.ok((await answer.body()).length <= 100000, `${(await answer.body()).length} bytes`);
    const bars = head(page, "price").locator(".bars title");
    await bars.first().waitFor({ state: "attached" });
    const sum = (await bars.allTextContents()).reduce((all, title) => all + count(title.split(": ")[1]), 0);
    assert.equal(sum, 30000);
  });

  await t.test("names with colons, commas and quotes are asked for like others; 2,000 columns are a page", async (t) => {
    const names = ['a:b', "c,d", 'say "hi"', "-minus", "in", "two words"];
    const odd = await makeDataset(server, "odd.jsonl", Array.from({ length: 20 }, (_, i) =>
      JSON.stringify(Object.fromEntries(names.map((name, k) => [name, `${(i * (k + 3)) % 4}x`])))).join("\n"));
    const page = await open(t);
    await page.goto(`/datasets/${odd.id}`);
    for (const name of names) {
      await head(page, name).getByRole("link", { name: "Facet of" }).click();
      await facet(page, name).getByRole("link", { name: "0x", exact: true }).click();
      await page.getByText(/that match, 20 in all/).waitFor();
      await head(page, name).locator(".column-name").click();
      await page.waitForFunction((name) => document.querySelector(`thead th[data-name=${JSON.stringify(name)}]`)?.getAttribute("aria-sort") === "ascending", name);
      await page.getByRole("link", { name: "Show all rows" }).click();
      await range(page, "of 20");
    }
    const wide = await makeDataset(server, "wide.csv", `${Array.from({ length: 2000 }, (_, i) => `c${i}`)}\n${Array.from({ length: 2000 }, (_, i) => i)}\n`);
    await page.goto(`/datasets/${wide.id}?sort=-c1999`);
    await range(page, "1–1 of 1");
    assert.equal(await page.locator("thead th").count(), 2001);
  });

  // Dark and narrow change colours and places, not what the document says.
  for (const [options, rules] of [[{}], [{ narrow: true, dark: true }, ["color-contrast", "target-size", "scrollable-region-focusable"]]])
    await t.test(`it can be read by everybody and scrolls sideways nowhere but in its table: ${JSON.stringify(options)}`, async (t) => {
      const page = await open(t, options);
      await page.goto(`${address}?facet=city&facet=price&facet=note&include=city%3AUlm&exclude=note%3A&sort=-price%2Cname`);
      await facet(page, "price").waitFor();
      assert.deepEqual(await accessibilityFaults(page, rules), []);
      for (const width of [320, 390, 1280, 2560]) {
        await page.setViewportSize({ width, height: 800 });
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} pixels`);
      }
      if (process.env.SHOTS) {
        await page.setViewportSize({ width: options.narrow ? 390 : 1280, height: 800 });
        await page.screenshot({ path: `${process.env.SHOTS}/grid-${JSON.stringify(options).replace(/\W/g, "")}.png`, fullPage: Boolean(options.narrow) });
      }
    });
});
