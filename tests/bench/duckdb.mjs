// duckdb.mjs: one statement in DuckDB, in a process of its own.
//
//   node duckdb.mjs DATABASE STATEMENT      prints {"ms": N}
//
// The time is that of the statement, its checkpoint and the close, without node's start and the
// loading of the library: the fastest that can be said for it.

import { DuckDBInstance } from "@duckdb/node-api";

const [database, statement] = process.argv.slice(2);
const instance = await DuckDBInstance.create(database);
const connection = await instance.connect();
await connection.run("SELECT 1");
const since = process.hrtime.bigint();
await connection.run(statement);
if (/^create/i.test(statement)) await connection.run("CHECKPOINT");
connection.closeSync();
instance.closeSync();
console.log(JSON.stringify({ ms: Number(process.hrtime.bigint() - since) / 1e6 }));
