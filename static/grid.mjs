/*
 * grid.mjs: the page of a dataset: starts the drawer of a row (drawer.mjs) and shows the row that was
 * asked for.
 */
import { RowDrawer } from "./drawer.mjs";

const grid = document.getElementById("grid");
const dialog = document.getElementById("row-dialog");
if (grid && dialog)
	new RowDrawer(dialog).take(grid);

/* "Go to row" leads to the page the row is on; the row itself may be far down in it. */
grid?.querySelector("tr[aria-current]")?.scrollIntoView({ block: "center" });
