/*
 * job.mjs: keeps every [data-job] that is [data-active] up to date by asking the server, at first
 * often, because most jobs are short, then once a second, slower when it does not answer.  What it
 * fills are the [data-field]s the server drew, so the page looks the same with and without it.
 * data-then says where to go at the end: "dataset" opens it, "reload" draws the page again;
 * data-titled puts the percent into the title.
 */
import { bytes, count, duration } from "./format.mjs";

const FIRST_MS = 125;
const EVERY_MS = 1000;
const SLOWEST_MS = 30000;
const ANNOUNCE_MS = 5000;

/* Files are read by the byte, a task counts as it likes. */
const amount = (job, n) => (job.kind === "task" ? count(n) : bytes(n));

const formats = {
	state_title: (job) => job.state_title,
	percent: (job) => String(Math.floor(job.percent)),
	done: (job) => amount(job, job.done),
	total: (job) => (job.total ? amount(job, job.total) : "…"),
	failed: (job) => count(job.failed),
	rows: (job) => count(job.rows),
	rate: (job) => (job.rate == null ? "…" : `${count(job.rate)} rows/s`),
	seconds_left: (job) => (job.seconds_left == null ? "…" : duration(job.seconds_left)),
};

function setText(element, text) {
	if (element && element.textContent !== text)
		element.textContent = text;
}

/* Spoken at most every five seconds: a screen reader must not be talked over by its own page. */
function announcer(element) {
	let last = 0;

	return (text, now) => {
		if (element && (now || Date.now() - last >= ANNOUNCE_MS)) {
			setText(element, text);
			last = Date.now();
		}
	};
}

/* Not under the hands of somebody who writes into a dialog. */
function reload() {
	const dialog = document.querySelector("dialog[open]");

	if (dialog)
		dialog.addEventListener("close", () => reload(), { once: true });
	else
		location.reload();
}

class Watch {
	constructor(box) {
		this.box = box;
		this.trouble = box.querySelector("[data-job-trouble]");
		this.announce = announcer(box.querySelector("[data-job-status]"));
		this.title = document.title;
		this.wait = FIRST_MS;
		this.later();
	}

	later() {
		setTimeout(() => this.ask(), this.wait);
	}

	async ask() {
		let answer = null;
		let job = null;

		try {
			answer = await fetch(`/api/rowhouse/v1/jobs/${encodeURIComponent(this.box.dataset.job)}`, {
				headers: { Accept: "application/json" },
				cache: "no-store",
				signal: AbortSignal.timeout(15000),
			});
			if (answer.ok)
				job = (await answer.json()).job;
		} catch {
			/* No network, or no JSON: asked again below. */
		}
		if (job)
			this.show(job);
		else if (answer && (answer.status === 401 || answer.status === 404))
			location.reload(); /* The server's page says what to do: sign in, or that it is gone. */
		else
			this.retry();
	}

	retry() {
		this.wait = Math.min(Math.max(this.wait, EVERY_MS) * 2, SLOWEST_MS);
		if (this.trouble) {
			this.trouble.hidden = false;
			setText(this.trouble, `The server does not answer. Asking again in ${duration(this.wait / 1000)}; the job is not affected.`);
		}
		this.later();
	}

	show(job) {
		this.wait = Math.min(this.wait * 2, EVERY_MS);
		if (this.trouble)
			this.trouble.hidden = true;
		for (const element of this.box.querySelectorAll("[data-field]"))
			setText(element, formats[element.dataset.field]?.(job) ?? "");
		const progress = this.box.querySelector("progress");
		if (progress)
			progress.value = job.percent;
		if ("titled" in this.box.dataset)
			document.title = job.active ? `${Math.floor(job.percent)} % · ${this.title}` : this.title;
		this.announce(`${job.state_title}: ${Math.floor(job.percent)} percent, ${count(job.rows)} rows.`, !job.active);
		if (job.active)
			this.later();
		else
			this.end(job);
	}

	end(job) {
		const badge = this.box.querySelector(".badge");

		delete this.box.dataset.active;
		if (this.box.dataset.then === "dataset" && job.state === "done" && job.dataset_id && job.failed === 0)
			location.replace(`/datasets/${encodeURIComponent(job.dataset_id)}`);
		else if (this.box.dataset.then)
			reload();
		else if (badge)
			badge.className = `badge is-${job.state}`;
		for (const element of this.box.querySelectorAll("progress, [data-while-active]"))
			element.remove();
	}
}

for (const box of document.querySelectorAll("[data-job][data-active]"))
	new Watch(box);
