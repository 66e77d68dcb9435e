// CSV as people have it: each case is a text, and the table that a person would see in it.

import assert from "node:assert/strict";
import test from "node:test";
import { temporaryFolder } from "../lib/server.mjs";
import { codes, grid, readText, replaced } from "./lib.mjs";

const people = [["name", "age", "city"], ["Ann", "31", "Rome"], ["Bob", "4", "Oslo"], ["Cem", "52", "Bonn"]];
const joined = (delimiter, rows = people) => rows.map((row) => row.join(delimiter) + "\n").join("");

// [what, text, grid, codes of findings]
const cases = [
  ...[",", ";", "\t", "|", " ", ":", "~", "^", "\x1f", ", ", "||", "\t\t", "::", "¦"].map((delimiter) => [
    `delimiter ${JSON.stringify(delimiter)}`, joined(delimiter), people, [],
  ]),
  ["CRLF", joined(",").replaceAll("\n", "\r\n"), people, []],
  ["CR", joined(",").replaceAll("\n", "\r"), people, []],
  ["mixed line ends", joined(",").replace("\n", "\r\n"), people, []],
  ["no line end at the end", joined(",").trimEnd(), people, []],
  ["single quotes", "a;b\n'x;y';1\n'it''s';2\n'z';3\n", [["a", "b"], ["x;y", "1"], ["it's", "2"], ["z", "3"]], []],
  ["backslash", 'a,b\n"say \\"hi\\", you",1\n"x",2\n', [["a", "b"], ['say "hi", you', "1"], ["x", "2"]], []],
  ["backslashes that escape nothing", "a,b\nC:\\temp,1\nC:\\new,2\n", [["a", "b"], ["C:\\temp", "1"], ["C:\\new", "2"]], []],
  ["decimal commas", "a;b\n1,5;2,25\n3,0;4,75\n", [["a", "b"], ["1,5", "2,25"], ["3,0", "4,75"]], []],
  ["title and notes above", `Report of 2024\nSource: somewhere\n\n${joined(",")}`, people, ["preamble"]],
  ["delimited title above", `Report,,\n,,\n${joined(",")}`, people, ["preamble"]],
  ["notes below", `${joined(",")}\nSource: somewhere else\n`, people, ["footer"], "blank-row"],
  ["no header", joined(",", people.slice(1)), people.slice(1), []],
  ["header of two rows", `item,weight,price\n,kg,euro\na,1,2\nb,3,4\n`,
    [["item", "weight kg", "price euro"], ["a", "1", "2"], ["b", "3", "4"]], []],
  ["comments", `# made by hand\n${joined(",").replace("Bob", "# a comment, too\nBob")}`, people, ["comment-row", "comment-row"], "preamble"],
  ["header alone", "name,age,city\n", people.slice(0, 1), ["no-rows"]],
  ["one column", "name\nAnn\nBob\n", [["name"], ["Ann"], ["Bob"]], []],
  ["a row with a missing cell", joined(",").replace("Bob,4,Oslo", "Bob,4"),
    [people[0], people[1], ["Bob", "4", ""], people[3]], ["missing-cell"]],
  ["an empty cell too many", joined(",").replace("Bob,4", "Bob,,4"), people, ["extra-cell"]],
  ["a row with another delimiter", joined(",").replace("Bob,4,Oslo", "Bob;4;Oslo"), people, ["mixed-delimiter"]],
  ["a delimiter behind every row", "name,age,city\n" + joined(",", people.slice(1)).replaceAll("\n", ",\n"), people, ["extra-cell"]],
  ["a quote that is never closed", joined(",").replace("Bob", '"Bob'),
    [people[0], people[1], ['"Bob', "4", "Oslo"], people[3]], ["unterminated-quote"]],
  ["quotes inside quotes", joined(",").replace("Bob", '"Bob "the" B, jr."'),
    [people[0], people[1], ['Bob "the" B, jr.', "4", "Oslo"], people[3]], ["stray-quote"]],
  ["the header once more, as where files were put one behind the other", joined(",") + joined(","),
    [...people, ...people.slice(1)], ["repeated-header"]],
  ["a comma without quotes", joined(",").replace("Oslo", "Oslo, Norway"), replaced(people, 2, ["Bob", "4", "Oslo, Norway"]), ["unquoted-delimiter"]],
  ["every row with a cell too many or too few, the first with one too few",
    "id,day,sum,town\n1,2020-01-01,5\n2,2020-01-02,6,Ulm,more\n3,2020-01-03,7\n4,2020-01-04,8,Bonn,more\n5,2020-01-05,9\n",
    [["id", "day", "sum", "town", "column5"], ["1", "2020-01-01", "5", "", ""], ["2", "2020-01-02", "6", "Ulm", "more"],
      ["3", "2020-01-03", "7", "", ""], ["4", "2020-01-04", "8", "Bonn", "more"], ["5", "2020-01-05", "9", "", ""]],
    ["missing-cell", "extra-cell", "missing-cell", "extra-cell", "missing-cell"]],
  ["no header, and a first row with a cell too few", "1,2020-01-01,5\n2,2020-01-02,6,Ulm\n3,2020-01-03,7,Bonn\n4,2020-01-04,8,Hof\n",
    [["1", "2020-01-01", "5", ""], ["2", "2020-01-02", "6", "Ulm"], ["3", "2020-01-03", "7", "Bonn"], ["4", "2020-01-04", "8", "Hof"]],
    ["missing-cell"]],
  ["a cell too many that is none of a text", joined(",").replace("Oslo", "Oslo,Norway"),
    people.map((row, i) => [...row, ["column4", "", "Norway", ""][i]]), ["extra-cell"]],
  ["a line drawn below the header", joined(",").replace("\n", "\n----,---,----\n"), people, ["ruler-row"]],
  ["a row of empty cells", joined(",").replace("Bob,4,Oslo", ",,"), replaced(people, 2, ["", "", ""]), ["blank-row"]],
  ["labels of years", joined(",").replace("name,age,city", "name,2019,2020").replace(/Rome|Oslo|Bonn/g, "7"),
    [["name", "2019", "2020"], ["Ann", "31", "7"], ["Bob", "4", "7"], ["Cem", "52", "7"]], []],
  ["another table of words below a table of words", "kind,name\ncat,Tom\ndog,Rex\n\ntown,river,land\nRome,Tiber,Italy\n",
    [["kind", "name"], ["cat", "Tom"], ["dog", "Rex"]], ["other-table"], "blank-row"],
  ["another table below", `${joined(",")}\nid,text\n1,x\n`, people, ["blank-row", "other-table"]],
];

