// What every page keeps: readable for everybody (axe), light and dark, on a telephone, and deaf to
// whatever stands in names, columns, cells and file names.  That no page asks another host, logs an
// error or breaks its Content-Security-Policy is watched in every browser test (browser.mjs).

import assert from "node:assert/strict";
import test from "node:test";
import { accessibilityFaults, invite, makeDataset, openMenu, startBrowser } from "./browser.mjs";
import { formPages, withTestPlugins } from "./plugins.mjs";

const SCRIPT = '"><script>window.ran = 1</script>';
const IMAGE = "'><img src=x onerror='window.ran = 1'>";
const cell = (text) => `"${text.replaceAll('"', '""')}"`;

// One of each: ready, failed, with findings, without rows, hostile, of many tongues.
async function fill(server) {
  const hostile = [SCRIPT, IMAGE, "{row.id} {{7*7}}", "javascript:ran=1"].map(cell).join(",");
  const datasets = {
    ready: await makeDataset(server, "ready.csv", `id,name\n${[...Array(300).keys()].map((i) => `${i},name ${i}\n`).join("")}`),
    failed: await makeDataset(server, "failed.csv", `a,b\n1,2\n${"x,".repeat(2001)}\n`),
    findings: await makeDataset(server, "findings.csv", "a,b\n1\n2,3\n"),
    rowless: await makeDataset(server, "rowless.csv", "a,b\n"),
    tongues: await makeDataset(server, "tongues.csv", "المدينة,שם,emoji,漢字\nالقاهرة 1,שלום,👩‍👩‍👧‍👦🇩🇪,かな\n"),
    hostile: await makeDataset(server, `${IMAGE.replaceAll("'", "")}.csv`, `${hostile}\n${hostile}\n`,
      [["name", SCRIPT], ["description", IMAGE]]),
  };
  const post = async (target, json) => (await server.request("POST", `/api/rowhouse/v1${target}`, { json })).json;
  const { user } = await post("/users", { email: "x@example.org", name: IMAGE, role: "viewer" });
  await post("/keys", { name: SCRIPT, role: "viewer", dataset_ids: [datasets.hostile.id] });
  const jobs = (await server.request("GET", "/api/rowhouse/v1/jobs")).json.jobs;
  const job = (name, state) => jobs.find((j) => j.dataset_id === datasets[name].id && j.state === state).id;
  return {
    ...Object.fromEntries(Object.entries(datasets).map(([name, { id }]) => [name, `/datasets/${id}`])),
    datasets: "/datasets",
    upload: "/upload",
    "make a dataset": `/upload?source=${datasets.hostile.source_id}`,
    sources: "/sources",
    jobs: "/jobs",
    "job done": `/jobs/${job("hostile", "done")}`,
    "job failed": `/jobs/${job("failed", "failed")}`,
    "confirm delete": `/datasets/${datasets.hostile.id}/delete`,
    export: `/datasets/${datasets.hostile.id}/export`,
    "not there": "/datasets/nonsense",
    account: "/account",
    keys: "/keys",
    "make a key": "/keys/new",
    users: "/users",
    "invite a user": "/users/new",
    user: `/users/${user.id}`,
    audit: "/audit",
    "audit, nothing": "/audit?who=nobody",
  };
}

