/*
 * pieces.mjs: a long text, shown from its beginning, with a button for more: what a browser lays out
 * at once stays small, however long the text is.
 */
import { count } from "./format.mjs";

const AT_ONCE = 100000; /* characters */

/* Puts the text into the element, which should be nothing else's; the button stands at its end. */
export function showInPieces(element, text, atOnce = AT_ONCE) {
	const more = Object.assign(document.createElement("button"), { type: "button", className: "show-more" });
	let at = 0;

	const show = () => {
		let end = Math.min(at + atOnce, text.length);

		if (end < text.length && text.codePointAt(end - 1) > 0xffff)
			end++;
		more.before(text.slice(at, end));
		at = end;
		more.textContent = `More (${count(text.length - at)} characters left)`;
		if (at === text.length)
			more.remove();
	};
	element.replaceChildren(more);
	more.addEventListener("click", show);
	show();
}
