// own-api.test.mjs: Rowhouse's own API: every cell survives as it was written, pages are found at any
// position, an export is what was uploaded to the byte, and what went wrong is told with its line.

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { routes } from "../lib/routes.mjs";
import { startServer } from "../lib/server.mjs";
import { catalog, eventually, makeDataset, ours, upload } from "../lib/things.mjs";

const server = await startServer({ after });
const get = (target, more) => server.request("GET", `${ours}${target}`, more);

const difficult = [
  "id,amount,code,big,quote,flag,empty,when",
  "1,1.10,007,9223372036854775808,\"say \"\"hi\"\", ok\",true,,2024-03-14",
  "2,-0.5e3,010,18446744073709551616,\"line\nbreak\",False,\"\",2024-03-15",
  "3,1",
  "4,1,2,3,\\u0041 \\ back,true,6,2024-01-01,9",
  "",
  "5,0,ü,1,数 🏠\ttab,TRUE,7,2024-02-29",
  "",
].join("\n");

test("cells of a CSV survive: numbers bare as written, leading zeros, 2^63 and more, quotes, line ends", async () => {
  const { id } = await makeDataset(server, difficult);
  const { text } = await get(`/datasets/${id}/rows`);
  const cells = [...text.matchAll(/"cells":(\[(?:"(?:[^"\\]|\\.)*"|[^\]"])*\])/g)].map((m) => m[1]);
  assert.deepEqual(cells, [
    "[1,1.10,\"007\",9223372036854775808,\"say \\\"hi\\\", ok\",true,\"\",\"2024-03-14\",null]",
    "[2,-0.5e3,\"010\",18446744073709551616,\"line\\nbreak\",false,\"\",\"2024-03-15\",null]",
    "[3,1,null,null,null,null,null,null,null]",
    "[4,1,\"2\",3,\"\\\\u0041 \\\\ back\",true,6,\"2024-01-01\",9]",
    "[5,0,\"ü\",1,\"数 🏠\\ttab\",true,7,\"2024-02-29\",null]",
  ]);
});

test("rows carry their id and the line they began on; columns their type and counts", async () => {
  const { id } = await makeDataset(server, difficult);
  const { json } = await get(`/datasets/${id}/rows`);
  assert.deepEqual(json.rows.map((r) => [r.id, r.line, r.rev]),
    [["row_1", 2, 0], ["row_2", 3, 0], ["row_3", 5, 0], ["row_4", 6, 0], ["row_5", 8, 0]]);
  assert.deepEqual(json.columns.map((c) => [c.id, c.name, c.type]), [
    ["col_id", "id", "integer"], ["col_amount", "amount", "number"], ["col_code", "code", "string"],
    ["col_big", "big", "number"], ["col_quote", "quote", "string"], ["col_flag", "flag", "boolean"],
    ["col_empty", "empty", "integer"], ["col_when", "when", "date"], ["col_column9", "column9", "integer"],
  ]);
  assert.deepEqual(json.columns[1].stats, { values: 5, empty: 0, longest: 6, least: -500, most: 1.1 });
  assert.deepEqual((await get(`/datasets/${id}`)).json.columns, json.columns);
  const mixed = await makeDataset(server, "a\n5\nword\n");
  assert.deepEqual((await get(`/datasets/${mixed.id}`)).json.columns[0].stats,
    { values: 2, empty: 0, longest: 4 }, "no least of what is no number");
});

test("findings tell the line, the column and what was done, and are counted", async () => {
  const { id, counts } = await makeDataset(server, difficult);
  const { json } = await get(`/datasets/${id}/findings`);
  assert.deepEqual(json.findings.map((f) => [f.code, f.line, f.column, f.row]),
    [["missing-cell", 5, "code", "row_3"], ["extra-cell", 6, "column9", "row_4"], ["blank-row", 7, null, null]]);
  for (const f of json.findings) assert.ok(f.message.length > 10);
  assert.deepEqual(json.counts, [{ code: "blank-row", count: 1 }, { code: "extra-cell", count: 1 },
    { code: "missing-cell", count: 1 }]);
  assert.equal(json.total, 3);
  assert.deepEqual(counts, { read: 6, rows: 5, repaired: 2, skipped: 1, findings: 3 });
  const first = (await get(`/datasets/${id}/findings?limit=2`)).json;
  assert.equal(first.findings.length, 2);
  const second = (await get(`/datasets/${id}/findings?limit=2&cursor=${first.next}`)).json;
  assert.deepEqual([...first.findings, ...second.findings], json.findings);
  assert.equal(second.next, null);
});

