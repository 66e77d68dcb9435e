// sample.mjs: the file that is uploaded: 1,000,000 rows of 8 columns, 128 MB, the same at every run.
// Names, addresses, dates, amounts and a sentence; one cell in 64 is quoted, one in 50 empty.

import fs from "node:fs";

const given = ["Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Margaret", "Ken", "Frances",
  "Tony", "Radia", "Dennis", "Hedy", "Linus", "Joan", "José"];
const family = ["Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Hamilton", "Thompson",
  "Allen", "Hoare", "Perlman", "Ritchie", "Lamarr", "Clarke", "Núñez", "Kilburn"];
const cities = ["Berlin", "Lisbon", "Oslo", "Kyoto", "Lima", "Nairobi", "São Paulo", "Boston", "Perth",
  "Quito", "Riga", "Tunis", "Utrecht", "Vienna", "Warsaw", "Zürich"];
const words = ["the", "order", "was", "sent", "again", "after", "customer", "asked", "for", "another",
  "colour", "and", "size", "than", "first", "shown", "on", "page", "of", "invoice", "which", "had",
  "not", "been", "paid", "until", "last", "week", "by", "bank", "or", "card"];

// mulberry32: small, seeded, good enough to make a column look lived in.
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

const two = (n) => (n < 10 ? "0" : "") + n;

function row(id, next) {
  const a = next(), b = next(), c = next(), d = next();
  const first = given[a & 15], last = family[(a >>> 4) & 15];
  const day = `20${two(10 + (b & 15))}-${two(1 + ((b >>> 4) % 12))}-${two(1 + ((b >>> 8) % 28))}`;
  const amount = `${(c >>> 8) % 100000}.${two(c % 100)}`;
  const city = (a >>> 8) % 50 ? cities[(a >>> 16) & 15] : "";
  let note = "";
  for (let i = 0, bits = d; i < 9; i++, bits = (bits >>> 3) ^ Math.imul(bits, 0x9e3779b1))
    note += (i ? " " : "") + words[(bits >>> 5) & 31];
  if ((d & 63) === 0) note = `"${note}, ""sic"""`;
  return `${id},${first} ${last},${first.toLowerCase()}.${id}@box.example.org,${city},${day},` +
    `${amount},${c & 128 ? "true" : "false"},${note}\n`;
}

export const header = "id,name,email,city,ordered,amount,paid,note\n";

// Writes the file and returns its size.
export function writeSample(path, rows, seed = 42) {
  const file = fs.openSync(path, "w");
  const next = random(seed);
  let text = header;
  for (let id = 1; id <= rows; id++) {
    text += row(id, next);
    if (text.length > 1 << 20 || id === rows) {
      fs.writeSync(file, text);
      text = "";
    }
  }
  fs.fsyncSync(file);
  fs.closeSync(file);
  return fs.statSync(path).size;
}

// The same rows, each with its last cell missing or one more behind it.
export function writeRagged(path, sample) {
  const to = fs.openSync(path, "w"), from = fs.openSync(sample, "r");
  const piece = Buffer.alloc(1 << 20);
  let rest = "", number = 0;
  for (let n; (n = fs.readSync(from, piece)) > 0;) {
    const lines = (rest + piece.latin1Slice(0, n)).split("\n");
    rest = lines.pop();
    fs.writeSync(to, lines.map((line) => (number++ === 0 ? line : number % 2 ? `${line},more` : withoutLast(line))).join("\n") + "\n", null, "latin1");
  }
  fs.closeSync(from);
  fs.closeSync(to);
}

// No cell but the last has a comma in it.
const withoutLast = (line) => line.split(",", 7).join(",");
