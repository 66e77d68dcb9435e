/*
 * reading.mjs: shows a file again as soon as an option of how it is read has changed.  What comes is
 * the page itself, drawn by the server; what it shows takes the place of what is shown here, and the
 * inputs stay, with what is typed and where the focus is.
 */
import { takeCarried } from "./carried.mjs";
import { csrf } from "./format.mjs";

const PAUSE_MS = 250; /* after the last key */

class Reading {
	constructor(form) {
		this.form = form;
		this.state = form.querySelector("[data-reading-state]");
		this.timer = 0;
		this.running = null;
		takeCarried(location.pathname.split("/")[2], form);
		form.addEventListener("input", (event) => this.changed(event, PAUSE_MS));
		form.addEventListener("change", (event) => this.changed(event, 0));
	}

	/* The name and the description change nothing about how the file is read. */
	changed(event, pause) {
		if (!event.target.name?.startsWith("options."))
			return;
		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.show(), pause);
	}

	async show() {
		this.running?.abort();
		const running = this.running = new AbortController();
		const fields = new URLSearchParams(new FormData(this.form));
		const shown = document.getElementById("shown");

		fields.set("show", "1");
		fields.set("csrf", csrf());
		shown.setAttribute("aria-busy", "true");
		this.state.textContent = "Reading …";
		try {
			const answer = await fetch(location.pathname, { method: "POST", body: fields, signal: running.signal });
			this.take(new DOMParser().parseFromString(await answer.text(), "text/html"), answer);
			this.state.textContent = "";
		} catch (error) {
			if (error.name === "AbortError")
				return; /* a later change is being shown */
			this.state.textContent = "The server does not answer. Press Show to try again.";
		}
		shown.removeAttribute("aria-busy");
	}

	take(page, answer) {
		const fresh = page.getElementById("shown");

		if (!fresh)
			throw new Error(`${answer.status}`);
		this.keepOpen(fresh);
		document.getElementById("shown").replaceChildren(...fresh.childNodes);
		this.replace(page, ".reading-make > .notice", ".reading-make");
		this.takeOptions(page);
	}

	/* What was noticed about the options changes with them, the inputs only when there are others. */
	takeOptions(page) {
		const here = this.form.querySelector(".reading-fields");
		const there = page.querySelector(".reading-fields");
		const names = (fields) => [...fields.querySelectorAll("[name]")].map((input) => input.name).join();

		if (names(here) !== names(there) || !here.contains(document.activeElement)) {
			here.replaceChildren(...there.childNodes);
			return;
		}
		for (const field of here.querySelectorAll(".field")) {
			const id = field.querySelector("[name]").id;
			const twin = there.querySelector(`[id="${CSS.escape(id)}"]`).closest(".field");

			for (const note of field.querySelectorAll(".help, .error"))
				note.remove();
			field.append(...twin.querySelectorAll(".help, .error"));
		}
	}

	replace(page, what, where) {
		this.form.querySelector(what)?.remove();
		const fresh = page.querySelector(what);
		if (fresh)
			this.form.querySelector(where).prepend(fresh);
	}

	/* A column that is being changed stays open, and the focus in it. */
	keepOpen(fresh) {
		const focus = document.activeElement?.name;
		for (const open of document.querySelectorAll(".reading-column[open]")) {
			const name = open.parentElement.querySelector("input[type=hidden]").name;
			const twin = fresh.querySelector(`[name="${CSS.escape(name)}"]`);
			twin?.parentElement.querySelector(".reading-column")?.setAttribute("open", "");
		}
		if (focus?.startsWith("options.columns"))
			queueMicrotask(() => this.form.querySelector(`[name="${CSS.escape(focus)}"]:not([type=hidden])`)?.focus());
	}
}

for (const form of document.querySelectorAll("form[data-reading]"))
	new Reading(form);
