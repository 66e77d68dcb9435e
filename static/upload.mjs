/*
 * upload.mjs: the upload form with a script: files are chosen or dropped, listed, sent in pieces that can be
 * interrupted (tus.mjs), several at once, each with how far, how fast and how long still; then they become a
 * data source and the dataset that the form describes.  With data-each every file becomes a dataset of its
 * own.  Without this module the form posts itself.
 */
import { carry } from "./carried.mjs";
import { bytes, csrf, duration, problem, renewCsrf, sentence, signInLink } from "./format.mjs";
import { interrupted, Refusal, Transfer } from "./tus.mjs";

const API = "/api/rowhouse/v1";
const NAME_CHARACTERS = 100;
const AT_ONCE = 3;
const RATE_WINDOW_MS = 4000;
const ANNOUNCE_MS = 5000;

/* Bytes per second over the last seconds, so that the time left follows the line, not its history. */
class Rate {
	constructor() {
		this.seen = [];
	}

	add(sent) {
		const now = performance.now();

		if (this.seen.length > 0 && sent < this.seen.at(-1).sent)
			this.seen = [];
		this.seen.push({ now, sent });
		while (this.seen.length > 2 && now - this.seen[1].now > RATE_WINDOW_MS)
			this.seen.shift();
		const from = this.seen[0];
		return now > from.now ? ((sent - from.sent) * 1000) / (now - from.now) : 0;
	}
}

/* What a dataset is called when nobody said: its file's name without the ending. */
const nameOf = (file) => [...file.name.replace(/(.)\.[^.]*$/, "$1")].slice(0, NAME_CHARACTERS).join("");

async function post(target, body, headers = {}) {
	const answer = await fetch(`${API}${target}`, { method: "POST", body, headers: { Accept: "application/json", "X-CSRF-Token": csrf(), ...headers } })
		.catch(() => { throw new Error("The connection broke before the server answered. Try it again."); });
	const text = await answer.text();

	if (!answer.ok)
		throw new Refusal(answer.status, text);
	return JSON.parse(text);
}

/* ---- one file of the list ---- */

/* What a row says of a transfer, and what its button then does; `made` is what became of it. */
const sayings = {
	ready: ({ transfer }) => `${bytes(transfer.file.size)}${transfer.wasBegun ? ", begun before: it goes on where it stopped" : ""}`,
	sending: ({ transfer, rate }) => {
		const { sent, file } = transfer;
		const pace = rate > 0 ? ` at ${bytes(rate)}/s, ${duration((file.size - sent) / rate)} left` : "";

		return `${bytes(sent)} of ${bytes(file.size)}${pace}`;
	},
	waiting: ({ transfer }) => (transfer.error instanceof Refusal ? `${sentence(transfer.error.message)}. It is tried again by itself.`
		: "The connection is lost. It goes on by itself when it is back."),
	paused: ({ transfer }) => `Paused at ${bytes(transfer.sent)} of ${bytes(transfer.file.size)}`,
	sent: ({ made }) => (made?.link ? "Stored" : made?.isRefused ? "Sent" : "Sent. The server is storing it."),
	cancelled: () => "",
};
const toggles = { sending: "Pause", waiting: "Pause", paused: "Resume", failed: "Try again" };

class Item {
	constructor(list, input, file) {
		this.list = list;
		this.input = input;
		this.pace = new Rate();
		this.rate = 0;
		/* What it became a part of: {} while it is made, then { link } to it, { error } for its row, or
		 * { isRefused } where the form says why. */
		this.made = null;
		this.row = list.template.content.firstElementChild.cloneNode(true);
		this.transfer = new Transfer(file, () => this.changed());
		this.part("name").textContent = file.name;
		this.row.querySelector("progress").setAttribute("aria-label", `${file.name}: sent`);
		for (const of of this.row.querySelectorAll("[data-of]"))
			of.textContent = ` ${file.name}`;
		this.part("toggle").addEventListener("click", () => this.toggle());
		this.part("cancel").addEventListener("click", () => list.cancel(this));
		list.rows.append(this.row);
		this.draw();
	}

	part(name) {
		return this.row.querySelector(`[data-item-${name}]`);
	}

	toggle() {
		if (this.transfer.isActive)
			this.transfer.pause();
		else
			this.list.start([this]);
	}

	changed() {
		this.rate = this.pace.add(this.transfer.sent);
		this.draw();
		this.list.changed(this);
	}

