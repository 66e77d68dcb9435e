/*
 * theme.js: the remembered theme, set before the first paint.  A classic script in the head on
 * purpose: a module would run after the page was drawn once in the other theme.  The button that
 * changes it is in page.mjs.
 */
(() => {
	"use strict";
	let theme = null;
	try {
		theme = localStorage.getItem("theme");
	} catch {
		/* Storage may be switched off: then the system decides. */
	}
	if (theme === "light" || theme === "dark")
		document.documentElement.dataset.theme = theme;
})();