test("a finding of what was skipped leads to no row, not even to one that is added later", async () => {
  const { id } = await makeDataset(server, "a,b\n1,2\n\n");
  const rows = async () => (await get(`/datasets/${id}/findings`)).json.findings.map((f) => [f.code, f.line, f.row]);
  assert.deepEqual(await rows(), [["blank-row", 3, null]]);
  const added = await server.request("POST", `${ours}/datasets/${id}/rows`, { json: { rows: [{ a: 3 }] } });
  assert.equal(added.json.rows[0].id, "row_2");
  assert.deepEqual(await rows(), [["blank-row", 3, null]]);
});

test("10,000 findings are kept, the rest are counted", async () => {
  const { id } = await makeDataset(server, `a,b\n${"1\n".repeat(10050)}`);
  const { json } = await get(`/datasets/${id}/findings?limit=100&cursor=o9950`);
  assert.deepEqual(json.counts, [{ code: "missing-cell", count: 10050 }]);
  assert.deepEqual([json.kept, json.total, json.next, json.findings.length], [10000, 10000, null, 50]);
});

test("an export as CSV is the upload to the byte, where that was plain", async () => {
  const rows = ["sku,name,price", "0012,\"Desk, oak\",1.10", "7,\"a \"\"b\"\"\",", "8,ü 数 🏠,9223372036854775808",
    "9,\" space \",-0"];
  const content = `${rows.join("\n")}\n`;
  const { id } = await makeDataset(server, content);
  const answer = await get(`/datasets/${id}/export?format=csv`);
  assert.equal(answer.status, 200);
  // The one thing that changes: an empty text is written "", so that it is not taken for no cell.
  assert.equal(answer.text, content.replace("\"\"\",\n", "\"\"\",\"\"\n"));
  assert.equal(answer.headers["content-type"], "text/csv; charset=utf-8");
  assert.equal(answer.headers["content-disposition"], "attachment; filename*=UTF-8''A%20dataset.csv");
  for (const name of ["limit", "remaining", "reset"]) assert.match(answer.headers[`x-ratelimit-${name}`], /^\d+$/, "also where nginx sends a file");
  assert.equal((await get(`/datasets/${id}/export`)).text, answer.text, "CSV is what comes without a format");
});

test("an export as JSONL has the documented tokens, byte for byte", async () => {
  const { id } = await makeDataset(server, difficult);
  const answer = await get(`/datasets/${id}/export?format=jsonl`);
  assert.equal(answer.headers["content-type"], "application/jsonl");
  assert.equal(answer.text, [
    "{\"id\":1,\"amount\":1.10,\"code\":\"007\",\"big\":9223372036854775808,\"quote\":\"say \\\"hi\\\", ok\",\"flag\":true,\"empty\":\"\",\"when\":\"2024-03-14\"}",
    "{\"id\":2,\"amount\":-0.5e3,\"code\":\"010\",\"big\":18446744073709551616,\"quote\":\"line\\nbreak\",\"flag\":false,\"empty\":\"\",\"when\":\"2024-03-15\"}",
    "{\"id\":3,\"amount\":1}",
    "{\"id\":4,\"amount\":1,\"code\":\"2\",\"big\":3,\"quote\":\"\\\\u0041 \\\\ back\",\"flag\":true,\"empty\":6,\"when\":\"2024-01-01\",\"column9\":9}",
    "{\"id\":5,\"amount\":0,\"code\":\"ü\",\"big\":1,\"quote\":\"数 🏠\\ttab\",\"flag\":true,\"empty\":7,\"when\":\"2024-02-29\"}",
    "",
  ].join("\n"));
});

