// plugins.mjs: what tests of plugins ask of a server again and again, in the words of our own API.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { eventually, ours } from "./things.mjs";

// `server`: a function, because a test may start another one on the same data.
export function asking(server) {
  const get = async (target) => (await server().request("GET", `${ours}${target}`)).json;
  const post = (target, json, more) => server().request("POST", `${ours}${target}`, { json, ...more });

  // The dataset and its ingest, as they are at the end.
  async function make(type, fields, more = {}) {
    const answer = await post("/datasets", { type, name: `${type} of a test`, ...fields }, more);
    assert.equal(answer.status, 201, answer.text);
    const dataset = await server().waitForDataset(answer.json.dataset.id);
    return { ...dataset, job: await server().waitForJob(answer.json.job.id) };
  }

  async function task(dataset, name, fields = {}) {
    const answer = await post(`/datasets/${dataset.id}/tasks/${name}`, fields);
    assert.equal(answer.status, 202, answer.text);
    return answer.json.job;
  }

  // What a job did is taken back by a job: as it is at its end.
  async function undo(dataset, change) {
    const answer = await post(`/datasets/${dataset.id}/changes/${change}/undo`, {});
    assert.equal(answer.status, 202, answer.text);
    return server().waitForJob(answer.json.job.id);
  }

  return {
    get, post, make, task, undo,
    hooks: (fields = {}) => make("hooks_all", { title: "a title", box: { width: 1 }, ...fields }),
    cellsOf: async (id, query = "") => (await get(`/datasets/${id}/rows${query}`)).rows.map((r) => r.cells),
    cancel: (job) => post(`/jobs/${job.id}/cancel`, {}),
    rowsFile: (id) => {
      const folder = path.join(server().folder, "datasets", id);
      return path.join(folder, fs.readdirSync(folder).find((n) => /^rows.*\.db$/.test(n)));
    },
  };
}

// A task has written its first rows.
export const begun = (get, job) => eventually("some rows", async () => (await get(`/jobs/${job.id}`)).job.rows > 300);

// What another program finds in a file, "|" between the columns.
export const sqlite = async (file, sql) => (await promisify(execFile)("sqlite3", ["-readonly", file, sql])).stdout.trim();
