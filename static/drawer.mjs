/*
 * drawer.mjs: opens a whole row beside the table, from its number or any of its cells, and edits it
 * there.  What it shows is what the page holds, and of a long cell the rest (cell.mjs); the form of an
 * edit is the server's own, fetched from the page it stands on and sent back by fetch, so that
 * everything is said and checked in one place.
 * Without it the row's number is a plain link, and "Edit" beside it leads to that page.
 */
import { showCell } from "./cell.mjs";
import { csrf, renewCsrf, sentence, signInLink, SIGNED_OUT } from "./format.mjs";

const parser = new DOMParser();

/* A page of ours, and where it came from. */
async function fetchPage(address, options = {}) {
	const answer = await fetch(address, { cache: "no-store", headers: { Accept: "text/html" }, signal: AbortSignal.timeout(30000), ...options });

	return { url: answer.url, page: parser.parseFromString(await answer.text(), "text/html") };
}

const written = (form) => new URLSearchParams(new FormData(form)).toString();

export class RowDrawer {
	constructor(dialog) {
		this.dialog = dialog;
		this.rows = [];
		this.at = -1;
		this.column = 0;
		this.form = null;
		this.isSignedOut = false;
		this.shown = new AbortController(); /* ended when something else is */
		this.fields = dialog.querySelector("[data-row-fields]");
		this.bar = dialog.querySelector("[data-row-bar]");
		this.notice = dialog.querySelector("[data-row-notice]");
		this.place = dialog.querySelector("[data-row-form-place]");
		this.previous = dialog.querySelector("[data-row-previous]");
		this.next = dialog.querySelector("[data-row-next]");
		this.editor = dialog.querySelector("[data-row-edit]");
		this.onClick = (event) => this.clicked(event);
		this.previous.addEventListener("click", () => this.show(this.at - 1));
		this.next.addEventListener("click", () => this.show(this.at + 1));
		this.editor?.addEventListener("click", () => this.edit());
		dialog.querySelector("[data-row-delete]")?.addEventListener("click", () => this.askToDelete());
		dialog.addEventListener("close", () => this.closed());
		dialog.addEventListener("cancel", (event) => this.holdOn(event));
		dialog.addEventListener("click", (event) => this.clickedInside(event));
	}

	/* The rows of this table are what it opens from now on: called at first, and again whenever the
	 * table, or anything in it, was replaced.  A row of the old one that is open is closed. */
	take(grid) {
		if (this.dialog.open)
			this.dialog.close();
		this.at = -1;
		this.rows = [...grid.querySelectorAll("tbody tr[data-row]")];
		this.columns = [...grid.querySelectorAll("thead th[data-column]")].map((th) => ({
			id: th.dataset.column,
			name: th.dataset.name,
			type: th.dataset.type,
		}));
		/* The same listener is there once, however often it is added. */
		grid.addEventListener("click", this.onClick);
	}

	clicked(event) {
		const row = event.target.closest("tbody tr");
		const cell = event.target.closest("td");
		const link = event.target.closest("a");

		if (!this.rows.includes(row) || event.ctrlKey || event.metaKey || event.shiftKey || (!cell && !link))
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
		this.endShown();
		this.notice.replaceChildren();
		this.rows[this.at]?.classList.remove("current");
		row.classList.add("current");
		this.at = at;
		this.previous.disabled = at === 0;
		this.next.disabled = at === this.rows.length - 1;
		this.dialog.querySelector("#row-title").textContent = `Row ${link.textContent}`;
		this.dialog.querySelector("[data-row-link]").href = link.href;
		this.dialog.querySelector("[data-row-line]").textContent = link.dataset.line > 0 ? `· line ${link.dataset.line} of the file` : "";
		this.fields.replaceChildren(...[...row.cells].slice(1).map((cell, i) => this.field(row, cell, i, i === column)));
	}

	/* What is still being fetched for what was shown is not wanted any more. */
	endShown() {
		this.shown.abort();
		this.shown = new AbortController();
	}

	field(row, cell, i, isAt) {
		const { id, name, type } = this.columns[i];
		const box = document.createElement("div");
		const title = Object.assign(document.createElement("dt"), { textContent: name });
		const value = Object.assign(document.createElement("dd"), { className: cell.className });

		title.append(Object.assign(document.createElement("span"), { className: "column-type", textContent: ` ${type}` }));
		showCell(value, cell, {
			address: `/api/rowhouse/v1/datasets/${this.dialog.dataset.dataset}/rows/${row.dataset.row}/cells/${encodeURIComponent(id)}`,
			rev: row.dataset.rev,
			signal: this.shown.signal,
		});
		box.classList.toggle("at", isAt);
		box.append(title, value);
		return box;
	}

	closed() {
		const link = this.rows[this.at]?.querySelector("th a");
		const change = this.notice.querySelector("[data-change]");

		this.leaveForm();
		this.endShown();
		this.fields.replaceChildren();
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
		this.endShown();
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
