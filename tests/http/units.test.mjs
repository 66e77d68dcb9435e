// units.test.mjs: the systemd units in conf/ are as closed as is promised, and a server whose socket
// systemd made runs without a network of its own.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import { atEnd, program, root, startServer, temporaryFolder, request, waitForDataset } from "../lib/server.mjs";
import { eventually, ours, upload } from "../lib/things.mjs";

const run = promisify(execFile);

// The exposure level systemd gives a unit, 0 to 10; its --threshold is ten times that.
async function exposure(t, name) {
  const folder = temporaryFolder(t);
  const unit = path.join(folder, name);
  fs.copyFileSync(path.join(root, "conf", name), unit);
  const { stdout } = await run("systemd-analyze", ["security", "--offline=true", "--no-pager", unit]);
  return Number(stdout.match(/Overall exposure level for \S+: ([\d.]+)/)[1]);
}

test("systemd-analyze security scores the core's unit at most 0.5, the outbound one's at most 1.5", async (t) => {
  const core = await exposure(t, "rowhouse.service");
  const outbound = await exposure(t, "rowhouse-outbound.service");
  t.diagnostic(`rowhouse.service ${core}, rowhouse-outbound.service ${outbound}`);
  assert.ok(core <= 0.5, `${core}`);
  assert.ok(outbound <= 1.5, `${outbound}`);
});

test("what the units start is there, and takes the options it is given", async () => {
  for (const name of ["rowhouse.service", "rowhouse-outbound.service"]) {
    const [, command, options] = fs.readFileSync(path.join(root, "conf", name), "utf8")
      .match(/^ExecStart=\/usr\/local\/bin\/rowhouse (\S+) (.*)$/m);
    const help = (await run(program, [command, "--help"])).stdout;
    for (const [option] of options.matchAll(/--\S+/g)) assert.ok(help.includes(option), `${command} ${option}`);
  }
});

