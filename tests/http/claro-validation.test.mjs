// claro-validation.test.mjs: what Claro's document asks of a create (seeds/000, "Request Parameters",
// "Column Definition Schema", "Error Codes") is checked field by field, and each refusal names the
// field in the document's words and shape.  Nothing that is refused leaves anything behind.

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { startServer } from "../lib/server.mjs";
import { eventually, halfMade, ours, upload, whatExists } from "../lib/things.mjs";

const server = await startServer({ after });
const source = await server.request("POST", "/api/v2/datasources",
  { form: [["file", { name: "a.csv", content: "a,b\n1,2\n" }]] });
const datasourceId = source.json.datasourceId;

const allTypes = "data_enrichment, data_extraction, map_extraction, custom_dataset";
const base = {
  data_enrichment: { type: "data_enrichment", name: "n", description: "d", datasourceId },
  data_extraction: { type: "data_extraction", name: "n", description: "d", datasourceId },
  map_extraction: {
    type: "map_extraction", name: "n", description: "d",
    mapDetails: { latitude: 40.7128, longitude: -74.006, radiusMeters: 5000 },
  },
  custom_dataset: {
    type: "custom_dataset", name: "n", description: "d",
    columnDefinitions: [{ name: "customer_id", type: "string", description: "Unique customer identifier" }],
  },
};

const create = (json) => server.request("POST", "/api/v2/datasets", { json });
const createRaw = (body) =>
  server.request("POST", "/api/v2/datasets", { body, headers: { "content-type": "application/json" } });
const form = (fields) => server.request("POST", "/api/v2/datasets/upload",
  { form: Object.entries(fields).map(([name, value]) => [name, value]) });

function assertInvalid(answer, field, message, label) {
  assert.equal(answer.status, 400, `${label}: ${answer.status} ${answer.text}`);
  assert.equal(answer.json.error, "Invalid dataset configuration", label);
  assert.equal(answer.json.code, "VALIDATION_ERROR", label);
  assert.equal(answer.json.details.field, field, `${label}: ${answer.text}`);
  if (message instanceof RegExp) assert.match(answer.json.details.message, message, label);
  else if (message) assert.equal(answer.json.details.message, message, label);
  const known = field === "type" ? ["field", "message", "allowed"] : ["field", "message"];
  assert.deepEqual(Object.keys(answer.json), ["error", "code", "details"], label);
  assert.deepEqual(Object.keys(answer.json.details), known, label);
}

function without(object, ...keys) {
  const copy = structuredClone(object);
  for (const key of keys) delete copy[key];
  return copy;
}

test("a wrong type is answered with the document's sentence and all types", async () => {
  // The sentence is the document's; behind its four types stand those of other plugins.
  const { types } = (await server.request("GET", `${ours}/types`)).json;
  const allowed = types.map((type) => type.name);
  assert.deepEqual(allowed.slice(0, 4), allTypes.split(", "));
  const expected = {
    error: "Invalid dataset configuration", code: "VALIDATION_ERROR",
    details: { field: "type", message: `Dataset type must be one of: ${allTypes}`, allowed },
  };
  for (const type of ["spreadsheet", "", " ", "DATA_ENRICHMENT", "data_enrichment ", null, 7, true, [], {},
    ["data_enrichment"], "ai_generated"]) {
    const answer = await create({ ...base.data_enrichment, type });
    assert.equal(answer.status, 400, JSON.stringify(type));
    assert.deepEqual(answer.json, expected, JSON.stringify(type));
  }
  assert.deepEqual((await create(without(base.data_enrichment, "type"))).json, expected);
  assert.deepEqual((await create({})).json, expected);
  const uploaded = await upload(server, "a\n1\n", { type: "nonsense" });
  assert.deepEqual([uploaded.status, uploaded.json], [400, expected]);
});

