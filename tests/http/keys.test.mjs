// keys.test.mjs: keys: only a whole and living one opens the door, its secret is nowhere but with whom
// it was given to, it stops at once, and it may never do more than who made it.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { after } from "node:test";
import { invite, keepAlive, makeKey, makeOrg, rowhouse, Visitor } from "../lib/accounts.mjs";
import { connect } from "../lib/raw.mjs";
import { startServer } from "../lib/server.mjs";
import { catalog, makeDataset, ours, processesOf, signalAll } from "../lib/things.mjs";

const server = await startServer({ after });
const request = keepAlive(server, { after });
const owner = await Visitor.first(server);
const get = (key, target = `${ours}/me`) => request("GET", target, { key });
const newKey = (json, more = {}) => request("POST", `${ours}/keys`, { json: { name: "a key", role: "viewer", ...json }, ...more });
const isOpen = async (key) => (await get(key)).status === 200;

// One request whose headers are bytes.
async function raw(lines, target = `${ours}/me`) {
  const c = await connect(server);
  await c.send(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lines.map((l) => `${l}\r\n`).join("")}\r\n`, "latin1"));
  const answer = await c.answer();
  c.leave();
  return answer;
}

test("a key is taken as RFC 6750 writes it, whatever the case of the scheme", async () => {
  const { key } = server;
  for (const line of [`Bearer ${key}`, `bearer ${key}`, `BEARER ${key}`, `Bearer   ${key}  `])
    assert.equal((await raw([`Authorization: ${line}`])).status, 200, line);
});

test("nothing else opens the door, and nothing breaks it", async () => {
  const { key } = server;
  const swapped = key.replace(/[a-zA-Z]/g, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()));
  const values = ["", " ", "Bearer", "Bearer ", "Bearer  ", key, `Bearer${key}`, `Bearer=${key}`, `Token ${key}`, `Basic ${key}`,
    `Basic ${btoa(`${key}:`)}`, `Basic ${btoa(`:${key}`)}`, `Bearer ${key} x`, `Bearer ${key},`, `Bearer ${key}\tx`, `Bearer "${key}"`,
    `Bearer x ${key}`, `Bearer ${key}${key}`, `Bearer ${key.slice(0, -1)}`, `Bearer ${key.slice(1)}`, `Bearer ${swapped}`,
    `Bearer rh_`, `Bearer ${"k".repeat(255)}`, `Bearer ${"k".repeat(256)}`, `Bearer ${"k".repeat(8000)}`, `Bearer \xfc\xff`,
    "Bearer 数".toString(), "Bearer %00", "Bearer ' OR 1=1 --", `Bearer ${key}%00`, `Digest username="${key}"`, `Bearer null`];
  for (const value of values) {
    const answer = await raw([`Authorization: ${value}`]);
    assert.equal(answer.status, 401, `${value.slice(0, 60)}: ${answer.text}`);
    assert.equal(answer.headers["www-authenticate"], "Bearer realm=\"rowhouse\"");
    assert.ok(!answer.text.includes(key.slice(3)), "no key is repeated");
  }
  // What nginx does not let through.
  for (const value of [`Bearer ${key}\0`, `Bearer \0${key}`, `Bearer ${"k".repeat(70000)}`])
    assert.ok([400, 431].includes((await raw([`Authorization: ${value}`])).status), JSON.stringify(value.slice(0, 60)));
  // Other places than the header.
  for (const [lines, target] of [[[], `${ours}/me?key=${key}`], [[], `${ours}/me?access_token=${key}`], [[`X-Api-Key: ${key}`]],
    [[`Cookie: __Host-rowhouse=${key}`]], [[`Cookie: key=${key}; authorization=Bearer ${key}`]], [[`Proxy-Authorization: Bearer ${key}`]],
    [[`Authorization_: Bearer ${key}`]], [[`Http-Authorization: Bearer ${key}`]]])
    assert.equal((await raw(lines, target)).status, 401, String(lines) + target);
});

test("of two Authorization headers the first counts, or none", async () => {
  const good = `Authorization: Bearer ${server.key}`, bad = "Authorization: Bearer rh_wrong";
  assert.ok([400, 401].includes((await raw([bad, good])).status));
  assert.ok([200, 400, 401].includes((await raw([good, bad])).status));
  assert.ok([400, 401].includes((await raw([bad, bad])).status));
});

test("a bad key is not made good by a session's cookie beside it", async () => {
  for (const line of ["Authorization: Bearer rh_wrong", "Authorization: Basic eDp5"])
    assert.equal((await raw([line, `Cookie: ${owner.cookie}`])).status, 401, line);
  assert.equal((await raw([`Cookie: ${owner.cookie}`])).status, 200, "which is good");
});

// (The one of readdirSync() stumbles over sockets in Debian's Node.)
const filesBelow = (folder) => fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? filesBelow(path.join(folder, entry.name)) : entry.isFile() ? [path.join(folder, entry.name)] : []);

test("a secret is shown once, and nowhere in the data folder but the admin's in its file", async () => {
  const made = await newKey({ name: "shown once" }, { headers: { "idempotency-key": "make-a-key" } });
  assert.equal(made.status, 201);
  const { key, secret } = made.json;
  assert.match(secret, /^rh_[0-9A-Za-z]{43}$/);
  assert.equal(key.begins, secret.slice(0, 9), "what tells it from others");
  assert.ok(await isOpen(secret));
  // The answer is not kept: sent again, it makes another key.
  const again = await newKey({ name: "shown once" }, { headers: { "idempotency-key": "make-a-key" } });
  assert.equal(again.status, 201);
  assert.notEqual(again.json.secret, secret);
  const byHand = await makeKey(server, { role: "viewer" });
  const { link } = (await request("POST", `${ours}/users`, { json: { email: "link@example.org", role: "viewer" } })).json;
  const word = "a password that nobody finds";
  const vera = await invite(server, "viewer");
  assert.equal((await vera.send("POST", `${ours}/me/password`, { json: { old_password: vera.password, password: word } })).status, 204);
  assert.equal((await vera.signIn(vera.email, "a wrong one, typed by mistake")).status, 401);
  const token = link.split("token=")[1], session = vera.cookie.split("=")[1];
  assert.ok(token.length >= 43 && session.length >= 43);
  for (const target of ["/keys", `/keys/${key.id}`, "/audit?limit=100", "/users", "/me"])
    for (const one of [secret, byHand, token, session, server.key])
      assert.ok(!(await request("GET", `${ours}${target}`)).text.includes(one.slice(10)), target);
  const secrets = { secret, again: again.json.secret, byHand, admin: server.key, token, session, word, wrong: "a wrong one, typed" };
  const found = [];
  for (const file of filesBelow(server.folder)) {
    const name = path.relative(server.folder, file);
    const bytes = fs.readFileSync(file, "latin1");
    for (const [what, text] of Object.entries(secrets)) if (bytes.includes(text.slice(10))) found.push(`${what} in ${name}`);
  }
  assert.deepEqual(found, ["admin in admin.key"]);
  assert.ok(fs.existsSync(path.join(server.folder, "catalog.db-wal")), "the log of writes was looked at too");
});

// Each worker alone: the others stand still.
async function inEveryWorker(look) {
  const workers = processesOf(server, "web");
  assert.ok(workers.length >= 2);
  for (const one of workers) {
    const rest = workers.filter((w) => w !== one);
    signalAll(rest, "SIGSTOP");
    try {
      await look();
    } finally {
      signalAll(rest, "SIGCONT");
    }
  }
}

test("a key stops with the very next request in every worker: revoked, expired, its user disabled", async () => {
  const ends = {
    "revoked by the API": (id) => request("DELETE", `${ours}/keys/${id}`),
    "revoked from the command line": (id) => rowhouse(server, "key", "revoke", id),
    expired: (id) => catalog(server, `UPDATE keys SET expires_at=strftime('%s','now')*1000000-1 WHERE key_id='${id}'`),
  };
  for (const [how, end] of Object.entries(ends)) {
    const { json } = await newKey({ expires_in_days: 1 });
    await inEveryWorker(async () => assert.ok(await isOpen(json.secret), how));
    await end(json.key.id);
    await inEveryWorker(async () => assert.equal((await get(json.secret)).status, 401, how));
  }
  const vera = await invite(server, "editor");
  const { secret } = (await vera.send("POST", `${ours}/keys`, { json: { name: "of vera", role: "editor" } })).json;
  const disable = (disabled) => request("PATCH", `${ours}/users/${vera.id}`, { json: { disabled } });
  await inEveryWorker(async () => assert.ok(await isOpen(secret)));
  assert.equal((await disable(true)).status, 200);
  await inEveryWorker(async () => assert.equal((await get(secret)).status, 401, "its user disabled"));
  assert.equal((await disable(false)).status, 200);
  await inEveryWorker(async () => assert.ok(await isOpen(secret), "and enabled again"));
});

test("a revoked key stays in the list, and revoking it again changes nothing", async () => {
  const { id } = (await newKey({ name: "gone" })).json.key;
  const first = (await request("DELETE", `${ours}/keys/${id}`)).json.key;
  assert.deepEqual([first.state, first.active], ["revoked", false]);
  const second = await request("DELETE", `${ours}/keys/${id}`);
  assert.deepEqual([second.status, second.json.key.revoked_at], [200, first.revoked_at]);
  assert.ok((await request("GET", `${ours}/keys?limit=100`)).json.keys.some((k) => k.id === id && k.state === "revoked"));
});

test("expires_in_days: from 1 to 3650 whole days", async () => {
  for (const days of [1, 3650]) {
    const { key } = (await newKey({ expires_in_days: days })).json;
    const left = (Date.parse(key.expires_at) - Date.now()) / 86400000;
    assert.ok(Math.abs(left - days) < 0.01, `${days}: ${left}`);
  }
  assert.equal((await newKey({})).json.key.expires_at, null);
  for (const days of [0, -1, 3651, 1.5, "1", true, 1e300]) {
    const answer = await newKey({ expires_in_days: days });
    assert.deepEqual([answer.status, answer.json.errors?.[0].field], [400, "expires_in_days"], String(days));
  }
});

test("the last use of a key is noted, not every one", async () => {
  const { key, secret } = (await newKey({})).json;
  const used = async () => (await request("GET", `${ours}/keys/${key.id}`)).json.key.used_at;
  assert.equal(await used(), null);
  await get(secret);
  const first = Date.parse(await used());
  assert.ok(Math.abs(Date.now() - first) < 5000);
  await catalog(server, `UPDATE keys SET used_at=used_at-30000000 WHERE key_id='${key.id}'`);
  await get(secret);
  assert.equal(Date.parse(await used()), first - 30000, "within a minute it stays");
  await catalog(server, `UPDATE keys SET used_at=used_at-60000000 WHERE key_id='${key.id}'`);
  await get(secret);
  assert.ok(Date.parse(await used()) >= first, "after a minute it is noted again");
});

const roles = ["viewer", "reviewer", "editor", "owner"];

test("a key may do at most what its maker may", async () => {
  for (const [i, role] of roles.entries()) {
    const maker = await makeKey(server, { role });
    for (const [k, wanted] of roles.entries()) {
      const answer = await newKey({ role: wanted }, { key: maker });
      if (k <= i) {
        assert.equal(answer.status, 201, `${role} makes ${wanted}: ${answer.text}`);
        assert.equal((await get(answer.json.secret)).json.role, wanted);
      } else {
        assert.deepEqual([answer.status, answer.json.errors[0].field], [403, "role"], `${role} makes ${wanted}`);
      }
    }
  }
  for (const role of ["admin", "", "Owner", "none", null, 4, undefined])
    assert.equal((await newKey({ role })).status, 400, String(role));
});

test("who loses a role loses it with their keys too", async () => {
  const vera = await invite(server, "owner");
  const { secret } = (await vera.send("POST", `${ours}/keys`, { json: { name: "an owner's", role: "owner" } })).json;
  const users = () => get(secret, `${ours}/users`);
  assert.equal((await users()).status, 200);
  assert.equal((await request("PATCH", `${ours}/users/${vera.id}`, { json: { role: "viewer" } })).status, 200);
  assert.equal((await users()).status, 403);
  assert.equal((await get(secret)).json.role, "viewer");
  const grab = await request("PATCH", `${ours}/users/${vera.id}`, { key: secret, json: { role: "owner" } });
  assert.equal(grab.status, 403, "nor can they take it back with one");
});

test("the scope of a key: datasets that are there, at most 100, and nothing else", async () => {
  const others = await makeOrg(server, "Others");
  const stranger = await makeKey(server, { org: others, role: "owner" });
  const foreign = (await request("POST", `${ours}/datasets`, { key: stranger,
    json: { type: "custom_dataset", name: "foreign", column_definitions: [{ name: "a", type: "string" }] } })).json.dataset.id;
  const { id } = await makeDataset(server, "a\n1\n");
  const nobody = "00000000-0000-4000-8000-000000000000";
  const face = (answer, what) => [answer.status, answer.text.replaceAll(what, "ID").replace(/"instance":"[^"]*"/, "")];
  const of = (dataset_ids) => newKey({ dataset_ids });
  assert.equal((await of([foreign])).status, 400);
  assert.deepEqual(face(await of([foreign]), foreign), face(await of([nobody]), nobody), "another's is a missing one");
  for (const wrong of [[], "x", {}, [7], [null], ["x"], [id, nobody], Array(101).fill(id)])
    assert.deepEqual([(await of(wrong)).status, (await of(wrong)).json.errors[0].field], [400, "dataset_ids"], JSON.stringify(wrong));
  assert.equal((await of(Array(100).fill(id))).status, 201);
  const { secret, key } = (await of([id.toUpperCase()])).json;
  assert.deepEqual(key.dataset_ids, [id]);
  assert.deepEqual((await get(secret)).json.dataset_ids, [id]);
  assert.equal((await get(secret, `${ours}/datasets/${id}`)).status, 200);
  assert.equal((await newKey({}, { key: secret })).status, 403, "it makes no keys");
  await request("DELETE", `${ours}/datasets/${id}`);
  assert.equal((await get(secret, `${ours}/datasets`)).json.total, 0);
});

test("everybody sees and revokes their own keys, an owner all", async () => {
  const [vera, victor] = [await invite(server, "viewer"), await invite(server, "viewer")];
  const make = async (of) => (await of.send("POST", `${ours}/keys`, { json: { name: `key of ${of.name}`, role: "viewer" } })).json.key.id;
  const [hers, his] = [await make(vera), await make(victor)];
  assert.deepEqual((await vera.get(`${ours}/keys`)).json.keys.map((k) => k.id), [hers]);
  assert.equal((await vera.get(`${ours}/keys/${his}`)).status, 404);
  assert.equal((await vera.send("DELETE", `${ours}/keys/${his}`)).status, 404);
  assert.equal((await vera.send("DELETE", `${ours}/keys/${hers}`)).status, 200);
  const all = (await owner.get(`${ours}/keys?limit=100`)).json.keys;
  assert.deepEqual(all.filter((k) => [hers, his].includes(k.id)).map((k) => [k.email, k.state]).sort(),
    [[vera.email, "revoked"], [victor.email, "active"]].sort());
  assert.equal((await owner.send("DELETE", `${ours}/keys/${his}`)).status, 200);
});

test("a key revokes itself and what may do no more, never what may do more", async () => {
  const olga = await invite(server, "owner");
  const make = async (role, more = {}) => (await olga.send("POST", `${ours}/keys`, { json: { name: role, role, ...more } })).json;
  const [viewer, other, editor, owners] = [await make("viewer"), await make("viewer"), await make("editor"), await make("owner")];
  const revoke = (by, { key }) => request("DELETE", `${ours}/keys/${key.id}`, { key: by.secret });
  for (const [by, of, status] of [[viewer, owners, 403], [viewer, editor, 403], [editor, owners, 403], [viewer, other, 200], [editor, editor, 200],
    [owners, viewer, 200], [owners, owners, 200]]) {
    const answer = await revoke(by, of);
    assert.equal(answer.status, status, `${by.key.role} revokes ${of.key.role}: ${answer.text}`);
    if (status === 403) assert.ok(await isOpen(of.secret));
    else assert.ok(!(await isOpen(of.secret)));
  }
  const page = await request("POST", `/keys/${(await make("owner")).key.id}/revoke`, { key: (await make("viewer")).secret });
  assert.equal(page.status, 403);
});

test("a key that is made with a key ends with it at the latest, and with it is revoked", async () => {
  const vera = await invite(server, "editor");
  const first = (await vera.send("POST", `${ours}/keys`, { json: { name: "first", role: "editor", expires_in_days: 10 } })).json;
  const make = (by, more = {}) => newKey(more, { key: by.secret });
  const second = (await make(first)).json;
  assert.deepEqual([second.key.parent_id, second.key.email, second.key.user_id], [first.key.id, vera.email, vera.id]);
  assert.equal(second.key.expires_at, first.key.expires_at, "when nothing is said");
  const shorter = (await make(first, { expires_in_days: 2 })).json.key;
  assert.ok(shorter.expires_at < first.key.expires_at);
  for (const by of [first, second]) {
    const longer = await make(by, { expires_in_days: 11 });
    assert.deepEqual([longer.status, longer.json.errors[0].field], [400, "expires_in_days"]);
    assert.match(longer.json.detail, /in less than 10 days/);
  }
  const third = (await make(second)).json;
  const bySession = (await vera.send("POST", `${ours}/keys`, { json: { name: "hers", role: "viewer" } })).json;
  assert.equal(bySession.key.parent_id, null);
  for (const { secret } of [first, second, third, bySession]) assert.ok(await isOpen(secret));
  const before = (await request("GET", `${ours}/audit?limit=1`)).json.entries[0].id;
  assert.equal((await vera.send("DELETE", `${ours}/keys/${first.key.id}`)).status, 200);
  await inEveryWorker(async () => {
    for (const { secret } of [first, second, third]) assert.equal((await get(secret)).status, 401);
    assert.ok(await isOpen(bySession.secret), "not one that was made otherwise");
  });
  const entries = (await request("GET", `${ours}/audit?action=key.revoke`)).json.entries.filter((e) => e.id > before).reverse();
  assert.deepEqual(entries.map((e) => [e.target, e.detail]).slice(0, 1), [[first.key.id, null]]);
  assert.deepEqual(entries.slice(1).map((e) => e.target).sort(), [second.key.id, shorter.id, third.key.id].sort());
  assert.deepEqual([...new Set(entries.slice(1).map((e) => e.detail.with))], [first.key.id]);
});

test("a key that is called like somebody is not taken for them", async () => {
  const vera = await invite(server, "editor");
  const { secret } = (await vera.send("POST", `${ours}/keys`, { json: { name: owner.email, role: "editor" } })).json;
  const who = `key "${owner.email}" of ${vera.email}`;
  assert.equal((await get(secret)).json.who, who);
  const { id } = await makeDataset(server, "a\n1\n");
  const { status } = await request("PATCH", `${ours}/datasets/${id}/rows/row_1`, { key: secret, json: { cells: { a: "2" } }, headers: { "if-match": "*" } });
  assert.equal(status, 200);
  assert.equal((await request("GET", `${ours}/datasets/${id}/changes`)).json.changes[0].who, who);
  const entries = async (of) => (await request("GET", `${ours}/audit?target=${id}&who=${encodeURIComponent(of)}`)).json.entries;
  assert.deepEqual((await entries(who)).map((e) => [e.action, e.user_id]), [["rows.set", vera.id]]);
  assert.deepEqual((await entries(owner.email)).length, 0);
  const shown = await request("GET", `/audit?who=${encodeURIComponent(who)}`, { headers: { accept: "text/html" } });
  assert.ok(shown.text.includes(`value="key &quot;${owner.email}&quot; of ${vera.email}"`), "the page finds it too");
});

test("an organisation has at most 1,000 keys, revoked ones not counted", async (t) => {
  const own = await startServer(t);
  await catalog(own, `INSERT INTO keys(key_id, org_id, name, role, secret_hash, created_at) WITH RECURSIVE n(i) AS
    (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<998) SELECT 'k'||i, 1, 'k', 'viewer', 'h'||i, i FROM n`);
  const make = () => own.request("POST", `${ours}/keys`, { json: { name: "n", role: "viewer" } });
  const last = await make();
  assert.equal(last.status, 201);
  const over = await make();
  assert.deepEqual([over.status, over.json.code], [403, "quota_exceeded"]);
  await own.request("DELETE", `${ours}/keys/${last.json.key.id}`);
  assert.equal((await make()).status, 201);
});
