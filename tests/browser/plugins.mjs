// plugins.mjs: browsers on a server with more than its own plugins, and datasets of their types.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { program, temporaryFolder } from "../lib/server.mjs";

const build = path.dirname(program);

// For startBrowser: the plugins of the server and those of tests/plugins, among them `hooks`, which
// has everything a plugin can have, and some that are refused.
export const withTestPlugins = { env: { ROWHOUSE_PLUGINS: `${build}/plugins:${build}/tests/plugins` } };

// The server's own plugins, and one more that everybody may write.
export function withWritablePlugin(t, name) {
  const folder = temporaryFolder(t);
  const file = path.join(folder, `${name}.so`);
  fs.chmodSync(folder, 0o755);
  fs.copyFileSync(path.join(build, "plugins/custom.so"), file);
  fs.chmodSync(file, 0o664);
  return { env: { ROWHOUSE_PLUGINS: `${build}/plugins:${folder}` } };
}

// Makes a dataset by the API, without a file, and waits until it is ready.
export async function makeOfType(server, type, name, fields) {
  const answer = await server.request("POST", "/api/rowhouse/v1/datasets", { json: { type, name, ...fields } });
  assert.equal(answer.status, 201, answer.text);
  return server.waitForDataset(answer.json.dataset.id);
}

// A blank table of columns, each {name, type, ...}, with rows in it.
export async function makeTable(server, name, columns, rows = []) {
  const dataset = await makeOfType(server, "custom_dataset", name, { column_definitions: columns });
  if (rows.length) {
    const answer = await server.request("POST", `/api/rowhouse/v1/datasets/${dataset.id}/rows`, { json: { rows } });
    assert.equal(answer.status, 201, answer.text);
  }
  return dataset;
}

// The rows as the API gives them: an object by column name each.
export async function rowsOf(server, id) {
  const { columns, rows } = (await server.request("GET", `/api/rowhouse/v1/datasets/${id}/rows`)).json;
  return rows.map((row) => Object.fromEntries(columns.map((column, i) => [column.name, row.cells[i]])));
}

// One of each page that is a form, or is drawn from what a plugin says; `nasty` stands in the names
// of columns and in cells.
export async function formPages(server, nasty) {
  const long = `${nasty} ${"Donaudampfschifffahrt".repeat(10)}`;
  const table = await makeTable(server, nasty, [
    { name: nasty, type: "string", required: true, description: long, default_value: long },
    { name: "price", type: "number" }, { name: "bought", type: "date" },
    { name: "in use", type: "boolean", default_value: true }, { name: "notes", type: "text", description: nasty },
  ], [{ [nasty]: long, notes: long }, {}]);
  const blank = await makeTable(server, "blank", [{ name: nasty, type: "string" }]);
  const hooks = await makeOfType(server, "hooks_all", "hooks", { title: nasty.slice(0, 40), copies: 3, box: { width: 3 } });
  const crashed = await makeOfType(server, "rogue", nasty, { mode: "segfault" });
  const send = (target) => server.request("POST", `/api/rowhouse/v1/datasets/${target}`, { json: { column: "text", with: nasty } });
  const { job } = (await send(`${hooks.id}/tasks/fill`)).json;
  await server.waitForJob(job.id);
  await send(`${hooks.id}/changes/1/undo`);
  return {
    new: "/new",
    "blank table": "/new/custom_dataset",
    "every kind of field": "/new/hooks_all",
    "not loaded": "/new/map_extraction",
    types: "/types",
    docs: "/docs",
    table: `/datasets/${table.id}?change=1`,
    crashed: `/datasets/${crashed.id}`,
    "job crashed": `/jobs/${crashed.job.id}`,
    "no rows": `/datasets/${blank.id}`,
    "add a row": `/datasets/${table.id}/rows/new`,
    "edit a row": `/datasets/${table.id}/rows/row_1/edit?at=1`,
    "no such row": `/datasets/${table.id}/rows/row_9/edit`,
    "delete a row": `/datasets/${table.id}/rows/row_1/delete?at=1`,
    changes: `/datasets/${hooks.id}/changes`,
    "no changes": `/datasets/${blank.id}/changes`,
    "with tasks": `/datasets/${hooks.id}`,
    task: `/datasets/${hooks.id}/tasks/fill`,
    "job of a task": `/jobs/${job.id}`,
    panel: `/datasets/${hooks.id}?panel=peek`,
    "panel, wrong": `/datasets/${hooks.id}?panel=peek&from=x`,
    view: `/datasets/${hooks.id}/views/whole`,
    "view of the site": "/plugins/hooks/status",
    "task of the site": "/plugins/hooks/tasks/import",
  };
}
