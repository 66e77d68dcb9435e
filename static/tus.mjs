/*
 * tus.mjs: sends one file in pieces (tus 1.0.0), so that a broken line, a pause or a closed tab costs one
 * piece: where an upload is stands in localStorage under what the file is known by, and the server says
 * how far it came.  It knows nothing of the page; upload.mjs shows what it tells.
 */
import { csrf, problem } from "./format.mjs";

const ENDPOINT = "/api/rowhouse/v1/uploads";
const PIECE_BYTES = 8 * 1024 * 1024; /* nginx hands a piece over when it is whole, so it is what a break costs */
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30000;
const REFUSALS = 8; /* answers of 5xx one after the other; a line that is down is waited for */

/* ---- what is remembered ---- */

const PREFIX = "upload ";

/* A file that is chosen again is the same when its name, size and time are. */
const keyOf = (file) => `${PREFIX}${file.size} ${file.lastModified} ${file.name}`;

/* Storage may be switched off or full: then nothing outlives the page. */
function remember(file, id, expires) {
	try {
		localStorage.setItem(keyOf(file), JSON.stringify({ id, name: file.name, expires: Date.parse(expires) }));
	} catch {
		/* As said. */
	}
}

function recall(key) {
	try {
		const kept = JSON.parse(localStorage.getItem(key));

		if (kept?.expires > Date.now())
			return kept;
		localStorage.removeItem(key);
	} catch {
		/* Nothing is kept, or nothing of ours. */
	}
	return null;
}

function forget(file) {
	try {
		localStorage.removeItem(keyOf(file));
	} catch {
		/* Nothing was kept. */
	}
}

/* The names of files that were begun in this browser and are not done. */
export function interrupted() {
	try {
		return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).map(recall).filter((kept) => kept).map((kept) => kept.name);
	} catch {
		return [];
	}
}

/* ---- one request ---- */

/* It failed for good, in words for the person. */
export class Refusal extends Error {
	constructor(status, body) {
		const { message, fields } = problem(status, body);

		super(message);
		this.status = status;
		this.fields = fields;
	}
}

/* The answer; throws when there is none.  XMLHttpRequest, because fetch() does not tell how far it is. */
function ask(method, target, { headers = {}, body = null, onProgress, onStart } = {}) {
	return new Promise((resolve, reject) => {
		const request = new XMLHttpRequest();

		request.open(method, target);
		for (const [name, value] of Object.entries({ "Tus-Resumable": "1.0.0", "X-CSRF-Token": csrf(), ...headers }))
			request.setRequestHeader(name, value);
		if (onProgress)
			request.upload.addEventListener("progress", (at) => onProgress(at.loaded));
		request.addEventListener("load", () => resolve(request));
		request.addEventListener("error", () => reject(new Error("the connection broke")));
		request.addEventListener("abort", () => reject(new Error("stopped")));
		onStart?.(request);
		request.send(body);
	});
}

