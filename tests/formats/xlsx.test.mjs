// xlsx.test.mjs: workbooks as tables: as SheetJS writes them, and as nobody should, made by hand.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import XLSX from "xlsx";
import { zip } from "../lib/zip.mjs";
import { codes, linesOf, readFile } from "./lib.mjs";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rowhouse-xlsx-"));
test.after(() => fs.rmSync(folder, { recursive: true }));
const file = path.join(folder, "book");

function readBook(book, options) {
  fs.writeFileSync(file, XLSX.write(book, { type: "buffer", bookType: "xlsx", compression: true, ...book.how }));
  return readFile(file, options);
}

function bookOf(sheets) {
  const book = XLSX.utils.book_new();
  for (const [name, rows, options] of sheets)
    XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet(rows, options), name);
  return book;
}

const people = [["name", "age", "member"], ["Ann", 30, true], ["Bob", 41.5, false], ["Çağrı <&> 😀\n\"x\"", null, true]];

for (const bookSST of [true, false])
  test(`texts, numbers and booleans, shared texts: ${bookSST}`, () => {
    const book = bookOf([["People", people]]);
    book.how = { bookSST };
    const table = readBook(book);
    assert.deepEqual(table.columns, people[0]);
    assert.deepEqual(table.rows, people.slice(1));
    assert.deepEqual(table.counts.types, ["string", "number", "boolean"]);
    assert.equal(table.found.format, "xlsx");
    assert.equal(table.found.sheet, "People");
    assert.deepEqual(table.findings, []);
    assert.deepEqual(readFile(file, table.found).rows, table.rows);
  });

test("dates and times by their format", () => {
  const cell = (v, z) => ({ t: "n", v, z });
  const book = bookOf([["S", [["when", "stamp", "time", "span", "price"]]]]);
  const sheet = book.Sheets.S;
  // 45365 is 2024-03-14; the rest are parts of a day.
  Object.assign(sheet, {
    A2: cell(45365, "yyyy-mm-dd"), B2: cell(45365.645833333336, 'dd.mm.yyyy hh:mm'), C2: cell(0.75, "h:mm AM/PM"),
    D2: cell(1.5, "[h]:mm:ss"), E2: cell(45365, '#,##0.00 "days"'),
    A3: cell(59, "d/m/yy"), B3: cell(61.25, "m/d/yy h:mm"), C3: cell(0.5000115740740741, "hh:mm:ss"),
    D3: cell(0.25, "[mm]:ss"), E3: cell(1.10, "[Red]0.00"), "!ref": "A1:E3",
  });
  const table = readBook(book);
  assert.deepEqual(table.rows, [
    ["2024-03-14", "2024-03-14T15:30:00", "18:00:00", "36:00:00", 45365],
    ["1900-02-28", "1900-03-01T06:00:00", "12:00:01", "06:00:00", 1.1],
  ]);
  assert.deepEqual(table.counts.types, ["date", "datetime", "string", "string", "number"]);
});

// SSF is the formatter of SheetJS, which has its own idea of the calendar: it must be the same one.
test("every day that has a serial number is the day SheetJS says", () => {
  const serials = [1, 58, 59, 61, 366, 367, 36525, 36526, 44255, 44256, 73050, 73051, 2958465];
  const book = bookOf([["S", [["d"], ...serials.map((v) => [v])]]]);
  serials.forEach((_, i) => (book.Sheets.S[`A${i + 2}`].z = "yyyy-mm-dd"));
  assert.deepEqual(readBook(book).rows.map((row) => row[0]), serials.map((v) => XLSX.SSF.format("yyyy-mm-dd", v)));
});

