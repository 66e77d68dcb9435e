// formats.test.mjs: files of many forms, uploaded as they lie about: what is inside becomes the rows.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import zlib from "node:zlib";
import { startServer } from "../lib/server.mjs";
import { makeDataset, ours } from "../lib/things.mjs";

const server = await startServer({ after });
const csv = "id,name\n1,Ada\n2,Grace\n3,Joan\n";

async function rowsOf(dataset) {
  const answer = await server.request("GET", `${ours}/datasets/${dataset.id}/rows`);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

test("a compressed table is the same table as the one inside", async () => {
  const plain = await makeDataset(server, csv);
  const packed = await makeDataset(server, zlib.gzipSync(csv), { fileName: "data.csv.gz" });
  assert.equal(packed.state, "ready");
  const cells = (answer) => answer.rows.map((row) => row.cells);
  const expected = cells(await rowsOf(plain));
  assert.equal(expected.length, 3);
  assert.ok(expected.every((row) => row !== undefined));
  assert.deepEqual(cells(await rowsOf(packed)), expected);
});

test("a compressed table that is cut short makes no dataset that looks whole", async () => {
  const packed = zlib.gzipSync(csv);
  const dataset = await makeDataset(server, packed.subarray(0, packed.length - 6), { fileName: "data.csv.gz" })
    .catch((error) => ({ state: "refused", why: error.message }));
  assert.notEqual(dataset.state, "ready", JSON.stringify(dataset));
  assert.match(JSON.stringify(dataset), /cut short/);
});
