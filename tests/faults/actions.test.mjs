// Deleting and exporting under the same faults as uploading.
import assert from "node:assert/strict";
import test from "node:test";
import { Calls, Faults, makeCsv, offset, sanitized, until } from "./lib.mjs";

const csv = makeCsv(2000), api = "/api/rowhouse/v1";

// One dataset, `act` with a call of `role` going wrong, then `check`; again for the next call.
async function atEveryCall(t, { role, mode, sticky = false, share = 1 }, act, check) {
  const faults = new Faults(t);
  let world = await faults.start(), id, rounds = 0, felt = 0;
  const prepare = async () => {
    id ??= (await world.upload(csv)).json.datasetId;
    await world.settle();
  };
  await prepare();
  faults.arm({ role, mode });
  const first = await act(world, id);
  const { count } = faults.state;
  faults.disarm();
  assert.ok(count > 0, `no call of ${role} was seen`);
  id = await check(world, id, first);
  const calls = new Calls(count, share);
  for (const at of calls) {
    if (mode === "kill" && role === "web" && ++rounds % 4 === 0) {
      await world.server.stop();
      world = await faults.start({ data: world.folder });
    }
    await prepare();
    faults.arm({ role, mode, at, sticky });
    const answer = await act(world, id);
    const { call } = faults.state;
    faults.disarm();
    if (call) {
      calls.felt(at);
      felt++;
    }
    try {
      await world.settle();
      id = await check(world, id, answer);
      assert.equal(world.sql("catalog.db", "PRAGMA quick_check"), "ok");
      world.checkCrashes();
    } catch (error) {
      throw new Error(`${role} ${mode}${sticky ? " from" : " at"} call ${at} of ${count} (${call}), ` +
        `answered ${answer.status}: ${error.message}`, { cause: error });
    }
  }
  assert.ok(felt > 0, "no fault was felt");
  await world.checkSwept(faults);
  t.diagnostic(`${count} calls, ${felt} faults felt, FAULTS_OFFSET=${offset}`);
}

// Gone or whole; what the answer said.
async function checkDeleted(world, id, answer) {
  const d = await world.dataset(id), list = await world.datasets();
  assert.equal(list.some((each) => each.id === id), d !== undefined);
  if (answer.status === 204) assert.equal(d, undefined, "deleted and still there");
  // A delete that was killed after its last write and before it was shown to others appears when the
  // server is started again (its outcome was never told); the next delete then finds nothing.
  else if (answer.status === 404) assert.equal(d, undefined, "said to be gone and still there");
  // 502 and 0: nobody knows.  Any other error means that nothing happened.
  else if (![0, 502].includes(answer.status)) assert.ok(d, `${answer.text}, and it is gone`);
  if (!d) return undefined;
  await world.checkDataset(d, csv);
  return id;
}

async function checkExported(world, id, answer) {
  if (answer.status === 200) assert.ok(answer.text === csv, "an export that is not the file");
  else assert.ok([0, 500, 502, 503, 507].includes(answer.status), answer.text);
  const again = await world.export(id);
  assert.equal(again.status, 200, again.text);
  assert.ok(again.text === csv, "the next export is not the file");
  // A file once made is found again: the next round needs another dataset.
  const gone = await world.server.request("DELETE", `${api}/datasets/${id}`);
  assert.equal(gone.status, 204, gone.text);
  return undefined;
}

const remove = (world, id) => world.ask("DELETE", `${api}/datasets/${id}`);
const fetch = (world, id) => world.export(id);

const kinds = [["kill", false], ["nospace", false], ["nospace", true], ["ioerror", false]];
for (const [mode, sticky] of kinds) {
  const options = { mode, sticky, share: mode === "kill" ? 0.8 : 0.5 };
  const words = `${mode}${sticky ? " from" : " at"} any call`;
  test(`a deleted dataset is gone or whole: web, ${words}`, { skip: sanitized }, (t) =>
    atEveryCall(t, { ...options, role: "web" }, remove, checkDeleted));
  test(`an export is whole or refused: export-worker, ${words}`, { skip: sanitized }, (t) =>
    atEveryCall(t, { ...options, role: "export-worker" }, fetch, checkExported));
}
for (const role of ["web", "export-worker"])
  test(`an export is whole or refused: ${role}, no memory`, { skip: sanitized }, (t) =>
    atEveryCall(t, { role, mode: "nomemory" }, fetch, checkExported));

// The worker that answers an upload dies, and then, twice, the process that stores it: nobody is left
// who could take the half of it away but the runner.
test("an upload that loses all its processes leaves nothing", { skip: sanitized }, async (t) => {
  const faults = new Faults(t), world = await faults.start();
  faults.arm({ role: "split", mode: "hold", at: 34 });
  const answer = world.upload(csv);
  await until("the split is held", () => faults.state.fired > 0);
  const half = world.sql("catalog.db", "SELECT count(*) FROM datasets WHERE state='draft'");
  for (const pid of world.processes("web")) process.kill(pid, "SIGKILL");
  assert.equal((await answer).status, 502);
  const held = faults.state.victim;
  faults.arm({ role: "split", mode: "kill", at: 8, sticky: true });
  process.kill(held, "SIGKILL");
  await world.settle();
  faults.disarm();
  assert.equal(half, "1", "it was held at another time than meant");
  assert.deepEqual(await world.datasets(), []);
  assert.equal(world.sql("catalog.db", `SELECT count(*) FROM datasets;
    SELECT count(*) FROM sources;`), "0\n0");
  assert.equal((await world.upload(csv)).status, 201);
  await world.settle();
  await world.checkSwept(faults);
});
