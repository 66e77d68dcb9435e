// accounts.test.mjs: how people come in and go: passwords and how often they may be guessed, sessions and
// when they end, links that work once, and the last owner, who stays.

import assert from "node:assert/strict";
import fs from "node:fs";
import test, { after } from "node:test";
import { invite, keepAlive, makeKey, patiently, rowhouse, Visitor } from "../lib/accounts.mjs";
import { startServer } from "../lib/server.mjs";
import { catalog, eventually, ours, processesOf, whileCatalogIsHeld, whileHashing } from "../lib/things.mjs";

const server = await startServer({ after });
const request = keepAlive(server, { after }, 16);
const owner = await Visitor.first(server);
const sql = (text) => catalog(server, text);
const forgive = () => sql("DELETE FROM attempts");
const tryOnce = (email, password, headers = {}) => request("POST", "/sign-in", { key: null,
  body: String(new URLSearchParams({ email, password })),
  headers: { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin", ...headers } });
const tryIn = (email, password, headers) => patiently(() => tryOnce(email, password, headers));
// Failed attempts are forgotten 15 minutes later, to the minute: of those of just now that is in 14 to 15.
const isRetryAfter = (answer) => {
  const wait = Number(answer.headers["retry-after"]);
  return wait > 840 - 60 && wait <= 900;
};
const isIn = async (visitor, cookie = visitor.cookie) =>
  (await request("GET", `${ours}/me`, { key: null, headers: { cookie } })).status === 200;

// ---- passwords ----

test("whoever fails to sign in learns nothing: not whether there is such a user, not in which state", async () => {
  await forgive();
  const vera = await invite(server, "viewer", "aaaaaa");
  const disabled = await invite(server, "viewer", "bbbbbb");
  await request("PATCH", `${ours}/users/${disabled.id}`, { json: { disabled: true } });
  await request("POST", `${ours}/users`, { json: { email: "cccccc@example.org", role: "viewer" } }); // has no password yet
  const face = async (name, word) => {
    const { status, headers, text } = await tryIn(`${name}@example.org`, word);
    return { status, cookie: headers["set-cookie"], page: text.replaceAll(name, "NAME").replaceAll(headers["x-request-id"], "ID") };
  };
  const unknown = await face("zzzzzz", "not the password");
  assert.deepEqual([unknown.status, unknown.cookie], [401, undefined]);
  assert.match(unknown.page, /the e-mail address or the password is wrong/i);
  assert.deepEqual(await face("aaaaaa", "not the password"), unknown, "a wrong password");
  assert.deepEqual(await face("bbbbbb", disabled.password), unknown, "a disabled user with the right one");
  assert.deepEqual(await face("cccccc", "not the password"), unknown, "one who has none");
  assert.deepEqual(await face("cccccc", ""), unknown, "one who has none, and none sent");
  assert.deepEqual(await face("aaaaaa", "x".repeat(5000)), unknown, "a long one");
  assert.deepEqual(await face("aaaaaa", `${vera.password} `), unknown, "the right one and a space");
  assert.deepEqual(await face("aaaaaa", vera.password.toUpperCase()), unknown, "the right one in capitals");
});

// The probability that the two samples come from the same urn (Mann and Whitney, by the normal curve).
function likeness(a, b) {
  const all = [...a.map((x) => [x, 0]), ...b.map((x) => [x, 1])].sort((x, y) => x[0] - y[0]);
  const ranks = all.reduce((sum, [, of], i) => (of === 0 ? sum + i + 1 : sum), 0);
  const u = ranks - (a.length * (a.length + 1)) / 2, mean = (a.length * b.length) / 2;
  const z = Math.abs(u - mean) / Math.sqrt((a.length * b.length * (a.length + b.length + 1)) / 12);
  return Math.min(1, 2 * (1 - 0.5 * (1 + erf(z / Math.SQRT2))));
}
function erf(x) {
  const t = 1 / (1 + 0.3275911 * x);
  return 1 - t * Math.exp(-x * x) * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
}

test("nor by the time it takes", async () => {
  await forgive();
  await invite(server, "viewer", "known");
  const times = { known: [], unknown: [] };
  for (let i = 0; i < 10; i++) {
    for (const name of i % 2 ? ["known", "unknown"] : ["unknown", "known"]) {
      const started = process.hrtime.bigint();
      assert.equal((await tryIn(`${name}@example.org`, "not the password")).status, 401);
      times[name].push(Number(process.hrtime.bigint() - started) / 1e6);
    }
  }
  // Without a hash for who is not there the two do not overlap, and this is 0.00016.
  const p = likeness(times.known, times.unknown);
  assert.ok(p > 0.0005, `p = ${p}: known ${times.known.map(Math.round)}, unknown ${times.unknown.map(Math.round)}`);
});

test("after 10 wrong passwords in a quarter of an hour not even the right one opens, for that account alone", async () => {
  await forgive();
  const [vera, victor] = [await invite(server, "viewer"), await invite(server, "viewer")];
  const session = vera.cookie;
  // All at once, and in every spelling of the address that is the same one.
  const answers = await Promise.all(Array.from({ length: 24 }, (_, i) =>
    tryIn([vera.email, vera.email.toUpperCase(), ` ${vera.email} `][i % 3], `guess ${i}`)));
  const wrong = answers.filter((a) => a.status === 401).length;
  assert.equal(wrong, 10, "so many were looked at");
  for (const answer of answers.filter((a) => a.status !== 401)) {
    assert.equal(answer.status, 429);
    assert.match(answer.text, /too many failed attempts to sign in; try again in 1[345] minutes, or use a link/i);
    assert.equal(answer.headers["set-cookie"], undefined);
    assert.ok(isRetryAfter(answer), answer.headers["retry-after"]);
  }
  assert.equal((await vera.signIn()).status, 429, "with the right one");
  assert.equal((await victor.signIn()).status, 303, "another account");
  assert.ok(await isIn(vera, session), "who is in stays in");
  // 10,000 guesses more, half of them at names nobody has, cost the server no hash and no memory.
  const counted = "SELECT substr(what,1,instr(what,':')-1) AS what, sum(count) AS n FROM attempts WHERE count>0 GROUP BY 1";
  assert.deepEqual(await sql(counted), ["account", "address", "pair"].map((what) => ({ what, n: 10 })), "each counts once for each");
  await sql("DELETE FROM attempts WHERE count=0; UPDATE attempts SET count=50 WHERE what LIKE 'address:%'");
  const memory = () => processesOf(server, "web").map(({ pid }) =>
    Number(fs.readFileSync(`/proc/${pid}/status`, "latin1").match(/VmRSS:\s+(\d+)/)[1]) / 1024);
  const room = memory();
  const counts = () => sql(`SELECT (SELECT group_concat(what||count) FROM attempts) AS attempts,
    (SELECT count(*) FROM audit WHERE action='sign_in.failed' AND who='${vera.email}') AS failed`);
  const [before] = await counts();
  assert.equal(before.failed, 10, "as many as were looked at");
  for (let i = 0; i < 10_000; i += 100) {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, k) =>
      tryOnce(k % 2 ? vera.email : `nobody${i + k}@example.org`, `guess ${i + k}`)));
    assert.ok(answers.every((a) => a.status === 429));
  }
  assert.deepEqual((await counts())[0], before, "no password is looked at, and nothing is written");
  // The sanitizers keep what was freed.
  if (!/-san/.test(process.env.ROWHOUSE_BUILD ?? "")) memory().forEach((now, i) => assert.ok(now < room[i] + 16, `a worker had ${room[i]} MiB and has ${now}`));
  await sql("UPDATE attempts SET count=10 WHERE what LIKE 'address:%'");
  const { link } = (await request("POST", `${ours}/users/${vera.id}/link`)).json;
  assert.ok(await isIn(await vera.follow(link, vera.name)), "but a link opens");
  // The quarter of an hour is over.
  await sql("UPDATE attempts SET minute=minute-15");
  assert.equal((await vera.signIn()).status, 303);
});

