// What the drawer's tree takes JSON apart with (static/json.mjs) agrees with JSON.parse, and with what
// other people expect of a parser: no browser is needed for that.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { isJson, membersOf, valueAt } from "../../static/json.mjs";
import { shared } from "../lib/server.mjs";

// Numbers with a seed, so that a failure can be seen again (mulberry32).
function random(seed) {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
const times = (n, make) => Array.from({ length: n }, make);

// A document as text, so that spaces, escapes and digits are of every kind.
function makeText(next, depth = 0) {
  const space = () => ["", "", " ", "\n\t", "\r\n "][next(5)];
  const string = () => `"${times(next(6), () => ['\\"', "\\\\", "[", "{", "]", "}", ",", ":", " ", "é", "😀", "\\u00e9", "\\ud83d", "\\n"][next(14)]).join("")}"`;
  const list = (open, close, member) => `${open}${space()}${times(next(5), () => `${space()}${member()}${space()}`).join(",")}${close}`;
  const kind = depth > 5 ? 2 + next(6) : next(8);
  if (kind === 0) return list("[", "]", () => makeText(next, depth + 1));
  if (kind === 1) return list("{", "}", () => `${string()}${space()}:${space()}${makeText(next, depth + 1)}`);
  return kind < 5 ? ["1.10", "-0", "9223372036854775808", "1e400", "0.5E-3"][next(5)] : kind < 6 ? ["true", "false", "null"][next(3)] : string();
}

const parses = (text) => {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
};

// Everything at a place, put together again; a number is looked at as it is written.
function build(text, value) {
  const token = text.slice(value.start, value.end);
  if (value.members === undefined) return JSON.parse(token);
  const members = [...membersOf(text, value)];
  assert.equal(members.length, value.members, token);
  return value.kind === "array" ? members.map((m) => build(text, m.value)) : Object.fromEntries(members.map((m) => [m.key, build(text, m.value)]));
}

test("a document put together from its members is what JSON.parse makes of it", () => {
  const next = random(1);
  let sizes = 0;
  for (let i = 0; i < 5000; i++) {
    const text = ` [${makeText(next)}, ${makeText(next)}]\n`;
    const value = valueAt(text, 0);
    assert.deepEqual(build(text, value), JSON.parse(text), text);
    assert.equal(text.slice(value.start, value.end), text.trim());
    sizes += text.length;
  }
  assert.ok(sizes > 100000, String(sizes));
});

test("what is JSON and what is not, JSON.parse says too", () => {
  const next = random(2);
  const seen = { true: 0, false: 0 };
  for (let i = 0; i < 30000; i++) {
    let text = `[${makeText(next, 2)}]`;
    for (let k = next(3); k > 0; k--) {
      const at = next(text.length);
      text = text.slice(0, at) + ["", ...'\\"[]{},: 0-1.eE+tnu\u0001'][next(21)] + text.slice(at + next(2));
    }
    assert.equal(isJson(text), parses(text), JSON.stringify(text));
    seen[parses(text)]++;
  }
  assert.ok(seen.true > 3000 && seen.false > 3000, JSON.stringify(seen));
  for (const text of ["", " ", "[", "{", "]", "[]]", "[1,]", "{,}", '{"a":}', '{"a" 1}', '"a"', "1", "null", "[01]", "[1.]", "[nul]", '["\n"]', '["a', '["\\', "\ufeff[]", "[}", "{]"])
    assert.ok(!isJson(text), text);
  for (const text of ["[]", "{}", " [ ] ", '{"":{"":[]}}', "[".repeat(100000) + "]".repeat(100000)]) assert.ok(isJson(text), text.slice(0, 20));
});

test("JSONTestSuite: what must be taken is, what must be refused is refused", (t) => {
  const folder = path.join(shared, "data/json/jsontestsuite");
  if (!fs.existsSync(folder)) return t.skip(`${folder} is not there`);
  const files = fs.readdirSync(folder, { recursive: true }).filter((name) => /(^|\/)[yn]_.*\.json$/.test(name));
  let taken = 0, refused = 0;
  for (const name of files) {
    let text;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fs.readFileSync(path.join(folder, name)));
    } catch {
      continue; // no text at all: a cell always is
    }
    const isTree = /^\s*[[{]/.test(text);
    if (path.basename(name).startsWith("n_")) {
      assert.ok(!isJson(text), name);
      refused++;
    } else if (isTree) {
      assert.ok(isJson(text), name);
      build(text, valueAt(text, 0));
      taken++;
    }
  }
  t.diagnostic(`${taken} taken, ${refused} refused`);
  assert.ok(taken > 50 && refused > 100, `${taken} ${refused}`);
});