	draw() {
		const { state, sent, file } = this.transfer;
		const failure = this.made?.error ?? (state === "failed" ? this.transfer.error : null);
		const percent = file.size > 0 ? Math.floor((sent / file.size) * 100) : state === "sent" ? 100 : 0;
		const toggle = this.made?.error ? "Try again" : toggles[state];
		const bar = this.row.querySelector("progress");

		bar.hidden = state === "ready";
		bar.value = percent;
		this.part("percent").textContent = state === "ready" ? "" : `${percent} %`;
		/* Who is signed out is told once, over the form, with the way to sign in. */
		this.part("detail").textContent = failure?.status === 401 ? "Not sent" : failure ? sentence(failure.message) : sayings[state](this);
		this.part("detail").className = failure ? "error" : "muted number";
		this.part("toggle").hidden = !toggle;
		this.part("toggle").firstChild.data = toggle ?? "";
		this.part("cancel").hidden = state === "sent" && !this.made?.error && !this.made?.isRefused;
		this.part("cancel").firstChild.data = state === "ready" || state === "sent" ? "Remove" : "Cancel";
		this.part("open").hidden = !this.made?.link;
		if (this.made?.link)
			this.part("open").href = this.made.link;
	}

	setMade(made) {
		this.made = made;
		this.draw();
	}
}

/* ---- the form ---- */

class Upload {
	constructor(form) {
		this.form = form;
		this.inputs = [...form.querySelectorAll("input[type=file]")];
		this.alert = form.querySelector("[data-form-error]");
		this.actions = form.querySelector("[data-actions]");
		this.panel = form.querySelector("[data-sending]");
		this.rows = this.panel.querySelector("[data-sending-rows]");
		this.template = this.panel.querySelector("template");
		this.status = this.panel.querySelector("[data-sending-status]");
		this.isEach = "each" in form.dataset;
		this.items = [];
		this.isSending = false;
		this.isSignedOut = false;
		this.named = "";
		this.announced = 0;
		this.look = form.querySelector("[data-look]");
		form.addEventListener("submit", (event) => this.submit(event));
		for (const input of this.inputs) {
			input.multiple ||= this.isEach;
			input.addEventListener("change", () => this.chosen(input));
		}
		addEventListener("beforeunload", (event) => this.isSending && event.preventDefault());
		this.startDrop();
		this.showActions();
		this.showInterrupted();
	}

	showInterrupted() {
		const names = interrupted();
		const note = this.form.querySelector("[data-interrupted]");

		note.hidden = names.length === 0;
		note.querySelector("bdi").textContent = names.join(", ");
	}

	/* A file dropped beside the input would replace the page: take it wherever it falls. */
	startDrop() {
		const [input] = this.inputs;
		let depth = 0;
		const mark = (by) => {
			depth = by === 0 ? 0 : Math.max(0, depth + by);
			input.classList.toggle("over", depth > 0);
		};
		const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

		addEventListener("dragenter", (event) => carriesFiles(event) && mark(1));
		addEventListener("dragleave", (event) => carriesFiles(event) && mark(-1));
		addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
		addEventListener("drop", (event) => {
			if (!carriesFiles(event))
				return;
			event.preventDefault();
			mark(0);
			const files = [...event.dataTransfer.files].slice(0, input.multiple ? undefined : 1);
			if (this.isSending || files.length === 0)
				return;
			this.put(input, files);
			this.chosen(input);
			input.focus();
		});
	}

	put(input, files) {
		const taken = new DataTransfer();

		for (const file of files)
			taken.items.add(file);
		input.files = taken.files;
	}

	/* What is chosen takes the place of what was, as in the input itself; what is done stays to be opened. */
	chosen(input) {
		const isSame = (a, b) => a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;
		const files = [...input.files];
		const mine = this.items.filter((item) => item.input === input && !item.made?.link);

		this.clearErrors();
		for (const item of mine)
			if (!files.some((file) => isSame(item.transfer.file, file)))
				this.remove(item);
		for (const file of files)
			if (!mine.some((item) => isSame(item.transfer.file, file)))
				this.items.push(new Item(this, input, file));
		this.listed();
	}

	/* The list is another: so are the name and what the inputs hold. */
	listed() {
		for (const input of this.inputs)
			this.put(input, this.items.filter((item) => item.input === input && !item.made?.link).map((item) => item.transfer.file));
		this.panel.hidden = this.items.length === 0;
		this.showActions();
		this.followName();
		this.checkSize();
	}

