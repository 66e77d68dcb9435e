// pollute.mjs: a clean table, written in every way that the Pollock benchmark has found in real files
// (its section 3: the file's payload, its structure, its dialect, and single rows), each with the table
// that should be read.  Made here from any table, so that the answer is known without asking a reader.

// How a file is written: everything a dialect has.
export const plain = { delimiter: ",", quote: '"', escape: '"', end: "\r\n" };

// A cell, in quotes where it needs them or its column always has them.
function cellText(text, d, always) {
  if (!always && !needsQuotes(text, d)) return text;
  let inside = text;
  if (d.escape !== d.quote) inside = inside.replaceAll(d.escape, d.escape + d.escape);
  return d.quote + inside.replaceAll(d.quote, d.escape + d.quote) + d.quote;
}

const needsQuotes = (text, d) => text.includes(d.delimiter) || text.includes(d.quote) || /[\r\n]/.test(text)
  || (d.escape !== d.quote && text.includes(d.escape)) || /^\s|\s$/.test(text);

export const rowText = (row, d, always) => row.map((text, i) => cellText(text, d, always.includes(i))).join(d.delimiter);
const lines = (rows, d, always) => rows.map((row) => rowText(row, d, always) + d.end).join("");
const unusual = (c) => [...c].map((x) => x.codePointAt(0).toString(16)).join(" ");

// Yields {kind, name, text, wanted}.  `source` is {rows, always}: the header first, and the columns
// that always have quotes.  Rows and columns of one-row pollutions: every `step`th.
export function* polluted({ rows, always = [] }, step = 1) {
  const text = lines(rows, plain, always);
  yield { kind: "payload", name: "as it is", text, wanted: rows };
  yield { kind: "payload", name: "empty", text: "", wanted: [] };
  yield { kind: "payload", name: "no newline at the end", text: text.slice(0, -2), wanted: rows };
  yield { kind: "payload", name: "two newlines at the end", text: text + plain.end, wanted: rows };
  yield { kind: "payload", name: "the header alone", text: lines(rows.slice(0, 1), plain, always), wanted: rows.slice(0, 1) };
  yield { kind: "payload", name: "one row", text: lines(rows.slice(0, 2), plain, always), wanted: rows.slice(0, 2) };
  yield* structures({ rows, always }, text);
  yield* dialects({ rows, always });
  yield* oddRows({ rows, always }, step);
}

function* structures({ rows, always }, text) {
  const [header, ...data] = rows;
  const of = (more) => lines(more, plain, always);
  yield { kind: "header", name: "none", text: of(data), wanted: data };
  for (const n of [2, 3])
    yield { kind: "header", name: `${n} rows`, text: of(Array(n).fill(header)) + of(data),
      wanted: [header.map((label) => Array(n).fill(label).join(" ")), ...data] };
  const note = (delimited, words) => delimited ? [words, ...header.slice(1).map(() => "")].join(",") : words;
  for (const delimited of [true, false]) {
    const how = delimited ? "with delimiters" : "without delimiters";
    const blank = (delimited ? note(true, "") : "") + plain.end;
    const notes = ["A title of the table", "Made in spring", "NOTE", "Source: own figures", "See page 7"].map((words) => note(delimited, words) + plain.end);
    for (const n of [1, 2, 3, 5]) {
      const some = notes.slice(0, n).join("");
      yield { kind: "preamble", name: `${n} lines ${how}`, text: some + text, wanted: rows };
      yield { kind: "preamble", name: `${n} lines ${how}, then a blank one`, text: some + blank + text, wanted: rows };
      yield { kind: "footer", name: `${n} lines ${how}`, text: text + some, wanted: rows };
      yield { kind: "footer", name: `a blank line, then ${n} ${how}`, text: text + blank + some, wanted: rows };
    }
  }
  yield { kind: "footer", name: "notes in which delimiters stand", text: text + plain.end
    + "Source: ministry, own figures, 2024" + plain.end + "Note: 1, 2 and 3 are estimates" + plain.end, wanted: rows };
  const other = (n) => Array.from({ length: 6 }, (_, i) => Array.from({ length: n }, (_, k) => i ? `${i * 7 + k}` : `other${k}`));
  yield { kind: "tables", name: "one more with fewer columns", text: text + of(rows.map((row) => row.slice(0, -1))), wanted: rows };
  yield { kind: "tables", name: "one more with more columns", text: text + of(rows.map((row, i) => [...row, i ? "x" : "more"])), wanted: rows };
  for (const n of [2, rows[0].length + 2])
    for (const gap of [plain.end, plain.end + plain.end])
      yield { kind: "tables", name: `another of ${n} columns behind ${gap.length / 2} blank lines`, text: text + gap + of(other(n)), wanted: rows };
}

function* dialects({ rows, always }) {
  const as = (kind, d, quoted = always) => ({ kind, name: unusual(d[kind] ?? d.end), text: lines(rows, d, quoted), wanted: rows });
  const all = rows[0].map((_, i) => i);
  for (const end of ["\n", "\r"]) yield as("end", { ...plain, end });
  for (const delimiter of [";", "\t", "|", ":", "~", "^", "\x1f", "\x01", ", ", "; ", "||", "::", "\t\t", " "])
    for (const quoted of [always, all]) yield as("delimiter", { ...plain, delimiter }, quoted);
  for (const quote of ["'", "`"]) {
    yield as("quote", { ...plain, quote, escape: quote });
    yield as("quote", { ...plain, quote, escape: quote }, all);
  }
  yield as("escape", { ...plain, escape: "\\" });
  yield as("escape", { ...plain, escape: "\\" }, all);
  yield { kind: "end", name: "mixed", text: rows.map((row, i) => rowText(row, plain, always) + ["\r\n", "\n", "\r"][i % 3]).join(""), wanted: rows };
}

// One row that is written otherwise than the others.
function* oddRows({ rows, always }, step) {
  const width = rows[0].length;
  const with1 = (r, changed) => rows.map((row, i) => i === r ? changed : rowText(row, plain, always)).join(plain.end) + plain.end;
  const cells = (r) => rows[r].map((text, i) => cellText(text, plain, always.includes(i)));
  for (let r = 0; r < rows.length; r += r ? step : 1) {
    for (let c = 0; c < width; c++) {
      const is = cells(r), name = `row ${r}, column ${c}`;
      if (c > 0) {
        const less = [...is.slice(0, c - 1).map((x) => x + ","), is[c - 1] + is[c]].join("") + is.slice(c + 1).map((x) => "," + x).join("");
        yield { kind: "less-separators", name, text: with1(r, less), wanted: rows };
      }
      yield { kind: "more-separators", name, text: with1(r, [...is.slice(0, c), "", ...is.slice(c)].join(",")), wanted: rows };
      // A quote before the cell: text of it.
      const odd = rows.map((row, i) => i === r ? row.map((x, k) => k === c ? `"${x}` : x) : row);
      const quoted = cells(r).map((x, k) => k === c ? (x[0] === '"' ? `"${x}` : `"${x}`) : x);
      yield { kind: "extra-quote", name, text: with1(r, quoted.join(",")), wanted: odd };
    }
    for (const delimiter of [" ", ";", "\t", "|"])
      yield { kind: "row-delimiter", name: `row ${r}: ${unusual(delimiter)}`,
        text: with1(r, rowText(rows[r], { ...plain, delimiter }, always)), wanted: rows };
  }
}