test("after 50 wrong passwords from one address nobody comes in from there", async () => {
  await forgive();
  await tryIn("nobody@example.org", "a guess");
  const [{ what }] = await sql("SELECT what FROM attempts WHERE what LIKE 'address:%'");
  const used = (count) => sql(`UPDATE attempts SET count=${count} WHERE what='${what}' AND minute=(SELECT max(minute) FROM attempts)`);
  await used(48);
  assert.equal((await tryIn("nobody2@example.org", "a guess")).status, 401, "the 49th");
  assert.equal((await owner.signIn()).status, 303, "before the 50th the right one opens, and does not count");
  assert.equal((await tryIn("nobody3@example.org", "a guess")).status, 401, "the 50th");
  assert.equal((await tryIn("nobody4@example.org", "a guess")).status, 429);
  assert.equal((await tryIn(owner.email, owner.password, { "x-forwarded-for": "192.0.2.7", "x-real-ip": "192.0.2.7" })).status,
    429, "whatever it says about where it comes from");
  await forgive();
  assert.equal((await owner.signIn()).status, 303);
});

test("guesses count wherever in the quarter of an hour they fall, and are forgotten minute by minute", async () => {
  await forgive();
  const vera = await invite(server, "viewer");
  await tryIn(vera.email, "a guess");
  const back = (minutes, count) => sql(`UPDATE attempts SET minute=strftime('%s','now')/60-${minutes}, count=${count}`);
  // On both sides of any edge there could be, 10 are 10.
  for (const minutes of [1, 7, 13]) {
    await back(minutes, 9);
    assert.equal((await tryIn(vera.email, "a guess")).status, 401, `the 10th, ${minutes} minutes after 9`);
    const refused = await tryIn(vera.email, vera.password);
    assert.equal(refused.status, 429);
    const wait = Number(refused.headers["retry-after"]);
    assert.ok(wait > (14 - minutes) * 60 - 60 && wait <= (15 - minutes) * 60, `after ${minutes} minutes: ${wait}`);
    await sql("DELETE FROM attempts WHERE minute=(SELECT max(minute) FROM attempts) AND (SELECT count(DISTINCT minute) FROM attempts)>1");
  }
  await back(15, 10);
  assert.equal((await vera.signIn()).status, 303);
});