// What the unit leaves of the data folder, mounted as it says.
test("the outbound process sees its settings and its own folder, nothing else of the data, and that is enough", async (t) => {
  if (!(await run("unshare", ["--mount", "true"]).then(() => true, () => false))) return t.skip("nothing can be mounted here");
  const data = path.join(temporaryFolder(t), "data");
  const unit = fs.readFileSync(path.join(root, "conf/rowhouse-outbound.service"), "utf8");
  const paths = (name) => [...unit.matchAll(new RegExp(`^${name}=-?/var/lib/rowhouse(?:/(\\S+))?$`, "gm"))].map((m) => m[1]);
  assert.deepEqual(paths("TemporaryFileSystem"), [undefined]);
  assert.ok(!/^(StateDirectory|ReadWritePaths)=/m.test(unit));
  // A whole data folder, as the server leaves it.
  const server = await startServer(t, { data });
  await upload(server, "a\n1\n");
  await server.stop();
  fs.writeFileSync(path.join(data, "rowhouse.conf"), "model_url = https://127.0.0.1/v1\n");
  fs.rmSync(path.join(data, "outbound/engines.json"), { force: true });
  const script = [`k=${path.dirname(data)}/seen; mkdir $k && mount -t tmpfs none $k`,
    ...paths("BindReadOnlyPaths").map((p) => `touch $k/${p}; mount --bind ${data}/${p} $k/${p}`),
    ...paths("BindPaths").map((p) => `mkdir $k/${p}; mount --bind ${data}/${p} $k/${p}`),
    `mount --rbind $k ${data}`, `ls -A ${data}`, `exec ${program} outbound --data ${data}`].join(" && ");
  const child = spawn("unshare", ["--mount", "sh", "-c", script], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "", errors = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  child.stderr.on("data", (chunk) => (errors += chunk));
  atEnd(t, () => child.kill());
  const file = path.join(data, "outbound/engines.json");
  await eventually(`a look at the model: ${errors}`, () => fs.existsSync(file));
  assert.match(JSON.parse(fs.readFileSync(file, "utf8")).engines[0].reason, /127\.0\.0\.1 is not an address of the public/);
  assert.deepEqual(said.trim().split("\n").sort(), ["outbound", "rowhouse.conf"]);
});

// As systemd does it: the socket is made, handed over as descriptor 3, and LISTEN_* say so.
const activate = `
  $^F = 10; my ($path, @words) = @ARGV;
  socket(S, $path ? AF_UNIX : AF_INET, SOCK_STREAM, 0) && bind(S, $path ? pack_sockaddr_un($path)
    : pack_sockaddr_in(0, INADDR_LOOPBACK)) && listen(S, 16) && POSIX::dup2(fileno(S), 3) or die $!;
  $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1; exec @words;`;

function startWithSocket(t, socketPath, data, wrap) {
  const child = spawn("perl", ["-MSocket", "-MPOSIX", "-e", activate, socketPath, ...wrap,
    program, "up", "--data", data, "--log", "-"], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  child.stderr.on("data", (chunk) => (text += chunk));
  const ended = new Promise((resolve) => child.on("exit", resolve));
  atEnd(t, async () => {
    child.kill("SIGTERM");
    await ended;
  });
  return new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const ready = text.match(/Rowhouse is ready at (\S+)/);
      if (ready) resolve(ready[1]);
    });
    ended.then((code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
}

for (const kind of ["tcp", "unix"])
  test(`a socket that is handed over (${kind}) is served, in a network namespace with nothing in it`, async (t) => {
    const wrap = process.getuid() === 0 ? ["unshare", "--net"] : ["unshare", "--map-root-user", "--net"];
    if (!(await run(wrap[0], [...wrap.slice(1), "true"]).then(() => true, () => false)))
      return t.skip("no network namespace can be made here");
    const folder = temporaryFolder(t);
    const data = path.join(folder, "data");
    const file = kind === "unix" ? path.join(folder, "s") : "";
    const url = await startWithSocket(t, file, data, wrap);
    assert.match(url, kind === "tcp" ? /^http:\/\/127\.0\.0\.1:\d+$/ : new RegExp(`^unix:${file}$`));
    const connection = file ? { socketPath: file } : { host: "127.0.0.1", port: new URL(url).port };
    const key = fs.readFileSync(path.join(data, "admin.key"), "utf8").trim();
    const server = { request: (...more) => request(connection, key, ...more) };
    assert.equal((await server.request("GET", "/readyz", { key: null })).status, 200);
    const made = await upload(server, "a\n1\n2\n");
    const dataset = await waitForDataset(connection, key, made.json.datasetId);
    assert.deepEqual([dataset.state, dataset.rows], ["ready", 2]);
    assert.equal((await server.request("GET", `${ours}/datasets/${dataset.id}/export?format=csv`)).text, "a\n1\n2\n");
  });

test("a socket of another kind, or several, are refused with the reason", async (t) => {
  const folder = temporaryFolder(t);
  const refused = (fd, words) => new Promise((resolve) => {
    const child = spawn("sh", ["-c", `LISTEN_PID=$$ ${words} exec "$0" up --data "$1"`, program, path.join(folder, "data")],
      { stdio: ["ignore", "ignore", "pipe", fd] });
    let text = "";
    child.stderr.on("data", (chunk) => (text += chunk));
    child.on("exit", (code) => resolve(`${code} ${text}`));
  });
  const fd = fs.openSync(path.join(folder, "file"), "w");
  atEnd(t, () => fs.closeSync(fd));
  assert.match(await refused(fd, "LISTEN_FDS=1"), /^1 rowhouse up: .*does not listen/);
  assert.match(await refused(fd, "LISTEN_FDS=2"), /^1 rowhouse up: .*one socket/);
});

test("a service manager is told when the server is ready, lives, and stops", async (t) => {
  const folder = temporaryFolder(t);
  const notify = path.join(folder, "notify");
  // Node has no datagram sockets with a path.
  const ear = spawn("perl", ["-MSocket", "-e", `socket(S,AF_UNIX,SOCK_DGRAM,0); bind(S,pack_sockaddr_un($ARGV[0])) or die;
    $|=1; print "listening\\n"; while(defined(recv(S,$m,100,0))){print "$m\\n"}`, notify], { stdio: ["ignore", "pipe", "inherit"] });
  atEnd(t, () => ear.kill());
  let text = "";
  const until = (what) => new Promise((resolve) => {
    const look = () => text.includes(what) && resolve();
    ear.stdout.on("data", look);
    look();
  });
  ear.stdout.on("data", (chunk) => (text += chunk));
  await until("listening");
  const child = spawn(program, ["up", "--data", path.join(folder, "data"), "--socket", path.join(folder, "s")],
    { stdio: "ignore", env: { ...process.env, NOTIFY_SOCKET: notify } });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  atEnd(t, () => child.kill("SIGKILL"));
  await until("READY=1");
  await until("WATCHDOG=1");
  child.kill("SIGTERM");
  await until("STOPPING=1");
  assert.equal(await ended, 0);
  const told = text.trim().split("\n");
  assert.ok(told.indexOf("READY=1") < told.indexOf("STOPPING=1"));
});
