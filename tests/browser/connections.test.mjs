// A browser opens six connections at once, again and again: each one is answered.  (nginx hung on
// the connection that another of its processes had taken, when the socket it was handed blocked.)

import assert from "node:assert/strict";
import http from "node:http";
import test from "node:test";
import { startServer } from "../lib/server.mjs";

test("of six connections at once none waits for another", async (t) => {
  const server = await startServer(t, { port: true });
  const get = (target) => new Promise((resolve, reject) => {
    const sent = http.get({ ...server.connection, path: target, agent: false, timeout: 5000 }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer in 5 s to ${target}`)));
    sent.on("error", reject);
  });
  for (let i = 0; i < 300; i++) {
    const six = ["/healthz", "/static/page.mjs", "/static/rowhouse.css", "/static/icon.svg", "/version", "/sign-in"];
    assert.deepEqual(await Promise.all(six.map(get)), six.map(() => 200));
  }
});
