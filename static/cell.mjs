/*
 * cell.mjs: one cell in the drawer of its row.  One that the page has only the beginning of is fetched
 * when somebody asks for it; JSON is a tree, or its text; a long text is shown in pieces.  What needs
 * none of this stays as the table has it.
 */
import { bytes, problem, sentence } from "./format.mjs";
import { isJson } from "./json.mjs";
import { showInPieces } from "./pieces.mjs";
import { jsonTree } from "./tree.mjs";

function button(text, act) {
	const made = Object.assign(document.createElement("button"), { type: "button", textContent: text });

	made.addEventListener("click", act);
	return made;
}

/* Where the browser gives no clipboard (plain HTTP from another machine), the older way. */
async function copy(text, beside) {
	if (navigator.clipboard && isSecureContext)
		return navigator.clipboard.writeText(text);
	const field = Object.assign(document.createElement("textarea"), { value: text });

	beside.append(field);
	field.select();
	const good = document.execCommand("copy");
	field.remove();
	if (!good)
		throw new Error("not copied");
}

/* What a failed fetch says to who asked for it; of the line itself nothing but that is known. */
function whyNot(error) {
	if (error.name === "AbortError")
		return "Stopped.";
	return error instanceof TypeError ? "The line broke before all of it was here. Try again." : sentence(error.message);
}

class CellView {
	/* Into `place` goes what stands in the table's cell `td`; address: of the whole cell; rev: of its
	 * row, as the page has it; signal: that the drawer shows something else. */
	constructor(place, td, { address, rev, signal }) {
		this.address = address;
		this.rev = rev;
		this.signal = signal;
		this.tools = Object.assign(document.createElement("div"), { className: "cell-tools" });
		this.said = document.createElement("p");
		this.said.className = "muted small";
		this.said.setAttribute("role", "status");
		this.content = document.createElement("div");
		place.append(this.tools, this.said, this.content);
		this.clipped = td.querySelector("small") !== null;
		this.size = Number(td.querySelector("small")?.dataset.bytes);
		if (this.clipped)
			this.offer(td);
		else
			this.take(td.textContent, td.classList.contains("json"));
	}

	/* ---- what the page has only the beginning of ---- */

	offer(td) {
		this.content.replaceChildren(...[...td.childNodes].map((node) => node.cloneNode(true)));
		this.showTools(button(`Show all of it (${bytes(this.size)})`, () => this.fetch()), this.saveLink());
	}

	saveLink() {
		return Object.assign(document.createElement("a"), { className: "button", href: this.address, download: "", textContent: "Save" });
	}

	async fetch() {
		const stop = new AbortController();
		const end = () => stop.abort();
		const before = [...this.tools.children];

		this.signal.addEventListener("abort", end);
		this.say("");
		try {
			await this.read(stop);
		} catch (error) {
			if (!this.signal.aborted) {
				this.say(whyNot(error));
				this.showTools(...before);
			}
		}
		this.signal.removeEventListener("abort", end);
	}

	async read(stop) {
		const progress = document.createElement("progress");
		const amount = document.createElement("span");

		progress.max = this.size;
		progress.setAttribute("aria-label", "Fetched");
		this.showTools(button("Stop", () => stop.abort()), progress, amount);
		const answer = await fetch(this.address, { cache: "no-store", signal: stop.signal });

		if (!answer.ok)
			throw new Error(problem(answer.status, await answer.text()).message);
		const text = await this.readText(answer, (n) => {
			progress.value = n;
			amount.textContent = `${bytes(n)} of ${bytes(this.size)}`;
		});
		if (answer.headers.get("ETag") !== `"${this.rev}"`)
			this.say("The row was changed since this page was loaded: this is the cell as it is now.");
		this.take(text, /json/.test(answer.headers.get("Content-Type")));
	}

	/* The body as text; `tell` is called with how many bytes of it are here. */
	async readText(answer, tell) {
		/* A byte order mark is of the cell like any other character. */
		const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
		const reader = answer.body?.getReader();
		const parts = [];
		let n = 0;

		while (reader) {
			const { done, value } = await reader.read();

			if (done)
				break;
			parts.push(decoder.decode(value, { stream: true }));
			tell(n += value.length);
		}
		return parts.join("") + decoder.decode();
	}

	/* ---- what is here whole ---- */

	take(text, isJsonCell) {
		this.text = text;
		this.isJson = isJsonCell ? /^\s*[[{]/.test(text) : isJson(text);
		this.show(this.isJson && isJsonCell);
	}

	show(asTree) {
		const tools = [button("Copy", () => this.copy())];

		if (this.isJson)
			tools.unshift(button(asTree ? "Show as text" : "Show as a tree", () => this.show(!asTree)));
		if (this.clipped)
			tools.push(this.saveLink());
		this.content.className = asTree ? "" : "cell-text";
		if (asTree)
			this.content.replaceChildren(jsonTree(this.text));
		else
			showInPieces(this.content, this.text);
		this.showTools(...tools);
	}

	async copy() {
		/* Emptied first, so that the same words are spoken again. */
		this.say("");
		try {
			await copy(this.text, this.tools);
			this.say("Copied.");
		} catch {
			this.say("The browser does not let this page copy: mark it and copy it with the keyboard.");
		}
	}

	say(text) {
		this.said.textContent = text;
	}

	/* Who used one of them goes on with the first of the others. */
	showTools(...tools) {
		const hadFocus = this.tools.contains(document.activeElement);

		this.tools.replaceChildren(...tools);
		if (hadFocus)
			tools[0].focus({ preventScroll: true });
	}
}

/* Shows what stands in a cell of the table; where and when are CellView's. */
export function showCell(place, td, where) {
	const isWhole = !td.querySelector("small");

	if (!isWhole || td.classList.contains("json") || isJson(td.textContent))
		new CellView(place, td, where);
	else if (td.textContent === "")
		place.append(Object.assign(document.createElement("i"), { textContent: "empty" }));
	else
		place.append(...[...td.childNodes].map((node) => node.cloneNode(true)));
}
