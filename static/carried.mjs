/*
 * carried.mjs: what was typed about a dataset when its file was chosen, carried to the page where
 * the file is looked at (/sources/ID/read), where it is asked for once more.
 */
const FIELDS = ["type", "name", "description"];
const keyOf = (source) => `carried/${source}`;

export function carry(source, form) {
	const said = FIELDS.map((name) => [name, form.elements[name]?.value]).filter(([, value]) => value);

	try {
		sessionStorage.setItem(keyOf(source), JSON.stringify(said));
	} catch { /* a browser that keeps nothing: it is typed again */ }
}

/* Once: whoever comes back to the page finds what the server says. */
export function takeCarried(source, form) {
	try {
		const said = JSON.parse(sessionStorage.getItem(keyOf(source))) ?? [];

		sessionStorage.removeItem(keyOf(source));
		for (const [name, value] of said)
			if (form.elements[name])
				form.elements[name].value = value;
	} catch { /* the same */ }
}
