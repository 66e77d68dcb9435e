// tables.mjs: tables of our own, each of another kind, for pollute.mjs: {rows, always}, the header first.

// A generator of numbers that gives the same ones every time (mulberry32).
export function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const words = ("harbour lantern copper meadow violet anchor thistle granite willow ember saddle orchard "
  + "marble falcon timber cradle velvet beacon hollow pepper").split(" ");

export function tables() {
  const next = seeded(7);
  const number = (most) => Math.floor(next() * most);
  const word = () => words[number(words.length)];
  const some = (n) => Array.from({ length: n }, word).join(" ");
  const make = (header, row, n, always = []) => ({ rows: [header, ...Array.from({ length: n }, (_, i) => row(i))], always });
  const two = (n) => String(n).padStart(2, "0");
  return {
    // Figures with a word or two: most of what statistics offices publish.
    figures: make(["region", "year", "households", "share", "change"],
      (i) => [`${word()} ${word()}`, String(2000 + (i % 24)), String(1000 + number(90000)), (next() * 100).toFixed(1), (next() * 4 - 2).toFixed(2)], 40),
    // What a program logs.
    log: make(["id", "when", "level", "message", "ok"],
      (i) => [String(i + 1), `2024-0${1 + number(9)}-1${number(9)} ${two(number(24))}:${two(number(60))}:00`,
        ["info", "warn", "error"][number(3)], `${some(3)}, ${some(2)}`, String(next() < 0.5)], 60, [3]),
    // People: words only, so that the kinds of the cells say little.
    people: make(["name", "town", "street", "trade", "remark"],
      () => [word(), word(), `${word()} street`, word(), next() < 0.4 ? "" : `${some(4)} "${word()}" ${word()}`], 30),
    // What a shop keeps: money, addresses of the web, commas and quotes in names.
    shop: make(["number", "opened", "town", "price", "page", "remark"],
      (i) => [String(1000 + i), `2023-0${1 + (i % 9)}-1${i % 10}`, ["Rome", "New York", "St. John's", "Oslo, Norway", "Zürich", 'the "Hague"', "Bonn"][i % 7],
        `$${i * 3}.${i % 10}5`, `https://example.org/${i}`, i % 3 ? "" : "checked by hand"], 40),
    // Wide and short.
    wide: make(Array.from({ length: 24 }, (_, i) => `measure_${i + 1}`),
      () => Array.from({ length: 24 }, () => String(number(1000) / 10)), 12),
  };
}