for (const type of Object.keys(base)) {
  test(`${type}: name and description are required texts`, async () => {
    for (const [key, what] of [["name", "Dataset name"], ["description", "Dataset description"]]) {
      const bad = (value) => create({ ...base[type], [key]: value });
      assertInvalid(await create(without(base[type], key)), key, `${what} is required`, `${key} missing`);
      for (const value of [null, "", "  \t\n "])
        assertInvalid(await bad(value), key, `${what} is required`, `${key} ${JSON.stringify(value)}`);
      for (const value of [7, true, false, [], {}, ["x"], 1.5])
        assertInvalid(await bad(value), key, `${what} must be a string`, `${key} ${JSON.stringify(value)}`);
    }
  });

  test(`${type}: a name has at most 100 characters, whatever they are`, async () => {
    for (const character of ["x", "ü", "数", "🏠"]) {
      const good = await create({ ...base[type], name: character.repeat(100) });
      assert.equal(good.status, 201, character);
      assert.equal(good.json.name, character.repeat(100));
      assertInvalid(await create({ ...base[type], name: character.repeat(101) }), "name",
        /at most 100 characters/, character);
    }
    const around = await create({ ...base[type], name: `  ${"x".repeat(100)}  ` });
    assert.equal(around.status, 201, "space around it does not count");
  });
}

test("a description may have 64 KiB and not one byte more", async () => {
  const good = await create({ ...base.data_enrichment, description: "d".repeat(65536) });
  assert.equal(good.status, 201);
  assert.equal(good.json.description.length, 65536);
  assertInvalid(await create({ ...base.data_enrichment, description: "d".repeat(65537) }), "description",
    /at most 65536 bytes/, "one more");
});

for (const type of ["data_enrichment", "data_extraction"]) {
  test(`${type}: datasourceId missing is VALIDATION_ERROR, unknown is DATASOURCE_NOT_FOUND`, async () => {
    const required = `A data source is required for type ${type}`;
    assertInvalid(await create(without(base[type], "datasourceId")), "datasourceId", required, "missing");
    assertInvalid(await create({ ...base[type], datasourceId: null }), "datasourceId", required, "null");
    for (const value of [7, true, {}, []])
      assertInvalid(await create({ ...base[type], datasourceId: value }), "datasourceId", /string/,
        JSON.stringify(value));
    for (const value of ["6ba7b810-9dad-11d1-80b4-00c04fd430c8", "no-uuid", "your-datasource-id",
      "$DATASOURCE_ID", "../../etc/passwd", "' OR 1=1 --", datasourceId.slice(0, -1), "数据"]) {
      const answer = await create({ ...base[type], datasourceId: value });
      assert.equal(answer.status, 404, value);
      assert.deepEqual(answer.json, {
        error: "Data source not found", code: "DATASOURCE_NOT_FOUND",
        details: { datasourceId: value, message: "there is no data source with this id" },
      });
    }
    const big = await create({ ...base[type], datasourceId: datasourceId.toUpperCase() });
    assert.equal(big.status, 201, "an UUID's case does not count");
  });

  test(`${type}: an empty datasourceId is no data source`, async () => {
    for (const value of ["", "   "]) {
      const answer = await create({ ...base[type], datasourceId: value });
      assert.ok(answer.status === 400 || answer.status === 404, answer.text);
      assert.ok(["VALIDATION_ERROR", "DATASOURCE_NOT_FOUND"].includes(answer.json.code));
    }
  });
}

const map = (more) => ({ ...base.map_extraction, mapDetails: { ...base.map_extraction.mapDetails, ...more } });