	/* Nothing to send, nothing to press.  One file is looked at, several are not. */
	showActions() {
		if (this.look) {
			this.look.hidden = this.inputs.length === 0 || this.groups().length > 1;
			this.look.nextElementSibling.classList.toggle("primary", this.look.hidden);
		}
		this.actions.hidden = this.isSending || (this.items.length > 0 && this.items.every((item) => item.made?.link));
	}

	/* The name follows the file until somebody writes one; of several each has its own. */
	followName() {
		const { name } = this.form.elements;
		const file = this.items[0]?.transfer.file;
		const isSeveral = this.isEach && this.items.length > 1;

		if (!name)
			return;
		name.disabled = isSeveral;
		name.placeholder = isSeveral ? "Each is named like its file" : "";
		if (isSeveral && name.value === this.named)
			name.value = "";
		else if (file && !isSeveral && (name.value === "" || name.value === this.named))
			name.value = nameOf(file);
		if (file)
			this.named = isSeveral ? "" : nameOf(file);
	}

	checkSize() {
		const limit = Number(this.form.dataset.limit);
		const over = this.items.find((item) => limit && item.transfer.file.size > limit);

		if (!over)
			return true;
		const { name, size } = over.transfer.file;
		this.fieldError(over.input.name, `${this.items.length === 1 ? "This file" : name} is ${bytes(size)}; one upload may have ${bytes(limit)}. Split it into parts.`);
		return false;
	}

	/* The files that together become one dataset. */
	groups() {
		return this.isEach ? this.items.map((item) => [item]) : this.items.length > 0 ? [this.items] : [];
	}

	async submit(event) {
		event.preventDefault();
		this.looksFirst = this.look !== null && event.submitter === this.look;
		this.clearErrors();
		if (this.isSending || !this.checkSize())
			return;
		if (this.items.length === 0)
			await this.make([]); /* of a type whose file may be left out */
		else
			await this.start(this.items.filter((item) => !item.made?.link));
	}

	async start(items) {
		if (this.isSignedOut)
			await renewCsrf().catch(() => {}); /* The next request says what is the matter. */
		this.isSignedOut = false;
		this.lock(true);
		for (const item of items) {
			item.wanted = true;
			item.setMade(null);
		}
		this.pump();
		/* What was pressed is gone from the page. */
		if (!this.panel.contains(document.activeElement))
			this.rows.querySelector("button:not([hidden])")?.focus();
	}

	/* As many as may be at once are sent; what is sent whole becomes what it is to be. */
	pump() {
		const active = this.items.filter((item) => item.transfer.isActive).length;
		const next = this.items.filter((item) => item.wanted && !item.transfer.isActive && item.transfer.state !== "sent").slice(0, Math.max(0, AT_ONCE - active));

		for (const item of next) {
			item.wanted = false;
			item.transfer.start();
		}
		for (const group of this.groups())
			if (group.every((item) => item.transfer.state === "sent" && !item.made))
				this.make(group);
		this.settle();
	}

	changed(item) {
		const { state, file, sent } = item.transfer;

		if (item.said !== state && ["waiting", "failed", "paused"].includes(state))
			this.say(`${file.name}: ${item.part("detail").textContent}`);
		else if (state === "sending" && performance.now() - this.announced >= ANNOUNCE_MS)
			this.say(`${file.name}: ${Math.floor((sent / file.size) * 100)} percent sent`);
		if (item.said !== state) {
			item.said = state;
			this.pump();
		}
	}

	say(text) {
		this.announced = performance.now();
		this.status.textContent = text;
	}

	/* A data source of what was sent, once; then the dataset, again and again until it is right. */
	async make(group) {
		for (const item of group)
			item.setMade({});
		this.lock(true);
		try {
			const source = await this.makeSource(group);

			if (this.looksFirst && source && this.groups().length <= 1) {
				this.isSending = false;
				carry(source, this.form);
				location.assign(`/sources/${encodeURIComponent(source)}/read`);
				return;
			}
			const made = await this.makeDataset(group, source);

			if (this.groups().length <= 1) {
				this.isSending = false;
				location.assign(made.job?.id ? `/jobs/${encodeURIComponent(made.job.id)}?follow=1` : `/datasets/${encodeURIComponent(made.dataset.id)}`);
				return;
			}
			for (const item of group)
				item.setMade({ link: `/datasets/${encodeURIComponent(made.dataset.id)}` });
			this.say(`${group[0].transfer.file.name}: stored`);
		} catch (error) {
			const isAlone = this.groups().length <= 1;

			for (const item of group)
				item.setMade(isAlone ? { isRefused: true } : { error });
			if (isAlone)
				this.failed(error);
			else
				this.say(`${group[0].transfer.file.name}: ${error.message}`);
		}
		this.pump();
	}

