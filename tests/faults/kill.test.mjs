// kill -9 at the calls that write: what was acknowledged is there, nothing is half there, and the
// server goes on.
import test from "node:test";
import { makeCsv, sanitized, uploadAtEveryCall } from "./lib.mjs";

const small = makeCsv(50), large = makeCsv(20000);

for (const role of ["web", "split", "writer", "child", "jobs"])
  test(`an upload is whole or not there when ${role} is killed`, { skip: sanitized }, (t) =>
    uploadAtEveryCall(t, { role, mode: "kill", csv: small }));

for (const role of ["writer", "child"])
  test(`20,000 rows are all there or none when ${role} is killed`, { skip: sanitized }, (t) =>
    uploadAtEveryCall(t, { role, mode: "kill", csv: large }));

for (const role of ["web", "split", "writer", "jobs"])
  test(`an upload is whole or not there when ${role} is killed in the middle of a write`,
    { skip: sanitized }, (t) => uploadAtEveryCall(t, { role, mode: "torn", csv: small, share: 0.5 }));

for (const role of ["split", "writer", "child"])
  test(`an upload whose every ${role} is killed fails with a reason`, { skip: sanitized }, (t) =>
    uploadAtEveryCall(t, { role, mode: "kill", sticky: true, csv: small }));