test("tables are found in what people have", (t) => {
  const folder = temporaryFolder(t);
  for (const [what, text, expected, found, also] of cases) {
    const table = readText(folder, text, { format: "csv" });
    assert.deepEqual(grid(table), expected, what);
    assert.deepEqual(codes(table).filter((code) => code !== also), found, what);
    assert.equal(table.counts.records, table.rows.length + table.counts.skipped, what);
    const again = readText(folder, text, table.found);
    assert.deepEqual({ ...again, found: 0 }, { ...table, found: 0 }, `${what}, with the options found`);
    assert.deepEqual(again.found, table.found, what);
  }
});

test("options are obeyed", (t) => {
  const folder = temporaryFolder(t);
  const text = `${joined(",")}\nid,text\n1,x\n`;
  assert.deepEqual(grid(readText(folder, text, { format: "csv", table: 2 })), [["id", "text"], ["1", "x"]]);
  assert.match(readText(folder, text, { format: "csv", table: 3 }).error, /the file has 2 tables/);
  const rows = (options) => grid(readText(folder, joined(","), { format: "csv", ...options }));
  assert.deepEqual(rows({ header_rows: 2 })[0], ["name Ann", "age 31", "city Rome"]);
  assert.deepEqual(rows({ skip_lines: 1, header_rows: 0 }), people.slice(1));
  assert.deepEqual(rows({ footer_lines: 2 }), people.slice(0, 2));
  assert.deepEqual(rows({ delimiter: ";" }), joined(",").trimEnd().split("\n").map((line) => [line]));
  assert.deepEqual(rows({ comment: "B" }), people.filter((row) => row[0] !== "Bob"));
});

// A small generator of numbers, so that a failure can be had again.
function random(seed) {
  return (n) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
}

test("what is written well in any dialect is read back", (t) => {
  const folder = temporaryFolder(t);
  const words = ["apple", "Berg und Tal", "x-ray", "two words", "Ürün", "line\nbreak", 'q"q', "a,b", "semi;colon", ""];
  for (let seed = 1; seed <= 150; seed++) {
    const next = random(seed * 7919);
    const delimiter = [",", ";", "\t", "|"][next(4)];
    const end = ["\n", "\r\n", "\r"][next(3)];
    const width = 2 + next(6);
    const quote = (cell) =>
      cell.includes(delimiter) || /["\r\n]/.test(cell) || next(4) === 0 ? `"${cell.replaceAll('"', '""')}"` : cell;
    const header = Array.from({ length: width }, (_, i) => `label${String.fromCharCode(97 + i)}`);
    const rows = Array.from({ length: 12 + next(30) }, (_, r) =>
      Array.from({ length: width }, (_, c) => (c === 0 ? String(r + 1) : c === 1 ? `2024-01-${10 + next(19)}` : words[next(words.length)])));
    const text = [header, ...rows].map((row) => row.map(quote).join(delimiter) + end).join("");
    const table = readText(folder, text, { format: "csv" });
    assert.deepEqual(grid(table), [header, ...rows], `seed ${seed}`);
    assert.deepEqual(codes(table), [], `seed ${seed}`);
  }
});
