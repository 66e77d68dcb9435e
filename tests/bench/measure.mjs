// measure.mjs: timing other programs, and the table at the end.

import { spawn } from "node:child_process";
import fs from "node:fs";

const milliseconds = (since) => Number(process.hrtime.bigint() - since) / 1e6;

// Runs a program to its end: {ms, text}.  options: output (a file for its stdout), cwd.
export function run(command, args, options = {}) {
  const output = options.output ? fs.openSync(options.output, "w") : "pipe";
  const since = process.hrtime.bigint();
  const child = spawn(command, args, { stdio: ["ignore", output, "pipe"], cwd: options.cwd });
  let text = "", errors = "";
  child.stdout?.on("data", (chunk) => (text += chunk));
  child.stderr.on("data", (chunk) => (errors += chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const ms = milliseconds(since);
      if (options.output) fs.closeSync(output);
      if (code !== 0) reject(new Error(`${command} ended with ${code ?? signal}: ${errors}${text}`));
      else resolve({ ms, text });
    });
  });
}

// Requests a second, as wrk counts them.  Throws when one was not answered well.
export async function load(url, { key, seconds, connections = 32 }) {
  const { text } = await run("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`,
    "-H", `Authorization: Bearer ${key}`, url]);
  const rate = text.match(/Requests\/sec:\s*([\d.]+)/);
  if (!rate || /Non-2xx|Socket errors/.test(text)) throw new Error(`wrk ${url}:\n${text}`);
  return Number(rate[1]);
}

// Runs each of `works` (name: async function that gives a number or an object of numbers) `times`
// times in turn, A B A B ..., and gathers {name: [numbers]}.
export async function inTurn(times, works) {
  const all = {};
  for (let i = 0; i < times; i++)
    for (const [name, work] of Object.entries(works)) {
      // What the one before left to write to disk is not the next one's burden.
      await run("sync", []);
      const result = await work(i);
      const values = typeof result === "object" ? result : { "": result };
      for (const [part, value] of Object.entries(values))
        (all[name + part] ??= []).push(value);
      process.stderr.write(`  ${name} ${Object.values(values).map((v) => v.toFixed(0)).join(" ")}\n`);
    }
  return all;
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const number = (n) => (n >= 100 ? n.toFixed(0) : n.toPrecision(3));
export const spread = (numbers, unit) =>
  `${number(median(numbers))} ${unit} (${number(Math.min(...numbers))}–${number(Math.max(...numbers))})`;

// Rows of texts, as columns.
export function table(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd()).join("\n");
}
