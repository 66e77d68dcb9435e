/*
 * json.mjs: a JSON text taken apart where it stands.  JSON.parse would make doubles of its numbers
 * (1.10, 2^63) and things of its millions of members; here a value is where it begins and ends in the
 * text, and its members are found when somebody asks for them.  All but isJson() take a text that
 * is JSON for granted.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

const opens = (code) => code === 0x5b || code === 0x7b;
const closes = (code) => code === 0x5d || code === 0x7d;
const isSpace = (code) => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
/* Behind a number or a word. */
const isBehind = (code) => code === COMMA || closes(code) || isSpace(code);

function skipSpace(text, at) {
	while (isSpace(text.charCodeAt(at)))
		at++;
	return at;
}

/* Behind the closing quote of the string that begins at `at`; 0: there is none. */
function skipString(text, at) {
	for (let end = at + 1; ; end++) {
		let before = 0;

		end = text.indexOf('"', end);
		while (text.charCodeAt(end - 1 - before) === BACKSLASH)
			before++;
		if (before % 2 === 0)
			return end + 1;
	}
}

/* Behind the object or array that begins at `at`, and how many members it has. */
function skipContainer(text, at) {
	let members = closes(text.charCodeAt(skipSpace(text, at + 1))) ? 0 : 1;
	let depth = 0;

	for (;;) {
		const code = text.charCodeAt(at);

		if (code === QUOTE) {
			at = skipString(text, at);
			continue;
		}
		at++;
		if (opens(code))
			depth++;
		else if (code === COMMA && depth === 1)
			members++;
		else if (closes(code) && --depth === 0)
			return { end: at, members };
	}
}

/* ---- is it JSON ---- */

const CLOSING = { "{": "}", "[": "]" };
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/;

function isString(text) {
	/* Only these need a second look. */
	if (!/[\\\u0000-\u001f]/.test(text))
		return true;
	try {
		return typeof JSON.parse(text) === "string";
	} catch {
		return false;
	}
}

/* Behind the string, number or word that begins at `at`; 0: there is none. */
function passScalar(text, at) {
	const { kind, start, end } = valueAt(text, at);
	const token = text.slice(start, end);
	const good = kind === "string" ? end > 0 && isString(token) :
		kind === "number" ? NUMBER.test(token) : /^(?:true|false|null)$/.test(token);

	return good ? end : 0;
}

/* Behind a key and its colon; 0: there is none. */
function passKey(text, at) {
	const from = skipSpace(text, at);
	const end = text.charCodeAt(from) === QUOTE ? passScalar(text, from) : 0;
	const colon = skipSpace(text, end);

	return end > 0 && text[colon] === ":" ? colon + 1 : 0;
}

/* The text is one JSON object or array (RFC 8259), with nothing but space around it. */
export function isJson(text) {
	const around = []; /* the brackets that are open */
	let at = skipSpace(text, 0);

	if (!opens(text.charCodeAt(at)))
		return false;
	for (;;) {
		const bracket = text[at];

		if (opens(text.charCodeAt(at))) {
			around.push(bracket);
			at = skipSpace(text, at + 1);
			if (text[at] !== CLOSING[bracket]) {
				at = bracket === "{" ? skipSpace(text, passKey(text, at) || text.length) : at;
				continue;
			}
		} else {
			at = passScalar(text, at);
			if (at === 0)
				return false;
			at = skipSpace(text, at);
		}
		while (around.length > 0 && text[at] === CLOSING[around.at(-1)]) {
			around.pop();
			at = skipSpace(text, at + 1);
		}
		if (around.length === 0)
			return at === text.length;
		if (text[at] !== ",")
			return false;
		at++;
		at = skipSpace(text, around.at(-1) === "{" ? passKey(text, at) || text.length : at);
	}
}

/* ---- its parts ---- */

const WORDS = { t: "boolean", f: "boolean", n: "null" };

/* The value that begins at `at`: {kind, start, end}, of an object or array also how many members. */
export function valueAt(text, at) {
	const start = skipSpace(text, at);
	const code = text.charCodeAt(start);
	let end = start;

	if (opens(code))
		return { kind: text[start] === "{" ? "object" : "array", start, ...skipContainer(text, start) };
	if (code === QUOTE)
		return { kind: "string", start, end: skipString(text, start) };
	while (end < text.length && !isBehind(text.charCodeAt(end)))
		end++;
	return { kind: WORDS[text[start]] ?? "number", start, end };
}

/* The members of an object or array one after the other: {key, value}; in an array the key is the
 * place, from 0. */
export function* membersOf(text, { kind, start, members }) {
	let at = start + 1;

	for (let place = 0; place < members; place++) {
		let key = place;

		if (kind === "object") {
			const from = skipSpace(text, at);

			at = skipString(text, from);
			key = JSON.parse(text.slice(from, at));
			at = skipSpace(text, at) + 1; /* the colon */
		}
		const value = valueAt(text, at);

		yield { key, value };
		at = skipSpace(text, value.end) + 1; /* the comma */
	}
}
