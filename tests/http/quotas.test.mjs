// quotas.test.mjs: what an organisation may have is kept to the byte, the dataset and the row, also when
// several reach for the last of it at once, and each has its own; and so is how often one may ask.

import assert from "node:assert/strict";
import test from "node:test";
import { invite, keepAlive, makeKey, makeOrg, rowhouse, Visitor } from "../lib/accounts.mjs";
import { formBody, startServer } from "../lib/server.mjs";
import { catalog, eventually, halfMade, makeDataset, ours } from "../lib/things.mjs";

const blank = { type: "custom_dataset", name: "n", column_definitions: [{ name: "a", type: "string" }] };

// Those that got in; the others must have been told that it is the quota.
function admitted(answers) {
  for (const answer of answers)
    assert.ok(answer.status === 201 || (answer.status === 403 && /^quota_exceeded$/i.test(answer.json.code)), answer.text);
  return answers.filter((a) => a.status === 201);
}

test("quota_bytes: of uploads that come at once as many get in as there is room for", async (t) => {
  const server = await startServer(t, { env: { ROWHOUSE_QUOTA_BYTES: "1900" } });
  const send = keepAlive(server, t);
  const content = `a\n${"x".repeat(997)}\n`; // 1,000 bytes; two of them do not fit
  const file = ["file", { name: "a.csv", content }];
  const dataset = [["type", "data_enrichment"], ["name", "n"], ["description", "d"], file];
  const formOf = (target) => (target.endsWith("/upload") ? dataset : [file]);
  const targets = [`${ours}/sources`, `${ours}/datasets/upload`, "/api/v2/datasources", "/api/v2/datasets/upload"];
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => targets[(i + round) % 4])
      .map((target) => send("POST", target, { form: formOf(target) })));
    assert.equal(admitted(answers).length, 1);
    await eventually("what was refused to be taken away", () => halfMade(server).length === 0);
    const [{ bytes, sources }] = await catalog(server, "SELECT sum(bytes) AS bytes, count(*) AS sources FROM sources");
    assert.deepEqual([bytes, sources], [1000, 1]);
    for (const kind of ["datasets", "sources"])
      for (const { id } of (await send("GET", `${ours}/${kind}`)).json[kind]) {
        if (kind === "datasets") await server.waitForDataset(id);
        assert.equal((await send("DELETE", `${ours}/${kind}/${id}`)).status, 204);
      }
  }
});

// Two that together are one too many, again and again: exactly one of them gets in, to the last of it.
async function race(rounds, pair, undo) {
  for (let round = 0; round < rounds; round++) {
    const answers = await Promise.all(pair());
    const good = admitted(answers);
    assert.equal(good.length, 1, `round ${round}: ${answers.map((a) => a.status)}`);
    await undo(good[0]);
  }
}

test("at the edge of a quota one of two gets in, however often they try", async (t) => {
  // An upload is held against the quota by its whole body, and counts as its file afterwards.
  const form = (bytes) => [["file", { name: "a.csv", content: `a\n${"x".repeat(bytes)}\n` }]];
  const most = formBody(form(900)).length;
  const server = await startServer(t, { env: { ROWHOUSE_QUOTA_BYTES: String(most), ROWHOUSE_QUOTA_DATASETS: "2", ROWHOUSE_QUOTA_ROWS: "10" } });
  const send = keepAlive(server, t);
  const remove = async (target) => assert.ok((await send("DELETE", `${ours}/${target}`)).status < 300, target);
  const upload = (bytes) => send("POST", `${ours}/sources`, { form: form(bytes) });
  const removeSource = ({ json }) => remove(`sources/${json.source.id}`);
  // All of it is not too much, one byte more is.
  assert.equal(admitted([await upload(901)]).length, 0);
  await race(25, () => [upload(900), upload(900)], removeSource);
  await race(25, () => [upload(900), upload(1)], removeSource);
  // One is there already.
  const { id } = (await send("POST", `${ours}/datasets`, { json: blank })).json.dataset;
  await server.waitForDataset(id);
  const make = () => send("POST", `${ours}/datasets`, { json: blank });
  await race(25, () => [make(), make()], ({ json }) => remove(`datasets/${json.dataset.id}`));
  const add = (n) => send("POST", `${ours}/datasets/${id}/rows`, { json: { rows: Array.from({ length: n }, () => ({ a: "1" })) } });
  assert.equal(admitted([await add(11)]).length, 0);
  assert.equal(admitted([await add(4)]).length, 1);
  const take = async ({ json }) => {
    const answer = await send("POST", `${ours}/datasets/${id}/rows/delete`, { json: { rows: json.rows.map((r) => ({ id: r.id })) } });
    assert.equal(answer.status, 200, answer.text);
  };
  await race(25, () => [add(6), add(6)], take);
  await race(25, () => [add(1), add(6)], take);
  assert.equal((await send("GET", `${ours}/datasets/${id}`)).json.dataset.rows, 4);
});

test("quota_datasets: of many made at once as many as there is room for", async (t) => {
  const server = await startServer(t, { env: { ROWHOUSE_QUOTA_DATASETS: "3" } });
  const send = keepAlive(server, t, 16);
  const file = ["file", { name: "a.csv", content: "a\n1\n" }];
  const ways = [() => send("POST", `${ours}/datasets`, { json: blank }),
    () => send("POST", `${ours}/datasets/upload`, { form: [["type", "data_enrichment"], file] }),
    () => send("POST", "/api/v2/datasets/upload", { form: [["type", "data_enrichment"], ["name", "n"], ["description", "d"], file] })];
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => ways[i % 3]()));
  assert.equal(admitted(answers).length, 3);
  assert.equal((await send("GET", `${ours}/datasets`)).json.total, 3);
  assert.equal((await catalog(server, "SELECT count(*) AS n FROM datasets"))[0].n, 3, "drafts included");
});