test("one password is looked at at a time, and everything else goes on", async () => {
  await forgive();
  let pending = 40;
  const told = [];
  const guesses = Promise.all(Array.from({ length: 40 }, async (_, i) => {
    const answer = await patiently(async () => {
      const one = await tryOnce(`nobody${i}@example.org`, "a guess");
      if (one.status === 503) told.push(one);
      return one;
    });
    pending--;
    return answer.status;
  }));
  for (let i = 0; i < 20; i++) assert.equal((await server.request("GET", `${ours}/me`)).status, 200);
  assert.ok(pending > 0, "twenty answers, one after the other, before all guesses were looked at");
  assert.deepEqual([...new Set(await guesses)], [401]);
  assert.ok(told.length > 0);
  for (const answer of told) {
    assert.equal(answer.headers["retry-after"], "1");
    assert.match(answer.text, /somebody else is signing in at this moment; try again/i);
    assert.match(answer.text, /name="password"/, "the form, to send once more");
  }
  assert.equal((await sql("SELECT sum(count) AS n FROM attempts WHERE what LIKE 'address:%'"))[0].n, 40, "who was not looked at is not counted");
  await forgive();
});

// Behind a proxy that says whom it speaks for.
test("behind a trusted proxy it is the client's address that counts, and that the audit has", async (t) => {
  const own = await startServer(t, { env: { ROWHOUSE_TRUSTED_PROXIES: "unix: 10.0.0.0/8\t2001:db8:ffff::/48" } });
  const vera = await invite(own, "viewer");
  const from = (address, word = vera.password) =>
    vera.post("/sign-in", { email: vera.email, password: word }, { headers: { "x-forwarded-for": address } });
  const run = (text) => catalog(own, text);
  const fill = (pair) => run(`UPDATE attempts SET count=10 WHERE what LIKE 'pair:% ${pair}'`);
  // What a client writes itself, in front of what proxies add, is not believed.
  for (const address of ["192.0.2.1", "198.51.100.7, 192.0.2.1", "198.51.100.7, 192.0.2.1, 10.0.0.9", "192.0.2.1, 2001:db8:ffff::1"])
    assert.equal((await from(address, "a guess")).status, 401, address);
  const { entries } = (await own.request("GET", `${ours}/audit?action=sign_in.failed`)).json;
  assert.deepEqual(entries.map((e) => e.address), Array(4).fill("192.0.2.1"));
  await fill("192.0.2.1");
  assert.equal((await from("192.0.2.1")).status, 429);
  assert.equal((await from("192.0.2.2")).status, 303, "who guesses elsewhere does not lock the user out");
  // A house has a whole network of IPv6.
  assert.equal((await from("2001:db8:1:2::1", "a guess")).status, 401);
  await fill("2001:db8:1:2::/64");
  assert.equal((await from("2001:db8:1:2:a:b:c:d")).status, 429);
  assert.equal((await from("2001:db8:1:3::1")).status, 303, "another network");
  assert.equal((await from("::ffff:192.0.2.3", "a guess")).status, 401);
  assert.equal((await run("SELECT count(*) AS n FROM attempts WHERE what LIKE 'pair:%:ffff:192.0.2.3'"))[0].n, 1, "an address of IPv4, however it is written");
  // From everywhere together there are more, but not without end.
  await run("UPDATE attempts SET count=100 WHERE what LIKE 'account:%'");
  assert.equal((await from("192.0.2.4")).status, 429);
});

