// formats.test.mjs: files of many forms, uploaded as they lie about: what is inside becomes the rows.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import zlib from "node:zlib";
import XLSX from "xlsx";
import { startServer } from "../lib/server.mjs";
import { makeDataset, ours } from "../lib/things.mjs";
import { zip } from "../lib/zip.mjs";

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

// In the cage no path can be opened: neither by what unpacks nor by what reads XML.
function workbook(rows) {
  const book = XLSX.utils.book_new();
  XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet(rows), "People");
  return XLSX.write(book, { type: "buffer", bookType: "xlsx", compression: true });
}

const people = [["1", "Ada"], ["2", "Jos\u00e9"]];
const texts = (answer) => answer.rows.map((row) => Object.values(row.cells).map(String));
const forms = {
  "a ZIP archive": ["people.zip", zip({ "people.csv": "id,name\n1,Ada\n2,Jos\u00e9\n" })],
  "a workbook": ["people.xlsx", workbook([["id", "name"], [1, "Ada"], [2, "Jos\u00e9"]])],
  "UTF-16": ["people.txt", Buffer.from("\ufeffid\tname\r\n1\tAda\r\n2\tJos\u00e9\r\n", "utf16le")],
  "windows-1252": ["people.csv", Buffer.from("id;name\n1;Ada\n2;Jos\u00e9\n", "latin1")],
  "a JSON document": ["people.json", JSON.stringify({ total: 2, data: { items: [{ id: 1, name: "Ada" }, { id: 2, name: "Jos\u00e9" }] } })],
};

for (const [what, [fileName, bytes]] of Object.entries(forms))
  test(`${what} becomes the rows in it`, async () => {
    const dataset = await makeDataset(server, bytes, { fileName });
    assert.equal(dataset.state, "ready", JSON.stringify(dataset));
    assert.deepEqual(texts(await rowsOf(dataset)), people);
  });

test("of several files in a ZIP archive one is chosen by its name", async () => {
  const archive = zip({ "a.csv": "id\n1\n", "b.csv": "id,name\n1,Ada\n2,Jos\u00e9\n", "__MACOSX/._a.csv": "x" });
  const made = await server.request("POST", `${ours}/sources`, { form: [["file", { name: "both.zip", content: archive }]] });
  assert.equal(made.status, 201, made.text);
  const look = (options) => server.request("POST", `${ours}/sources/${made.json.source.id}/preview`, { json: options });
  const refused = await look({});
  assert.ok(refused.status >= 400 && refused.status < 500, refused.text);
  assert.match(refused.text, /a\.csv, b\.csv/);
  const seen = (await look({ member: "b.csv" })).json.preview;
  assert.deepEqual(seen.rows.map((row) => row.cells), people);
  assert.deepEqual([seen.found.packing, seen.found.member, seen.found.encoding], ["zip", "b.csv", "utf-8"]);
  assert.equal(seen.lines[0].text, "id,name");
});
