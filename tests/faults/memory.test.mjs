// No memory at any one allocation, or from there on: a right answer or a clear error, never a crash
// of our code, never half a dataset.
import test from "node:test";
import { makeCsv, sanitized, uploadAtEveryCall } from "./lib.mjs";

const csv = makeCsv(50);

for (const role of ["web", "split", "writer", "child"])
  for (const sticky of [false, true])
    test(`${role}: no memory ${sticky ? "from" : "at"} any allocation`, { skip: sanitized }, (t) =>
      uploadAtEveryCall(t, { role, mode: "nomemory", sticky, csv, ms: sticky ? 400 : Infinity }));
