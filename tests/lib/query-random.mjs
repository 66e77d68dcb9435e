// query-random.mjs: random tables, random questions to them, each as text and as a function of a row,
// and how an answer of our own API is held against a naive evaluation of the same (query-model.mjs).

import assert from "node:assert/strict";
import * as model from "./query-model.mjs";
import { ours } from "./things.mjs";

// Numbers that come again: a failure can be repeated by its seed.
export function random(seed) {
  let s = seed;
  const next = () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (n) => next() % n;
  return { below, pick: (list) => list[below(list.length)], chance: (n) => below(n) === 0 };
}

const words = ["Desk", "desk", "DESK top", "Ärger", "ärger", "Σίσυφος", "σ", "数", "🏠 home", "it's", 'say "hi"', "a,b", "a:b",
  "line\nbreak", "zebra", "Z", "-", "10", "9", "true", "\u0001", "é", "e\u0301", "n/a", "back\\slash"];
export const columns = [
  { name: "price", type: "number", values: ["1.10", "1.1", "0", "-0", "-0.0", "1e400", "-1e400", "1e308", "9223372036854775808",
    "9223372036854775809", "123.5", "-7", "-7.25", "-70", "1e-5", "100", "1E2"] },
  { name: "amount", type: "integer", values: ["9223372036854775807", "9223372036854775806", "-9223372036854775808", "0", "5", "50", "6", "-5"] },
  { name: "day", type: "date", values: ["2024-02-29", "1969-12-31", "0001-01-01", "9999-12-31", "2024-03-01", "2024-02-28"].map((d) => `"${d}"`) },
  { name: "at", type: "datetime", values: ["2024-03-14T15:30:00Z", "2024-03-14T16:30:00+01:00", "2024-03-14 15:30", "2024-03-14T15:30:00.5Z",
    "2024-03-14T15:30:00.50Z", "1950-01-01T00:00:00-11:30"].map((d) => `"${d}"`) },
  { name: "done", type: "boolean", values: ["true", "false"] },
  { name: "name", type: "string", values: words.map((w) => JSON.stringify(w)) },
  { name: "more", type: "json", values: ['{"a":1}', "[1,2]", '{"b":"x"}'] },
  { name: "in", type: "string", values: ['"x"', '"y"', '"X"'] },
];

export function randomRows(r, count) {
  return Array.from({ length: count }, (_, i) => {
    const cells = {};
    for (const c of columns) {
      if (i === 0) cells[c.name] = c.values[0];
      else if (r.chance(12)) cells[c.name] = "null";
      else if (r.chance(12)) cells[c.name] = '""';
      else if (!r.chance(12)) cells[c.name] = r.pick(c.values);
    }
    return { id: `row_${i + 1}`, cells };
  });
}

export const asJsonl = (rows) => rows.map(({ cells }) =>
  `{${Object.entries(cells).map(([k, v]) => `${JSON.stringify(k)}:${v}`).join(",")}}\n`).join("");

const field = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
export const asCsv = (rows) => `${columns.map((c) => c.name).join(",")}\n` +
  rows.map(({ cells }) => `${columns.map((c) => field(model.plain(cells[c.name]))).join(",")}\n`).join("");

// ---- random questions, each as text and as a function of a row ----

const quote = (text) => `'${text.replaceAll("'", "''")}'`;

