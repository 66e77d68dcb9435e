// query-model.mjs: a second opinion on queries: what a filter, a facet, a sort and a search mean,
// written from the words of fcgi/store/filter.h and key.h alone and without haste: every row is
// looked at with exact arithmetic.
//
// A cell is a JSON token as text, or undefined where the record does not have the key.

const codes = (text) => [...text].map((c) => c.codePointAt(0));

function compareLists(a, b) {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return a.length - b.length;
}

// A JSON number as BigInt times a power of ten.
function decimal(text) {
  const m = text.match(/^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/);
  if (!m) return undefined;
  const [, sign, whole, fraction = "", exponent = "0"] = m;
  return { n: BigInt(`${sign}${whole}${fraction}`), e: Number(exponent) - fraction.length };
}

// What was compared before is remembered: large tables have few values, and 1e400 has many digits.
const compared = new Map();
function compareDecimals(a, b) {
  const pair = `${a.n} ${a.e} ${b.n} ${b.e}`;
  let order = compared.get(pair);
  if (order === undefined) {
    const e = Math.min(a.e, b.e);
    const x = a.n * 10n ** BigInt(a.e - e), y = b.n * 10n ** BigInt(b.e - e);
    order = x < y ? -1 : x > y ? 1 : 0;
    compared.set(pair, order);
  }
  return order;
}

// Microseconds since 1970; the tables have no finer ones.
function moment(text) {
  const m = text.match(/^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?$/);
  if (!m) return undefined;
  const [, day, minute = "00:00", second = "00", fraction = "", zone = "Z"] = m;
  const ms = Date.parse(`${day}T${minute}:${second}${zone}`);
  return Number.isNaN(ms) ? undefined : ms * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}

const kinds = {
  number: [decimal, compareDecimals, (text) => Number(text) + 0], // -0 is 0
  date: [moment, (a, b) => a - b, (text) => moment(text) / 1e6],
  boolean: [(t) => ({ true: 1, false: 0 })[t.toLowerCase()], (a, b) => a - b],
  string: [codes, compareLists],
};
kinds.integer = kinds.number;
kinds.datetime = kinds.date;
kinds.text = kinds.json = kinds.string;

export function plain(token) {
  return token.startsWith('"') ? JSON.parse(token) : token;
}

// [class, value]: 1 of the type, 2 another, 3 empty, 4 null, 5 missing.
export function keyOfText(text, type) {
  if (text === "") return [3];
  const value = kinds[type][0](text);
  return value === undefined ? [2, codes(text)] : [1, value];
}

export function keyOf(token, type) {
  if (token === undefined) return [5];
  if (token === "null") return [4];
  return keyOfText(plain(token), type);
}

export function compareKeys(a, b, type) {
  if (a[0] !== b[0]) return a[0] - b[0];
  if (a[0] > 2) return 0;
  return a[0] === 2 ? compareLists(a[1], b[1]) : kinds[type][1](a[1], b[1]);
}

export const placeOf = (token, type) => kinds[type][2]?.(plain(token));

export const lower = (text) =>
  [...text].map((c) => ([...c.toLowerCase()].length === 1 ? c.toLowerCase() : c)).join("");

export const textOf = (token) => (token === undefined || token === "null" ? undefined : lower(plain(token)));

// columns: [{name, type}]; rows: [{id, cells: {name: token}}]; query: {filter: a function of a row,
// include, exclude: [[column, text]], search}; `but`: a column whose own selections do not count.
export function matching(columns, rows, { filter = () => true, include = [], exclude = [], search = "" }, but) {
  const typeOf = Object.fromEntries(columns.map((c) => [c.name, c.type]));
  const same = (row, [column, text]) => {
    const type = typeOf[column];
    const key = keyOf(row.cells[column], type);
    const ends = kinds[type][2] && text.length > 2 && text.match(/^(.*?)\.\.(.*)$/)?.slice(1).map((end) => end && keyOfText(end, type));
    if (ends && ends.every((end) => !end || end[0] === 1))
      return key[0] === 1 && (!ends[0] || compareKeys(key, ends[0], type) >= 0) && (!ends[1] || compareKeys(key, ends[1], type) < 0);
    return text === "" ? key[0] >= 3 : compareKeys(key, keyOfText(text, typeOf[column]), typeOf[column]) === 0;
  };
  return rows.filter((row) => {
    if (!filter(row)) return false;
    if (search && !columns.some((c) => textOf(row.cells[c.name])?.includes(lower(search)))) return false;
    for (const { name } of columns) {
      if (name === but) continue;
      const wanted = include.filter((s) => s[0] === name);
      if (wanted.length && !wanted.some((s) => same(row, s))) return false;
      if (exclude.some((s) => s[0] === name && same(row, s))) return false;
    }
    return true;
  });
}

// sorts: [[column, descending]]; equal rows stay as they were.  What is blank or not of the type is behind the
// rest in both directions.
export function sorted(columns, rows, sorts) {
  const typeOf = Object.fromEntries(columns.map((c) => [c.name, c.type]));
  return [...rows].sort((a, b) => {
    for (const [name, descending] of sorts) {
      const x = keyOf(a.cells[name], typeOf[name]), y = keyOf(b.cells[name], typeOf[name]);
      const order = compareKeys(x, y, typeOf[name]);
      if (order) return descending && x[0] === y[0] ? -order : order;
    }
    return 0;
  });
}

// [{token of the first row that has it, count}], all of them, the most frequent first.
export function valuesOf(rows, { name, type }) {
  const groups = [];
  const byText = new Map();
  for (const row of rows) {
    const token = row.cells[name];
    const key = keyOf(token, type);
    if (key[0] > 2) continue;
    let group = byText.get(token) ?? groups.find((g) => compareKeys(g.key, key, type) === 0);
    if (!group) groups.push((group = { key, token, count: 0 }));
    byText.set(token, group);
    group.count++;
  }
  return groups.sort((a, b) => b.count - a.count || compareKeys(a.key, b.key, type));
}

// Of what valuesOf() gives: the least and the most of the type's values, and how many bytes the texts have.
export function rangeOf(values, { type }) {
  const fitting = values.filter((v) => v.key[0] === 1).sort((a, b) => compareKeys(a.key, b.key, type));
  const isText = ["string", "text", "json"].includes(type);
  const lengths = isText ? fitting.map((v) => Buffer.byteLength(plain(v.token))) : [];
  return { least: fitting[0]?.token, most: fitting.at(-1)?.token, shortest: lengths.length ? Math.min(...lengths) : 0,
    longest: Math.max(...lengths, 0) };
}
