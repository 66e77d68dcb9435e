// The one page that is open to everybody, and the end of a session.

import assert from "node:assert/strict";
import test from "node:test";
import { startBrowser } from "./browser.mjs";

test("sign-in", async (t) => {
  const { server, open } = await startBrowser(t);

  await t.test("a wrong key is refused with what to do, the right one leads to where one wanted to go", async (t) => {
    const page = await open(t, { signedIn: false, logs: ["status of 401"] });
    await page.goto("/jobs");
    assert.equal(new URL(page.url()).pathname, "/sign-in");
    await page.getByLabel("Key").fill("rh_wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText("This key is not known here").waitFor();
    await page.getByLabel("Key").fill(` ${server.key} `);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL("/jobs");
    await page.getByRole("heading", { name: "Jobs", exact: true }).waitFor();
  });

  await t.test("an address of another host is not followed after the sign-in", async (t) => {
    const page = await open(t, { signedIn: false });
    for (const next of ["//evil.example/", "https://evil.example/", "/\\evil.example"]) {
      await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
      await page.getByLabel("Key").fill(server.key);
      await page.keyboard.press("Enter");
      await page.waitForURL("/datasets");
    }
  });

  await t.test("after signing out the old session opens nothing any more", async (t) => {
    const page = await open(t);
    await page.goto("/datasets");
    const [cookie] = await page.context().cookies();
    assert.equal(cookie.httpOnly, true);
    assert.equal(cookie.sameSite, "Lax");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("/sign-in");
    assert.deepEqual(await page.context().cookies(), []);
    await page.context().addCookies([cookie]);
    await page.goto("/datasets");
    assert.equal(new URL(page.url()).pathname, "/sign-in");
  });

  await t.test("a form on another site's page changes nothing with the session of this one", async (t) => {
    const page = await open(t);
    const answer = await page.request.post("/datasets/00000000-0000-4000-8000-000000000000/delete",
      { headers: { origin: "http://evil.example", "sec-fetch-site": "cross-site" } });
    assert.equal(answer.status(), 403);
  });

  await t.test("an upload after the session has ended says so, and keeps the form", async (t) => {
    const page = await open(t, { logs: ["status of 401"] });
    await page.goto("/upload");
    await page.getByLabel("Description").fill("typed with care");
    await page.setInputFiles("#file", { name: "a.csv", mimeType: "text/csv", buffer: Buffer.from("a\n1\n") });
    await page.context().clearCookies();
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByText("You are signed out.").waitFor();
    assert.equal(await page.getByLabel("Description").inputValue(), "typed with care");
    await page.getByRole("alert").getByRole("link", { name: "Sign in" }).click();
    await page.waitForURL("/sign-in?next=/upload");
  });
});
