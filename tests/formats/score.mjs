// score.mjs: how well a table was read, as the Pollock benchmark counts it (Vitagliano et al., "Pollock:
// A Data Loading Benchmark", PVLDB 16(8), 2023, section 4): ten figures between 0 and 1, of which a
// file's score is the sum.  Success is one; precision, recall and F1 of the header's labels, of the
// records and of the cells are the others, each over multisets.  The benchmark makes cells alike before it
// compares (1.0 is 1, dates of one form); here texts are compared as they are, which is never milder.

const tally = (texts) => {
  const counts = new Map();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
};

function measures(wanted, got) {
  if (wanted.length === 0) return [1, 1, 1];
  const counts = tally(wanted);
  let both = 0;
  for (const text of got) {
    const left = counts.get(text) ?? 0;
    if (left > 0) {
      counts.set(text, left - 1);
      both++;
    }
  }
  if (both === 0) return [0, 0, 0];
  const [precision, recall] = [both / wanted.length, both / got.length];
  return [precision, recall, (2 * precision * recall) / (precision + recall)];
}

// Both are arrays of rows, the header first; a table that was not read is undefined.
export function score(wanted, got) {
  if (got === undefined) return { score: 0, success: 0, header: [0, 0, 0], records: [0, 0, 0], cells: [0, 0, 0] };
  const join = (rows) => rows.slice(1).map((row) => row.join(""));
  const nothing = wanted.length === 0;
  const header = nothing ? [1, 1, 1] : measures(wanted[0], got[0] ?? []);
  const records = nothing ? [1, 1, 1] : measures(join(wanted), join(got));
  const cells = nothing ? [1, 1, 1] : measures(wanted.flat(), got.flat());
  const sum = [...header, ...records, ...cells].reduce((a, b) => a + b, 1);
  return { score: sum, success: 1, header, records, cells };
}
