/*
 * tree.mjs: a JSON object or array as a tree of <details>, so that the browser's own keys open and
 * close it.  Members are made when somebody opens what they are in, and a few hundred at a time: a
 * cell may have a million of them.
 */
import { count } from "./format.mjs";
import { membersOf, valueAt } from "./json.mjs";
import { showInPieces } from "./pieces.mjs";

const AT_ONCE = 200; /* members; also how many stand open at first, beside those of the first level */
const TEXT_AT_ONCE = 1000; /* characters of a string */
const KEY_SHOWN = 200;
const OPEN_LEVELS = 2;
const DEEP = 8; /* from here on each level is indented less */

function make(name, className, ...content) {
	const element = Object.assign(document.createElement(name), { className });

	element.append(...content);
	return element;
}

class Tree {
	constructor(text) {
		this.text = text;
		this.left = AT_ONCE;
	}

	/* A member as the key and what can be seen of its value. */
	item(key, value, level) {
		const name = typeof key === "number" ? make("span", "tree-place", String(key)) : this.key(key);

		return make("li", "", ...(value.members > 0 ? [this.container(value, level, name, ": ")] : [name, ": ", this.leaf(value)]));
	}

	key(key) {
		return make("bdi", "tree-key", key === "" ? '""' : key.length > KEY_SHOWN ? `${key.slice(0, KEY_SHOWN)}…` : key);
	}

	leaf({ kind, start, end, members }) {
		const token = members === 0 ? { object: "{}", array: "[]" }[kind] : this.text.slice(start, end);
		const element = make("bdi", `tree-${kind}`);

		if (kind === "string")
			showInPieces(element, `"${JSON.parse(token)}"`, TEXT_AT_ONCE);
		else
			showInPieces(element, token, TEXT_AT_ONCE);
		return element;
	}

	container(value, level, ...name) {
		const brackets = value.kind === "object" ? "{}" : "[]";
		const size = make("span", "tree-size", brackets[0] + count(value.members) + brackets[1]);
		const details = make("details", "", make("summary", "", ...name, size));
		const isOpen = level === 1 || (level <= OPEN_LEVELS && value.members <= this.left);

		details.addEventListener("toggle", () => details.open && this.fill(details, value, level));
		if (isOpen) {
			this.left -= level > 1 ? value.members : 0;
			this.fill(details, value, level);
			details.open = true;
		}
		return details;
	}

	/* Once, however often it is opened. */
	fill(details, value, level) {
		const list = make("ul", level >= DEEP ? "deep" : "");
		const members = membersOf(this.text, value);
		const more = Object.assign(make("button", "show-more"), { type: "button" });
		let left = value.members;

		if (details.querySelector(":scope > ul"))
			return;
		const show = () => {
			const some = Math.min(left, AT_ONCE);

			for (let i = 0; i < some; i++) {
				const { key, value: member } = members.next().value;

				more.parentElement.before(this.item(key, member, level + 1));
			}
			left -= some;
			more.textContent = `${count(Math.min(left, AT_ONCE))} more of ${count(left)}`;
			if (left > 0)
				return;
			/* What had the focus goes: its place is with what it belonged to. */
			if (document.activeElement === more)
				details.querySelector("summary").focus({ preventScroll: true });
			more.parentElement.remove();
		};
		list.append(make("li", "", more));
		more.addEventListener("click", show);
		show();
		details.append(list);
	}
}

/* The tree of a text that is JSON, an object or array. */
export function jsonTree(text) {
	const root = valueAt(text, 0);
	const tree = new Tree(text);

	return make("div", "tree", root.members > 0 ? tree.container(root, 1) : tree.leaf(root));
}
