/*
 * upload.mjs: sends the upload form itself, to show how far it is and to be able to stop.  The same
 * fields go to the API that the page's own form would post; without this module the form does.
 */
import { bytes, csrf, duration, problem, renewCsrf, sentence, signInLink } from "./format.mjs";

const NAME_CHARACTERS = 100;
const RATE_WINDOW_MS = 4000;
const ANNOUNCE_MS = 5000;

/* Bytes per second over the last seconds, so that the time left follows the line, not its history. */
class Rate {
	constructor() {
		this.seen = [];
	}

	add(sent) {
		const now = performance.now();

		this.seen.push({ now, sent });
		while (this.seen.length > 2 && now - this.seen[1].now > RATE_WINDOW_MS)
			this.seen.shift();
		const from = this.seen[0];
		return now > from.now ? ((sent - from.sent) * 1000) / (now - from.now) : 0;
	}
}

class Upload {
	constructor(form) {
		this.form = form;
		this.inputs = [...form.querySelectorAll("input[type=file]")];
		this.file = this.inputs[0];
		this.panel = form.querySelector("[data-sending]");
		this.actions = form.querySelector("[data-actions]");
		this.alert = form.querySelector("[data-form-error]");
		this.request = null;
		this.isSignedOut = false;
		this.named = "";
		form.addEventListener("submit", (event) => this.submit(event));
		for (const input of this.inputs)
			input.addEventListener("change", () => this.chosen());
		this.part("cancel").addEventListener("click", () => this.request?.abort());
		addEventListener("beforeunload", (event) => this.request && event.preventDefault());
		this.startDrop();
	}

	part(name) {
		return this.panel.querySelector(`[data-sending-${name}]`);
	}

	/* A file dropped beside the input would replace the page: take it wherever it falls. */
	startDrop() {
		let depth = 0;
		const mark = (by) => {
			depth = by === 0 ? 0 : Math.max(0, depth + by);
			this.file.classList.toggle("over", depth > 0);
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
			if (this.request || event.dataTransfer.files.length === 0)
				return;
			const taken = new DataTransfer();
			for (const file of [...event.dataTransfer.files].slice(0, this.file.multiple ? undefined : 1))
				taken.items.add(file);
			this.file.files = taken.files;
			this.chosen();
			this.file.focus();
		});
	}

	/* The name follows the file until somebody writes one. */
	chosen() {
		const name = this.form.elements.name;
		const file = this.file.files[0];

		this.clearErrors();
		if (file && name && (name.value === "" || name.value === this.named)) {
			name.value = [...file.name.replace(/(.)\.[^.]*$/, "$1")].slice(0, NAME_CHARACTERS).join("");
			this.named = name.value;
		}
		this.checkSize();
	}

	chosenFiles() {
		return this.inputs.flatMap((input) => [...input.files]);
	}

	checkSize() {
		const limit = Number(this.form.dataset.limit);
		const files = this.chosenFiles();
		const size = files.reduce((sum, file) => sum + file.size, 0);

		if (!limit || size <= limit)
			return true;
		this.fieldError("file", `${files.length === 1 ? "This file is" : "These files are"} ${bytes(size)}; one upload may have ${bytes(limit)}. Split ${files.length === 1 ? "it" : "them"} into parts.`);
		return false;
	}

	async submit(event) {
		event.preventDefault();
		this.clearErrors();
		if (this.request || !this.checkSize())
			return;
		const request = new XMLHttpRequest();
		const rate = new Rate();
		this.request = request;
		if (this.isSignedOut)
			await renewCsrf().catch(() => {}); /* The upload itself says what is the matter. */
		request.open("POST", "/api/rowhouse/v1/datasets/upload");
		request.setRequestHeader("Accept", "application/json");
		request.setRequestHeader("X-CSRF-Token", csrf());
		request.upload.addEventListener("progress", (at) => this.progress(at.loaded, at.total, rate.add(at.loaded)));
		request.upload.addEventListener("load", () => this.sent());
		request.addEventListener("load", () => this.answered(request));
		request.addEventListener("error", () => this.failed("The connection broke before the file was stored. Nothing was kept; send it again."));
		request.addEventListener("abort", () => this.failed("The upload was cancelled. Nothing was kept."));
		this.showPanel(true);
		const sent = new FormData(this.form);
		/* It is in the header already, and no field of the API. */
		sent.delete("csrf");
		request.send(sent);
	}

	showPanel(on) {
		this.panel.hidden = !on;
		this.actions.hidden = on;
		this.file.classList.toggle("locked", on);
		if (!on)
			return;
		this.announced = performance.now();
		const files = this.chosenFiles();
		this.part("title").textContent = files.length > 1 ? `Sending ${files.length} files` : `Sending ${files[0]?.name ?? "the form"}`;
		this.part("detail").textContent = "Starting …";
		this.part("status").textContent = "Sending the file.";
		this.progress(0, files.reduce((sum, file) => sum + file.size, 0), 0);
		this.part("cancel").focus();
	}

	progress(sent, total, rate) {
		const percent = total ? Math.floor((sent / total) * 100) : 0;
		const left = rate > 0 ? `, ${duration((total - sent) / rate)} left` : "";
		const detail = `${bytes(sent)} of ${bytes(total)}${rate > 0 ? ` at ${bytes(rate)}/s` : ""}${left}`;

		this.panel.querySelector("progress").value = percent;
		this.part("percent").textContent = `${percent} %`;
		this.part("detail").textContent = detail;
		if (performance.now() - this.announced >= ANNOUNCE_MS) {
			this.announced = performance.now();
			this.part("status").textContent = `${percent} percent sent${left}`;
		}
	}

	sent() {
		this.panel.querySelector("progress").removeAttribute("value");
		this.part("title").textContent = "The server is storing the file";
		this.part("percent").textContent = "";
		this.part("status").textContent = "Everything is sent. The server is storing the file.";
	}

	answered(request) {
		let made = null;

		try {
			made = JSON.parse(request.responseText);
		} catch {
			/* Not our JSON: treated as a failure below. */
		}
		if (request.status < 300 && (made?.job?.id || made?.dataset?.id)) {
			this.request = null;
			location.assign(made.job?.id ? `/jobs/${encodeURIComponent(made.job.id)}?follow=1` : `/datasets/${encodeURIComponent(made.dataset.id)}`);
			return;
		}
		const { message, fields } = problem(request.status, request.responseText);
		this.isSignedOut = request.status === 401;
		this.failed(message, fields);
	}

	failed(message, fields = []) {
		let first = null;

		this.request = null;
		this.showPanel(false);
		for (const { field, detail } of fields)
			first = this.fieldError(field, detail) ?? first;
		this.alert.replaceChildren(Object.assign(document.createElement("p"), { textContent: sentence(message) }));
		if (this.isSignedOut)
			this.alert.append(signInLink());
		/* A single fault stands at its field and nowhere else. */
		this.alert.hidden = first !== null && fields.length === 1;
		(first ?? this.file).focus();
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
