/*
 * page.mjs: what every page does with a script: the theme button, dialogs in the place of the pages
 * that ask before something is deleted, the menu that closes by itself, and no form sent twice by a
 * double click.  Without it those pages
 * and the system's theme remain, and the menu closes where it was opened.
 */

const root = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
	return root.dataset.theme ? root.dataset.theme === "dark" : systemIsDark.matches;
}

function startTheme(button) {
	const show = () => button.setAttribute("aria-pressed", String(isDark()));

	button.addEventListener("click", () => {
		const dark = !isDark();

		/* The system's own theme is not remembered, so that its changes are followed again. */
		if (dark === systemIsDark.matches)
			delete root.dataset.theme;
		else
			root.dataset.theme = dark ? "dark" : "light";
		try {
			if (root.dataset.theme)
				localStorage.setItem("theme", root.dataset.theme);
			else
				localStorage.removeItem("theme");
		} catch {
			/* Storage may be switched off: the choice then lasts for this page. */
		}
		show();
	});
	systemIsDark.addEventListener("change", show);
	show();
	button.hidden = false;
}

for (const button of document.querySelectorAll("[data-theme-toggle]"))
	startTheme(button);

document.addEventListener("click", (event) => {
	const opener = event.target.closest("[data-dialog]");
	const dialog = opener && document.getElementById(opener.dataset.dialog);

	if (event.target.closest("[data-close]")) {
		event.target.closest("dialog")?.close();
	} else if (dialog && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
		event.preventDefault();
		dialog.showModal();
	} else if (event.target instanceof HTMLDialogElement) {
		/* Only its backdrop is the dialog itself: everything else lies in a child. */
		event.target.close();
	}
});

/* The second click of a double click sends nothing; who is not answered may send again. */
const TWICE_MS = 1500;

document.addEventListener("submit", (event) => {
	const form = event.target;

	if (event.defaultPrevented || form.method !== "post")
		return;
	if (event.timeStamp - (form.dataset.sentAt ?? -Infinity) < TWICE_MS)
		event.preventDefault();
	else
		form.dataset.sentAt = event.timeStamp;
});

/* A menu that is open goes when something else is clicked or comes into focus, and with Escape. */
const openMenus = () => document.querySelectorAll("details.menu[open]");

function closeMenusWithout(target) {
	for (const menu of openMenus())
		if (!menu.contains(target))
			menu.open = false;
}

document.addEventListener("click", (event) => closeMenusWithout(event.target));
document.addEventListener("focusin", (event) => closeMenusWithout(event.target));
document.addEventListener("keydown", (event) => {
	if (event.key !== "Escape")
		return;
	for (const menu of openMenus()) {
		if (menu.contains(document.activeElement))
			menu.querySelector("summary").focus();
		menu.open = false;
	}
});
