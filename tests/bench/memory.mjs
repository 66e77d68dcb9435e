// memory.mjs: how much memory the processes of a server have, by role, and what CPU time they took.
//
// Counted is what only they can give back: anonymous and shared memory (the ring is counted in both
// its processes).  Pages of mapped files are the kernel's cache, and shown apart.

import fs from "node:fs";

const read = (path) => {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return ""; // it has ended meanwhile
  }
};

// {pid: the fields of its /proc/PID/stat behind its name}, of a process and all below it.
function tree(root) {
  const all = new Map();
  for (const name of fs.readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    all.set(Number(name), stat.slice(stat.lastIndexOf(")") + 2).split(" "));
  }
  const below = (pid) => pid === root || (all.has(pid) && below(Number(all.get(pid)[1])));
  return new Map([...all].filter(([pid]) => below(pid)));
}

// [{role, own, file}] in bytes: the process and all below it.
export function processes(root) {
  const list = [];
  for (const pid of tree(root).keys()) {
    const status = read(`/proc/${pid}/status`);
    const bytes = (word) => 1024 * Number(status.match(new RegExp(`^${word}:\\s*(\\d+)`, "m"))?.[1] ?? 0);
    const words = read(`/proc/${pid}/cmdline`).split("\0");
    const role = words[0].startsWith("nginx") ? "nginx" : words[1];
    if (!role) continue;
    list.push({ role, own: bytes("RssAnon") + bytes("RssShmem"), file: bytes("RssFile") });
  }
  return list;
}

// What all of them have used so far, those that have ended with them: user and system, theirs and
// that of the children they have waited for, in hundredths.
export function cpuSeconds(root) {
  let ticks = 0;
  for (const fields of tree(root).values())
    ticks += fields.slice(11, 15).reduce((sum, n) => sum + Number(n), 0);
  return ticks / 100;
}

// The most that was seen between start and stop(): {core, roles: {role: bytes}, file}.
export function watch(root, everyMs = 10) {
  const most = { core: 0, roles: {}, file: 0 };
  const look = () => {
    const roles = {};
    let core = 0, file = 0;
    for (const p of processes(root)) {
      roles[p.role] = (roles[p.role] ?? 0) + p.own;
      if (p.role === "nginx") continue;
      core += p.own;
      file += p.file;
    }
    most.core = Math.max(most.core, core);
    most.file = Math.max(most.file, file);
    for (const [role, bytes] of Object.entries(roles))
      most.roles[role] = Math.max(most.roles[role] ?? 0, bytes);
  };
  look();
  const timer = setInterval(look, everyMs);
  return () => {
    clearInterval(timer);
    look();
    return most;
  };
}
