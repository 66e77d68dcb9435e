// raw.mjs: bytes over a connection, for requests no well-behaved client would send, and the answers
// read strictly: a byte too many for one is the beginning of the next.

import net from "node:net";

// One answer off the front of the bytes, or null while it is not whole.
function takeAnswer(bytes, method) {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const lines = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const status = lines[0].match(/^HTTP\/1\.1 (\d{3}) /);
  if (!status) throw new Error(`not the beginning of an answer: ${lines[0]}`);
  const headers = {};
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  let rest = bytes.subarray(end + 4);
  let body = Buffer.alloc(0);
  if (headers["transfer-encoding"] === "chunked") {
    const chunks = [];
    for (;;) {
      const line = rest.indexOf("\r\n");
      if (line < 0) return null;
      const length = parseInt(rest.subarray(0, line).toString("latin1"), 16);
      if (rest.length < line + 2 + length + 2) return null;
      chunks.push(rest.subarray(line + 2, line + 2 + length));
      rest = rest.subarray(line + 2 + length + 2);
      if (length === 0) break;
    }
    body = Buffer.concat(chunks);
  } else if (method !== "HEAD" && headers["content-length"] !== undefined) {
    const length = Number(headers["content-length"]);
    if (rest.length < length) return null;
    body = rest.subarray(0, length);
    rest = rest.subarray(length);
  }
  const text = body.toString("utf8");
  const json = /json(;|$)/.test(headers["content-type"] ?? "") && text ? JSON.parse(text) : undefined;
  return { answer: { status: Number(status[1]), headers, text, json }, rest };
}

// A connection: send(bytes), answer([method]) resolves with the next answer, null when the other
// side closed instead; leave() closes at once.
export function connect(server) {
  const where = server.connection.socketPath
    ? { path: server.connection.socketPath }
    : server.connection;
  return new Promise((resolve, reject) => {
    const socket = net.connect(where);
    let received = Buffer.alloc(0);
    let closed = false;
    let wake = () => {};
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      wake();
    });
    const end = () => {
      closed = true;
      wake();
    };
    socket.on("end", end);
    socket.on("close", end);
    socket.on("error", (error) => {
      if (socket.connecting) reject(error);
      end();
    });
    const answer = async (method = "GET") => {
      for (;;) {
        const taken = takeAnswer(received, method);
        if (taken) {
          received = taken.rest;
          return taken.answer;
        }
        if (closed) return null;
        await new Promise((done) => (wake = done));
      }
    };
    const ended = async () => {
      while (!closed) await new Promise((done) => (wake = done));
      return received;
    };
    socket.on("connect", () =>
      resolve({
        socket, answer, ended,
        send: (bytes) => new Promise((done) => socket.write(bytes, done)),
        leave: () => socket.destroy(),
        get closed() {
          return closed;
        },
      }));
  });
}
