/*
 * grid.mjs: opens a whole row beside the table, from its number or any of its cells, and edits it
 * there.  What it shows is what the page holds; the form of an edit is the server's own, fetched from
 * the page it stands on and sent back by fetch, so that everything is said and checked in one place.
 * Without it the row's number is a plain link, and "Edit" beside it leads to that page.
 */
import { csrf, renewCsrf, sentence, signInLink, SIGNED_OUT } from "./format.mjs";

const parser = new DOMParser();

/* A page of ours, and where it came from. */
async function fetchPage(address, options = {}) {
	const answer = await fetch(address, { cache: "no-store", headers: { Accept: "text/html" }, signal: AbortSignal.timeout(30000), ...options });

	return { url: answer.url, page: parser.parseFromString(await answer.text(), "text/html") };
}

const written = (form) => new URLSearchParams(new FormData(form)).toString();

class RowDrawer {
	constructor(grid, dialog) {
		this.dialog = dialog;
		this.grid = grid;
		this.rows = [...grid.querySelectorAll("tbody tr")];
		this.columns = [...grid.querySelectorAll("thead th")].slice(1).map((th) => ({
			id: th.dataset.column,
			name: th.querySelector(".column-name").textContent,
			type: th.querySelector(".column-type").textContent,
		}));
		this.at = -1;
		this.column = 0;
		this.form = null;
		this.isSignedOut = false;
		this.fields = dialog.querySelector("[data-row-fields]");
		this.bar = dialog.querySelector("[data-row-bar]");
		this.notice = dialog.querySelector("[data-row-notice]");
		this.place = dialog.querySelector("[data-row-form-place]");
		this.previous = dialog.querySelector("[data-row-previous]");
		this.next = dialog.querySelector("[data-row-next]");
		this.editor = dialog.querySelector("[data-row-edit]");
		grid.addEventListener("click", (event) => this.clicked(event));
		this.previous.addEventListener("click", () => this.show(this.at - 1));
		this.next.addEventListener("click", () => this.show(this.at + 1));
		this.editor?.addEventListener("click", () => this.edit());
		dialog.querySelector("[data-row-delete]")?.addEventListener("click", () => this.askToDelete());
		dialog.addEventListener("close", () => this.closed());
		dialog.addEventListener("cancel", (event) => this.holdOn(event));
		dialog.addEventListener("click", (event) => this.clickedInside(event));
	}

	clicked(event) {
		const row = event.target.closest("tbody tr");
		const cell = event.target.closest("td");
		const link = event.target.closest("a");

		if (!row || event.ctrlKey || event.metaKey || event.shiftKey || (!cell && !link))
			return;
		/* Marking text to copy it is not asking for the row. */
		if (cell && !getSelection().isCollapsed)
			return;
		event.preventDefault();
		this.column = cell ? cell.cellIndex - 1 : 0;
		this.show(this.rows.indexOf(row), cell ? this.column : -1);
		this.dialog.showModal();
		this.editor?.focus({ preventScroll: true });
		this.dialog.querySelector(".at")?.scrollIntoView({ block: "nearest" });
	}

	show(at, column = -1) {
		const row = this.rows[at];
		const link = row?.querySelector("th a");

		if (!row)
			return;
		this.leaveForm();
		this.notice.replaceChildren();
		this.rows[this.at]?.classList.remove("current");
		row.classList.add("current");
		this.at = at;
		this.previous.disabled = at === 0;
		this.next.disabled = at === this.rows.length - 1;
		this.dialog.querySelector("#row-title").textContent = `Row ${link.textContent}`;
		this.dialog.querySelector("[data-row-link]").href = link.href;
		this.dialog.querySelector("[data-row-line]").textContent = link.dataset.line > 0 ? `· line ${link.dataset.line} of the file` : "";
		this.fields.replaceChildren(...[...row.cells].slice(1).map((cell, i) => this.field(cell, i, i === column)));
	}

	field(cell, i, isAt) {
		const box = document.createElement("div");
		const name = document.createElement("dt");
		const type = document.createElement("span");
		const value = document.createElement("dd");

		name.textContent = this.columns[i]?.name ?? "";
		type.className = "column-type";
		type.textContent = ` ${this.columns[i]?.type ?? ""}`;
		name.append(type);
		value.className = cell.className;
		value.append(...[...cell.childNodes].map((node) => node.cloneNode(true)));
		if (cell.textContent === "")
			value.append(Object.assign(document.createElement("i"), { textContent: "empty" }));
		if (cell.querySelector("small"))
			value.append(Object.assign(document.createElement("p"), { className: "muted small", textContent: "Cut here to keep the page small; a download holds all of it." }));
		box.classList.toggle("at", isAt);
		box.append(name, value);
		return box;
	}

	closed() {
		const link = this.rows[this.at]?.querySelector("th a");
		const change = this.notice.querySelector("[data-change]");

		this.leaveForm();
		/* What was just done can still be taken back where the drawer is not. */
		if (change) {
			document.querySelector("main [data-change]")?.remove();
			document.querySelector(".grid-bar").before(change);
		}
		this.rows[this.at]?.classList.remove("current");
		link?.focus();
	}

