/*
 * grid.mjs: the table of rows with a script.  Links and forms that ask for other rows are followed
 * within the page, so that the focus and what is scrolled stay; the address is the same as without.
 * Statistics that take time come when they are counted; keys lead from cell to cell.  The drawer of a
 * row is drawer.mjs.
 */
import { RowDrawer } from "./drawer.mjs";

const parser = new DOMParser();
const dialog = document.getElementById("row-dialog");
const drawer = dialog && new RowDrawer(dialog);
const box = () => document.getElementById("rows");
const grid = () => document.getElementById("grid");

/* ---- other rows in the same page ---- */

let asking = null; /* what is on its way; a later question ends it */
let shown = location.pathname + location.search;

async function fetchPage(address, signal) {
	const answer = await fetch(address, { headers: { Accept: "text/html" }, signal });

	return parser.parseFromString(await answer.text(), "text/html");
}

/* What is marked, typed, scrolled and in focus, to be the same in the rows that come. */
function remember() {
	const at = document.activeElement;

	return {
		id: box().contains(at) ? at.id : null,
		selection: at instanceof HTMLInputElement && at.type !== "number" ? [at.selectionStart, at.selectionEnd] : null,
		left: grid()?.scrollLeft ?? 0,
		isWrapped: document.getElementById("wrap").checked,
		isHelpOpen: document.querySelector(".help-menu").open,
	};
}

function restore(was) {
	const at = was.id === null ? null : (document.getElementById(was.id) ?? grid() ?? box());

	document.getElementById("wrap").checked = was.isWrapped;
	document.querySelector(".help-menu").open = was.isHelpOpen;
	if (grid())
		grid().scrollLeft = was.left;
	at?.focus({ preventScroll: true });
	if (was.selection && at instanceof HTMLInputElement)
		at.setSelectionRange(...was.selection);
}

/* Shows the rows of an address; where that is not possible the browser goes there by itself.  `focus`: a
 * function that looks after the focus when they are there. */
async function show(address, { isNew = true, focus = null } = {}) {
	let page;

	asking?.abort();
	asking = new AbortController();
	const { signal } = asking;
	box().setAttribute("aria-busy", "true");
	try {
		page = await fetchPage(address, signal);
	} catch {
		if (!signal.aborted)
			location.assign(address);
		return;
	}
	const next = page.getElementById("rows");
	if (signal.aborted)
		return;
	if (!next) {
		location.assign(address);
		return;
	}
	const was = remember();
	box().replaceWith(document.adoptNode(next));
	document.querySelector("[data-export]").href = page.querySelector("[data-export]").href;
	if (isNew)
		history.pushState(null, "", address);
	shown = location.pathname + location.search;
	begin();
	if (focus && grid())
		focus();
	else
		restore(was);
}

function follow(event) {
	const link = event.target.closest?.("a[href]");

	if (!link || !box()?.contains(link) || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.altKey)
		return;
	const href = link.getAttribute("href");
	if (!href?.startsWith("?") || link.closest("tbody"))
		return;
	/* With Shift a column is sorted by after those it is sorted by already. */
	const then = event.shiftKey && link.closest("th")?.querySelector(".then");
	if (event.shiftKey && !link.matches(".column-name"))
		return;
	event.preventDefault();
	/* A link in a picture has no href that is a text. */
	show(then ? then.href : new URL(href, location.href).href);
}

function ask(event) {
	const form = event.target;

	if (event.defaultPrevented || !box()?.contains(form) || form.method !== "get")
		return;
	event.preventDefault();
	const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
	show(`${location.pathname}?${asked}`);
}

/* ---- statistics that were not there yet ---- */

async function describe() {
	const heads = document.querySelector("#heads[data-later]");
	const address = new URL(location.href);

	if (!heads)
		return;
	address.searchParams.set("statistics", "1");
	try {
		const next = (await fetchPage(address, asking?.signal)).getElementById("heads");

		if (next && heads.isConnected) {
			const id = heads.contains(document.activeElement) ? document.activeElement.id : "";

			heads.replaceWith(document.adoptNode(next));
			if (id)
				document.getElementById(id)?.focus();
		}
	} catch {
		/* The rows are there without them, and the next page asks again. */
	}
}

/* ---- from cell to cell ---- */

const cellsOf = (row) => row.querySelectorAll("td");

function enter(row, column) {
	const cells = row ? cellsOf(row) : [];
	const cell = cells[Math.max(0, Math.min(column, cells.length - 1))];

	if (!cell)
		return;
	grid().querySelector("td[tabindex]")?.removeAttribute("tabindex");
	cell.tabIndex = -1;
	cell.focus({ preventScroll: true });
	cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/* Past the last row of a page the next page begins. */
function enterPage(name, column) {
	const link = document.getElementById(name);

	if (link)
		show(link.href, { focus: () => enter([...grid().querySelectorAll("tbody tr")].at(name === "page-next" ? 0 : -1), column) });
}

function move(event) {
	const cell = event.target.closest("td");
	const rows = [...grid().querySelectorAll("tbody tr")];
	const at = cell ? rows.indexOf(cell.parentElement) : 0;
	const column = cell ? [...cellsOf(rows[at])].indexOf(cell) : 0;
	const to = (row, other) => () => enter(rows[row], other);
	const moves = {
		ArrowDown: !cell ? to(0, 0) : at + 1 < rows.length ? to(at + 1, column) : () => enterPage("page-next", column),
		ArrowUp: at > 0 ? to(at - 1, column) : () => enterPage("page-previous", column),
		ArrowRight: to(at, cell ? column + 1 : 0),
		ArrowLeft: to(at, column - 1),
		Home: to(event.ctrlKey ? 0 : at, 0),
		End: to(event.ctrlKey ? rows.length - 1 : at, Infinity),
		Enter: () => cell?.click(),
	};

	if (!moves[event.key] || (event.ctrlKey && event.key !== "Home" && event.key !== "End") || event.altKey || event.metaKey)
		return;
	event.preventDefault();
	moves[event.key]();
}

/* ---- keys of the whole page ---- */

const keys = {
	"/": () => document.getElementById("search").select(),
	f: () => document.getElementById("filter").select(),
	g: () => document.getElementById("jump").select(),
	n: () => document.getElementById("page-next")?.click(),
	p: () => document.getElementById("page-previous")?.click(),
	"?": () => document.getElementById("keys-dialog").showModal(),
};

function press(event) {
	const isTyped = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");

	if (!box() || event.defaultPrevented || isTyped || document.querySelector("dialog[open]"))
		return;
	if (event.target.closest("#grid") && (event.target.id === "grid" || event.target.closest("td")))
		move(event);
	if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(keys, event.key))
		return;
	event.preventDefault();
	keys[event.key]();
}

/* ---- beginning, and again with every table ---- */

function begin() {
	document.getElementById("keys").hidden = false;
	if (grid())
		drawer?.take(grid());
	/* "Go to row" leads to the page the row is on; the row itself may be far down in it. */
	grid()?.querySelector("tr[aria-current]")?.scrollIntoView({ block: "center" });
	describe();
}

if (box()) {
	document.addEventListener("click", follow);
	document.addEventListener("submit", ask);
	document.addEventListener("keydown", press);
	addEventListener("popstate", () => {
		/* Going to another place in the page is no other question. */
		if (location.pathname + location.search !== shown)
			show(location.href, { isNew: false });
	});
	begin();
}
