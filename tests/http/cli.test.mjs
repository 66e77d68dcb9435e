// cli.test.mjs: the names scripts rely on: rowhouse import and export, --json, --wait, exit codes.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test, { after } from "node:test";
import { checkLogs, program, startServer, temporaryFolder } from "../lib/server.mjs";
import { eventually, ours } from "../lib/things.mjs";

const whole = { after };
const folder = temporaryFolder(whole);
const server = await startServer(whole);
const csv = path.join(folder, "Sales 2024.csv");
fs.writeFileSync(csv, "n,price\n1,1.10\n2,007\n");
fs.writeFileSync(path.join(folder, "broken.csv"), `a,b\n${"x,".repeat(2001)}\n`);
fs.writeFileSync(path.join(folder, "empty.csv"), "");

function run(...words) {
  return new Promise((resolve) => {
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"], cwd: folder });
    let out = "";
    let errors = "";
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stderr.on("data", (chunk) => (errors += chunk));
    child.on("close", (code, signal) => {
      checkLogs("/nonexistent", errors);
      resolve({ code: code ?? signal, out, errors });
    });
  });
}

const withServer = ["--data", server.folder];

test("import --wait --json beside a server: the dataset is read, and the server shows it", async () => {
  const { code, out, errors } = await run("import", csv, ...withServer, "--name", "By hand", "--wait", "--json");
  assert.equal(code, 0, errors);
  assert.equal(errors, "", "no progress where nobody looks");
  const { dataset, job } = JSON.parse(out);
  assert.deepEqual([dataset.name, dataset.state, dataset.rows, dataset.type, job.state],
    ["By hand", "ready", 2, "data_enrichment", "done"]);
  const seen = (await server.request("GET", `${ours}/datasets/${dataset.id}`)).json.dataset;
  assert.equal(seen.name, "By hand");
  const { json } = await server.request("GET", `${ours}/datasets/${dataset.id}/rows`);
  assert.deepEqual(json.rows.map((r) => r.cells), [[1, "1.10"], [2, "007"]]);
});

test("import alone prints the id, and the server reads it soon", async () => {
  const { code, out } = await run("import", csv, ...withServer);
  assert.equal(code, 0);
  assert.match(out, /^[0-9a-f-]{36}\n$/);
  const dataset = await server.waitForDataset(out.trim());
  assert.deepEqual([dataset.state, dataset.rows, dataset.name], ["ready", 2, "Sales 2024"]);
});

test("export writes the bytes of the API, to stdout or a file", async () => {
  const id = (await run("import", csv, ...withServer, "--wait")).out.trim();
  for (const format of ["csv", "jsonl"]) {
    const { text } = await server.request("GET", `${ours}/datasets/${id}/export?format=${format}`);
    const { code, out } = await run("export", id, ...withServer, "--format", format);
    assert.deepEqual([code, out], [0, text]);
    const file = path.join(folder, `out.${format}`);
    assert.equal((await run("export", ...withServer, `--format=${format}`, "--output", file, id)).code, 0);
    assert.equal(fs.readFileSync(file, "utf8"), text);
  }
});

test("without a server: import waits for its own reader, export reads, nothing is left running", async (t) => {
  const data = path.join(temporaryFolder(t), "data");
  const { code, out, errors } = await run("import", csv, "--data", data, "--wait", "--json");
  assert.equal(code, 0, errors);
  const { dataset } = JSON.parse(out);
  assert.deepEqual([dataset.state, dataset.rows], ["ready", 2]);
  assert.equal((await run("export", dataset.id, "--data", data)).out, "n,price\n1,1.10\n2,007\n");
  // Nobody holds the folder now: a server can start on it and shows the dataset.
  const own = await startServer(t, { data });
  assert.equal((await own.request("GET", `${ours}/datasets`)).json.total, 1);
});