function randomTest(r) {
  const c = r.pick(columns);
  const key = (row) => model.keyOf(row.cells[c.name], c.type);
  const column = r.pick([`"${c.name}"`, `\`${c.name}\``, c.name === "in" ? "col_in" : c.name]);
  const value = () => {
    const text = model.plain(r.pick(c.values));
    const bare = c.type === "number" || c.type === "integer" || c.type === "boolean" || c.type === "date";
    return [bare && !r.chance(3) ? text : quote(text), model.keyOfText(text, c.type), text];
  };
  const compare = (row, k) => model.compareKeys(key(row), k, c.type);
  const not = r.chance(3);
  const turned = (f) => (row) => f(row) !== not;
  const no = not ? "not " : "";
  switch (r.below(6)) {
    case 0: {
      const [text, k] = value();
      const sign = r.pick(["=", "!=", "<", "<=", ">", ">="]);
      const f = { "=": (o) => o === 0, "!=": (o) => o !== 0, "<": (o) => o < 0, "<=": (o) => o <= 0, ">": (o) => o > 0, ">=": (o) => o >= 0 }[sign];
      return [`${column} ${sign} ${text}`, (row) => (sign === "!=" || key(row)[0] === 1) && f(compare(row, k))];
    }
    case 1: {
      const list = Array.from({ length: 1 + r.below(3) }, value);
      return [`${column} ${no}IN (${list.map((v) => v[0]).join(", ")})`, turned((row) => list.some((v) => compare(row, v[1]) === 0))];
    }
    case 2: {
      const [a, b] = [value(), value()];
      return [`${column} ${no}between ${a[0]} and ${b[0]}`,
        turned((row) => key(row)[0] === 1 && compare(row, a[1]) >= 0 && compare(row, b[1]) <= 0)];
    }
    case 3: {
      const [word, kinds] = r.pick([["empty", [3]], ["null", [4]], ["missing", [5]], ["blank", [3, 4, 5]]]);
      return [`${column} is ${no}${word}`, turned((row) => kinds.includes(key(row)[0]))];
    }
    default: {
      const whole = [...value()[2]];
      const from = r.below(whole.length), part = whole.slice(from, from + 1 + r.below(3)).join("");
      const sought = r.chance(2) ? part.toUpperCase().length === part.length ? part.toUpperCase() : part : part;
      const [verb, method] = r.pick([["contains", "includes"], ["starts with", "startsWith"], ["Ends With", "endsWith"]]);
      return [`${column} ${no}${verb} ${quote(sought)}`,
        turned((row) => model.textOf(row.cells[c.name])?.[method](model.lower(sought)) ?? false)];
    }
  }
}

function randomFilter(r, depth = 0) {
  if (depth > 2 || r.chance(3)) return randomTest(r);
  const [a, f] = randomFilter(r, depth + 1), [b, g] = randomFilter(r, depth + 1);
  return r.pick([
    () => [`(${a}) and (${b})`, (row) => f(row) && g(row)],
    () => [`(${a}) OR (${b})`, (row) => f(row) || g(row)],
    () => [`not (${a})`, (row) => !f(row)],
  ])();
}

function randomQuery(r) {
  const q = { text: new URLSearchParams(), include: [], exclude: [] };
  if (!r.chance(3)) {
    const [text, f] = randomFilter(r);
    q.filter = f;
    q.text.append("filter", text);
  }
  for (const kind of ["include", "exclude"]) {
    for (let n = r.chance(2) ? r.below(3) : 0; n > 0; n--) {
      const c = r.pick(columns), one = () => (r.chance(5) ? "" : model.plain(r.pick(c.values)));
      const value = r.chance(4) ? `${one()}..${one()}` : one();
      q[kind].push([c.name, value]);
      q.text.append(kind, `${r.pick([c.name, `"${c.name}"`, `col_${c.name}`])}:${value}`);
    }
  }
  if (r.chance(4)) {
    q.search = r.pick(["DESK", "ä", "Σ", "1", "🏠", "hi", "x", "Z"]);
    q.text.append("search", q.search);
  }
  return q;
}

// A query that may sort: { text: as the address says it, find: its rows of some, in their order }.
export function randomQuestion(r) {
  const q = randomQuery(r);
  const sorts = Array.from({ length: r.below(3) }, () => [r.pick(columns).name, r.chance(2)]);
  if (sorts.length) q.text.append("sort", sorts.map(([c, d]) => (d ? "-" : "") + r.pick([c, `"${c}"`])).join(","));
  return { text: q.text, find: (rows) => model.sorted(columns, model.matching(columns, rows, q), sorts) };
}

// ---- asking and comparing ----