test("JSONL survives: tokens as written, nested values, absent keys apart from null", async () => {
  const content = [
    "{\"a\":1.50,\"b\":\"007\",\"c\":{\"k\":[1,2]}}",
    "{\"a\":9223372036854775808,\"b\":null}",
    "{\"b\":\"\\u00e9 \\\" \\\\ \\n\",\"a\":1e2}",
    "this is not JSON",
    "{\"d\":\"late\"}",
    "",
  ].join("\n");
  const { id, counts } = await makeDataset(server, content, { fileName: "a.jsonl" });
  assert.deepEqual(counts, { read: 5, rows: 4, repaired: 0, skipped: 1, findings: 1 });
  const { json } = await get(`/datasets/${id}/findings`);
  assert.deepEqual(json.findings.map((f) => [f.code, f.line]), [["invalid-json", 4]]);
  const out = (await get(`/datasets/${id}/export?format=jsonl`)).text.split("\n");
  assert.equal(out[0], "{\"a\":1.50,\"b\":\"007\",\"c\":{\"k\":[1,2]}}");
  assert.equal(out[1], "{\"a\":9223372036854775808,\"b\":null}");
  assert.deepEqual(JSON.parse(out[2]), { a: 100, b: "é \" \\ \n" });
  assert.match(out[2], /^\{"a":1e2,/, "columns in their order, the number as written");
  assert.equal(out[3], "{\"d\":\"late\"}");
  const csv = (await get(`/datasets/${id}/export?format=csv`)).text;
  assert.equal(csv, "a,b,c,d\n1.50,007,\"{\"\"k\"\":[1,2]}\",\n9223372036854775808,,,\n" +
    "1e2,\"é \"\" \\ \n\",,\n,,,late\n");
});

test("an exported CSV uploaded again is the same dataset", async () => {
  const first = await makeDataset(server, difficult);
  const csv = (await get(`/datasets/${first.id}/export`)).text;
  const second = await makeDataset(server, csv);
  assert.equal((await get(`/datasets/${second.id}/export`)).text.replaceAll("\"\"", ""), csv.replaceAll("\"\"", ""));
});

const many = 5000;
const large = await makeDataset(server, `n,square\n${Array.from({ length: many }, (_, i) => `${i},${i * i}\n`).join("")}`);

test("rows at any position: first, middle, across the ranks, last, past the end", async () => {
  const page = async (query) => (await get(`/datasets/${large.id}/rows?${query}`)).json;
  for (const position of [0, 1, 1023, 1024, 1025, 2047, 2048, 3333, 4949, 4950, 4999]) {
    const { rows, total, next, position: at } = await page(`position=${position}&limit=50`);
    const expected = Array.from({ length: Math.min(50, many - position) }, (_, i) => position + i);
    assert.deepEqual(rows.map((r) => r.cells), expected.map((n) => [n, n * n]), `position ${position}`);
    assert.deepEqual(rows.map((r) => r.line), expected.map((n) => n + 2));
    assert.deepEqual([total, at, next], [many, position, position + 50 < many ? position + 50 : null]);
  }
  for (const position of [5000, 5001, 1e6, "9007199254740992"]) {
    const past = await page(`position=${position}`);
    assert.deepEqual([past.rows, past.total, past.next], [[], many, null], `position ${position}`);
  }
  assert.equal((await page("limit=1000")).rows.length, 1000);
  assert.equal((await page("")).rows.length, 50);
});

test("following `next` reads every row once", async () => {
  const seen = [];
  for (let at = 0; at !== null;) {
    const { json } = await get(`/datasets/${large.id}/rows?position=${at}&limit=777`);
    seen.push(...json.rows.map((r) => r.cells[0]));
    at = json.next;
  }
  assert.deepEqual(seen, Array.from({ length: many }, (_, i) => i));
});

// RFC 9457, with our own members.
function assertProblem(answer, status, code, field) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers["content-type"], /^application\/problem\+json/);
  assert.equal(answer.json.type, "about:blank");
  assert.equal(answer.json.status, status);
  assert.equal(answer.json.code, code);
  assert.ok(answer.json.title.length > 0 && answer.json.detail.length > 0);
  assert.equal(answer.json.instance, answer.headers["x-request-id"]);
  if (field) assert.equal(answer.json.errors[0].field, field, answer.text);
}