function base64(text) {
	return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/* ---- one file ---- */

/*
 * state: ready -> sending <-> waiting (for the line, or to be asked again) -> sent; paused and failed can be
 * started again; cancelled cannot.  `changed` is called whenever anything of it is another.
 */
export class Transfer {
	constructor(file, changed) {
		this.file = file;
		this.changed = changed;
		this.state = "ready";
		this.id = recall(keyOf(file))?.id ?? null;
		this.wasBegun = this.id !== null; /* in an earlier page */
		this.offset = 0;     /* what the server has acknowledged */
		this.isSure = false; /* false: it must be asked, it may have more or less */
		this.sent = 0;       /* with what is on its way */
		this.error = null;   /* why it failed, or waits */
		this.failures = 0;   /* one after the other */
		this.turn = 0;       /* which run goes on: one that was stopped may still wait for its answer */
		this.request = null;
		this.wake = null;
	}

	get isActive() {
		return this.state === "sending" || this.state === "waiting";
	}

	start() {
		if (this.isActive || this.state === "sent")
			return;
		this.failures = 0;
		this.set("sending");
		this.run(++this.turn);
	}

	pause() {
		if (this.isActive)
			this.stop("paused");
	}

	/* Nothing of it is kept, here or there. */
	async cancel() {
		this.stop("cancelled");
		forget(this.file);
		if (this.id)
			await ask("DELETE", `${ENDPOINT}/${this.id}`).catch(() => {}); /* It expires by itself. */
	}

	/* What was sent has become something: the next file of that name is another upload. */
	used() {
		forget(this.file);
	}

	set(state, error = null) {
		this.state = state;
		this.error = error;
		this.changed(this);
	}

	stop(state) {
		this.turn++;
		this.isSure = false;
		this.sent = this.offset;
		this.set(state);
		this.request?.abort();
		this.wake?.();
	}

	async run(turn) {
		while (turn === this.turn && this.isActive) {
			try {
				await this.step();
			} catch (error) {
				if (turn === this.turn)
					await this.recover(error);
			}
		}
	}

	/* One request, and what follows from its answer. */
	async step() {
		if (!this.id)
			await this.create();
		else if (!this.isSure)
			await this.look();
		else if (this.offset < this.file.size)
			await this.append();
		if (this.isActive && this.isSure && this.offset === this.file.size)
			this.set("sent");
	}

	/* Waits until it may be tried again, or gives up. */
	async recover(error) {
		const { status } = error;

		this.isSure = false;
		this.sent = this.offset;
		if (this.id && (status === 404 || status === 410)) {
			/* Expired, or of another session: from the beginning. */
			forget(this.file);
			this.id = null;
			this.offset = this.sent = 0;
			return;
		}
		/* 409: it is elsewhere than we thought, or another tab sends it.  No status: the line is down. */
		const passes = !status || status === 409 || status === 429 || status >= 500;
		if (!passes || (status && this.failures === REFUSALS))
			this.set("failed", error);
		else if (!(await this.canRead()))
			this.set("failed", new Error("The file can no longer be read: it was changed or moved. Choose it again."));
		else
			await this.waitFor(Math.min(FIRST_WAIT_MS * 2 ** this.failures++, LONGEST_WAIT_MS), error);
	}

	/* A file that was changed or taken away looks like a broken line to the browser. */
	async canRead() {
		try {
			await this.file.slice(0, 1).arrayBuffer();
			return true;
		} catch {
			return false;
		}
	}

	/* Or until the browser has a line again. */
	async waitFor(ms, error) {
		this.set("waiting", error);
		await new Promise((resolve) => {
			const timer = setTimeout(resolve, ms);

			this.wake = () => {
				clearTimeout(timer);
				resolve();
			};
			addEventListener("online", this.wake);
		});
		removeEventListener("online", this.wake);
		this.wake = null;
		if (this.state === "waiting")
			this.set("sending");
	}

	async send(method, target, more) {
		const answer = await ask(method, target, { ...more, onStart: (request) => (this.request = request) });

		this.request = null;
		if (answer.status >= 300)
			throw new Refusal(answer.status, answer.responseText);
		return answer;
	}

	acknowledged(answer) {
		this.offset = this.sent = Number(answer.getResponseHeader("Upload-Offset"));
		this.isSure = true;
		remember(this.file, this.id, answer.getResponseHeader("Upload-Expires"));
		this.changed(this);
	}

	async create() {
		const metadata = [`filename ${base64(this.file.name)}`];

		if (this.file.type)
			metadata.push(`filetype ${base64(this.file.type)}`);
		const answer = await this.send("POST", ENDPOINT,
			{ headers: { "Upload-Length": String(this.file.size), "Upload-Metadata": metadata.join(",") } });
		this.id = answer.getResponseHeader("Location").split("/").pop();
		this.failures = 0;
		this.acknowledged(answer);
	}

	async look() {
		this.acknowledged(await this.send("HEAD", `${ENDPOINT}/${this.id}`));
	}

	async append() {
		const from = this.offset;
		const piece = this.file.slice(from, from + PIECE_BYTES);
		const answer = await this.send("PATCH", `${ENDPOINT}/${this.id}`, {
			headers: { "Upload-Offset": String(from), "Content-Type": "application/offset+octet-stream" },
			body: piece,
			onProgress: (loaded) => {
				this.sent = from + Math.min(loaded, piece.size);
				this.changed(this);
			},
		});

		this.failures = 0;
		this.acknowledged(answer);
	}
}