function checkBins(f, c, counted, parts, of) {
  const values = counted.filter((row) => model.keyOf(row.cells[c.name], c.type)[0] === 1);
  const places = values.map((row) => model.placeOf(row.cells[c.name], c.type)).filter((v) => Number.isFinite(v));
  if (places.length === 0) {
    assert.deepEqual(f.bins, [], of);
    return;
  }
  assert.equal(f.beyond, values.length - places.length, of);
  const [least, most] = [Math.min(...places), Math.max(...places)];
  assert.deepEqual([f.bins[0].from, f.bins.at(-1).to, f.bins.length], [least, most, least === most ? 1 : parts], of);
  for (const [i, b] of f.bins.entries()) {
    const last = i + 1 === f.bins.length;
    if (!last) assert.equal(b.to, f.bins[i + 1].from, of);
    assert.equal(b.count, places.filter((v) => v >= b.from && (last || v < b.to)).length, `${of}, bin ${i}`);
  }
}

// `request` asks the server, as server.request does.
export function asking(request) {
  async function checkRows(id, rows, r) {
    const q = randomQuestion(r);
    const found = q.find(rows);
    const position = r.chance(2) ? 0 : r.below(found.length + 2), limit = 1 + r.below(60);
    const answer = await request("GET", `${ours}/datasets/${id}/rows?${q.text}&position=${position}&limit=${limit}`);
    const say = `${decodeURIComponent(q.text)} position ${position} limit ${limit}`;
    assert.equal(answer.status, 200, `${say}\n${answer.text}`);
    assert.deepEqual([answer.json.total, answer.json.matching], [rows.length, found.length], say);
    assert.deepEqual(answer.json.rows.map((x) => x.id), found.slice(position, position + limit).map((x) => x.id), say);
    assert.equal(answer.json.next, position + limit < found.length ? position + limit : null, say);
  }

  async function checkFacets(id, rows, r) {
    const q = randomQuery(r);
    const asked = columns.filter(() => r.chance(2));
    if (asked.length === 0) asked.push(columns[0]);
    const most = 1 + r.below(30), parts = 1 + r.below(12);
    const answer = await request("GET",
      `${ours}/datasets/${id}/facets?${q.text}&columns=${asked.map((c) => c.name).join(",")}&values=${most}&bins=${parts}`);
    const say = `${decodeURIComponent(q.text)} ${asked.map((c) => c.name)}`;
    assert.equal(answer.status, 200, `${say}\n${answer.text}`);
    // Numbers as they are written: a double would not tell 2^63 from its neighbours.
    const told = JSON.parse(answer.text.replace(/"(value|least|most)":(-?\d[^,}]*)/g, '"$1":"$2"'));
    assert.deepEqual([told.total, told.matching], [rows.length, model.matching(columns, rows, q).length], say);
    assert.deepEqual(told.facets.map((f) => f.name), asked.map((c) => c.name));
    for (const [i, f] of told.facets.entries()) {
      const c = asked[i], of = `${say}, ${c.name}`;
      const counted = model.matching(columns, rows, q, c.name);
      const classes = [0, 0, 0, 0, 0, 0];
      for (const row of counted) classes[model.keyOf(row.cells[c.name], c.type)[0]]++;
      assert.deepEqual([f.rows, f.other, f.empty, f.null, f.missing], [counted.length, ...classes.slice(2)], of);
      const all = model.valuesOf(counted, c);
      assert.equal(f.distinct, all.length, of);
      const shown = (token) => (/^-?\d/.test(token) ? token : JSON.parse(token));
      const printed = (token) => shown(c.type === "string" || !/^"-?\d/.test(token) ? token : `"${model.plain(token)}"`);
      assert.deepEqual(f.values.map((v) => [v.value, v.count]), all.slice(0, most).map((v) => [printed(v.token), v.count]), of);
      const range = model.rangeOf(all, c);
      assert.deepEqual([f.shortest, f.longest], [range.shortest, range.longest], of);
      assert.deepEqual([f.least, f.most], [range.least, range.most].map((token) => (token === undefined ? null : printed(token))), of);
      checkBins(f, c, counted, parts, of);
    }
  }

  async function checkAll(id, rows, seed, times) {
    const r = random(seed);
    for (let i = 0; i < times; i++) {
      await checkRows(id, rows, r);
      await checkFacets(id, rows, r);
    }
  }

  return { checkRows, checkFacets, checkAll };
}
