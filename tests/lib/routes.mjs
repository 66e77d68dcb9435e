// routes.mjs: the table of all addresses, read from its source (fcgi/api/routes.c), so that no test can
// forget a row of it: [{kind, method, target, handler, open, query, body, secret}], a row for each mount.

import fs from "node:fs";
import path from "node:path";
import { root } from "./server.mjs";

const mounts = { OURS: ["/api/rowhouse/v1"], OPEN: ["/api/rowhouse/v1"], CLARO: ["/api/v2", "/claro/api/v2"], PAGE: [""], SITE: [""] };
const row = /^\t(OURS|OPEN|CLARO|PAGE|SITE)(_SECRET)?\((?:(GET|POST|PUT|PATCH|DELETE|OPTIONS), )?"([^"]+)", (?:(KEY|ANYONE), )?(\w+)(?:, (\w+), (\w+), ")?/gm;

export const routes = [...fs.readFileSync(path.join(root, "fcgi/api/routes.c"), "utf8").matchAll(row)]
  .flatMap(([, kind, secret, method = "GET", target, access, handler, query = "NONE", body = "NONE"]) =>
    mounts[kind].map((mount) => ({ kind, method, target: mount + target, handler, query, body, secret: secret !== undefined,
      open: ["SITE", "OPEN"].includes(kind) || access === "ANYONE" })));