// ---- what happens meanwhile ----

test("of two changes of a user at once both hold", async () => {
  const vera = await invite(server, "owner");
  const now = async () => (await request("GET", `${ours}/users/${vera.id}`)).json.user;
  const answer = await whileCatalogIsHeld(server, () => request("PATCH", `${ours}/users/${vera.id}`, { json: { name: "Renamed" } }),
    () => sql(`UPDATE users SET role='viewer', disabled_at=1 WHERE user_id='${vera.id}'`));
  assert.equal(answer.status, 200);
  const { name, role, disabled } = await now();
  assert.deepEqual({ name, role, disabled }, { name: "Renamed", role: "viewer", disabled: true });
});

test("who follows a link comes in as what they are by then", async () => {
  const { link, user } = (await request("POST", `${ours}/users`, { json: { email: "meanwhile@example.org", role: "owner" } })).json;
  const visitor = new Visitor(server);
  await whileHashing(server, () => visitor.follow(link, "meanwhile"),
    () => rowhouse(server, "user", "role", "meanwhile@example.org", "--role", "viewer"));
  assert.equal((await visitor.get(`${ours}/me`)).json.role, "viewer");
  assert.equal((await request("GET", `${ours}/users/${user.id}`)).json.user.role, "viewer");
  // Disabled meanwhile, or given another link: this one is no good any more.
  for (const [name, ...words] of [["gone", "user", "disable"], ["other", "user", "link"]]) {
    const made = (await request("POST", `${ours}/users`, { json: { email: `${name}@example.org`, role: "owner" } })).json;
    const answer = await whileHashing(server, () => follow(made.link), () => rowhouse(server, ...words, `${name}@example.org`));
    assert.deepEqual([answer.status, answer.headers["set-cookie"]], [410, undefined], name);
  }
});

