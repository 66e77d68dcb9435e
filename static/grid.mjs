/*
 * grid.mjs: opens a whole row beside the table, from its number or any of its cells.  It shows what
 * the page already holds and asks the server nothing; without it the row's number is a plain link.
 */

class RowDrawer {
	constructor(grid, dialog) {
		this.dialog = dialog;
		this.grid = grid;
		this.rows = [...grid.querySelectorAll("tbody tr")];
		this.columns = [...grid.querySelectorAll("thead th")].slice(1).map((th) => ({
			name: th.querySelector(".column-name").textContent,
			type: th.querySelector(".column-type").textContent,
		}));
		this.at = -1;
		grid.addEventListener("click", (event) => this.clicked(event));
		this.previous = dialog.querySelector("[data-row-previous]");
		this.next = dialog.querySelector("[data-row-next]");
		this.previous.addEventListener("click", () => this.show(this.at - 1));
		this.next.addEventListener("click", () => this.show(this.at + 1));
		dialog.addEventListener("close", () => this.closed());
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
		this.show(this.rows.indexOf(row), cell ? cell.cellIndex - 1 : 0);
		this.dialog.showModal();
		this.dialog.querySelector(".at")?.scrollIntoView({ block: "nearest" });
	}

	show(at, column = -1) {
		const row = this.rows[at];
		const link = row?.querySelector("th a");
		const fields = this.dialog.querySelector("[data-row-fields]");

		if (!row)
			return;
		this.rows[this.at]?.classList.remove("current");
		row.classList.add("current");
		this.at = at;
		this.previous.disabled = at === 0;
		this.next.disabled = at === this.rows.length - 1;
		this.dialog.querySelector("#row-title").textContent = `Row ${link.textContent}`;
		this.dialog.querySelector("[data-row-link]").href = link.href;
		this.dialog.querySelector("[data-row-line]").textContent = link.dataset.line ? `· line ${link.dataset.line} of the file` : "";
		fields.replaceChildren(...[...row.cells].slice(1).map((cell, i) => this.field(cell, i, i === column)));
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

		this.rows[this.at]?.classList.remove("current");
		link?.focus();
	}
}

const grid = document.getElementById("grid");
const dialog = document.getElementById("row-dialog");
if (grid && dialog)
	new RowDrawer(grid, dialog);

/* "Go to row" leads to the page the row is on; the row itself may be far down in it. */
grid?.querySelector("tr[aria-current]")?.scrollIntoView({ block: "center" });