test("bad parameters are problems that name the parameter", async () => {
  for (const [query, field] of [["limit=0", "limit"], ["limit=1001", "limit"], ["limit=1.5", "limit"],
    ["limit=0x10", "limit"], ["limit=1+1", "limit"], ["limit=%00", "limit"], ["position=-1", "position"], ["position=x", "position"],
    ["position=9007199254740994", "position"], ["position=9223372036854775808", "position"],
    ["position=99999999999999999999", "position"], ["position=1e400", "position"]])
    assertProblem(await get(`/datasets/${large.id}/rows?${query}`), 400, "bad_input", field);
  assertProblem(await get(`/datasets/${large.id}/export?format=xls`), 400, "bad_input", "format");
  for (const cursor of ["x", "o", "o-1", "5", "o99999999999", "%00"])
    assertProblem(await get(`/datasets?cursor=${cursor}`), 400, "bad_input", "cursor");
  assertProblem(await get("/datasets?limit=101"), 400, "bad_input", "limit");
});

test("missing things are problems of 404, whatever the id looks like", async () => {
  for (const id of ["00000000-0000-4000-8000-000000000000", "x", "..%2e", "%F0%9F%8F%A0", "1", "row_1"])
    for (const suffix of ["", "/rows", "/findings", "/export"])
      assertProblem(await get(`/datasets/${id}${suffix}`), id === "..%2e" ? 404 : 404, "not_found");
  assertProblem(await get("/sources/x"), 404, "not_found");
  assertProblem(await get("/jobs/x"), 404, "not_found");
  assertProblem(await get("/nothing"), 404, "not_found");
  const wrong = await server.request("PUT", `${ours}/datasets`);
  assertProblem(wrong, 405, "method_not_allowed");
  assert.deepEqual(wrong.headers.allow.split(", ").sort(), ["GET", "POST"]);
});

test("a dataset is made from a source, and a field nobody knows is refused", async () => {
  const made = await server.request("POST", `${ours}/sources`, { form: [["file", { name: "s.csv", content: "a\n1\n" }]] });
  assert.equal(made.status, 201);
  const { id, state, bytes, files } = made.json.source;
  assert.deepEqual([state, bytes, files.length], ["stored", 4, 1]);
  assert.match(files[0].sha256, /^[0-9a-f]{64}$/);
  const create = (more) => server.request("POST", `${ours}/datasets`,
    { json: { type: "data_enrichment", name: "From source", source_id: id, ...more } });
  const answer = await create({});
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.location, `${ours}/datasets/${answer.json.dataset.id}`);
  assert.equal((await server.waitForDataset(answer.json.dataset.id)).rows, 1);
  assertProblem(await create({ nmae: "x" }), 400, "bad_input", "nmae");
  assertProblem(await create({ source_id: "00000000-0000-4000-8000-000000000000" }), 404, "not_found", "source_id");
  assertProblem(await create({ name: "" }), 400, "bad_input", "name");
  assertProblem(await create({ type: "x" }), 400, "bad_input", "type");
});

test("an upload without a name is called like its file", async () => {
  const answer = await server.request("POST", `${ours}/datasets/upload`,
    { form: [["type", "data_enrichment"], ["file", { name: "Sales 2024.final.csv", content: "a\n1\n" }]] });
  assert.equal(answer.status, 201, answer.text);
  assert.equal(answer.json.dataset.name, "Sales 2024.final");
  assert.equal(answer.headers.location, `${ours}/datasets/${answer.json.dataset.id}`);
  assert.ok(["queued", "running", "done"].includes(answer.json.job.state));
});

test("an ETag changes with the dataset, and spares the body while it does not", async () => {
  const first = await get(`/datasets/${large.id}`);
  assert.match(first.headers.etag, /^"[^"]+"$/);
  const same = await get(`/datasets/${large.id}`, { headers: { "if-none-match": first.headers.etag } });
  assert.equal(same.status, 304);
  assert.equal(same.text, "");
  assert.equal(same.headers.etag, first.headers.etag);
  const other = await get(`/datasets/${large.id}`, { headers: { "if-none-match": "\"other\"" } });
  assert.equal(other.status, 200);
  await catalog(server, `UPDATE datasets SET edition=edition+1 WHERE dataset_id='${large.id}'`);
  const changed = await get(`/datasets/${large.id}`, { headers: { "if-none-match": first.headers.etag } });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.etag, first.headers.etag);
});