test("what ends a user's sessions ends a sign-in that is on its way", async () => {
  const vera = await invite(server, "viewer");
  const sessions = async () => (await sql(`SELECT count(*) AS n FROM sessions WHERE user_id='${vera.id}'`))[0].n;
  const signIn = () => tryOnce(vera.email, vera.password);
  const changed = await whileHashing(server, signIn, () => rowhouse(server, "user", "link", vera.email));
  assert.deepEqual([changed.status, changed.headers["set-cookie"], await sessions()], [401, undefined, 0]);
  const victor = await invite(server, "viewer");
  const disabled = await whileHashing(server, () => tryOnce(victor.email, victor.password), () => rowhouse(server, "user", "disable", victor.email));
  assert.deepEqual([disabled.status, disabled.headers["set-cookie"]], [401, undefined]);
  const walter = await invite(server, "viewer");
  const change = await whileHashing(server, () => walter.send("POST", `${ours}/me/password`, { json: { old_password: walter.password, password: "another password" } }),
    () => rowhouse(server, "user", "link", walter.email));
  assert.deepEqual([change.status, change.headers["set-cookie"]], [400, undefined]);
  await forgive();
});

test("a password has 10 to 128 characters of any kind, and is not the address nor one character", async () => {
  const { json } = await request("POST", `${ours}/users`, { json: { email: "words@example.org", role: "viewer" } });
  const token = json.link.split("token=")[1];
  const set = (word, email = "words@example.org") => new Visitor(server).post("/welcome", { token, email, password: word });
  for (const word of ["", "short-one", "ü".repeat(9), "x".repeat(129), "🏠".repeat(129), "aaaaaaaaaaaaaa", "words@example.org", "WORDS@example.org"]) {
    const answer = await set(word);
    assert.equal(answer.status, 400, word);
    assert.equal(answer.headers["set-cookie"], undefined);
    if (word.length > 4 && !word.includes("@")) assert.ok(!answer.text.includes(word), "it is not drawn again");
  }
  for (const email of ["", "x", "@", "a@", "@b", "a@b@c", "a b@c", "x".repeat(250) + "@b.cd", "a\n@b.cd"])
    assert.equal((await set("a good password", email)).status, 400, email);
  assert.equal((await set("a good password", owner.email)).status, 409, "another user's address");
  // None of this used the link up.
  const visitor = await new Visitor(server).follow(json.link, "words");
  const change = (old_password, word) => visitor.send("POST", `${ours}/me/password`, { json: { old_password, password: word } });
  for (const word of ["ü".repeat(10), "🏠".repeat(128), "x".repeat(64) + " y".repeat(32), "pass\0word more"]) {
    if (word.includes("\0")) {
      assert.equal((await change(visitor.password, word)).status, 400, "JSON with a NUL");
      continue;
    }
    assert.equal((await change(visitor.password, word)).status, 204, word);
    await visitor.learn();
    visitor.password = word;
  }
  assert.equal((await visitor.signIn()).status, 303);
});

// ---- sessions ----

test("every sign-in makes a session of its own, whatever cookie the browser came with", async () => {
  const seen = new Set([owner.cookie]);
  for (const cookie of [null, owner.cookie, `__Host-rowhouse=${"A".repeat(43)}`]) {
    const other = new Visitor(server);
    const answer = await other.post("/sign-in", { email: owner.email, password: owner.password }, cookie ? { headers: { cookie } } : {});
    assert.equal(answer.status, 303);
    assert.match(other.cookie, /^__Host-rowhouse=[0-9A-Za-z]{43}$/);
    assert.ok(!seen.has(other.cookie));
    seen.add(other.cookie);
    assert.ok(await isIn(other));
  }
  assert.ok(!(await isIn(owner, `__Host-rowhouse=${"A".repeat(43)}`)), "a token the server did not make opens nothing");
  const tokens = await sql("SELECT hex(session_hash) AS hash FROM sessions");
  for (const one of seen) assert.ok(!tokens.some((t) => t.hash.includes(Buffer.from(one.split("=")[1]).toString("hex").toUpperCase())));
});