	async makeSource(group) {
		if (group.length === 0 || group[0].source)
			return group[0]?.source;
		const uploads = group.map((item) => ({ id: item.transfer.id, field: item.input.name }));
		/* Sent again after an answer that was lost, it is the same source. */
		const { source } = await post("/sources", JSON.stringify({ uploads }), { "Content-Type": "application/json", "Idempotency-Key": `uploads ${uploads[0].id}` });

		for (const item of group) {
			item.source = source.id;
			item.transfer.used();
		}
		return source.id;
	}

	makeDataset(group, source) {
		const fields = new FormData(this.form);

		/* The token is in the header already, and no field of the API. */
		for (const name of ["csrf", ...this.inputs.map((input) => input.name)])
			fields.delete(name);
		if (source)
			fields.set("source_id", source);
		if (group.length > 0 && !fields.get("name"))
			fields.set("name", nameOf(group[0].transfer.file));
		return post("/datasets/upload", fields);
	}

	async cancel(item) {
		const wasReady = item.transfer.state === "ready";

		this.remove(item);
		if (!this.isSending || this.items.length === 0)
			this.listed();
		if (!wasReady && this.items.length === 0)
			this.failed(new Error("The upload was cancelled. Nothing was kept."));
		this.pump();
		(this.rows.querySelector("button:not([hidden])") ?? this.inputs[0]).focus();
	}

	/* It goes from the list; nothing of it stays on the server that is of no use. */
	remove(item) {
		const { state } = item.transfer;

		this.items.splice(this.items.indexOf(item), 1);
		item.row.remove();
		if (item.source && !item.made?.link)
			fetch(`${API}/sources/${item.source}`, { method: "DELETE", headers: { "X-CSRF-Token": csrf() } }).catch(() => {});
		else if (state !== "ready" && !item.source)
			item.transfer.cancel();
	}

	/* The form is there again when nothing is on its way. */
	settle() {
		const isBusy = (item) => item.transfer.isActive || item.wanted || item.transfer.state === "paused" || (item.transfer.state === "sent" && !item.made?.link && !item.made?.error && !item.made?.isRefused);
		const refused = this.items.find((item) => item.transfer.state === "failed" && item.transfer.error.status === 401);

		if (!this.isSending || this.items.some(isBusy))
			return;
		this.lock(false);
		if (refused || (this.items.length === 1 && this.items[0].transfer.state === "failed"))
			this.failed((refused ?? this.items[0]).transfer.error);
		else if (this.items.length > 1 && this.items.every((item) => item.made?.link))
			this.say("All files are stored.");
		this.listed();
	}

	lock(on) {
		this.isSending = on;
		this.showActions();
		for (const input of this.inputs)
			input.disabled = on;
	}

	failed(error) {
		let first = null;

		this.lock(false);
		this.isSignedOut = error.status === 401;
		for (const { field, detail } of error.fields ?? [])
			first = this.fieldError(field, detail) ?? first;
		this.alert.replaceChildren(Object.assign(document.createElement("p"), { textContent: sentence(error.message) }));
		if (this.isSignedOut)
			this.alert.append(signInLink());
		/* A single fault stands at its field and nowhere else. */
		this.alert.hidden = first !== null && error.fields.length === 1;
		(first ?? this.inputs[0]).focus();
	}

	/* Says it under its input; returns the input, or null when the form has no such field. */
	fieldError(name, text) {
		const input = this.form.elements[name];

		if (!(input instanceof HTMLElement))
			return null;
		const note = Object.assign(document.createElement("p"), { className: "error", id: `${name}-problem`, textContent: sentence(text) });
		input.after(note);
		input.setAttribute("aria-invalid", "true");
		input.dataset.describedBefore = input.getAttribute("aria-describedby") ?? "";
		input.setAttribute("aria-describedby", `${note.id} ${input.dataset.describedBefore}`.trim());
		return input;
	}

	clearErrors() {
		this.alert.hidden = true;
		for (const input of this.form.querySelectorAll("[data-described-before]")) {
			document.getElementById(`${input.name}-problem`)?.remove();
			input.removeAttribute("aria-invalid");
			if (input.dataset.describedBefore)
				input.setAttribute("aria-describedby", input.dataset.describedBefore);
			else
				input.removeAttribute("aria-describedby");
			delete input.dataset.describedBefore;
		}
	}
}

for (const form of document.querySelectorAll("form[data-upload]"))
	new Upload(form);