test("map_extraction: mapDetails must be there, an object of three numbers", async () => {
  assertInvalid(await create(without(base.map_extraction, "mapDetails")), "mapDetails",
    "Map details (latitude, longitude, radius) are required for type map_extraction", "missing");
  assertInvalid(await create({ ...base.map_extraction, mapDetails: null }), "mapDetails", /required/, "null");
  for (const value of ["x", 7, [], true, "{\"latitude\":1}"])
    assertInvalid(await create({ ...base.map_extraction, mapDetails: value }), "mapDetails", /object/,
      JSON.stringify(value));
  assertInvalid(await create({ ...base.map_extraction, mapDetails: {} }), "mapDetails.latitude",
    /number/, "empty");
  for (const key of ["latitude", "longitude", "radiusMeters"]) {
    assertInvalid(await create({ ...base.map_extraction,
      mapDetails: without(base.map_extraction.mapDetails, key) }), `mapDetails.${key}`, /must be a number/, key);
    for (const value of ["12", "", null, true, {}, [1]])
      assertInvalid(await create(map({ [key]: value })), `mapDetails.${key}`, /must be a number/,
        `${key} ${JSON.stringify(value)}`);
  }
});

test("map_extraction: bounds are good at the limit and INVALID_MAP_BOUNDS one past it", async () => {
  for (const [key, good, bad] of [
    ["latitude", [-90, 90, 0, -0.0, 89.999999], [-90.000001, 90.000001, 91, -91, 1e308]],
    ["longitude", [-180, 180, 0, 179.5], [-180.000001, 180.000001, 181, -1e300]],
    ["radiusMeters", [1, 50000, 1.5, 49999.9], [50001, 50000.001, 0, -1, 1e9]],
  ]) {
    for (const value of good) {
      const answer = await create(map({ [key]: value }));
      assert.equal(answer.status, 201, `${key} ${value}: ${answer.text}`);
      assert.equal(answer.json.status, "created");
      assert.ok(!("datasourceId" in answer.json));
    }
    for (const value of bad) {
      const answer = await create(map({ [key]: value }));
      assert.equal(answer.status, 400, `${key} ${value}: ${answer.text}`);
      assert.deepEqual(Object.keys(answer.json.details), ["field", "message"]);
      assert.deepEqual([answer.json.error, answer.json.code, answer.json.details.field],
        ["Invalid map bounds", "INVALID_MAP_BOUNDS", `mapDetails.${key}`]);
    }
  }
  for (const huge of ["1e400", "-1e400"]) {
    const answer = await createRaw(JSON.stringify(map({ latitude: 0 })).replace("\"latitude\":0", `"latitude":${huge}`));
    assert.equal(answer.status, 400, "a number beyond every double");
  }
});

test("map_extraction ignores a datasourceId, as the document says it is not used", async () => {
  const answer = await create({ ...base.map_extraction, datasourceId: "6ba7b810-9dad-11d1-80b4-00c04fd430c8" });
  assert.equal(answer.status, 201);
});

const columns = (...list) => ({ ...base.custom_dataset, columnDefinitions: list });
const column = { name: "c", type: "string" };

test("custom_dataset: columnDefinitions must be a list of columns", async () => {
  assertInvalid(await create(without(base.custom_dataset, "columnDefinitions")), "columnDefinitions",
    "Column definitions are required for type custom_dataset", "missing");
  assertInvalid(await create({ ...base.custom_dataset, columnDefinitions: null }), "columnDefinitions",
    /required/, "null");
  for (const value of ["x", 7, {}, true, "[]"])
    assertInvalid(await create({ ...base.custom_dataset, columnDefinitions: value }), "columnDefinitions",
      /array/, JSON.stringify(value));
  assertInvalid(await create(columns()), "columnDefinitions", /at least 1 must be given/, "empty");
  for (const value of ["x", 7, null, [], true])
    assertInvalid(await create(columns(column, value)), "columnDefinitions[1]", /object/, JSON.stringify(value));
});