test("a session ends when it is signed out, and only that one", async () => {
  const [one, two] = [new Visitor(server), new Visitor(server)];
  for (const visitor of [one, two]) await visitor.signIn(owner.email, owner.password);
  const { cookie } = one;
  const answer = await one.post("/sign-out");
  assert.deepEqual([answer.status, answer.headers.location], [303, "/sign-in"]);
  assert.match(answer.headers["set-cookie"][0], /^__Host-rowhouse=; .*Max-Age=0/);
  assert.deepEqual([await isIn(one, cookie), await isIn(two)], [false, true]);
});

test("a new password ends all other sessions, and the old one opens nothing", async () => {
  await forgive();
  const vera = await invite(server, "viewer");
  const elsewhere = new Visitor(server);
  await elsewhere.signIn(vera.email, vera.password);
  const old = vera.cookie;
  const change = (fields) => vera.send("POST", `${ours}/me/password`, { json: fields });
  const wrong = await change({ old_password: "not this", password: "a new password" });
  assert.deepEqual([wrong.status, wrong.json.errors[0].field], [400, "old_password"]);
  assert.ok(await isIn(elsewhere), "a wrong old one changes nothing");
  const answer = await change({ old_password: vera.password, password: "a new password" });
  assert.equal(answer.status, 204);
  assert.deepEqual([await isIn(vera, old), await isIn(elsewhere), await isIn(vera)], [false, false, true]);
  assert.equal((await tryIn(vera.email, vera.password)).status, 401);
  assert.equal((await tryIn(vera.email, "a new password")).status, 303);
  // Guessing the old one there is guessing too.
  await vera.learn();
  const guessed = async () => (await sql("SELECT sum(count) AS n FROM attempts WHERE what LIKE 'account:%'"))[0].n;
  assert.equal(await guessed(), 2, "the wrong old one, and the old one afterwards");
  assert.equal((await change({ old_password: "a new password", password: "short" })).status, 400);
  assert.equal(await guessed(), 2, "a new one that is no good is no guess");
  await sql("UPDATE attempts SET count=100 WHERE what LIKE 'account:%'");
  const many = await change({ old_password: "a new password", password: "another one, then" });
  assert.ok(many.status === 429 && isRetryAfter(many), `${many.status} ${many.headers["retry-after"]}`);
  const page = await vera.post("/account", { old_password: "a new password", password: "another one, then" });
  assert.ok(page.status === 429 && isRetryAfter(page), `${page.status} ${page.headers["retry-after"]}`);
  await forgive();
});

test("a session ends with its user disabled, and with a new link for them", async () => {
  const vera = await invite(server, "viewer");
  await request("PATCH", `${ours}/users/${vera.id}`, { json: { disabled: true } });
  assert.ok(!(await isIn(vera)));
  assert.equal((await vera.get("/datasets", { headers: { accept: "text/html" } })).headers.location, "/sign-in?next=%2Fdatasets");
  await request("PATCH", `${ours}/users/${vera.id}`, { json: { disabled: false } });
  assert.ok(!(await isIn(vera)), "it does not come back");
  await vera.signIn();
  assert.ok(await isIn(vera));
  await rowhouse(server, "user", "link", vera.email);
  assert.ok(!(await isIn(vera)));
  assert.equal((await vera.signIn()).status, 401, "nor does the old password open, which somebody else may know");
  const { link } = (await request("POST", `${ours}/users/${vera.id}/link`)).json;
  assert.ok(await isIn(await vera.follow(link, vera.name)), "the link sets another");
});

