// Everything works without JavaScript: the same forms and links, no progress bar.

import assert from "node:assert/strict";
import fs from "node:fs";
import test from "node:test";
import { datasetNames, openMenu, owner, peopleCsv, startBrowser } from "./browser.mjs";

test("without script", async (t) => {
  const { server, open } = await startBrowser(t);

  await t.test("sign in, upload, wait, page, download and delete", async (t) => {
    const page = await open(t, { script: false, signedIn: false });
    const upload = peopleCsv(1234);
    await page.goto("/");
    await page.getByLabel("E-mail address").fill(owner.email);
    await page.getByLabel("Password").fill(owner.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("link", { name: "Name it first" }).click();
    await page.getByLabel("Name").fill("by hand <b>");
    await page.setInputFiles("#file", { name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(upload) });
    await page.getByRole("button", { name: "Upload" }).click();
    await page.waitForURL("/datasets/*"); // over the job's page, which asks again by itself
    await page.getByRole("link", { name: "Datasets", exact: true }).first().click();
    await page.getByRole("link", { name: "by hand <b>" }).click();
    await page.getByText("Rows 1–100 of 1 234").waitFor();
    await page.getByRole("link", { name: "Next page" }).click();
    await page.getByText("Rows 101–200 of 1 234").waitFor();
    await page.getByLabel("Go to row").fill("1234");
    await page.getByRole("button", { name: "Go" }).click();
    await page.getByRole("cell", { name: "person 1234" }).waitFor();

    await page.getByRole("link", { name: "Export …" }).click();
    const begun = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export" }).click();
    assert.equal(fs.readFileSync(await (await begun).path(), "utf8"), upload);
    await page.getByRole("link", { name: "Cancel" }).click();

    await page.getByRole("link", { name: "Delete …" }).click();
    await page.getByRole("heading", { name: "Delete this dataset?" }).waitFor();
    await page.getByRole("link", { name: "Keep it" }).click();
    await page.getByRole("link", { name: "Delete …" }).click();
    await page.getByRole("button", { name: "Delete the dataset" }).click();
    await page.getByRole("heading", { name: "Make your first dataset" }).waitFor();
    assert.deepEqual(await datasetNames(server), []);
    await openMenu(page);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("/sign-in");
  });

  await t.test("a refused upload comes back as the form with what was wrong", async (t) => {
    const page = await open(t, { script: false, logs: ["status of 422", "status of 400"] });
    await page.goto("/upload");
    await page.setInputFiles("#file", { name: "nothing.csv", mimeType: "text/csv", buffer: Buffer.alloc(0) });
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByRole("alert").getByText("the file nothing.csv is empty").waitFor();
    await page.setInputFiles("#file", { name: "a.csv", mimeType: "text/csv", buffer: Buffer.from("a\n1\n") });
    await page.getByRole("button", { name: "Upload" }).click();
    await page.waitForURL("/datasets/*");
  });

  await t.test("users are invited and disabled, keys made and revoked, the audit filtered", async (t) => {
    const page = await open(t, { script: false });
    await page.goto("/datasets");
    await openMenu(page);
    await page.getByRole("link", { name: "Users" }).click();
    await page.getByRole("link", { name: "Invite a user" }).click();
    await page.getByLabel("E-mail address").fill("vera@example.org");
    await page.getByRole("button", { name: "Make the link" }).click();
    const link = await page.getByLabel("Link", { exact: true }).inputValue();
    assert.equal(await page.getByRole("button", { name: "Copy" }).count(), 0);

    const vera = await open(t, { script: false, signedIn: false });
    await vera.goto(link);
    await vera.getByLabel("Password").fill("the password of vera");
    await vera.getByRole("button", { name: "Set it and sign in" }).click();
    await vera.waitForURL("/datasets");

    await page.getByRole("link", { name: "This user" }).click();
    await page.getByText("Disable this user").click();
    await page.getByRole("button", { name: "Disable the user" }).click();
    await page.getByText("Disabled: their sessions have ended").waitFor();
    await vera.getByRole("link", { name: "Jobs" }).click();
    await vera.waitForURL(/sign-in/);

    await page.goto("/keys/new");
    await page.getByLabel("Name").fill("by hand");
    await page.getByRole("button", { name: "Make the key" }).click();
    const key = await page.getByLabel("Key", { exact: true }).inputValue();
    assert.equal((await server.request("GET", "/api/rowhouse/v1/me", { key })).status, 200);
    await page.getByRole("link", { name: "All keys" }).click();
    const row = page.getByRole("row").filter({ hasText: "by hand" });
    await row.getByText("Revoke by hand").click();
    await row.getByRole("button", { name: "Revoke the key" }).click();
    await page.getByText("The key is revoked").waitFor();
    assert.equal((await server.request("GET", "/api/rowhouse/v1/me", { key })).status, 401);

    await page.goto("/audit");
    await page.getByLabel("Action").selectOption("key.revoke");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByRole("rowheader", { name: "Revoked a key" }).waitFor();
    assert.equal(await page.getByRole("row").count(), 2);
  });
});
