// portals.test.mjs: files as offices of statistics, institutes and shops put them on the web.  Each is
// written here around a table that is known, so that the answer needs no reader.

import assert from "node:assert/strict";
import test from "node:test";
import { temporaryFolder } from "../lib/server.mjs";
import { codes, grid, readText, replaced } from "./lib.mjs";
import { seeded } from "./tables.mjs";

const next = seeded(11);
const number = (most) => Math.floor(next() * most);
const pick = (list) => list[number(list.length)];
const rowsOf = (n, row) => Array.from({ length: n }, (_, i) => row(i));
const two = (n) => String(n).padStart(2, "0");
const towns = ["Aachen", "Bad Tölz", "Coburg", "Düren", "Emden", "Fürth", "Gera", "Bergisch Gladbach", "Hof", "Ilmenau"];
const thousands = (n, sign) => String(n).replace(/\B(?=(\d{3})+$)/g, sign);

// rows as text: delimiter, quote, what is always quoted, line end.
function write(rows, { delimiter = ",", quote = '"', escape = quote, all = false, end = "\n", after = "" } = {}) {
  const cell = (text) =>
    all || text.includes(delimiter) || text.includes(quote) || /[\r\n]/.test(text) ? quote + text.replaceAll(quote, escape + quote) + quote : text;
  return rows.map((row) => row.map(cell).join(delimiter) + after + end).join("");
}

const figures = [["Region", "Year", "Inhabitants", "Share"],
  ...rowsOf(24, (i) => [towns[i % 10], String(2000 + i), thousands(1000 + number(9000000), ","), (next() * 100).toFixed(1)])];
const german = [["Gemeinde", "Stichtag", "Einwohner", "Fläche in km²", "Anteil"],
  ...rowsOf(20, (i) => [towns[i % 10], `31.12.${2000 + i}`, thousands(100000 + number(9000000), "."), `${number(900)},${10 + number(89)}`, `${number(99)},${number(9)} %`])];
const sensor = [["Time", "Station", "Temperature", "Wind", "Flag"],
  ...rowsOf(30, (i) => [`2023-05-0${1 + (i % 9)} ${two(i % 24)}:00`, `ST${100 + (i % 3)}`, (next() * 30 - 5).toFixed(2), (next() * 9).toFixed(1), i % 7 ? "" : "E"])];
const people = [["Name", "Office", "Address", "Telephone"],
  ...rowsOf(15, (i) => [`${pick(["O'Neil", "Ünal", "D'Arcy", "Smith"])}, ${pick(["Ann", "Bo", "Cem"])}`, pick(["Water", "Roads and Bridges", "Parks"]),
    `${1 + number(99)} ${pick(["High Street", "Mill Lane"])}\n${pick(towns)}`, `+49 ${100 + i} ${1000 + number(9000)}`])];
const words = [["Kingdom", "Family", "Species", "Common name"],
  ...rowsOf(18, () => [pick(["Animalia", "Plantae"]), pick(["Felidae", "Rosaceae", "Canidae"]), `${pick(["Felis", "Rosa", "Canis"])} ${pick(["minor", "alba", "lupus"])}`,
    pick(["wild cat", "white rose", "grey wolf"])])];
const years = [["Country", "2015", "2016", "2017", "2018"], ...rowsOf(16, (i) => [towns[i % 10], ...rowsOf(4, () => String(number(90000)))])];
const shares = [["Country", "2015", "2016", "2017"], ...rowsOf(16, (i) => [towns[i % 10], ...rowsOf(3, () => (next() * 9).toFixed(2))])];
const dots = (rows, share, mark) => rows.map((row, r) => row.map((cell, c) => (r && c && next() < share ? mark : cell)));
const utf16 = (text, big) => {
  const bytes = Buffer.from("\ufeff" + text, "utf16le");
  return big ? bytes.swap16() : bytes;
};

const cases = [];
const add = (what, text, wanted, also = {}) => cases.push({ what, text, wanted, ...also });