test("a session has its user's role as it is now", async () => {
  const vera = await invite(server, "viewer");
  assert.equal((await vera.get(`${ours}/users`)).status, 403);
  await request("PATCH", `${ours}/users/${vera.id}`, { json: { role: "owner" } });
  assert.equal((await vera.get(`${ours}/users`)).status, 200);
  await rowhouse(server, "user", "role", vera.email, "--role", "reviewer");
  assert.equal((await vera.get(`${ours}/users`)).status, 403);
});

test("a session ends after 12 hours without use, and after 7 days whatever happens", async () => {
  const minute = 60_000_000, hour = 60 * minute, day = 24 * hour;
  const visitor = new Visitor(server);
  const back = (column, us) => sql(`UPDATE sessions SET ${column}=strftime('%s','now')*1000000-${us}
    WHERE created_at=(SELECT max(created_at) FROM sessions)`);
  await visitor.signIn(owner.email, owner.password);
  await back("used_at", 12 * hour - minute);
  assert.ok(await isIn(visitor), "11 hours and 59 minutes");
  const [{ ago }] = await sql("SELECT strftime('%s','now')-used_at/1000000 AS ago FROM sessions WHERE created_at=(SELECT max(created_at) FROM sessions)");
  assert.ok(ago < 60, "used, it begins anew");
  await back("used_at", 12 * hour + minute);
  assert.ok(!(await isIn(visitor)), "12 hours and a minute");
  assert.ok(!(await isIn(visitor)), "and asking does not wake it");
  await visitor.signIn(owner.email, owner.password);
  await back("created_at", 7 * day - minute);
  assert.ok(await isIn(visitor), "a minute short of 7 days");
  // Of all sessions this is now the oldest by its making.
  await sql(`UPDATE sessions SET created_at=strftime('%s','now')*1000000-${7 * day + minute} WHERE created_at=(SELECT min(created_at) FROM sessions)`);
  assert.ok(!(await isIn(visitor)), "7 days and a minute, however lately it was used");
});

// ---- links ----

const linkFor = async (name, role = "viewer") =>
  (await request("POST", `${ours}/users`, { json: { email: `${name}@example.org`, name, role } })).json;
const follow = (link, fields = {}) => new Visitor(server).post("/welcome",
  { token: link.split("token=")[1], email: `x${Math.random()}@example.org`, password: "a good password", ...fields });

test("a link opens once; looking at its page does not use it up", async () => {
  const { link } = await linkFor("once");
  for (let i = 0; i < 3; i++) assert.equal((await request("GET", link, { key: null })).status, 200);
  assert.equal((await follow(link)).status, 303);
  for (const answer of [await request("GET", link, { key: null }), await follow(link)]) {
    assert.equal(answer.status, 410);
    assert.match(answer.text, /used already or is too old/);
    assert.equal(answer.headers["set-cookie"], undefined);
  }
});

test("of many who follow a link at once one comes in", async () => {
  const { link } = await linkFor("crowd");
  const answers = await Promise.all(Array.from({ length: 6 }, () => follow(link)));
  assert.deepEqual(answers.map((a) => a.status).sort(), [303, 410, 410, 410, 410, 410]);
});

test("a link is no good any more when it is old, replaced, or its user disabled, and never another's", async () => {
  const old = await linkFor("old");
  assert.equal((await sql("SELECT (expires_at-created_at)/3600000000 AS hours FROM links LIMIT 1"))[0].hours, 24);
  await sql(`UPDATE links SET expires_at=strftime('%s','now')*1000000-1 WHERE user_id='${old.user.id}'`);
  assert.equal((await follow(old.link)).status, 410);
  const again = (await request("POST", `${ours}/users/${old.user.id}/link`)).json;
  const third = (await request("POST", `${ours}/users/${old.user.id}/link`)).json;
  assert.equal((await follow(again.link)).status, 410, "replaced by another");
  await request("PATCH", `${ours}/users/${old.user.id}`, { json: { disabled: true } });
  assert.equal((await follow(third.link)).status, 410, "disabled");
  assert.equal((await request("POST", `${ours}/users/${old.user.id}/link`)).status, 409, "nor is another made");
  const token = (await linkFor("guess")).link.split("token=")[1];
  for (const wrong of ["", "x", token.slice(1), token.slice(0, -1), token.toLowerCase() + "", `${token}x`, "a".repeat(4000), "%00", "' OR 1=1 --"])
    assert.ok([400, 410].includes((await request("GET", `/welcome?token=${encodeURIComponent(wrong)}`, { key: null })).status), wrong);
});