test("every page", async (t) => {
  const { server, open } = await startBrowser(t, withTestPlugins);
  const empty = await startBrowser(t);
  const pages = { ...await fill(server), ...await formPages(server, IMAGE) };

  await t.test("light, dark and narrow: axe finds nothing, nothing runs, nothing scrolls sideways", async (t) => {
    const faults = [];
    const look = async (page, what, name, rules) => {
      faults.push(...(await accessibilityFaults(page, rules)).map((fault) => `${what}, ${name}: ${fault}`));
      const { wide, ran } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth > innerWidth, ran: window.ran }));
      if (wide) faults.push(`${what}, ${name}: scrolls sideways`);
      if (ran) faults.push(`${what}, ${name}: ran what was in the data`);
    };
    // Dark and narrow change colours and places, not what the document says.
    const check = async (page, what) => {
      await look(page, what, "light");
      await page.emulateMedia({ colorScheme: "dark" });
      await look(page, what, "dark", ["color-contrast"]);
      await page.setViewportSize({ width: 390, height: 844 });
      await look(page, what, "narrow", ["target-size", "scrollable-region-focusable"]);
      await page.emulateMedia({ colorScheme: "light" });
      await page.setViewportSize({ width: 1280, height: 800 });
    };
    const page = await open(t, { logs: ["status of 400", "status of 404", "status of 422"] });
    for (const [what, address] of Object.entries(pages)) {
      await page.goto(address);
      await check(page, what);
    }
    await page.goto("/datasets");
    await openMenu(page);
    await check(page, "menu");
    await page.goto("/keys");
    for (const summary of await page.locator("td summary, th summary").all()) await summary.click();
    await check(page, "keys, a question");
    await page.goto("/keys/new");
    await page.getByLabel("Name").fill("for one");
    await page.getByLabel("Only these").check();
    await page.getByRole("button", { name: "Make the key" }).click();
    await page.getByText("choose at least one dataset").waitFor();
    await check(page, "make a key, refused");
    await page.getByLabel("All datasets").check();
    await page.getByRole("button", { name: "Make the key" }).click();
    await page.getByText("Copy it now").waitFor();
    await check(page, "key made");
    await page.goto(pages.user);
    for (const summary of await page.locator("main summary").all()) await summary.click();
    await check(page, "user, questions");
    await page.getByRole("button", { name: "Make the link" }).click();
    const link = await page.getByLabel("Link", { exact: true }).inputValue();
    await check(page, "link");
    const viewer = await open(t, { as: await invite(server, "viewer"), logs: ["status of 403"] });
    for (const address of [pages.ready, "/datasets", "/sources", "/jobs", "/keys", "/account", "/users"]) {
      await viewer.goto(address);
      await check(viewer, `viewer ${address}`);
    }
    const nobody = await open(t, { signedIn: false, logs: ["status of 400", "status of 401", "status of 410"] });
    await nobody.goto(pages.jobs);
    await nobody.locator("summary").click();
    await check(nobody, "sign-in");
    await nobody.getByLabel("E-mail address").fill("nobody@example.org");
    await nobody.getByLabel("Password").fill("nothing");
    await nobody.getByRole("button", { name: "Sign in" }).click();
    await nobody.getByRole("alert").waitFor();
    await check(nobody, "sign-in, refused");
    await nobody.goto(link);
    await check(nobody, "welcome");
    await nobody.getByLabel("Password").fill("short");
    await nobody.getByRole("button", { name: "Set it and sign in" }).click();
    await nobody.locator(".error").waitFor();
    await check(nobody, "welcome, refused");
    await nobody.goto("/welcome?token=used");
    await check(nobody, "link that was used");
    await page.goto(pages.hostile);
    await page.locator("tbody td").first().click();
    await check(page, "row drawer");
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Delete …" }).click();
    await check(page, "delete dialog");
    await page.goto(pages.findings);
    await page.locator(".findings summary").click();
    await check(page, "findings");
    const first = await empty.open(t);
    for (const address of ["/datasets", "/sources", "/jobs", "/users", "/keys/new"]) {
      await first.goto(address);
      await check(first, `empty ${address}`);
    }
    assert.deepEqual(faults, []);
  });

  await t.test("what is hostile is shown as the text it is", async (t) => {
    const page = await open(t);
    await page.goto(pages.hostile);
    assert.equal(await page.locator("h1").textContent(), SCRIPT);
    assert.equal(await page.locator(".description").textContent(), IMAGE);
    assert.deepEqual(await page.locator(".column-name").allTextContents(), [SCRIPT, IMAGE, "{row.id} {{7*7}}", "javascript:ran=1"]);
    assert.equal(await page.locator("tbody td").first().textContent(), SCRIPT);
    await page.goto(pages.user);
    assert.equal(await page.locator("h1").textContent(), IMAGE);
    for (const [address, text] of [["/users", IMAGE], ["/keys", SCRIPT], ["/audit", SCRIPT]]) {
      await page.goto(address);
      await page.getByText(text, { exact: true }).first().waitFor();
    }
    assert.equal(await page.evaluate(() => window.ran), undefined);
    await page.goto("/sources");
    await page.getByText("><img src=x onerror=window.ran = 1>.csv").first().waitFor();
  });

  await t.test("the theme follows the system, its button turns it, and it is remembered without a flash", async (t) => {
    const page = await open(t, { dark: true });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.addInitScript(() => new MutationObserver((_, observer) => {
      if (!document.body) return;
      window.themeAtBody = document.documentElement.dataset.theme;
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true }));
    await page.goto("/datasets");
    const dark = await ground();
    const button = page.getByRole("button", { name: "Dark theme" });
    assert.equal(await button.getAttribute("aria-pressed"), "true");
    await button.click();
    const light = await ground();
    assert.notEqual(light, dark);
    await page.goto("/jobs");
    assert.equal(await ground(), light);
    assert.equal(await page.evaluate(() => window.themeAtBody), "light");
    await button.click();
    assert.equal(await ground(), dark);
  });

  await t.test("a script that got into a page all the same would not run", async (t) => {
    const page = await open(t, { logs: ["Content Security Policy", "CSP script-src"] });
    await page.goto("/datasets");
    assert.equal(await page.evaluate(() => {
      document.body.insertAdjacentHTML("beforeend", "<img src='data:,' onerror='window.ran = 1'>");
      document.body.append(Object.assign(document.createElement("script"), { textContent: "window.ran = 1" }));
      return window.ran;
    }), undefined);
    const policy = (await page.request.get("/datasets")).headers()["content-security-policy"];
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'(;|$)/);
    assert.doesNotMatch(policy, /unsafe/);
  });
});
