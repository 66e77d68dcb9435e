// duckdb.mjs: one statement in DuckDB, in a process of its own.
//
//   node duckdb.mjs DATABASE STATEMENT          prints {"ms": N}
//   node duckdb.mjs DATABASE STATEMENT TIMES    prints {"ms": N}, the median of so many, warm
//
// The time is that of the statement, its checkpoint and the close, without node's start and the
// loading of the library: the fastest that can be said for it.  Of several, it is the statement and
// reading its rows alone, after one that does not count.

import { DuckDBInstance } from "@duckdb/node-api";
import { median } from "./measure.mjs";

const [database, statement, times] = process.argv.slice(2);
const instance = await DuckDBInstance.create(database);
const connection = await instance.connect();
await connection.run("SELECT 1");
if (times) {
  const all = [];
  for (let i = 0; i <= Number(times); i++) {
    const since = process.hrtime.bigint();
    await connection.runAndReadAll(statement);
    if (i > 0) all.push(Number(process.hrtime.bigint() - since) / 1e6);
  }
  console.log(JSON.stringify({ ms: median(all) }));
  process.exit(0);
}
const since = process.hrtime.bigint();
await connection.run(statement);
if (/^create/i.test(statement)) await connection.run("CHECKPOINT");
connection.closeSync();
instance.closeSync();
console.log(JSON.stringify({ ms: Number(process.hrtime.bigint() - since) / 1e6 }));