for (const [name, rows] of Object.entries({ figures, german, sensor, people, words, years, shares }))
  for (const delimiter of name === "german" ? [";", "\t"] : [",", ";", "\t", "|"]) {
    const how = `${name} by ${JSON.stringify(delimiter)}`, text = write(rows, { delimiter });
    add(how, text, rows);
    add(`${how}, all quoted`, write(rows, { delimiter, all: true }), rows);
    add(`${how}, CRLF and BOM`, "\ufeff" + write(rows, { delimiter, end: "\r\n" }), rows);
    add(`${how}, UTF-16`, utf16(text, false), rows);
    add(`${how}, UTF-16, big end first`, utf16(text, true), rows);
    if (!/[^\0-\xff]/.test(text)) add(`${how}, Windows-1252`, Buffer.from(text, "latin1"), rows);
    add(`${how}, single quotes`, write(rows, { delimiter, quote: "'", all: true }), rows);
    add(`${how}, backslashes`, write(rows, { delimiter, escape: "\\", all: true }), rows);
    add(`${how}, mixed line ends`, write(rows.slice(0, 6), { delimiter }) + write(rows.slice(6), { delimiter, end: "\r\n" }), rows);
    add(`${how}, sep=`, `sep=${delimiter}\r\n${write(rows, { delimiter, end: "\r\n" })}`, rows);
    add(`${how}, title and blank line`, `Table 12: Something by region, sex and age\nLast change: 3 May 2023\n\n${text}`, rows);
    add(`${how}, title alone`, `Something by region\n${text}`, rows);
    add(`${how}, quoted title`, `"Table 12: Something, by region"\n\n${text}`, rows);
    add(`${how}, title and empty cells`, `Table 12${delimiter.repeat(rows[0].length - 1)}\n${delimiter.repeat(rows[0].length - 1)}\n${text}`, rows);
    add(`${how}, facts above`, `Source${delimiter}Ministry\nStatus${delimiter}final\nContact${delimiter}a@example.org\n\n${text}`, rows);
    add(`${how}, notes below`, `${text}\nSource: Ministry; own figures, 2023\n"* estimated, ""final"" in autumn"\n(a) see page 7\n`, rows);
    add(`${how}, notes below without a line end`, `${text}\nSource: Ministry, own figures\nFigures of 2022 are estimates`, rows);
    add(`${how}, one note below`, `${text}Figures of 2022 are estimates and may change\n`, rows);
    add(`${how}, notes and empty cells`, `${text}${delimiter.repeat(rows[0].length - 1)}\nSource: Ministry of Something${delimiter.repeat(rows[0].length - 1)}\n`, rows);
    add(`${how}, comments`, `# made by hand, on Monday; twice\n# version 2\n${text}`, rows);
    add(`${how}, delimiter behind every row`, write(rows, { delimiter, after: delimiter }), rows.map((row, i) => [...row, i ? "" : `column${row.length + 1}`]));
    add(`${how}, delimiter behind rows`, write(rows.slice(0, 1), { delimiter }) + write(rows.slice(1), { delimiter, after: delimiter }), rows);
    const gap = (row, value) => [...row.slice(0, 2), value, ...row.slice(2)];
    add(`${how}, a blank column`, write(rows.map((row) => gap(row, "")), { delimiter }), rows.map((row, i) => gap(row, i ? "" : "column3")));
    add(`${how}, a blank line in between`, write(rows.slice(0, 5), { delimiter }) + "\n" + write(rows.slice(5), { delimiter }), rows);
    add(`${how}, one row`, write(rows.slice(0, 2), { delimiter }), rows.slice(0, 2));
    add(`${how}, header alone`, write(rows.slice(0, 1), { delimiter }), rows.slice(0, 1));
    add(`${how}, three rows`, write(rows.slice(0, 4), { delimiter }), rows.slice(0, 4));
    add(`${how}, last cells missing`, rows.map((row, i) => write([i > 3 && i % 5 === 0 ? row.slice(0, -1) : row], { delimiter })).join(""),
      rows.map((row, i) => (i > 3 && i % 5 === 0 ? replaced(row, -1, "") : row)));
    const line = (cells) => cells.map((cell) => cell + delimiter).join("").slice(0, -1) + "\n";
    if (name === "figures" || name === "years" || name === "german") {
      const total = rows[0].map((_, i) => (i === 0 ? "Total" : i === rows[0].length - 2 ? "123456" : ""));
      add(`${how}, total`, text + line(total), [...rows, total]);
      for (const mark of ["NA", "..", "-", "n/a", "NULL", ":"]) {
        const holes = dots(rows, 0.3, mark);
        add(`${how}, ${mark}`, write(holes, { delimiter }), holes);
      }
    }
    if (name === "german" || name === "sensor" || name === "figures") {
      const units = rows[0].map((_, i) => (i < 2 ? "" : ["mm", "km", "%"][i % 3]));
      add(`${how}, units`, write([rows[0], units, ...rows.slice(1)], { delimiter }), [rows[0].map((label, i) => `${label} ${units[i]}`.trim()), ...rows.slice(1)]);
    }
    if (delimiter !== " ") add(`${how}, spaces around`, rows.map((row) => write([row.map((cell) => (/["\n]|[,;|\t]/.test(cell) ? cell : ` ${cell} `))], { delimiter })).join(""),
      rows.map((row) => row.map((cell) => (/["\n]|[,;|\t]/.test(cell) ? cell : ` ${cell} `))), { trimmed: true });
  }

// What is above a table, or on its first lines.
const facts = (n, delimiter) => rowsOf(n, (i) => `Property ${i}${delimiter}value number ${i}\n`).join("");
const small = [["Date", "Value", "Quality"], ...rowsOf(9, (i) => [`2020-01-${10 + i}`, `${i}.5`, "good"])];
for (const delimiter of [",", ";", "\t"]) {
  const by = `by ${JSON.stringify(delimiter)}`, text = write(small, { delimiter }), pair = small.map((row) => row.slice(0, 2));
  add(`many facts above a small table ${by}`, `${facts(12, delimiter)}\n${text}`, small);
  add(`many facts without a blank line ${by}`, facts(12, delimiter) + text, small);
  add(`facts as sentences ${by}`, facts(12, ": ") + text, small);
  add(`comments that hold delimiters ${by}`, facts(20, `: a${delimiter} `).replaceAll(/^/gm, "# ").slice(0, -2) + write(pair, { delimiter }), pair);
  add(`a header that begins with a mark ${by}`, `#${text}`, replaced(small, 0, ["#Date", "Value", "Quality"]));
  const ruler = small[0].map((label) => "-".repeat(label.length));
  add(`a line drawn below the header ${by}`, write([small[0], ruler, ...small.slice(1)], { delimiter }), small);
  const hours = [["day", ...rowsOf(24, String)], ...rowsOf(7, (i) => [`2024-01-0${i + 1}`, ...rowsOf(24, () => String(number(900) / 10))])];
  add(`hours as labels ${by}`, write(hours, { delimiter }), hours);
  const back = [[years[0][0], "2018", "2017", "2016", "2015", ...years[0].slice(5)], ...years.slice(1)];
  add(`years as labels, the last first ${by}`, write(back, { delimiter }), back);
  const spans = [["Ann", "1998", "2003"], ["Bob", "1997", "2001"], ["Cem", "1990", "1991"]];
  add(`years that are no labels ${by}`, write(spans, { delimiter }), spans, { header: false });
}
for (const [what, rows] of Object.entries({ small, figures, sensor })) {
  const commas = Array(rows[0].length - 1).fill("").map((_, i) => [" by region", " by age", " 2010 to 2020"][i % 3]);
  for (const gap of ["", "\n"])
    add(`a title with as many commas as ${what}${gap && " and a blank line"}`, `Report on sales,${commas.join(",")}\n${gap}${write(rows)}`, rows);
  const pad = (row) => [...row, ...Array(rows[0].length - row.length).fill("")];
  add(`facts with as many cells as ${what}`, write([pad(["Source", "Ministry"]), pad(["Status", "final"]), pad([]), ...rows]), rows);
  add(`a header in the last comment: ${what}`, `##format=1\n##contig=<1>\n#${write(rows, { delimiter: "\t" })}`, replaced(rows, 0, replaced(rows[0], 0, `#${rows[0][0]}`)));
  add(`delimiters behind backslashes: ${what}`, rows.map((row) => row.map((cell) => cell.replaceAll(",", "\\,")).join(",") + "\n").join(""), rows);
  for (const delimiter of ["|~|", "~|~", "||", "::", "\t\t", " | "])
    add(`${what} by ${JSON.stringify(delimiter)}`, write(rows.map((row) => row.map((cell) => cell.replaceAll(":", ""))), { delimiter }), rows.map((row) => row.map((cell) => cell.replaceAll(":", ""))));
}
const sentences = ["Good, but dear", "Not bad: we came back; twice", "So so", "They said \"no\", and that was it | sadly"];
const reviews = [["id", "review", "stars"], ...rowsOf(40, (i) => [String(i), rowsOf(1 + number(9), () => pick(sentences)).join(". "), String(number(6))])];
for (const delimiter of [",", ";", "\t", "|"]) add(`reviews by ${JSON.stringify(delimiter)}`, write(reviews, { delimiter }), reviews);
add("one column of addresses", "page\nhttp://example.org/a;b?c=1\nhttp://example.org/b;b?c=2\nhttp://example.org/c;d?e=1\n",
  [["page"], ["http://example.org/a;b?c=1"], ["http://example.org/b;b?c=2"], ["http://example.org/c;d?e=1"]]);
add("one column of times", "t\n10:00:00\n10:05:00\n10:10:00\n", [["t"], ["10:00:00"], ["10:05:00"], ["10:10:00"]]);
const many = [small[0], ...rowsOf(20000, (i) => [`2020-01-${10 + (i % 20)}`, `${i}.5`, "good"])];
add("notes below many rows", `${write(many)}\nSource: Ministry, own figures\nEstimates\n`, many);
add("many rows, the last cut off", write(many) + "2020-01", [...many, ["2020-01", "", ""]]);
add("a table of a terminal", " id | name | price\n----+------+-------\n  1 | Ann  | 2.5\n  2 | Bob  | 3.5\n", [["id", "name", "price"], ["1", "Ann", "2.5"], ["2", "Bob", "3.5"]], { trimmed: true });
add("one NUL", "a,b\n1,\0\n2,3\n", [["a", "b"], ["1", "\ufffd"], ["2", "3"]]);

const list = [["name"], ...towns.map((town) => [town])];
add("one column", write(list), list);
add("one column of numbers", "value\n1\n20\n300\n", [["value"], ["1"], ["20"], ["300"]]);
add("one column of sentences", "remark\nGood, but dear\nNot bad at all\nWe came; we saw\nFine\n", [["remark"], ["Good, but dear"], ["Not bad at all"], ["We came; we saw"], ["Fine"]]);
add("one column of dates", "day\n2024-01-01\n2024-01-02\n", [["day"], ["2024-01-01"], ["2024-01-02"]]);
add("one line of numbers", "1,2,3\n", [["1", "2", "3"]], { header: false });
add("inches", 'item,size,n\nPipe 5",3/4",12\nPipe 6",1/2",7\nRod,,9\n', [["item", "size", "n"], ['Pipe 5"', '3/4"', "12"], ['Pipe 6"', '1/2"', "7"], ["Rod", "", "9"]]);
add("entities of HTML", "id,text,n\n1,Fish &amp; chips &lt;b&gt;,4\n2,Salt &amp; vinegar,5\n3,A &amp; B &amp; C,6\n", [["id", "text", "n"], ["1", "Fish &amp; chips &lt;b&gt;", "4"], ["2", "Salt &amp; vinegar", "5"], ["3", "A &amp; B &amp; C", "6"]]);
add("JSON inside", 'id,data\n1,"{""a"": 1, ""b"": [1, 2]}"\n2,"{""a"": 2}"\n', [["id", "data"], ["1", '{"a": 1, "b": [1, 2]}'], ["2", '{"a": 2}']]);
const shape = `POLYGON ((${rowsOf(40, () => `${number(90)} ${number(90)}`).join(", ")}))`;
add("shapes", write([["id", "shape"], ["1", shape], ["2", shape], ["3", "POINT (1 2)"]]), [["id", "shape"], ["1", shape], ["2", shape], ["3", "POINT (1 2)"]]);
for (const [what, day] of Object.entries({ iso: (i) => `2024-02-${10 + i}`, "day first": (i) => `${10 + i}/02/2024`, points: (i) => `${10 + i}.02.24`, "month by name": (i) => `${10 + i} Feb 2024`,
  "month first": (i) => `Feb ${10 + i}, 2024`, quarters: (i) => `${2000 + i}-Q1`, months: (i) => `${2000 + i}M01`, plain: (i) => `202402${10 + i}`, clock: (i) => `2/${10 + i}/2024 3:0${i % 10} PM`,
  zone: (i) => `2024-02-${10 + i}T10:00:00.123+01:00`, "short month": (i) => `${10 + i}-Feb-24` })) {
  const rows = [["when", "count", "of what"], ...rowsOf(9, (i) => [day(i), String(i * 3), pick(["a thing", "another"])])];
  for (const delimiter of [",", ";", "\t"]) add(`dates, ${what}, by ${JSON.stringify(delimiter)}`, write(rows, { delimiter }), rows);
}
const wide = [rowsOf(300, (i) => `measure ${i}`), ...rowsOf(20, () => rowsOf(300, () => String(number(1000))))];
add("long lines", write(wide), wide);
const long = [["id", "text", "n"], ...rowsOf(9, (i) => [String(i), "word, ".repeat(20000), "1"])];
add("long cells", write(long), long);
add("spaces behind delimiters and quotes", 'id, name, n\n1, "Smith, Ann", 4\n2, "Jones, Bo", 5\n3, "Ünal, Cem", 6\n', [["id", "name", "n"], ["1", "Smith, Ann", "4"], ["2", "Jones, Bo", "5"], ["3", "Ünal, Cem", "6"]]);
add("labels over two lines", 'Region,"Share\n(in %)",n\nHof,1.5,2\nGera,2.5,3\nUlm,3.5,4\n', [["Region", "Share\n(in %)", "n"], ["Hof", "1.5", "2"], ["Gera", "2.5", "3"], ["Ulm", "3.5", "4"]]);
add("groups above labels", ",2019,,2020,\nRegion,Men,Women,Men,Women\nHof,1,2,3,4\nGera,5,6,7,8\nUlm,2,3,4,5\n",
  [["Region", "2019 Men", "Women", "2020 Men", "Women_2"], ["Hof", "1", "2", "3", "4"], ["Gera", "5", "6", "7", "8"], ["Ulm", "2", "3", "4", "5"]], { names: false });
add("a comma without quotes in a text", "id,name,day,n\n1,Ann,2024-01-02,5\n2,Smith, Bob,2024-01-03,6\n3,Cem,2024-01-04,7\n4,Dan,2024-01-05,7\n",
  [["id", "name", "day", "n"], ["1", "Ann", "2024-01-02", "5"], ["2", "Smith, Bob", "2024-01-03", "6"], ["3", "Cem", "2024-01-04", "7"], ["4", "Dan", "2024-01-05", "7"]]);

test("files of portals and offices", (t) => {
  const folder = temporaryFolder(t);
  const wrong = new Map();
  for (const { what, text, wanted, trimmed, names = true, header = true } of cases) {
    const table = readText(folder, text, { format: "csv" });
    const clean = (rows) => (trimmed ? rows.map((row) => row.map((cell) => cell.trim())) : rows);
    try {
      assert.equal(table.error, undefined, what);
      const got = clean(grid(table));
      assert.deepEqual(names ? got : got.slice(1), names ? clean(wanted) : wanted.slice(1), what);
      assert.equal(table.found.header_rows > 0, header, what);
      assert.equal(table.counts.records, table.rows.length + table.counts.skipped, what);
    } catch (error) {
      wrong.set(what, `${JSON.stringify(table.found)} ${codes(table).slice(0, 5)} ${JSON.stringify(grid(table).slice(0, 3))?.slice(0, 300)}`);
    }
  }
  for (const [what, how] of wrong) t.diagnostic(`${what}: ${how}`);
  t.diagnostic(`${cases.length} files, ${wrong.size} wrong`);
  assert.deepEqual([...wrong.keys()], []);
});