test("errors are null, told with their cell; formulas are what they gave", () => {
  const book = bookOf([["S", [["a", "b"], [1, 2]]]]);
  Object.assign(book.Sheets.S, { B2: { t: "e", v: 0x2a }, A3: { t: "n", f: "1+1", v: 2 }, B3: { t: "s", f: '"x"&"y"', v: "xy" }, "!ref": "A1:B3" });
  const table = readBook(book);
  assert.deepEqual(table.rows, [[1, null], [2, "xy"]]);
  assert.deepEqual(table.findings.map((f) => [f.finding, f.line, f.column]), [["error-value", 2, 1]]);
  assert.match(table.findings[0].message, /B2.*#N\/A/);
});

test("a title, empty rows and columns around the table", () => {
  const table = readBook(bookOf([["S", [[], [null, "Report 2024"], [], [null, "city", "2023", 2024], [null, "Ulm", 1, 2], [], [], [null, "Bonn", 3, 4], [null, "Köln", 5]]]]));
  assert.deepEqual(table.columns, ["city", "2023", "2024"]);
  assert.deepEqual(table.rows, [["Ulm", 1, 2], ["Bonn", 3, 4], ["Köln", 5, null]]);
  assert.deepEqual(table.lines, [5, 8, 9]);
  assert.deepEqual(codes(table), ["preamble", "blank-column", "blank-row"]);
  assert.equal(table.counts.records, table.counts.rows + table.counts.skipped);
  assert.equal(table.found.skip_lines, 3);
});

test("no header, cells beside the table, merged cells", () => {
  const book = bookOf([["S", [[1, "x"], [2, "y", "more"], [3]]]]);
  const table = readBook(book);
  assert.deepEqual(table.columns, ["column1", "column2", "column3"]);
  assert.deepEqual(table.rows, [[1, "x", ""], [2, "y", "more"], [3, null, null]]);
  const merged = bookOf([["S", [["a", "b"], ["both", null], ["c", "d"]]]]);
  merged.Sheets.S["!merges"] = [XLSX.utils.decode_range("A2:B2")];
  assert.deepEqual(readBook(merged).rows, [["both", null], ["c", "d"]]);
  assert.deepEqual(readBook(bookOf([["S", [["a"], [1, "beside"]]]])).rows, [[1, "beside"]]);
  assert.deepEqual(codes(readFile(file)), ["extra-cell"]);
});

test("the first sheet that is shown and has rows, or the one that is asked for", () => {
  const book = bookOf([["Empty", []], ["Secret", [["s"], [1]]], ["Data", [["d"], [2]]], ["Ünïcode", [["u"], [3]]]]);
  book.Workbook = { Sheets: [{}, { Hidden: 1 }, {}, {}] };
  const table = readBook(book);
  assert.deepEqual([table.columns, table.rows, table.found.sheet], [["d"], [[2]], "Data"]);
  assert.deepEqual(codes(table), ["other-sheets"]);
  assert.match(table.findings[0].message, /Secret \(hidden\)/);
  assert.deepEqual(readFile(file, { sheet: "Secret" }).rows, [[1]]);
  assert.deepEqual(readFile(file, { sheet: "Ünïcode" }).rows, [[3]]);
  assert.match(readFile(file, { sheet: "Nope" }).error, /Empty, Secret \(hidden\), Data/);
  assert.match(readFile(file, { sheet: "Empty" }).error, /empty/);
});

test("the calendar that begins in 1904", () => {
  const book = bookOf([["S", [["d"], [0], [43903]]]]);
  book.Workbook = { WBProps: { date1904: true } };
  for (const at of ["A2", "A3"]) book.Sheets.S[at].z = "yyyy-mm-dd";
  assert.deepEqual(readBook(book).rows, [["1904-01-01"], ["2024-03-14"]]);
});

test("a sheet of fifty thousand rows", () => {
  const rows = Array.from({ length: 50000 }, (_, i) => [i, `text ${i % 1000}`, i / 8]);
  const table = readBook(bookOf([["S", [["id", "text", "eighth"], ...rows]]]));
  assert.deepEqual(table.rows, rows);
});

for (const [bookType, words] of [["ods", /OpenDocument.*\.xlsx/], ["xlsb", /\.xlsb.*\.xlsx/], ["biff8", /\.xls.*CSV/]])
  test(`a workbook as ${bookType} is called by its name`, () => {
    fs.writeFileSync(file, XLSX.write(bookOf([["S", people]]), { type: "buffer", bookType }));
    assert.match(readFile(file).error, words);
  });

// ---- by hand ----

const relation = (id, kind, target) =>
  `<Relationship Id="${id}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${kind}" Target="${target}"/>`;
const relations = (...list) => `<?xml version="1.0"?><Relationships>${list.join("")}</Relationships>`;

function byHand(sheet, more = {}) {
  fs.writeFileSync(file, zip({
    "[Content_Types].xml": "<Types/>",
    "_rels/.rels": relations(relation("a", "officeDocument", "/xl/workbook.xml")),
    "xl/workbook.xml": '<x:workbook xmlns:x="urn:x" xmlns:r="urn:r"><x:sheets><x:sheet name="S" sheetId="1" r:id="s1"/></x:sheets></x:workbook>',
    "xl/_rels/workbook.xml.rels": relations(relation("s1", "worksheet", "worksheets/../worksheets/sheet.xml"), relation("t", "sharedStrings", "texts.xml")),
    "xl/worksheets/sheet.xml": sheet,
    ...more,
  }));
  return readFile(file);
}

test("prefixes, rich texts, how words are spoken, escapes, cells without a place", () => {
  const table = byHand(
    `<w:worksheet xmlns:w="urn:w"><w:sheetData><w:row><w:c t="inlineStr"><w:is><w:r><w:t>na</w:t></w:r><w:r><w:t>me</w:t></w:r><w:rPh><w:t>ナメ</w:t></w:rPh></w:is></w:c><w:c t="s"><w:v>1</w:v></w:c></w:row>
     <w:row r="3"><w:c r="A3" t="s"><w:v>0</w:v></w:c><w:c r="B3"><w:v>1.10</w:v></w:c></w:row>
     <w:row r="2"><w:c r="B9" t="str"><w:f>A1</w:f><w:v>_x0041_ _x000D_ _x005F_x0041_</w:v></w:c><w:c r="A9" t="s"><w:v>7</w:v></w:c></w:row></w:sheetData></w:worksheet>`,
    { "xl/texts.xml": '<sst><si><t xml:space="preserve"> first </t></si><si><r><t>num</t></r><r><rPr><b/></rPr><t>ber</t></r><rPh sb="0" eb="1"><t>x</t></rPh></si></sst>' },
  );
  assert.deepEqual(table.columns, ["name", "number"]);
  assert.deepEqual(table.rows, [[" first ", 1.1], [null, "A \r _x0041_"]]);
  assert.deepEqual(table.lines, [3, 4]);
  assert.deepEqual(codes(table), ["blank-row", "error-value"]);
  assert.ok(linesOf(file).includes('{"line":3,"row":[" first ",1.10]}'));
});

test("what only does harm is refused", () => {
  const sheet = (inside) => `<worksheet><sheetData>${inside}</sheetData></worksheet>`;
  const bomb = '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + sheet('<row><c t="str"><v>&b;</v></c></row>');
  assert.match(byHand(bomb).error, /DOCTYPE/);
  assert.match(byHand('<!DOCTYPE w SYSTEM "file:///etc/passwd">' + sheet("")).error, /DOCTYPE/);
  assert.match(byHand(Buffer.from("\ufeff" + bomb, "utf16le")).error, /DOCTYPE|not valid XML/);
  assert.match(byHand(sheet('<row><c t="str"><v>&c;</v></c></row>')).error, /not valid XML/);
  assert.match(byHand("<worksheet><sheetData><row>").error, /not valid XML/);
  assert.match(byHand(sheet("")).error, /no sheet.*has a row/);
  assert.match(byHand(sheet('<row><c r="XFD1"><v>1</v></c></row><row><c r="A2"><v>1</v></c></row>')).error, /column 2,001/);
  assert.match(byHand(sheet(""), { "xl/workbook.xml": "<document/>" }).error, /no workbook/);
  assert.match(byHand(sheet(""), { "_rels/.rels": relations() }).error, /workbook is missing/);
});

test("a number that is no date stays a number, whatever its format says", () => {
  const table = byHand(
    '<worksheet><sheetData><row><c t="str"><v>d</v></c></row><row><c s="1"><v>-5</v></c></row><row><c s="1"><v>60</v></c></row><row><c s="1"><v>3000000</v></c></row><row><c s="9"><v>1</v></c></row><row><c t="b"><v>1</v></c></row></sheetData></worksheet>',
    { "xl/_rels/workbook.xml.rels": relations(relation("s1", "worksheet", "worksheets/sheet.xml"), relation("y", "styles", "styles.xml")),
      "xl/styles.xml": '<styleSheet><cellStyleXfs><xf numFmtId="0"/><xf numFmtId="0"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>' },
  );
  assert.deepEqual(table.rows, [[-5], [60], [3000000], [1], [true]]);
});
