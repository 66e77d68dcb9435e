// Everything works without JavaScript: the same forms and links, no progress bar.

import assert from "node:assert/strict";
import fs from "node:fs";
import test from "node:test";
import { datasetNames, peopleCsv, startBrowser } from "./browser.mjs";

test("without script", async (t) => {
  const { server, open } = await startBrowser(t);

  await t.test("sign in, upload, wait, page, download and delete", async (t) => {
    const page = await open(t, { script: false, signedIn: false });
    const upload = peopleCsv(1234);
    await page.goto("/");
    await page.getByLabel("Key").fill(server.key);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("link", { name: "Upload", exact: true }).click();
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

    const begun = page.waitForEvent("download");
    await page.getByRole("link", { name: "CSV" }).click();
    assert.equal(fs.readFileSync(await (await begun).path(), "utf8"), upload);

    await page.getByRole("link", { name: "Delete …" }).click();
    await page.getByRole("heading", { name: "Delete this dataset?" }).waitFor();
    await page.getByRole("link", { name: "Keep it" }).click();
    await page.getByRole("link", { name: "Delete …" }).click();
    await page.getByRole("button", { name: "Delete the dataset" }).click();
    await page.getByRole("heading", { name: "Make your first dataset" }).waitFor();
    assert.deepEqual(await datasetNames(server), []);
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
});
