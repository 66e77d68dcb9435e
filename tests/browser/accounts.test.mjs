// The pages about users, keys and the audit: who may come in, with what, and who did what.

import assert from "node:assert/strict";
import test from "node:test";
import { accessibilityFaults, focusOn, invite, makeDataset, openMenu, owner, startBrowser } from "./browser.mjs";

const at = (page) => new URL(page.url()).pathname;
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());
const row = (page, name) => page.getByRole("row").filter({ hasText: name });

async function openUser(page, name) {
  await page.goto("/users");
  await page.getByRole("link", { name, exact: true }).click();
  await page.waitForURL("/users/*-*");
}

test("users", async (t) => {
  const { server, open } = await startBrowser(t);

  await t.test("an invited viewer comes in by the link, sees everything and can change nothing", async (t) => {
    const { id } = await makeDataset(server, "cities.csv", "city\nUlm\n");
    const failed = await makeDataset(server, "torn.csv", `a,b\n1,2\n${"x,".repeat(2001)}\n`);
    const page = await open(t, { logs: ["status of 400"] });
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.goto("/datasets");
    await openMenu(page);
    await page.getByRole("link", { name: "Users" }).click();
    await page.getByText("You are the only one here").waitFor();
    await page.getByRole("link", { name: "Invite a user" }).click();
    await page.getByLabel("E-mail address").fill("vera");
    await page.getByRole("button", { name: "Make the link" }).click();
    await page.getByText("this is not an e-mail address").waitFor();
    await page.getByLabel("E-mail address").fill("vera@example.org");
    await page.getByLabel("Name").fill("Vera Viewer");
    await page.getByRole("button", { name: "Make the link" }).click();
    await page.getByRole("heading", { name: "Vera Viewer is invited" }).waitFor();
    await page.getByText("No mail is sent").waitFor();
    await page.getByRole("button", { name: "Copy the link" }).click();
    await page.getByRole("status").getByText("Copied: Link").waitFor();
    const link = await clipboard(page);
    assert.ok(link.startsWith(`${server.url}/welcome?token=`), link);
    await page.reload(); // shows no link again, and invites nobody else
    assert.equal(at(page), "/users");
    assert.equal(await page.getByRole("row").count(), 3);
    await row(page, "Vera Viewer").getByText("invited").waitFor();

    const vera = await open(t, { signedIn: false, logs: ["status of 403"] });
    await vera.goto(link);
    await vera.getByText("Viewer: sees everything, changes nothing").waitFor();
    await vera.getByLabel("Password").fill("the password of vera");
    await vera.getByRole("button", { name: "Set it and sign in" }).click();
    await vera.getByRole("link", { name: "cities" }).click();
    await vera.getByRole("cell", { name: "Ulm" }).waitFor();
    const controls = /^(new|upload|try|delete|edit|add|make a dataset|cancel|invite|users|audit)\b/i;
    for (const address of [`/datasets/${id}`, `/datasets/${failed.id}`, "/datasets", "/sources", "/jobs", "/account"]) {
      await vera.goto(address);
      await openMenu(vera);
      const words = await vera.locator("a:visible, button:visible, summary:visible").allTextContents();
      assert.deepEqual(words.map((word) => word.trim()).filter((word) => controls.test(word)), [], address);
    }
    for (const address of ["/users", "/users/new", "/audit"]) {
      await vera.goto(address);
      await vera.getByRole("heading", { name: "You may not do that" }).waitFor();
      await vera.getByText("This takes the role owner; yours is viewer").waitFor();
      await vera.getByRole("link", { name: "All datasets" }).waitFor();
    }
    for (const address of [`/datasets/${id}/delete`, "/new", "/upload"]) {
      await vera.goto(address);
      await vera.getByRole("heading", { name: "You may not do that" }).waitFor();
      await vera.getByText("This takes the role editor; yours is viewer").waitFor();
    }
    // What a page of hers could send, if it had the form.
    await vera.goto("/account");
    await vera.evaluate((id) => {
      const form = document.querySelector('form[action="/account"]');
      form.action = `/datasets/${id}/delete`;
      form.noValidate = true;
      form.requestSubmit();
    }, id);
    await vera.getByRole("heading", { name: "You may not do that" }).waitFor();
    await vera.goto(`/datasets/${id}`);
    await vera.getByRole("cell", { name: "Ulm" }).waitFor();
  });

  await t.test("a role that is changed holds from the next page on", async (t) => {
    const rita = await invite(server, "viewer", "rita");
    const page = await open(t);
    const hers = await open(t, { as: rita });
    await hers.goto("/datasets");
    assert.equal(await hers.getByRole("link", { name: "New", exact: true }).count(), 0);
    await openUser(page, "rita");
    await page.getByRole("combobox", { name: "Role" }).selectOption("editor");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("status").getByText("Saved").waitFor();
    await hers.reload();
    await hers.getByRole("link", { name: "New", exact: true }).waitFor();
  });

  await t.test("the last owner can neither go nor lose the role, and is told so in place", async (t) => {
    const page = await open(t, { logs: ["status of 409"] });
    await openUser(page, owner.name);
    const address = at(page);
    await page.getByRole("combobox", { name: "Role" }).selectOption("viewer");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("form", { name: "Name and role" }).getByRole("alert").getByText("This is the last owner").waitFor();
    await page.goto(address);
    await page.getByText("Disable this user").click();
    await page.getByRole("button", { name: "Disable the user" }).click();
    await page.getByRole("region", { name: "Disable" }).getByRole("alert").getByText("make another one first").waitFor();
    await page.goto("/users");
    assert.match(await row(page, owner.email).textContent(), /owner\s*active/);
  });

  await t.test("a disabled user whose page is open is sent to the sign-in, and comes in no more", async (t) => {
    const dora = await invite(server, "editor", "dora");
    const hers = await open(t, { as: dora, logs: ["status of 401"] });
    await hers.goto("/datasets");
    const page = await open(t);
    await openUser(page, "dora");
    const question = page.getByRole("button", { name: "Disable the user" });
    assert.equal(await question.isVisible(), false, "it asks first");
    await page.getByText("Disable this user").click();
    await question.click();
    await page.getByRole("status").getByText("Disabled").waitFor();
    await hers.getByRole("link", { name: "Sources" }).click();
    await hers.waitForURL("/sign-in?next=%2Fsources");
    const signIn = async () => {
      await hers.getByLabel("E-mail address").fill(dora.email);
      await hers.getByLabel("Password").fill(dora.password);
      await hers.getByRole("button", { name: "Sign in" }).click();
    };
    await signIn();
    await hers.getByRole("alert").waitFor();
    await page.getByRole("button", { name: "Enable the user" }).click();
    await page.getByRole("status").getByText("Enabled").waitFor();
    await signIn();
    await hers.waitForURL("/sources");
  });

  await t.test("a new link signs its user out and lets them set another password", async (t) => {
    const lena = await invite(server, "reviewer", "lena");
    const hers = await open(t, { as: lena });
    await hers.goto("/datasets");
    const page = await open(t);
    await openUser(page, "lena");
    await page.getByText("Make a new link").click();
    await page.getByRole("button", { name: "Make the link" }).click();
    const link = await page.getByLabel("Link", { exact: true }).inputValue();
    await hers.reload();
    await hers.waitForURL(/sign-in/);
    await hers.goto(link);
    await hers.getByRole("heading", { name: "Set a new password" }).waitFor();
    assert.equal(await hers.getByLabel("E-mail address").inputValue(), lena.email);
    await hers.getByLabel("Password").fill("remembered this time");
    await hers.getByRole("button", { name: "Set it and sign in" }).click();
    await hers.waitForURL("/datasets");
  });

  await t.test("by keyboard: the menu opens, closes with Escape, and gives the focus back", async (t) => {
    const page = await open(t);
    await page.goto("/datasets");
    const users = page.getByRole("link", { name: "Users" });
    await page.locator("summary", { hasText: "Signed in as" }).focus();
    await page.keyboard.press("Enter");
    await users.waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await focusOn(page, "textContent", "Keys");
    await page.keyboard.press("Escape");
    await users.waitFor({ state: "hidden" });
    await focusOn(page, "tagName", "SUMMARY");
    await page.keyboard.press("Enter");
    await users.waitFor();
    await page.getByRole("heading", { name: "Datasets" }).click();
    await users.waitFor({ state: "hidden" });
  });
});

