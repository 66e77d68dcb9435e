/*
 * forms.mjs: lines of a table in a form are added, removed and moved; without it there are blank
 * ones, and a button that asks the server for more.  A form that came back begins where it is wrong.
 */

/* A form may have so many fields (limits.h: LIMIT_FORM_FIELDS), a few of them outside the table. */
const FIELDS_MOST = 980;
const BLANK_ROWS = 3;

function button(label, sign, act) {
	const made = Object.assign(document.createElement("button"), { type: "button", textContent: sign, title: label });

	made.setAttribute("aria-label", label);
	made.addEventListener("click", act);
	return made;
}

class FormTable {
	constructor(table) {
		this.table = table;
		this.body = table.tBodies[0];
		this.width = table.tHead.rows[0].cells.length;
		const blank = [...this.body.rows].at(-1);
		this.blank = blank.cloneNode(true);
		this.status = Object.assign(document.createElement("p"), { className: "visually-hidden" });
		this.status.setAttribute("role", "status");
		this.adder = Object.assign(document.createElement("button"), { type: "button", textContent: "Add another" });
		this.adder.addEventListener("click", () => this.add());
		const line = Object.assign(document.createElement("div"), { className: "actions" });
		line.append(this.adder, this.status);
		table.closest(".scroll").after(line);
		const head = document.createElement("th");
		head.scope = "col";
		head.append(Object.assign(document.createElement("span"), { className: "visually-hidden", textContent: "Move or remove" }));
		table.tHead.rows[0].append(head);
		for (const row of this.body.rows)
			this.equip(row);
		/* A few are enough where another is a click away. */
		this.trim();
		this.number();
	}

	/* As the server draws it: a preset is no writing. */
	isBlank(row) {
		const written = (one) => [...one.querySelectorAll("input, select, textarea")].map((input) => (input.type === "checkbox" ? input.checked : input.value)).join("\n");

		return written(row) === written(this.blank);
	}

	trim() {
		const blank = [...this.body.rows].filter((row) => this.isBlank(row));

		for (const row of blank.slice(BLANK_ROWS))
			row.remove();
	}

	equip(row) {
		const cell = document.createElement("td");

		cell.className = "form-row-actions";
		cell.append(
			button("Move up", "↑", () => this.move(row, -1)),
			button("Move down", "↓", () => this.move(row, 1)),
			button("Remove", "✕", () => this.remove(row)));
		row.append(cell);
	}

	add() {
		const row = this.blank.cloneNode(true);

		this.equip(row);
		this.body.append(row);
		this.number();
		row.querySelector("input, select, textarea").focus();
		this.say(`Line ${this.body.rows.length} added`);
	}

	remove(row) {
		const at = row.sectionRowIndex;
		const next = row.nextElementSibling ?? row.previousElementSibling;

		row.remove();
		if (next)
			next.querySelector("input, select, textarea").focus();
		else
			this.add();
		this.number();
		this.say(`Line ${at + 1} removed`);
	}

	move(row, by) {
		const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;

		if (!other)
			return;
		if (by < 0)
			other.before(row);
		else
			other.after(row);
		this.number();
		const moved = row.querySelectorAll(".form-row-actions button")[by < 0 ? 0 : 1];
		(moved.disabled ? row.querySelectorAll(".form-row-actions button")[by < 0 ? 1 : 0] : moved).focus();
		this.say(`Moved to line ${row.sectionRowIndex + 1}`);
	}

	say(text) {
		this.status.textContent = text;
	}

	/* The server takes the rows in the order of their numbers: table[3].name. */
	number() {
		const rows = [...this.body.rows];

		rows.forEach((row, i) => {
			const renumber = (text) => text.replace(/\[\d+\]/g, `[${i}]`);

			for (const element of row.querySelectorAll("[id], [name], [for], [aria-describedby]"))
				for (const name of ["id", "name", "for", "aria-describedby"])
					if (element.hasAttribute(name))
						element.setAttribute(name, renumber(element.getAttribute(name)));
			const [up, down, away] = row.querySelectorAll(".form-row-actions button");
			up.disabled = i === 0;
			down.disabled = i === rows.length - 1;
			for (const [made, what] of [[up, "Move up"], [down, "Move down"], [away, "Remove"]])
				made.setAttribute("aria-label", `${what}: line ${i + 1}`);
		});
		this.adder.disabled = (rows.length + 1) * this.width > FIELDS_MOST;
	}
}

for (const table of document.querySelectorAll("table[data-form-table]"))
	if (table.tBodies[0].rows.length > 0)
		new FormTable(table);

for (const element of document.querySelectorAll("[data-without-script]"))
	element.hidden = true;

(document.querySelector("form [aria-invalid='true']") ?? document.querySelector("#estimate"))?.focus();
