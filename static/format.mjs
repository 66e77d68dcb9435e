/*
 * format.mjs: numbers in words, the same way the server writes them, and what the modules that ask
 * the server something share.
 */

/* 1234567 -> "1 234 567" with thin spaces, as the templates' :count. */
export function count(n) {
	return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/* 1234567 -> "1.2 MB", as the templates' :bytes. */
export function bytes(n) {
	const units = ["kB", "MB", "GB", "TB", "PB"];
	let value = n / 1000;
	let unit = 0;

	if (n < 1000)
		return `${Math.round(n)} B`;
	while (value >= 999.95 && unit < units.length - 1) {
		value /= 1000;
		unit++;
	}
	return `${value.toFixed(1)} ${units[unit]}`;
}

/* 75 -> "1 min 15 s". */
export function duration(seconds) {
	const s = Math.max(0, Math.ceil(seconds));

	if (s < 60)
		return `${s} s`;
	if (s < 3600)
		return `${Math.floor(s / 60)} min ${s % 60} s`;
	return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/* Messages of the server begin small, as part of a line in a log; alone they are sentences. */
export function sentence(text) {
	return text.charAt(0).toUpperCase() + text.slice(1);
}

/* What shows the server that a change comes from a page of its own: every module that changes
 * something sends it as X-CSRF-Token. */
export function csrf() {
	return document.querySelector('meta[name="csrf"]')?.content ?? "";
}

/* A page's token ends with its session.  Who signed in again elsewhere, to lose nothing of what stands
 * here, goes on with that of the new one. */
export async function renewCsrf() {
	const answer = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
	const page = new DOMParser().parseFromString(await answer.text(), "text/html");
	const now = page.querySelector('meta[name="csrf"]');

	if (now)
		document.querySelector('meta[name="csrf"]').content = now.content;
}

/* The way there: beside the form, not instead of it. */
export function signInLink() {
	return Object.assign(document.createElement("a"), { href: "/sign-in", target: "_blank", textContent: "Sign in" });
}

export const SIGNED_OUT = "You are signed out. Nothing you typed is lost: sign in in another tab, then send this again.";

/* What a failed answer says, as {message, fields: [{field, detail}]}: problem+json of RFC 9457, or
 * the bare status when something else answered (a proxy, an old tab). */
export function problem(status, body) {
	let said = null;

	try {
		said = JSON.parse(body);
	} catch {
		/* Not JSON: the status has to do. */
	}
	if (status === 401)
		return { message: SIGNED_OUT, fields: [] };
	return {
		message: said?.detail || said?.title || `The server answered with status ${status}.`,
		fields: Array.isArray(said?.errors) ? said.errors : [],
	};
}