test("an export's bytes can be fetched in ranges and are not sent twice for nothing", async () => {
  const whole = await get(`/datasets/${large.id}/export`);
  const part = await get(`/datasets/${large.id}/export`, { headers: { range: "bytes=9-19" } });
  assert.equal(part.status, 206);
  assert.equal(part.text, whole.text.slice(9, 20));
  assert.equal(part.headers["content-range"], `bytes 9-19/${whole.bytes.length}`);
  const beyond = await get(`/datasets/${large.id}/export`, { headers: { range: "bytes=99999999-" } });
  assert.equal(beyond.status, 416);
});

test("lists follow cursors: newest first, each thing once, and an end", async (t) => {
  const own = await startServer(t);
  const names = ["a", "b", "c", "d", "e"];
  for (const name of names) await makeDataset(own, "x\n1\n", { name, fileName: `${name}.csv` });
  for (const [target, key, of] of [["datasets", "datasets", (x) => x.name],
    ["sources", "sources", (x) => x.name[0]], ["jobs", "jobs", (x) => x.id]]) {
    const all = (await own.request("GET", `${ours}/${target}?limit=100`)).json;
    assert.equal(all.next, null);
    assert.equal(all.total, all[key].length);
    const seen = [];
    for (let cursor = ""; cursor !== null;) {
      const { json } = await own.request("GET", `${ours}/${target}?limit=2&cursor=${cursor}`);
      assert.ok(json[key].length <= 2 && json[key].length > 0);
      seen.push(...json[key]);
      cursor = json.next;
    }
    assert.deepEqual(seen.map(of), all[key].map(of), target);
    if (target !== "jobs") assert.deepEqual(seen.map(of), [...names].reverse());
  }
});

test("a job that has ended cannot be cancelled; what is cancelled in the queue never runs", async () => {
  const { job } = await makeDataset(server, "a\n1\n");
  const ended = await server.request("POST", `${ours}/jobs/${job.id}/cancel`);
  assertProblem(ended, 409, "conflict");
  const { json } = await get(`/jobs/${job.id}`);
  assert.deepEqual([json.job.state, json.job.percent, json.job.can_cancel, json.job.rows], ["done", 100, false, 1]);
});

test("cells over 4 KiB are clipped in a page and told at full length; the export has all of them", async () => {
  const long = "ü".repeat(3000);
  const { id } = await makeDataset(server, `a,b\n${long},short\n`);
  const { json } = await get(`/datasets/${id}/rows`);
  assert.equal(json.rows[0].cells[0], "ü".repeat(2048), "4096 bytes, no character cut in two");
  assert.deepEqual(json.clipped, [{ row: "row_1", column: "col_a", bytes: 6000 }]);
  assert.equal((await get(`/datasets/${id}/export`)).text, `a,b\n${long},short\n`);
  const exact = await makeDataset(server, `a\n${"x".repeat(4096)}\n`);
  assert.deepEqual((await get(`/datasets/${exact.id}/rows`)).json.clipped, []);
});

test("a page holds at most about 4 MiB and says where to go on", async () => {
  const content = `a,b,c\n${Array.from({ length: 1000 }, (_, i) => `${i},${"y".repeat(4000)},${"z".repeat(4000)}\n`).join("")}`;
  const { id } = await makeDataset(server, content);
  const first = await get(`/datasets/${id}/rows?limit=1000`);
  assert.equal(first.status, 200);
  assert.ok(first.bytes.length < 4.3 * 1048576, String(first.bytes.length));
  const seen = first.json.rows.length;
  assert.ok(seen < 1000 && first.json.next === seen);
  const rest = (await get(`/datasets/${id}/rows?limit=1000&position=${seen}`)).json;
  assert.equal(rest.rows[0].cells[0], seen);
});

test("rows, findings and export of a dataset that failed are a conflict that says so", async () => {
  const { id, state, error } = await makeDataset(server, `a,b\n${"x,".repeat(2001)}\n1,2\n`);
  assert.equal(state, "failed");
  assert.equal(error.line, 2);
  assert.match(error.message, /2,002 columns/);
  for (const suffix of ["/rows", "/findings", "/export"]) {
    const answer = await get(`/datasets/${id}${suffix}`);
    assertProblem(answer, 409, "conflict");
  }
});

