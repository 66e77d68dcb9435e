// How a person comes in and goes: the first link, the password, the end of a session.

import assert from "node:assert/strict";
import test from "node:test";
import { focusOn, invite, openMenu, owner, startBrowser } from "./browser.mjs";

const at = (page) => new URL(page.url()).pathname;

async function signIn(page, email, password) {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("first start", async (t) => {
  const { server, open } = await startBrowser(t, { fresh: true });

  await t.test("the printed link leads to a password and in; a bad one is refused at its field", async (t) => {
    const page = await open(t, { signedIn: false, logs: ["status of 400"] });
    await page.goto(server.link);
    await page.getByRole("heading", { name: "Welcome to Rowhouse" }).waitFor();
    await page.getByText("Owner: also manages users").waitFor();
    await page.getByLabel("E-mail address").fill("Olga@Example.org");
    const password = page.getByLabel("Password");
    assert.equal(await password.getAttribute("autocomplete"), "new-password");
    assert.equal(await page.getByLabel("E-mail address").getAttribute("autocomplete"), "username");
    await password.fill("short");
    await page.getByRole("button", { name: "Set it and sign in" }).click();
    await page.getByText("Password must be at least 10 characters").waitFor();
    assert.equal(await password.getAttribute("aria-invalid"), "true");
    assert.equal(await password.inputValue(), "", "a secret is not sent back");
    assert.equal(await page.getByLabel("E-mail address").inputValue(), "Olga@Example.org");
    await password.fill("long enough for this");
    await page.getByRole("button", { name: "Set it and sign in" }).click();
    await page.waitForURL("/datasets");
    await openMenu(page);
    await page.getByText("olga@example.org, owner").waitFor();
  });

  await t.test("the link works once; who has it still is sent to the sign-in, not nowhere", async (t) => {
    const page = await open(t, { signedIn: false, logs: ["status of 410"] });
    await page.goto(server.link);
    await page.getByText("This link was used already or is too old").waitFor();
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.waitForURL("/sign-in");
    await signIn(page, " OLGA@example.org ", "long enough for this");
    await page.waitForURL("/datasets");
  });
});

test("sign-in", async (t) => {
  const { server, open } = await startBrowser(t);

  await t.test("a wrong password is refused, the right one leads to where one wanted to go", async (t) => {
    const page = await open(t, { signedIn: false, logs: ["status of 401"] });
    await page.goto("/jobs");
    assert.equal(at(page), "/sign-in");
    assert.equal(await page.getByLabel("Password").getAttribute("autocomplete"), "current-password");
    for (const email of [owner.email, "nobody@example.org"]) {
      await signIn(page, email, "a wrong password");
      await page.getByRole("alert").getByText("The e-mail address or the password is wrong").waitFor();
      assert.equal(await page.getByLabel("E-mail address").inputValue(), email);
      assert.equal(await page.getByLabel("Password").inputValue(), "");
      await focusOn(page, "id", "password");
    }
    await signIn(page, owner.email, owner.password);
    await page.waitForURL("/jobs");
    await page.getByRole("heading", { name: "Jobs", exact: true }).waitFor();
  });

  await t.test("too many wrong ones are stopped, with what to do", async (t) => {
    const page = await open(t, { signedIn: false, logs: ["status of 401", "status of 429"] });
    let answer;
    await page.goto("/sign-in");
    for (let i = 0; i < 11 && answer?.status() !== 429; i++) {
      const loaded = page.waitForEvent("load");
      const answered = page.waitForResponse((one) => one.request().method() === "POST");
      await signIn(page, "somebody@example.org", `guess ${i} of many`);
      answer = await answered;
      await loaded; // or the next guess is typed into the page that is about to go
    }
    assert.equal(answer.status(), 429);
    await page.getByRole("alert").getByText(/too many failed attempts to sign in; try again in 1[345] minutes/i).waitFor();
    await signIn(page, owner.email, owner.password); // another account is not touched
    await page.waitForURL("/datasets");
  });

  await t.test("an address of another host is not followed after the sign-in", async (t) => {
    for (const next of ["//evil.example/", "https://evil.example/", "/\\evil.example"]) {
      const page = await open(t, { signedIn: false });
      await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
      await signIn(page, owner.email, owner.password);
      await page.waitForURL("/datasets");
      await page.goto(`/sign-in?next=${encodeURIComponent(next)}`); // nor when already in
      assert.equal(at(page), "/datasets");
    }
  });

  await t.test("after signing out the old session opens nothing any more", async (t) => {
    const page = await open(t);
    await page.goto("/datasets");
    const [cookie] = await page.context().cookies();
    assert.equal(cookie.name, "__Host-rowhouse");
    assert.equal(cookie.httpOnly, true);
    assert.equal(cookie.secure, true);
    assert.equal(cookie.sameSite, "Lax");
    await openMenu(page);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("/sign-in");
    assert.deepEqual(await page.context().cookies(), []);
    await page.context().addCookies([cookie]);
    await page.goto("/datasets");
    assert.equal(at(page), "/sign-in");
  });

  await t.test("a new password ends the session of another browser, and not the one it was set in", async (t) => {
    const logs = ["status of 400", "status of 401"];
    const user = await invite(server, "editor");
    const here = await open(t, { as: user, logs });
    const there = await open(t, { as: user });
    await there.goto("/datasets");
    await here.goto("/account");
    const change = async (old, password) => {
      await here.getByLabel("Old password").fill(old);
      await here.getByLabel("New password").fill(password);
      await here.getByRole("button", { name: "Change the password" }).click();
    };
    await change("not the old one", "another password now");
    await here.getByText("this is not your password").waitFor();
    assert.equal(await here.getByLabel("New password").inputValue(), "");
    await change(user.password, "another password now");
    await here.getByRole("status").getByText("Your password is changed").waitFor();
    await there.getByRole("link", { name: "Jobs" }).click();
    await there.waitForURL("/sign-in?next=%2Fjobs");
    await here.getByRole("link", { name: "Jobs" }).click();
    await here.waitForURL("/jobs");
    const later = await open(t, { signedIn: false, logs });
    await later.goto("/sign-in");
    await signIn(later, user.email, user.password);
    await later.getByRole("alert").waitFor();
    await signIn(later, user.email, "another password now");
    await later.waitForURL("/datasets");
  });

  await t.test("a form that is sent after the session has ended leads back to its page", async (t) => {
    const page = await open(t);
    await page.goto("/keys/new");
    await page.getByLabel("Name").fill("too late");
    await page.context().clearCookies();
    await page.getByRole("button", { name: "Make the key" }).click();
    await page.getByText("From here you go on to /keys/new").waitFor();
    await signIn(page, owner.email, owner.password);
    await page.waitForURL("/keys/new");
    assert.equal((await server.request("GET", "/api/rowhouse/v1/keys")).json.keys.some((key) => key.name === "too late"), false);
  });

  await t.test("a button that is pressed after the session has ended leads back to the page it stands on", async (t) => {
    const page = await open(t);
    await server.request("POST", "/api/rowhouse/v1/keys", { json: { name: "to revoke", role: "viewer" } });
    const { id } = await invite(server, "viewer", "victor");
    for (const [address, question, button] of [["/keys", "Revoke to revoke", "Revoke the key"],
      [`/users/${id}`, "Disable this user", "Disable the user"]]) {
      await page.goto(address);
      await page.getByText(question).click();
      await page.context().clearCookies();
      await page.getByRole("button", { name: button }).click();
      await signIn(page, owner.email, owner.password);
      await page.waitForURL(address);
    }
  });

  await t.test("a form on another site's page changes nothing with the session of this one", async (t) => {
    const page = await open(t);
    const [{ name, value }] = await page.context().cookies();
    const send = (headers) => server.request("POST", "/datasets/00000000-0000-4000-8000-000000000000/delete",
      { key: null, body: "csrf=", headers: { cookie: `${name}=${value}`, accept: "text/html",
        host: new URL(server.url).host, "content-type": "application/x-www-form-urlencoded", ...headers } });
    for (const headers of [{ origin: "http://evil.example", "sec-fetch-site": "cross-site" }, { origin: server.url }, {}]) {
      const answer = await send(headers);
      assert.equal(answer.status, 403);
      assert.match(answer.text, /You may not do that/);
    }
  });

  await t.test("an upload after the session has ended says so, keeps the form, and goes through after a sign-in in another tab", async (t) => {
    const page = await open(t, { logs: ["status of 401"] });
    await page.goto("/upload");
    await page.getByLabel("Description").fill("typed with care");
    await page.setInputFiles("#file", { name: "a.csv", mimeType: "text/csv", buffer: Buffer.from("a\n1\n") });
    await page.context().clearCookies();
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByText("You are signed out.").waitFor();
    assert.equal(await page.getByLabel("Description").inputValue(), "typed with care");
    const opened = page.waitForEvent("popup");
    await page.getByRole("alert").getByRole("link", { name: "Sign in" }).click();
    const other = await opened;
    await signIn(other, owner.email, owner.password);
    await other.waitForURL("/datasets");
    await page.getByRole("button", { name: "Upload" }).click(); // with the new session's token
    await page.waitForURL("/datasets/*");
    await page.getByText("typed with care").waitFor();
  });
});