test("the link of the first start opens once, and rowhouse user link makes another", async (t) => {
  const own = await startServer(t);
  const first = await Visitor.first(own);
  assert.deepEqual((await first.get(`${ours}/me`)).json.role, "owner");
  assert.equal((await new Visitor(own).post("/welcome", { token: own.link.split("token=")[1], email: "thief@example.org", password: "a good password" })).status, 410);
  const printed = await rowhouse(own, "user", "link");
  assert.match(printed, /^http:\/\/\S+\/welcome\?token=[0-9A-Za-z]{43}$/);
  await first.follow(printed, "renamed");
  assert.equal((await first.get(`${ours}/me`)).json.user.email, "renamed@example.org");
});

// ---- users ----

test("the last owner can neither go nor lose the role, whoever asks and how many at once", async (t) => {
  const own = await startServer(t);
  const first = await Visitor.first(own);
  const { user } = (await first.get(`${ours}/me`)).json;
  // With a key of nobody, which keeps its role.
  const key = await makeKey(own, { role: "owner" });
  const change = (id, json) => own.request("PATCH", `${ours}/users/${id}`, { key, json });
  for (const json of [{ role: "editor" }, { role: "viewer", name: "x" }, { disabled: true }]) {
    const answer = await change(user.id, json);
    assert.deepEqual([answer.status, answer.json.code], [409, "conflict"], JSON.stringify(json));
    assert.match(answer.json.detail, /last owner/);
  }
  await assert.rejects(rowhouse(own, "user", "disable", first.email), /last owner/);
  assert.equal((await change(user.id, { name: "Renamed" })).status, 200, "the rest of them may change");
  // Who was invited and never came does not stand in for them.
  const { user: invited } = (await own.request("POST", `${ours}/users`, { key, json: { email: "invited@example.org", role: "owner" } })).json;
  assert.equal((await change(user.id, { role: "editor" })).status, 409);
  assert.equal((await change(user.id, { disabled: true })).status, 409);
  assert.equal((await change(invited.id, { role: "viewer" })).status, 200);
  for (let round = 0; round < 3; round++) {
    const second = await invite(own, "owner", undefined, key);
    const answers = await Promise.all([change(user.id, { role: "viewer" }), change(second.id, { disabled: true })]);
    assert.deepEqual(answers.map((a) => a.status).sort(), [200, 409]);
    const { users } = (await own.request("GET", `${ours}/users?limit=100`, { key })).json;
    assert.equal(users.filter((u) => u.role === "owner" && !u.disabled).length, 1);
    await catalog(own, `UPDATE users SET role='owner', disabled_at=NULL WHERE user_id='${user.id}'`);
    await catalog(own, `UPDATE users SET role='viewer' WHERE user_id='${second.id}'`);
  }
});

test("an e-mail address is one user's, in whatever case, also of another organisation", async () => {
  await invite(server, "viewer", "taken");
  for (const email of ["taken@example.org", "TAKEN@Example.ORG", "  taken@example.org "]) {
    const answer = await request("POST", `${ours}/users`, { json: { email, role: "viewer" } });
    assert.deepEqual([answer.status, answer.json.errors[0].field], [409, "email"], email);
  }
  for (const email of ["x", "a@", "@b", "a@b@c", "a b@c", "a@b\r\nBcc: c@d", "", null, 7, "x".repeat(255)])
    assert.deepEqual([(await request("POST", `${ours}/users`, { json: { email, role: "viewer" } })).status], [400], String(email));
});