test("quota_rows: of files that are read at once as many rows as there is room for", async (t) => {
  const server = await startServer(t, { env: { ROWHOUSE_QUOTA_ROWS: "1000" } });
  const content = `a\n${"1\n".repeat(600)}`;
  const all = await Promise.all(Array.from({ length: 4 }, () => makeDataset(server, content)));
  assert.deepEqual(all.map((d) => d.state).sort(), ["failed", "failed", "failed", "ready"]);
  for (const d of all) if (d.state === "failed") assert.equal(d.error.code, "quota_exceeded");
  assert.equal((await makeDataset(server, `a\n${"1\n".repeat(400)}`)).state, "ready", "what is left can be had");
});

test("an organisation's own quotas stand over the server's, for it alone", async (t) => {
  const server = await startServer(t, { env: { ROWHOUSE_QUOTA_DATASETS: "1", ROWHOUSE_QUOTA_ROWS: "5" } });
  const org = await makeOrg(server, "Large");
  const key = await makeKey(server, { org, role: "owner" });
  const make = (more) => server.request("POST", `${ours}/datasets`, { json: blank, ...more });
  const full = async (more) => admitted([await make(more)]).length === 0;
  assert.ok(!(await full()) && await full(), "the first organisation has the server's");
  assert.ok(!(await full({ key })) && await full({ key }), "the second too, and its own count");
  await rowhouse(server, "org", "set", org, "--quota_datasets", "3");
  assert.ok(!(await full({ key })) && !(await full({ key })) && await full({ key }), "three now");
  assert.ok(await full(), "and the first has still one");
  // What was not named is the server's.
  const { id } = (await server.request("GET", `${ours}/datasets`, { key })).json.datasets[0];
  await eventually("the table", async () => (await server.request("GET", `${ours}/datasets/${id}`, { key })).json.dataset.state === "ready");
  const add = (n) => server.request("POST", `${ours}/datasets/${id}/rows`, { key, json: { rows: Array.from({ length: n }, () => ({ a: "1" })) } });
  assert.deepEqual([(await add(6)).status, (await add(5)).status, (await add(1)).status], [403, 201, 403]);
  await rowhouse(server, "org", "set", org, "--quota_rows", "7", "--quota_datasets", "0");
  assert.ok(!(await full({ key })), "0: no quota");
  assert.deepEqual([(await add(3)).status, (await add(2)).status], [403, 201]);
  await rowhouse(server, "org", "set", org);
  assert.ok(await full({ key }), "and the server's again");
  for (const words of [["set", "99", "--quota_rows", "1"], ["set", org, "--quota_rows", "x"], ["set", org, "--quota_rows", "-1"]])
    await assert.rejects(rowhouse(server, "org", ...words), words.join(" "));
});

test("rate_per_minute: each key and each user who is signed in has their own, and is told how it stands", async (t) => {
  const server = await startServer(t, { env: { ROWHOUSE_RATE_PER_MINUTE: "12" } });
  const send = keepAlive(server, t);
  const owner = await Visitor.first(server);
  const again = new Visitor(server);
  await again.signIn(owner.email, owner.password);
  const vera = await invite(server, "viewer");
  const keys = [await makeKey(server, { role: "viewer" }), await makeKey(server, { role: "viewer" })];
  const ask = (key, target = "/api/v2/datasets") => send("GET", target, { key });
  const minute = () => Math.floor(Date.now() / 60000);
  // All within one minute of the clock, or the count begins anew: then once more.
  for (let done = false; !done;) {
    const started = minute();
    const left = [];
    const answers = [];
    for (let i = 0; i < 14; i++) answers.push(await ask(keys[0], i % 2 ? `${ours}/me` : "/api/v2/datasets/x"));
    for (const { headers } of answers) {
      assert.equal(headers["x-ratelimit-limit"], "12");
      left.push(Number(headers["x-ratelimit-remaining"]));
      const reset = Number(headers["x-ratelimit-reset"]);
      assert.ok(reset > started * 60 && reset <= (started + 2) * 60 && reset % 60 === 0, String(reset));
    }
    const other = await ask(keys[1]);
    const users = [];
    for (let i = 0; i < 14; i++) users.push((await (i % 2 ? owner : again).get(`${ours}/me`)).status);
    const seen = await vera.get(`${ours}/me`);
    const open = [await ask(null, "/healthz"), await ask(null, "/limits"), await ask(null, "/sign-in")];
    if (minute() !== started) continue;
    done = true;
    assert.deepEqual(answers.map((a) => a.status).slice(12), [429, 429]);
    assert.ok(!answers.slice(0, 12).some((a) => a.status === 429));
    assert.deepEqual(left, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]);
    const refused = answers[13];
    const wait = Number(refused.headers["retry-after"]);
    assert.ok(wait >= 0 && wait <= 60, String(wait));
    assert.equal(refused.json.code, "too_many_requests");
    assert.equal(other.status, 200, "another key");
    // A user's sessions share theirs; some was used before.
    assert.ok(users.includes(200) && users[13] === 429, users.join());
    assert.equal(seen.status, 200, "another user");
    for (const answer of open) assert.equal(answer.status, 200, "who is nobody is not counted");
  }
});