test("keys", async (t) => {
  const { server, open } = await startBrowser(t);
  const use = (key, target = "/api/rowhouse/v1/datasets") => server.request("GET", target, { key });

  await t.test("a key is shown once, copied, used, and after a question revoked", async (t) => {
    const page = await open(t);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.goto("/keys");
    await page.getByRole("link", { name: "Make a key" }).click();
    await page.getByLabel("Name").fill("nightly import");
    await page.getByRole("combobox", { name: "Role" }).selectOption("editor");
    await page.getByLabel("Expires after").fill("30");
    await page.getByRole("button", { name: "Make the key" }).click();
    await page.getByText("is not shown again").waitFor();
    await page.getByRole("button", { name: "Copy the key" }).click();
    await page.getByRole("status").getByText("Copied: Key").waitFor();
    const key = await clipboard(page);
    assert.match(key, /^rh_\w{43}$/);
    assert.equal((await use(key)).status, 200);
    assert.deepEqual((await use(key, "/api/rowhouse/v1/me")).json.role, "editor");
    await page.getByRole("button", { name: "Copy the line" }).click();
    await page.getByRole("status").getByText("Copied: A first use").waitFor();
    assert.equal(await clipboard(page), `curl -H "Authorization: Bearer ${key}" "${server.url}/api/rowhouse/v1/datasets"`);
    await page.reload(); // the list, without the secret, and no second key
    const made = row(page, "nightly import");
    assert.equal(await made.count(), 1);
    assert.ok((await made.textContent()).includes(`${key.slice(0, 9)}…`));
    assert.ok(!(await page.content()).includes(key));
    const revoke = made.getByRole("button", { name: "Revoke the key" });
    assert.equal(await revoke.isVisible(), false, "it asks first");
    await made.getByText("Revoke nightly import").click();
    await revoke.click();
    await page.getByRole("status").getByText("The key is revoked").waitFor();
    await made.getByText("revoked", { exact: true }).waitFor();
    assert.equal(await made.locator("summary").count(), 0);
    assert.equal((await use(key)).status, 401);
  });

  await t.test("a key for some datasets sees those alone; none chosen is not taken for all", async (t) => {
    const one = await makeDataset(server, "one.csv", "a\n1\n");
    const two = await makeDataset(server, "two.csv", "a\n1\n");
    const page = await open(t, { logs: ["status of 400"] });
    await page.goto("/keys/new");
    await page.getByLabel("Name").fill("for the partner");
    assert.equal(await page.getByLabel("two").isVisible(), false);
    await page.getByLabel("Only these").check();
    await page.getByRole("button", { name: "Make the key" }).click();
    await page.getByText("choose at least one dataset").waitFor();
    assert.equal(await page.getByLabel("Name").inputValue(), "for the partner");
    assert.equal(await page.getByLabel("Only these").isChecked(), true);
    await page.getByLabel("two").check();
    await page.getByRole("button", { name: "Make the key" }).click();
    const key = await page.getByLabel("Key", { exact: true }).inputValue();
    assert.ok((await page.getByLabel("A first use of it").inputValue()).includes(two.id));
    assert.deepEqual((await use(key)).json.datasets.map((d) => d.name), ["two"]);
    assert.equal((await use(key, `/api/rowhouse/v1/datasets/${one.id}`)).status, 404);
    await page.goto("/keys");
    await row(page, "for the partner").getByText("viewer of 1 dataset only").click();
    await row(page, "for the partner").getByRole("link", { name: "two" }).waitFor();
  });

  await t.test("everybody has keys of their own; an owner sees and revokes all of them", async (t) => {
    const rolf = await invite(server, "reviewer", "rolf");
    const his = await open(t, { as: rolf });
    await his.goto("/keys");
    await his.getByRole("heading", { name: "No keys here" }).waitFor();
    await his.getByRole("link", { name: "Make a key" }).click();
    await his.waitForURL("/keys/new");
    assert.deepEqual(await his.getByRole("combobox", { name: "Role" }).locator("option").evaluateAll((all) => all.map((o) => o.value)),
      ["viewer", "reviewer"], "no role that would be refused");
    await his.getByLabel("Name").fill("tablet of rolf");
    await his.getByRole("button", { name: "Make the key" }).click();
    const key = await his.getByLabel("Key", { exact: true }).inputValue();
    await his.goto("/account");
    assert.equal(await his.getByRole("row").count(), 2);
    const page = await open(t);
    await page.goto("/account");
    assert.equal(await row(page, "tablet of rolf").count(), 0);
    await page.goto("/keys");
    const shown = row(page, "tablet of rolf");
    assert.match(await shown.textContent(), /rolf@example\.org/);
    await shown.getByText("Revoke tablet of rolf").click();
    await shown.getByRole("button", { name: "Revoke the key" }).click();
    await page.waitForURL(/\/keys\?/);
    assert.equal((await use(key)).status, 401);
  });

  await t.test("without a clipboard the key is marked, and it is said", async (t) => {
    const page = await open(t);
    await page.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, "clipboard", { get: () => undefined });
      document.execCommand = () => false;
    });
    await page.goto("/keys/new");
    await page.getByLabel("Name").fill("by hand");
    await page.getByRole("button", { name: "Make the key" }).click();
    const key = await page.getByLabel("Key", { exact: true }).inputValue();
    await page.getByRole("button", { name: "Copy the key" }).click();
    await page.getByRole("status").getByText("copy it with the keyboard").waitFor();
    assert.equal(await page.evaluate(() => {
      const field = document.getElementById("secret");
      return field.value.slice(field.selectionStart, field.selectionEnd);
    }), key);
  });
});

