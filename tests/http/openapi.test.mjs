// openapi.test.mjs: /openapi.json is OpenAPI 3.1, has every address that is no page, and says of a body
// what the server holds it against: whatever its schema forbids is refused, by the name of the field.

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import { keepAlive } from "../lib/accounts.mjs";
import { routes } from "../lib/routes.mjs";
import { startServer } from "../lib/server.mjs";
import { catalog, makeDataset, ours } from "../lib/things.mjs";

const server = await startServer({ after });
const request = keepAlive(server, { after });
const table = await makeDataset(server, "a\n1\n2\n");
const { user } = (await request("POST", `${ours}/users`, { json: { email: "t@example.org", role: "viewer" } })).json;
const answer = await request("GET", "/openapi.json", { key: null });
const document = answer.json;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })));
const operation = (id) => operations.find((o) => o.operationId === id);
const schemaOf = (o, type = "application/json") => o.requestBody?.content[type]?.schema;

test("it is OpenAPI 3.1, and its schemas are JSON Schema", async () => {
  assert.deepEqual([answer.status, answer.headers["content-type"]], [200, "application/json"]);
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert.ok(valid, JSON.stringify(errors));
  assert.match(document.openapi, /^3\.1\.\d$/);
  const ajv = new Ajv({ strict: true, strictRequired: false, strictTypes: false, validateFormats: false });
  let count = 0;
  for (const o of operations)
    for (const schema of [...o.parameters.map((p) => p.schema), ...Object.values(o.requestBody?.content ?? {}).map((c) => c.schema)]) {
      assert.doesNotThrow(() => ajv.compile(schema), `${o.operationId}: ${JSON.stringify(schema)}`);
      count++;
    }
  assert.ok(count > 50, String(count));
  // What it refers to is there.
  for (const [, pointer] of answer.text.matchAll(/"\$ref":"#([^"]*)"/g))
    assert.ok(pointer.split("/").slice(1).reduce((at, key) => at?.[key], document), pointer);
});