test("custom_dataset: each column's fields are checked and named with their place", async () => {
  const at = (key) => `columnDefinitions[1].${key}`;
  const second = (more) => columns(column, { name: "d", type: "number", ...more });
  for (const value of [null, "", "  ", undefined])
    assertInvalid(await create(second({ name: value })), at("name"), /required/, `name ${JSON.stringify(value)}`);
  for (const value of [7, [], true])
    assertInvalid(await create(second({ name: value })), at("name"), /must be a string/, `name ${JSON.stringify(value)}`);
  assertInvalid(await create(second({ name: "c" })), at("name"), /twice/, "the same name");
  assertInvalid(await create(second({ name: " c " })), at("name"), /twice/, "the same but for space");
  assertInvalid(await create(second({ name: "n".repeat(1025) })), at("name"), /at most 1024 characters/, "long");
  assertInvalid(await create(second({ name: "ü".repeat(513) })), at("name"), /at most 1024 bytes/, "long in bytes");
  assert.equal((await create(second({ name: "n".repeat(1024) }))).status, 201);
  for (const value of [null, undefined])
    assertInvalid(await create(second({ type: value })), at("type"), "Column type is required", JSON.stringify(value));
  for (const value of ["", "int", "String", 7, []])
    assertInvalid(await create(second({ type: value })), at("type"),
      "Column type must be one of: string, number, date, boolean, text", `type ${JSON.stringify(value)}`);
  for (const value of [7, true, [], {}])
    assertInvalid(await create(second({ description: value })), at("description"), /string/, JSON.stringify(value));
  for (const value of ["true", 1, [], {}])
    assertInvalid(await create(second({ required: value })), at("required"), /true or false/, JSON.stringify(value));
  for (const [type, good, bad, what] of [["string", "y"], ["text", "y"], ["number", "1.10", "y", /a number/],
    ["number", 7, true, /a number/], ["date", "2024-03-14", "14.3.2024", /a date/], ["boolean", false, "perhaps", /true or false/]]) {
    const answer = await create(second({ type, description: "x", required: true, defaultValue: good }));
    assert.equal(answer.status, 201, `${type}: ${answer.text}`);
    if (bad) assertInvalid(await create(second({ type, defaultValue: bad })), at("defaultValue"), what, `${type} ${bad}`);
  }
  assert.equal((await create(second({ required: null, description: null }))).status, 201);
});

test("custom_dataset takes 2,000 columns and refuses 2,001", async () => {
  const many = (n) => columns(...Array.from({ length: n }, (_, i) => ({ name: `c${i}`, type: "string" })));
  assert.equal((await create(many(2000))).status, 201);
  assertInvalid(await create(many(2001)), "columnDefinitions", /at most 2000 can be given, there are 2001/, "2001");
});

async function assertNoPlugin(answer, type) {
  assert.equal(answer.status, 201, answer.text);
  assert.equal(answer.json.status, "created");
  assert.equal(answer.json.type, type);
  assert.deepEqual([answer.json.rowCount, answer.json.columnCount], [0, 0]);
  const dataset = await eventually("the job to fail", async () => {
    const now = (await server.request("GET", `/api/v2/datasets/${answer.json.datasetId}`)).json;
    return now.status === "failed" && now;
  });
  assert.match(dataset.error.message, new RegExp(`no plugin for datasets of type ${type}`));
  const { job } = (await server.request("GET", `${ours}/datasets/${answer.json.datasetId}`)).json.dataset;
  assert.equal(job.state, "failed");
  assert.match(job.error.message, /no plugin/);
  const data = await server.request("GET", `/api/v2/datasets/${answer.json.datasetId}/data`);
  assert.equal(data.status, 409);
  assert.equal(data.json.code, "CONFLICT");
}

for (const type of ["map_extraction", "data_extraction"])
  test(`${type}: valid, it is created and its job fails saying there is no plugin`, async () =>
    assertNoPlugin(await create(base[type]), type));