	/* ---- editing ---- */

	editAddress() {
		return this.rows[this.at].querySelector(".row-edit").href;
	}

	async edit() {
		let got;

		this.editor.disabled = true;
		try {
			got = await fetchPage(this.editAddress());
		} catch {
			this.say("The server does not answer. Try again in a moment.");
		}
		this.editor.disabled = false;
		if (got && !this.takeForm(got.page))
			this.giveUp(got);
	}

	/* The form in a page that was fetched takes the place of the fields; false: there is none. */
	takeForm(page) {
		const form = page.querySelector("form[data-row-form]");

		if (!form)
			return false;
		this.form = document.adoptNode(form);
		this.asItWas = written(this.form);
		this.form.addEventListener("submit", (event) => this.save(event));
		this.form.querySelector("[data-row-delete]")?.remove();
		this.place.replaceChildren(this.form);
		this.notice.replaceChildren();
		this.fields.hidden = this.bar.hidden = this.previous.hidden = this.next.hidden = true;
		const input = this.form.querySelector("[aria-invalid='true']") ??
			document.getElementById(`field-cells.${this.columns[this.column]?.id}`) ??
			this.form.querySelector("input:not([type=hidden]), select, textarea");
		input?.focus();
		return true;
	}

	async save(event) {
		const form = this.form;
		const save = form.querySelector("button[type=submit]");
		let got;

		event.preventDefault();
		if (save.disabled)
			return;
		save.disabled = true;
		try {
			if (this.isSignedOut) {
				await renewCsrf();
				form.elements.csrf.value = csrf();
			}
			got = await fetchPage(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
		} catch {
			this.say("The server did not answer. Nothing is lost: save again, and it says whether it was stored already.");
		}
		save.disabled = false;
		if (got && !this.takeForm(got.page) && !this.takeRow(got.page))
			this.giveUp(got);
	}

	/* The row as it is now, out of the page that the change led to. */
	takeRow(page) {
		const row = this.rows[this.at];
		const now = page.querySelector(`tr[data-row="${row.dataset.row}"]`);
		const change = page.querySelector("[data-change]");

		if (!now || now.cells.length !== row.cells.length)
			return false;
		row.dataset.rev = now.dataset.rev;
		row.replaceChildren(...[...now.children].map((cell) => document.adoptNode(cell)));
		this.show(this.at, this.column);
		if (change)
			this.notice.replaceChildren(document.adoptNode(change));
		this.editor.focus();
		return true;
	}

	/* What came back is no row and no form: a page that says why, or where to sign in. */
	giveUp({ url, page }) {
		const why = page.querySelector("main .sentence");

		this.isSignedOut = this.form !== null && new URL(url).pathname === "/sign-in";
		if (this.isSignedOut)
			this.say(SIGNED_OUT, signInLink());
		else if (why)
			this.say(sentence(why.textContent));
		else
			location.assign(url);
	}

	say(text, link = "") {
		const note = Object.assign(document.createElement("div"), { className: "notice bad" });

		note.setAttribute("role", "alert");
		note.append(Object.assign(document.createElement("p"), { textContent: text }), link);
		this.notice.replaceChildren(note);
		note.scrollIntoView({ block: "nearest" });
	}

	isDirty() {
		return this.form !== null && written(this.form) !== this.asItWas;
	}

	leaveForm() {
		this.form = null;
		this.place.replaceChildren();
		this.fields.hidden = this.bar.hidden = this.previous.hidden = this.next.hidden = false;
	}

	/* Escape leaves the form first; what was written is not dropped by the way. */
	holdOn(event) {
		if (!this.form)
			return;
		event.preventDefault();
		if (this.isDirty())
			this.say("Not saved yet: Save keeps what you changed, Cancel drops it.");
		else
			this.backToFields();
	}

	backToFields() {
		this.show(this.at, this.column);
		this.editor.focus();
	}

	clickedInside(event) {
		if (event.target.closest("[data-row-cancel]")) {
			event.preventDefault();
			this.backToFields();
		} else if (event.target.closest("[data-row-reload]")) {
			event.preventDefault();
			this.edit();
		} else if (this.isDirty() && (event.target === this.dialog || event.target.closest("[data-close]"))) {
			/* page.mjs would close the drawer. */
			event.stopPropagation();
			this.holdOn(event);
		}
	}

	/* ---- deleting ---- */

	askToDelete() {
		const dialog = document.getElementById("row-delete-dialog");
		const form = dialog.querySelector("form");
		const row = this.rows[this.at];
		const address = new URL(this.editAddress());

		form.action = address.pathname.replace(/edit$/, "delete");
		form.elements.rev.value = row.dataset.rev;
		form.elements.at.value = address.searchParams.get("at");
		dialog.showModal();
	}
}

const grid = document.getElementById("grid");
const dialog = document.getElementById("row-dialog");
if (grid && dialog)
	new RowDrawer(grid, dialog);

/* "Go to row" leads to the page the row is on; the row itself may be far down in it. */
grid?.querySelector("tr[aria-current]")?.scrollIntoView({ block: "center" });