test("limits are printed as they are kept", async () => {
  const { json } = await server.request("GET", "/limits", { key: null });
  const value = (name) => json[name].value;
  assert.deepEqual([value("columns"), value("name_characters"), value("page_rows"), value("list_items"),
    value("json_tree_bytes"), value("map_radius_meters"), value("json_depth"), value("upload_bytes")],
  [2000, 100, 1000, 100, 1048576, 50000, 64, 17179869184]);
  for (const limit of Object.values(json)) assert.ok(limit.unit && limit.what);
});

test("the names of columns survive: of 1,024 bytes, doubled, blank", async () => {
  const name = "n".repeat(1024);
  const { id } = await makeDataset(server, `${name},${name}x,twice,twice,\n1,2,3,4,5\n`);
  const { columns } = (await get(`/datasets/${id}`)).json;
  assert.equal(columns[0].name, name);
  assert.ok(Buffer.byteLength(columns[1].name) <= 1024);
  assert.equal(new Set(columns.map((c) => c.name)).size, 5, "no two are called the same");
  assert.equal(new Set(columns.map((c) => c.id)).size, 5);
  const codes = (await get(`/datasets/${id}/findings`)).json.findings.map((f) => f.code);
  assert.ok(codes.includes("duplicate-label") && codes.includes("blank-label"), codes.join());
});

test("numbers no double can hold do not spoil the statistics", async () => {
  const { id } = await makeDataset(server, "a,b\n1e400,1\n-1e400,2\n5,3\n");
  const { json, text } = await get(`/datasets/${id}/rows`);
  assert.equal(json.rows.length, 3);
  assert.ok(!/inf|nan/i.test(text), text);
});

test("a query or a body that an address takes nothing of is refused, by the name of the first of it", async () => {
  const table = await makeDataset(server, "a\n1\n2\n");
  await server.request("PATCH", `${ours}/datasets/${table.id}/rows/row_1`, { json: { cells: { a: "3" } }, headers: { "if-match": "*" } });
  const { user } = (await server.request("POST", `${ours}/users`, { json: { email: "more@example.org", role: "viewer" } })).json;
  const { key } = (await server.request("POST", `${ours}/keys`, { json: { name: "k", role: "viewer" } })).json;
  const ids = { datasets: table.id, sources: table.source_id, jobs: table.job.id, users: user.id, keys: key.id };
  const tried = [];
  for (const route of routes.filter((r) => r.kind === "OURS")) {
    const address = route.target.replace(/(\w+)\/\{id\}/, (_, name) => `${name}/${ids[name]}`).replace("{row}", "row_1").replace("{change}", "1")
      .replace("{type}", "text_lines");
    const headers = { "if-match": "*" };
    if (route.query !== "OWN" && !/\{/.test(address)) {
      const answer = await server.request(route.method, `${address}?surprise=1`, { headers });
      assert.deepEqual([answer.status, answer.json?.errors?.[0].field], [400, "surprise"], `${route.method} ${address}: ${answer.text}`);
      tried.push(route.target);
    }
    if (route.method !== "GET" && route.body === "NONE") {
      const answer = await server.request(route.method, address, { headers, json: { surprise: 1 } });
      assert.deepEqual([answer.status, answer.json?.errors?.[0].field], [400, "surprise"], `${route.method} ${address}: ${answer.text}`);
    }
  }
  assert.ok(tried.length > 30, String(tried));
  const now = (await get(`/datasets/${table.id}/rows`)).json;
  assert.deepEqual(now.rows.map((r) => r.cells), [[3], [2]], "and nothing was done");
  assert.equal((await server.request("DELETE", `${ours}/keys/${key.id}`, { json: {} })).status, 200, "an empty object is nothing");
  const { total } = (await get("/sources")).json;
  const form = [["surprise", "1"], ["file", { name: "a.csv", content: "a\n1\n" }]];
  const answer = await server.request("POST", `${ours}/sources`, { form });
  assert.deepEqual([answer.status, answer.json.errors[0].field], [400, "surprise"]);
  assert.equal((await get("/sources")).json.total, total);
  assert.equal((await server.request("POST", "/api/v2/datasources", { form })).status, 201, "a vendor's own takes no notice");
});