test("map_extraction through /upload without a file, in every spelling of a form", async () => {
  const rest = { type: "map_extraction", name: "n", description: "d" };
  await assertNoPlugin(await form({ ...rest, mapDetails: JSON.stringify(base.map_extraction.mapDetails) }),
    "map_extraction");
  const bracket = { "mapDetails[latitude]": "40.7128", "mapDetails[longitude]": "-74.006", "mapDetails[radiusMeters]": "5000" };
  const dot = { "mapDetails.latitude": "40.7128", "mapDetails.longitude": "-74.006", "mapDetails.radiusMeters": "5000" };
  assert.equal((await form({ ...rest, ...bracket })).status, 201);
  assert.equal((await form({ ...rest, ...dot })).status, 201);
  for (const [fields, field, code] of [
    [{ ...bracket, "mapDetails[radiusMeters]": "50001" }, "mapDetails.radiusMeters", "INVALID_MAP_BOUNDS"],
    [{ ...dot, "mapDetails.latitude": "90.5" }, "mapDetails.latitude", "INVALID_MAP_BOUNDS"],
    [{ ...bracket, "mapDetails[longitude]": "east" }, "mapDetails.longitude", "VALIDATION_ERROR"],
    [{ ...dot, "mapDetails.longitude": "" }, "mapDetails.longitude", "VALIDATION_ERROR"],
    [{ mapDetails: "{" }, "mapDetails", "VALIDATION_ERROR"],
    [{ mapDetails: "[]" }, "mapDetails", "VALIDATION_ERROR"],
    [{ mapDetails: "null" }, "mapDetails", "VALIDATION_ERROR"],
    [{ mapDetails: "{\"latitude\":1,\"longitude\":2}" }, "mapDetails.radiusMeters", "VALIDATION_ERROR"],
    [{}, "mapDetails", "VALIDATION_ERROR"],
  ]) {
    const answer = await form({ ...rest, ...fields });
    assert.deepEqual([answer.status, answer.json.code, answer.json.details.field], [400, code, field],
      JSON.stringify(fields));
  }
});

test("custom_dataset: a blank table of the columns that were asked for, in their order", async () => {
  const answer = await create(columns({ name: "Name", type: "string", required: true }, { name: "price", type: "number" },
    { name: "bought", type: "date" }, { name: "Good?", type: "boolean" }, { name: "note", type: "text" }));
  assert.deepEqual([answer.status, answer.json.status, answer.json.type], [201, "created", "custom_dataset"], answer.text);
  const { id, state, rows } = await server.waitForDataset(answer.json.datasetId);
  assert.deepEqual([state, rows], ["ready", 0]);
  const theirs = (await server.request("GET", `/api/v2/datasets/${id}`)).json;
  assert.equal(theirs.status, "completed");
  assert.deepEqual(theirs.columns, [["col_name", "Name", "string"], ["col_price", "price", "number"],
    ["col_bought", "bought", "date"], ["col_good", "Good?", "boolean"], ["col_note", "note", "text"]]
    .map(([columnId, name, type]) => ({ columnId, name, type })));
  const { json } = await server.request("GET", `/api/v2/datasets/${id}/data`);
  assert.deepEqual([json.data, json.rowIds, json.pagination.total], [[], [], 0]);
});

test("custom_dataset through /upload without a file", async () => {
  const rest = { type: "custom_dataset", name: "n", description: "d" };
  const made = await form({ ...rest, columnDefinitions: JSON.stringify([column]) });
  assert.equal(made.status, 201, made.text);
  const { columns: made_of } = (await server.request("GET", `/api/v2/datasets/${(await server.waitForDataset(made.json.datasetId)).id}`)).json;
  assert.deepEqual(made_of, [{ columnId: "col_c", name: "c", type: "string" }]);
  for (const [value, field] of [["[]", "columnDefinitions"], ["", "columnDefinitions"], ["{}", "columnDefinitions"],
    ["[{\"name\":\"a\",\"type\":\"int\"}]", "columnDefinitions[0].type"]])
    assertInvalid(await form({ ...rest, columnDefinitions: value }), field, undefined, value);
});

