// A full disk (ENOSPC) and a failing one (EIO): the client is told, what was acknowledged holds, and
// the server goes on when the disk does.
import test from "node:test";
import { makeCsv, sanitized, uploadAtEveryCall } from "./lib.mjs";

const csv = makeCsv(50);

for (const role of ["web", "split", "writer", "jobs"])
  for (const mode of ["nospace", "ioerror"])
    for (const sticky of [false, true])
      test(`${role}: ${mode === "nospace" ? "disk full" : "I/O error"} ${sticky ? "from" : "at"} any call`,
        { skip: sanitized },
        (t) => uploadAtEveryCall(t, { role, mode, sticky, csv, share: 0.6, ms: sticky ? 400 : Infinity }));

test("the disk is full for everyone for a while", { skip: sanitized }, (t) =>
  uploadAtEveryCall(t, { role: "*", mode: "nospace", sticky: true, csv, ms: 400, share: 0.7 }));