test("every address that is no page is in it, with its path's values, and nothing else is", () => {
  const expected = routes.filter((r) => r.kind !== "PAGE").map((r) => `${r.method} ${r.target}`).sort();
  assert.deepEqual(operations.map((o) => `${o.method} ${o.path}`).sort(), expected);
  for (const o of operations) {
    const inPath = [...o.path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
    assert.deepEqual(o.parameters.filter((p) => p.in === "path").map((p) => p.name), inPath, o.path);
    assert.ok(o.summary.length > 5 && o.tags.length === 1, o.path);
    const route = routes.find((r) => r.method === o.method && r.target === o.path);
    // A vendor's takes a key, as the whole document says; ours a browser's session too, and for a change its token.
    const session = o.method === "GET" ? { session: [] } : { session: [], csrf: [] };
    assert.deepEqual(o.security, route.open ? [] : route.kind === "CLARO" ? undefined : [{ key: [] }, session], `${o.path}: what it takes`);
    assert.equal(o.parameters.some((p) => p.name === "Idempotency-Key"), !["GET", "OPTIONS"].includes(o.method) && !route.secret, o.path);
  }
  const { session, csrf } = document.components.securitySchemes;
  assert.deepEqual([session.in, session.name, csrf.in, csrf.name], ["cookie", "__Host-rowhouse", "header", "X-CSRF-Token"]);
  const ids = operations.map((o) => o.operationId);
  assert.equal(new Set(ids).size, ids.length, "no two operations are called the same");
});

test("the page of it says of those that need no key that they do not, and of no other", async () => {
  const { text } = await request("GET", "/docs", { key: null, headers: { accept: "text/html" } });
  const open = routes.filter((r) => r.kind !== "PAGE" && r.open);
  assert.equal(text.split("no key is needed").length - 1, open.length);
});

test("what an address takes stands there: queries, bodies, and the form of every dataset type", async () => {
  const { types } = (await request("GET", `${ours}/types`)).json;
  const create = schemaOf(operation("rowhouse_dataset_create")).oneOf;
  assert.deepEqual(create.map((c) => c.allOf[0].properties.type.const), types.map((t) => t.name));
  for (const [i, type] of types.entries()) {
    assert.deepEqual(Object.keys(create[i].allOf[0].properties).sort(), ["description", "name", "options", "source_id", "type"], type.name);
    assert.deepEqual(create[i].allOf[1], type.form, `${type.name}: as GET /types says`);
    for (const [name, field] of Object.entries(type.form.properties ?? {})) assert.ok(field.type && name, type.name);
  }
  // In Claro's words for Claro.
  const theirs = JSON.stringify(schemaOf(operation("claro_dataset_create")));
  for (const name of ["datasourceId", "mapDetails", "radiusMeters", "columnDefinitions", "defaultValue"])
    assert.ok(theirs.includes(`"${name}"`), name);
  for (const name of ["source_id", "map_details", "column_definitions"]) assert.ok(!theirs.includes(`"${name}"`), name);
  // A table that a route names has its fields there.
  for (const route of routes.filter((r) => r.kind === "OURS")) {
    const o = operation(route.handler);
    if (!["NONE", "OWN"].includes(route.query)) assert.ok(o.parameters.some((p) => p.in === "query"), `${route.handler}: ${route.query}`);
    const schema = Object.values(o.requestBody?.content ?? {})[0]?.schema;
    assert.equal(schema !== undefined, route.body !== "NONE", route.handler);
    if (schema?.format === "binary") continue;
    if (schema) assert.ok(Object.keys(schema.properties ?? schema.oneOf ?? schema.anyOf).length > 0, `${route.handler}: ${route.body}`);
  }
  for (const target of ["row_set", "row_delete"])
    assert.ok(operation(`rowhouse_${target}`).parameters.some((p) => p.name === "If-Match" && p.required));
});

// ---- bodies that the schema forbids ----

// A good body for each operation that has a schema, and what stands for the path's values.
const good = {
  rowhouse_password: { old_password: "an old password", password: "a new password" },
  rowhouse_dataset_create: [
    { type: "custom_dataset", name: "n", description: "d", column_definitions: [{ name: "a", type: "number", description: "x", required: true, default_value: 1 }] },
    { type: "map_extraction", name: "n", description: "d", map_details: { latitude: 1, longitude: 2, radius_meters: 3 } },
    { type: "data_enrichment", name: "n", description: "d", source_id: table.source_id,
      options: { format: "csv", packing: "gzip", encoding: "utf-8", delimiter: ";", quote: "'", escape: "none", comment: "#", skip_lines: 1,
        header_rows: 1, footer_lines: 1, table: 1, records: ".", sheet: "s", member: "m", columns: [{ from: "a", name: "b", type: "text", keep: true }] } },
    { type: "text_lines", name: "n", description: "d", source_id: table.source_id, skip_blank: true },
  ],
  rowhouse_export_start: [
    { format: "csv", columns: ["a"], safe: true, header: true, compress: true, split: { column: "a", seed: "s", test: 0.2 } },
    { split: { column: "a", parts: [{ name: "one", share: 1 }, { name: "two", share: 2 }] } },
  ],
  rowhouse_row_add: { rows: [{ a: "3" }] },
  rowhouse_row_delete_many: { rows: [{ id: "row_1", rev: 0 }] },
  rowhouse_row_set: { cells: { a: "x" } },
  rowhouse_user_new: { email: "new@example.org", name: "n", role: "viewer" },
  rowhouse_user_change: { name: "n", role: "viewer", disabled: false },
  rowhouse_source_preview: { format: "csv", delimiter: "tab", header_rows: 2, columns: [{ from: "a", type: "integer", keep: false }] },
  rowhouse_source_upload: { uploads: [{ id: "00000000-0000-4000-8000-000000000000", field: "file" }], name: "n" },
  rowhouse_key_new: { name: "n", role: "viewer", expires_in_days: 1, dataset_ids: [table.id] },
};
const addressOf = (o) => o.path.replace("{id}", o.path.includes("/users/") ? user.id : table.id).replace("{row}", "row_1");

const values = [null, true, 7, 1.5, -1, "", "x", "x".repeat(70_000), "2024-03-14", [], [7], ["x"], [null], {}, { a: 1 }, 1e300];

// Every body that differs from a good one in one place, so that the schema forbids it: [path, body].
function* wrongs(body, at, schema, ajv) {
  const validate = ajv.compile(schema);
  const change = (path, value) => {
    const copy = structuredClone(body);
    const last = path.at(-1);
    const holder = path.slice(0, -1).reduce((o, key) => o[key], copy);
    if (value === undefined) delete holder[last];
    else holder[last] = value;
    return copy;
  };
  const walk = function* (value, path) {
    if (path.length)
      for (const other of [undefined, ...values]) {
        if (other === undefined && Array.isArray(path.slice(0, -1).reduce((o, key) => o[key], body))) continue;
        // An empty text is none, as null is no value: where one is not required it may be.
        if ((other === "" || other === null) && validate(change(path, undefined))) continue;
        const copy = change(path, other);
        if (!validate(copy)) yield [path, other, copy];
      }
    if (value && typeof value === "object") for (const key of Object.keys(value)) yield* walk(value[key], [...path, Array.isArray(value) ? Number(key) : key]);
  };
  yield* walk(body, at);
}

const pathText = (path) => path.reduce((text, key) => (typeof key === "number" ? `${text}[${key}]` : text ? `${text}.${key}` : key), "");

for (const [id, bodies] of Object.entries(good))
  test(`${id}: what the schema forbids is refused by the field's name`, async () => {
    const o = operation(id);
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const send = (json) => request(o.method, addressOf(o), { json, headers: { "if-match": "*" } });
    const seen = () => catalog(server, "SELECT (SELECT count(*) FROM datasets)||' '||(SELECT count(*) FROM users)||' '||(SELECT count(*) FROM keys) AS n");
    const before = await seen();
    let count = 0;
    for (const body of [bodies].flat()) {
      const all = schemaOf(o);
      const schema = all.oneOf?.find((s) => s.allOf[0].properties.type.const === body.type) ?? all;
      assert.ok(ajv.validate(schema, body), `the good body: ${ajv.errorsText()}`);
      for (const [path, value, wrong] of wrongs(body, [], schema, ajv)) {
        const refused = await send(wrong);
        const label = `${id} ${pathText(path)} = ${JSON.stringify(value)?.slice(0, 40)}: ${refused.status} ${refused.text.slice(0, 300)}`;
        assert.ok([400, 413, 422].includes(refused.status), label);
        assert.ok(refused.json.errors?.[0], label);
        const { field } = refused.json.errors[0];
        assert.ok(pathText(path).startsWith(field) || field.startsWith(pathText(path)), `${label}: it names ${field}`);
        count++;
      }
      // And what it has no name for.
      const unknown = await send({ ...body, nobody_knows: 1 });
      assert.deepEqual([unknown.status, unknown.json.errors?.[0].field], [400, "nobody_knows"]);
      for (const text of ["[]", "7", "\"x\"", "null", "{", "", "{\"a\":1,\"a\":2}"]) {
        const none = await request(o.method, addressOf(o), { body: text, headers: { "content-type": "application/json", "if-match": "*" } });
        assert.ok(none.status === 400 || (text === "" && none.status < 500), `${id} ${text}: ${none.status}`);
      }
    }
    assert.ok(count >= 8, `${count} bodies were tried`);
    if (id !== "rowhouse_user_change") assert.deepEqual(await seen(), before, "and nothing was made");
  });

test("every body of our own API that has a schema was tried", () => {
  const tried = Object.keys(good);
  const have = operations.filter((o) => o.path.startsWith(ours) && schemaOf(o) && Object.keys(schemaOf(o).properties ?? schemaOf(o).oneOf ?? {}).length > 0)
    .map((o) => o.operationId);
  assert.deepEqual(have.sort(), tried.sort());
});

test("queries are held against their schema too", async () => {
  // "array": a parameter that may be repeated is one when it stands there once.
  const ajv = new Ajv({ strict: false, validateFormats: false, coerceTypes: "array" });
  for (const o of operations.filter((x) => x.method === "GET" && x.path.startsWith(ours)))
    for (const p of o.parameters.filter((x) => x.in === "query")) {
      const validate = ajv.compile({ type: "object", properties: { v: p.schema } });
      for (const value of ["x", "-1", "0", "1.5", "101", "1001", "99999999999", "csv", "true"]) {
        if (validate({ v: value }) || p.schema.format === "date-time") continue;
        // Switches in an address may be boxes of a form, too.
        if (p.schema.type === "boolean" && ["0", "1"].includes(value)) continue;
        const refused = await request("GET", `${addressOf(o).replace(/\{\w+\}/g, "x")}?${p.name}=${encodeURIComponent(value)}`);
        assert.deepEqual([refused.status, refused.json.errors?.[0].field], [400, p.name], `${o.path}?${p.name}=${value}: ${refused.text}`);
      }
    }
});