test("every field of an upload is checked as in JSON, and nothing stays of a refused one", async () => {
  const before = await whatExists(server);
  const file = { name: "a.csv", content: "a,b\n1,2\n" };
  const good = { type: "data_enrichment", name: "n", description: "d", file };
  for (const key of ["name", "description"]) {
    assertInvalid(await form(without(good, key)), key, /is required/, `${key} missing`);
    assertInvalid(await form({ ...good, [key]: "  " }), key, /is required/, `${key} blank`);
  }
  assertInvalid(await form({ ...good, name: "ü".repeat(101) }), "name", /at most 100 characters/, "101");
  assertInvalid(await form(without(good, "file")), "file", "A file is required for type data_enrichment", "no file");
  const unknown = await form({ ...without(good, "file"), datasourceId: "no-such-id" });
  assert.deepEqual([unknown.status, unknown.json.code], [404, "DATASOURCE_NOT_FOUND"]);
  assert.deepEqual(await whatExists(server), before);
  await eventually("refused uploads to be taken away", () => halfMade(server).length === 0);
});

test("an upload may name a data source instead of a file, and 100 characters of any kind", async () => {
  const answer = await form({ type: "data_enrichment", name: "数".repeat(100), description: "d", datasourceId });
  assert.equal(answer.status, 201);
  assert.equal(answer.json.datasourceId, datasourceId);
  assert.equal((await server.waitForDataset(answer.json.datasetId)).rows, 1);
});

test("two files for a type that is made of one are refused", async () => {
  const file = { name: "a.csv", content: "a,b\n1,2\n" };
  const answer = await server.request("POST", "/api/v2/datasets/upload", {
    form: [["type", "data_enrichment"], ["name", "n"], ["description", "d"], ["file", file], ["file", file]],
  });
  assert.equal(answer.status, 400);
  assert.equal(answer.json.code, "FILE_UPLOAD_ERROR");
  assert.match(answer.json.details.message, /made of one file, 2 were sent/);
});

test("a body that is no JSON object says where it goes wrong", async () => {
  for (const [body, message] of [
    ["{\"type\":", /not valid JSON: line 1/], ["[]", /must be a JSON object/], ["7", /must be a JSON object/],
    ["{\"name\":\"a\",\"name\":\"b\"}", /duplicate/], ["{\"name\":\"\xff\"}", /JSON|UTF-8/],
    ["{}\0", /NUL/], ["'x'", /not valid JSON/],
  ]) {
    const answer = await createRaw(Buffer.from(body, "latin1"));
    assert.equal(answer.status, 400, body);
    assert.equal(answer.json.code, "VALIDATION_ERROR");
    assert.match(answer.json.details.message, message);
  }
  const xml = await server.request("POST", "/api/v2/datasets",
    { body: "<a/>", headers: { "content-type": "application/xml" } });
  assert.deepEqual([xml.status, xml.json.code], [415, "VALIDATION_ERROR"]);
});

test("JSON is taken up to its depth and size and not one step further", async () => {
  const nested = (n) => `{"type":"data_enrichment","x":${"[".repeat(n - 1)}${"]".repeat(n - 1)}}`;
  assertInvalid(await createRaw(nested(64)), "name", /required/, "64 levels are read");
  const deep = await createRaw(nested(65));
  assert.equal(deep.status, 413);
  assert.match(deep.json.details.message, /nested over 64 levels/);
  const sized = (n) => {
    const frame = JSON.stringify({ ...base.data_enrichment, pad: "" });
    return frame.replace("\"pad\":\"\"", `"pad":"${"p".repeat(n - frame.length)}"`);
  };
  assert.equal(sized(1048576).length, 1048576);
  assert.equal((await createRaw(sized(1048576))).status, 201);
  const over = await createRaw(sized(1048577));
  assert.equal(over.status, 413, over.text);
  assert.deepEqual(Object.keys(over.json), ["error", "code", "details"]);
  assert.match(over.json.details.message, /1048576 bytes/);
});
