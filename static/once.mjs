/*
 * once.mjs: for pages that show something once, a key or a link: buttons that copy it, and an address
 * that can be loaded again without making another.  Without it the text is there to be marked.
 */

/* Where the browser gives no clipboard (plain HTTP from another machine), the older way. */
async function copy(field) {
	field.select();
	if (navigator.clipboard && isSecureContext)
		await navigator.clipboard.writeText(field.value);
	else if (!document.execCommand("copy"))
		throw new Error("not copied");
}

function startCopy(button, status) {
	const field = document.getElementById(button.dataset.copy);
	const what = document.querySelector(`label[for="${field.id}"]`).textContent;

	button.hidden = false;
	button.addEventListener("click", async () => {
		/* Emptied first, so that the same words are spoken again. */
		status.textContent = "";
		try {
			await copy(field);
			status.textContent = `Copied: ${what}`;
		} catch {
			status.textContent = "The browser does not let this page copy. It is marked: copy it with the keyboard.";
		}
		button.focus();
	});
}

for (const box of document.querySelectorAll("[data-once]")) {
	for (const button of box.querySelectorAll("[data-copy]"))
		startCopy(button, box.querySelector("[data-copied]"));
	history.replaceState(null, "", box.dataset.once);
}