test("audit", async (t) => {
  const { server, open } = await startBrowser(t);
  const vera = await invite(server, "viewer", "vera");
  const { id } = await makeDataset(server, "audited.csv", "a\n1\n");
  const day = new Date().toISOString().slice(0, 10);

  const actions = (page) => page.locator("tbody th code").allTextContents();
  const filter = async (page, fill) => {
    await page.goto("/audit");
    await fill();
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForURL(/\/audit\?/);
    return actions(page);
  };

  await t.test("it is filtered by action, by who, by what it was about, and by day", async (t) => {
    const page = await open(t, { logs: ["status of 400"] });
    await page.goto("/datasets");
    await openMenu(page);
    await page.getByRole("link", { name: "Audit", exact: true }).click();
    await page.getByRole("rowheader", { name: "Made a dataset" }).waitFor();
    await page.getByText("Entries are kept for 365 days").waitFor();
    const action = page.getByLabel("Action");
    assert.deepEqual(await filter(page, () => action.selectOption({ label: "Invited a user" })), ["user.new", "user.new"], "the first start's owner, and vera");
    assert.equal(await action.inputValue(), "user.new");
    assert.deepEqual(await filter(page, () => action.selectOption({ label: "All about datasets" })), ["dataset.new"]);
    await page.getByRole("row").getByRole("link", { name: "audited" }).click();
    await page.waitForURL(`/datasets/${id}`);
    assert.deepEqual(await filter(page, () => page.getByLabel("Who").fill(vera.email)), ["sign_in.link"]);
    assert.deepEqual(await filter(page, () => page.getByLabel("Of what").fill(id)), ["dataset.new"]);
    const today = await filter(page, async () => {
      await page.getByLabel("From day").fill(day);
      await page.getByLabel("Until day").fill(day);
      await page.getByLabel("Who").fill(vera.email);
    });
    assert.deepEqual(today, ["sign_in.link"], "the last day is included");
    assert.deepEqual(await filter(page, () => page.getByLabel("Until day").fill("2020-01-01")), []);
    await page.getByRole("link", { name: "Show everything" }).click();
    await page.getByRole("rowheader", { name: "Made a dataset" }).waitFor();
    await page.goto("/audit?from=yesterday&who=vera");
    await page.getByRole("alert").getByText("From must be a time").waitFor();
    assert.equal(await page.getByLabel("Who").inputValue(), "vera");
  });

  await t.test("older entries are a link away, and the filter stays", async (t) => {
    const page = await open(t);
    for (let i = 0; i < 60; i++) // each is an entry
      await server.request("POST", "/api/rowhouse/v1/keys", { json: { name: `key ${i}`, role: "viewer" } });
    await page.goto("/audit?action=key.new");
    await page.getByText("key 59", { exact: true }).waitFor();
    assert.equal((await actions(page)).length, 50);
    await page.getByRole("link", { name: "Older entries" }).click();
    await page.getByText("key 9", { exact: true }).waitFor();
    assert.deepEqual(await actions(page), Array(11).fill("key.new"), "with the key of the first start");
    assert.equal(await page.getByRole("link", { name: "Older entries" }).count(), 0);
    await page.getByRole("link", { name: "Newest" }).click();
    await page.getByText("key 59", { exact: true }).waitFor();
  });

  await t.test("a change of a user says what they became", async (t) => {
    const page = await open(t);
    await server.request("PATCH", `/api/rowhouse/v1/users/${vera.id}`, { json: { role: "editor" } });
    await page.goto("/audit?action=user.change");
    await page.getByRole("rowheader", { name: "Changed a user" }).waitFor();
    assert.deepEqual(await page.locator(".tags li").allTextContents(), ["role: editor", "disabled: no"]);
  });

  await t.test("on a telephone it reads like cards, with room for a finger", async (t) => {
    const page = await open(t, { narrow: true });
    await page.goto("/audit");
    assert.deepEqual(await accessibilityFaults(page), []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  });
});