test("imported without a server and without --wait, it is read when one starts", async (t) => {
  const data = path.join(temporaryFolder(t), "data");
  const { code, out } = await run("import", csv, "--data", data, "--json");
  assert.equal(code, 0);
  const { dataset } = JSON.parse(out);
  assert.equal(dataset.state, "queued");
  const own = await startServer(t, { data });
  assert.equal((await own.waitForDataset(dataset.id)).rows, 2);
});

test("several imports at once into one fresh folder all arrive", async (t) => {
  const data = path.join(temporaryFolder(t), "data");
  const all = await Promise.all(Array.from({ length: 4 }, (_, i) =>
    run("import", csv, "--data", data, "--name", `n${i}`, "--wait", "--json")));
  for (const { code, out, errors } of all) {
    assert.equal(code, 0, errors);
    assert.equal(JSON.parse(out).dataset.rows, 2);
  }
});

test("a file that cannot be read fails with 1 and says why, on stderr", async () => {
  const broken = await run("import", "broken.csv", ...withServer, "--wait", "--json");
  assert.equal(broken.code, 1);
  assert.match(broken.errors, /^rowhouse import: line 2: .*2,002 columns/);
  assert.equal(JSON.parse(broken.out).dataset.state, "failed", "the JSON is printed all the same");
  for (const [words, message] of [
    [["import", "missing.csv"], /missing\.csv cannot be read: No such file/], [["import", "."], /is not a file|cannot be read/],
    [["import", "empty.csv"], /empty/], [["import", csv, "--type", "nonsense"], /Dataset type must be one of/],
    [["import", csv, "--name", "x".repeat(101)], /at most 100 characters/],
    [["export", "00000000-0000-4000-8000-000000000000"], /no dataset with this id/], [["export", "x"], /no dataset with this id/],
  ]) {
    const { code, out, errors } = await run(...words, ...withServer);
    assert.equal(code, 1, `${words}: ${errors}`);
    assert.match(errors, message);
    assert.equal(errors.trim().split("\n").length, 1, errors);
    assert.equal(out, "");
  }
});

test("a wrong command line is 2 and says what is meant", async () => {
  for (const [words, message] of [
    [[], /a command is missing/], [["improt"], /perhaps import is meant/], [["import"], /./], [["import", "a", "b"], /./],
    [["import", csv, "--nmae", "x"], /--nmae|perhaps/], [["export"], /./], [["export", "x", "--format", "xls"], /csv, tsv, jsonl/],
    [["up", "--port", "70000"], /port/], [["up", "--port", "x"], /port/], [["import", csv, "--name"], /name/],
    [["up", "--log", "file"], /--log/],
  ]) {
    const { code, out, errors } = await run(...words);
    assert.equal(code, 2, `${words}: ${code} ${errors}`);
    assert.match(errors, message, words.join(" "));
    assert.equal(out, "");
  }
});

test("--version and --help print on stdout and are 0", async () => {
  assert.match((await run("--version")).out, /^rowhouse \d+\.\d+\.\d+\n$/);
  for (const words of [["--help"], ["help"], ...["up", "import", "export", "jobs", "cgi"].flatMap((c) => [[c, "--help"], ["help", c]])]) {
    const { code, out, errors } = await run(...words);
    assert.deepEqual([code, errors], [0, ""], words.join(" "));
    assert.match(out, /Usage: rowhouse/, words.join(" "));
  }
});

test("an export whose reader leaves, or that cannot be written, fails and does not hang", async () => {
  const big = path.join(folder, "big.csv");
  fs.writeFileSync(big, `a\n${"some text in a line\n".repeat(300_000)}`);
  const id = (await run("import", big, ...withServer, "--wait")).out.trim();
  const child = spawn(program, ["export", id, ...withServer], { stdio: ["ignore", "pipe", "ignore"] });
  child.stdout.once("data", () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.on("exit", (c, signal) => resolve(c ?? signal)));
  assert.ok(code === 1 || code === "SIGPIPE", String(code));
  const full = await run("export", id, ...withServer, "--output", "/dev/full");
  assert.equal(full.code, 1);
  assert.match(full.errors, /No space left/);
});
