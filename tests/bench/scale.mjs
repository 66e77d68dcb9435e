// scale.mjs: the same work on ten times as many rows: does time stay linear and memory flat?
//
// Counted is the CPU time of all processes of the server (other work on the machine does not change
// that), and the most memory they had at once above idle (memory.mjs).

import fs from "node:fs";
import { cpuSeconds, watch } from "./memory.mjs";
import { writeRagged, writeSample } from "./sample.mjs";

// What is done with a dataset once it is there: name, and what to ask for.
const questions = [
  ["facet of 17 values", "facets?columns=city"],
  ["facet of as many texts as rows", "facets?columns=email"],
  ["sort, a page in the middle", "rows?sort=amount&position=HALF&limit=50"],
  ["filter, a page", "rows?filter=amount%20%3E%2050000%20and%20city%20%3D%20'Oslo'&limit=50"],
  ["search in all columns", "rows?search=kyoto&limit=50"],
  ["export CSV", "export?format=csv"],
  ["export CSV, sorted by a number", "export?format=csv&sort=amount"],
  ["export Parquet", "export?format=parquet"],
];

// bench: {folder, start, upload, made, forget, fetch}.  {name: {seconds, bytes}} of one size.
async function measure(bench, rows) {
  const sample = `${bench.folder}/scale.csv`, ragged = `${bench.folder}/scale-ragged.csv`;
  writeSample(sample, rows);
  writeRagged(ragged, sample);
  const server = await bench.start();
  const done = {};
  const count = async (name, work) => {
    const idle = watch(server.child.pid)().core, before = cpuSeconds(server.child.pid);
    const stop = watch(server.child.pid);
    const result = await work();
    done[name] = { seconds: cpuSeconds(server.child.pid) - before, bytes: stop().core - idle };
    process.stderr.write(`  ${rows} rows, ${name}: ${done[name].seconds.toFixed(2)} s\n`);
    return result;
  };
  const bad = await count("upload, every row ragged", () => bench.upload(server, ragged, rows));
  await bench.forget(server, bad.dataset);
  fs.rmSync(ragged);
  const { dataset } = await count("upload until readable", () => bench.upload(server, sample, rows));
  await count("until all is ready for questions", () => bench.made(server, dataset));
  for (const [name, target] of questions)
    await count(name, () => bench.fetch(server, `/datasets/${dataset.id}/${target.replace("HALF", rows / 2)}`));
  fs.rmSync(sample);
  await bench.end();
  return done;
}

// Rows for the report.
export async function scale(bench, rows) {
  const few = await measure(bench, rows);
  const many = await measure(bench, rows * 10);
  const mib = (bytes) => `${(Math.max(bytes, 0) / 1048576).toFixed(0)} MiB`;
  return Object.keys(few).map((name) => [`${name}, ${rows * 10} rows`, `${many[name].seconds.toFixed(2)} s of CPU, ${mib(many[name].bytes)}`,
    `${rows} rows`, `${few[name].seconds.toFixed(2)} s of CPU, ${mib(few[name].bytes)}`,
    few[name].seconds < 0.1 ? "" : (many[name].seconds / few[name].seconds).toFixed(1), "≤ 11"]);
}
