/* dialect.c: see dialect.h. */
#define _GNU_SOURCE
#include "formats/dialect.h"
#include "base/cells.h"
#include "base/limits.h"
#include "formats/csv_repair.h"

#include <math.h>

#define RECORDS_MOST 1000 /* that are looked at */
#define SCORED_MOST 200   /* that a candidate is judged by */
#define FIELDS_MOST 65536 /* of all of them together */
#define NOTHING 1e-3      /* what a score is at least */
#define PREAMBLE_MOST 100
#define HEADER_ROWS_MOST 5

/* ---- what a cell looks like ---- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ASCII letters, and everything beyond ASCII. */
static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (signed char)c < 0;
}

/* Digits in groups, with at most one sign before, a point, comma or space between them, an exponent
 * behind. */
static bool
is_number(struct str s)
{
	size_t i = 0, digits = 0, marks = 0;
	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		i++;
	for (; i < s.n; i++) {
		char c = s.p[i];
		if (is_digit(c)) {
			digits++;
		} else if (c == '.' || c == ',') {
			if (++marks > 4 || (i + 1 < s.n && !is_digit(s.p[i + 1])))
				return false;
		} else if (digits && (c == 'e' || c == 'E')) {
			struct str rest = {s.p + i + 1, s.n - i - 1};
			return rest.n > 0 && rest.n <= 5 && !memchr(rest.p, '.', rest.n) &&
			       !memchr(rest.p, ',', rest.n) && !memchr(rest.p, 'e', rest.n) &&
			       !memchr(rest.p, 'E', rest.n) && is_number(rest);
		} else {
			return false;
		}
	}
	return digits > 0;
}

static bool
is_amount(struct str s)
{
	static const char *const signs[] = {
	    "$", "\xe2\x82\xac", "\xc2\xa3", "\xc2\xa5", "EUR", "USD", "GBP", "CHF", "%"};
	bool found = false;
	if (s.n > 2 && s.p[0] == '(' && s.p[s.n - 1] == ')')
		s = (struct str){s.p + 1, s.n - 2};
	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		s = (struct str){s.p + 1, s.n - 1};
	for (size_t i = 0; i < ARRAY_LENGTH(signs); i++) {
		size_t n = strlen(signs[i]);
		if (s.n > n && memcmp(s.p, signs[i], n) == 0) {
			s = str_trim((struct str){s.p + n, s.n - n});
			found = true;
		} else if (s.n > n && memcmp(s.p + s.n - n, signs[i], n) == 0) {
			s = str_trim((struct str){s.p, s.n - n});
			found = true;
		}
	}
	return found && is_number(s);
}

/* Three numbers (the month may be a word) between the same marks. */
static bool
is_date(struct str s)
{
	size_t parts = 1, digits = 0, letters = 0;
	char mark = 0;
	if (s.n < 6 || s.n > 20 || !is_digit(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (is_digit(c)) {
			digits++;
		} else if (c == '-' || c == '/' || c == '.') {
			if ((mark && c != mark) || i + 1 == s.n)
				return false;
			mark = c;
			parts++;
		} else if (is_letter(c) && mark) {
			letters++;
		} else {
			return false;
		}
	}
	return parts == 3 && digits >= 3 && digits <= 8 && letters <= 9 &&
	       (letters == 0 || letters >= 3);
}

static bool
is_time(struct str s)
{
	size_t colons = 0;
	if (s.n < 4 || s.n > 24 || !is_digit(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		colons += s.p[i] == ':';
		if (!is_digit(s.p[i]) && !memchr(":.,+-Z", s.p[i], 7) &&
		    !(i >= 4 && memchr(" AaPpMm", s.p[i], 7)))
			return false;
	}
	return colons >= 1 && colons <= 3;
}

static bool
is_moment(struct str s)
{
	for (size_t i = 6; i + 1 < s.n && i < 20; i++)
		if ((s.p[i] == 'T' || s.p[i] == ' ') && is_date((struct str){s.p, i}))
			return is_time((struct str){s.p + i + 1, s.n - i - 1});
	return false;
}

static bool
is_link(struct str s)
{
	const char *at = s.n ? memchr(s.p, '@', s.n) : NULL;
	if (memchr(s.p ? s.p : "", ' ', s.n))
		return false;
	return str_starts(s, "http://") || str_starts(s, "https://") || str_starts(s, "www.") ||
	       (at && at > s.p && memchr(at, '.', (size_t)(s.p + s.n - at)));
}

/* Words and codes have none of the usual delimiters in them. */
static enum cell_class
class_of_text(struct str s)
{
	static const char in_words[] = "-_.'()!?&/@+%$#*=:[]\"";
	bool digit = false, space = false, letter = false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (is_letter(c))
			letter = true;
		else if (is_digit(c))
			digit = true;
		else if (c == ' ')
			space = true;
		else if (!memchr(in_words, c, sizeof in_words - 1))
			return CLASS_OTHER;
	}
	if (!letter && !digit)
		return s.n <= 3 ? CLASS_WORDS : CLASS_OTHER; /* "-", "..", "???" */
	return digit && !space ? CLASS_CODE : CLASS_WORDS;
}

enum cell_class
dialect_class(struct str text)
{
	struct str s = str_trim(text);
	if (s.n == 0)
		return CLASS_EMPTY;
	if (is_number(s))
		return CLASS_NUMBER;
	if (is_date(s) || is_moment(s))
		return CLASS_DATE;
	if (is_time(s))
		return CLASS_TIME;
	if (is_amount(s))
		return CLASS_AMOUNT;
	if (is_link(s))
		return CLASS_LINK;
	return class_of_text(s);
}

static bool
is_typed(enum cell_class c)
{
	return c == CLASS_NUMBER || c == CLASS_AMOUNT || c == CLASS_DATE || c == CLASS_TIME ||
	       c == CLASS_LINK;
}

/* ---- a candidate ---- */

struct record {
	size_t start, length; /* in the sample */
	size_t first, count;  /* its fields */
	size_t full;          /* fields that are not empty */
	bool blank, stray;
};

struct look {
	struct str sample;
	const struct csv_options *options;
	struct arena *arena;
	struct csv_field *fields;
	size_t field_count;
	struct record *records;
	size_t record_count;
	struct str comment;
};

static bool
begins_with(struct str text, struct str what)
{
	return what.n > 0 && text.n >= what.n && memcmp(text.p, what.p, what.n) == 0;
}

/* The sample as records, comments left out. */
static void
split_sample(struct look *l, const struct csv_syntax *s, size_t most)
{
	size_t at = 0;
	l->field_count = l->record_count = 0;
	while (at < l->sample.n && l->record_count < most && l->field_count < FIELDS_MOST) {
		struct str rest = {l->sample.p + at, l->sample.n - at};
		struct csv_split split = {
		    .fields = l->fields + l->field_count, .max = FIELDS_MOST - l->field_count};
		csv_split(&split, s, CSV_AS_IT_IS, rest);
		/* A quote that is closed nowhere in sight is none. */
		if (split.open)
			csv_split(&split, s, (struct csv_trial){SIZE_MAX, true}, rest);
		struct record *r = &l->records[l->record_count];
		*r = (struct record){
		    at, split.text, l->field_count, split.count, 0, false, split.stray};
		at += split.length;
		if (begins_with(rest, l->comment) || split.count > split.max)
			continue;
		for (size_t i = 0; i < split.count; i++) {
			struct csv_field *f = &l->fields[r->first + i];
			f->start += r->start;
			struct str text = {l->sample.p + f->start, f->length};
			r->full += str_trim(text).n > 0;
		}
		r->blank = split.count == 1 && r->full == 0 && !l->fields[r->first].quoted;
		l->field_count += split.count;
		l->record_count++;
	}
}

static struct str
field_text(const struct look *l, const struct csv_field *f)
{
	return (struct str){l->sample.p + f->start, f->length};
}

static double
type_score(const struct look *l)
{
	size_t cells = 0, known = 0;
	for (size_t i = 0; i < l->record_count; i++) {
		const struct record *r = &l->records[i];
		if (r->blank)
			continue;
		for (size_t k = 0; k < r->count; k++) {
			const struct csv_field *f = &l->fields[r->first + k];
			struct str text = field_text(l, f);
			bool padded = !f->quoted && text.n && text.p[0] == ' ';
			cells++;
			known += f->quoted || (!padded && dialect_class(text) != CLASS_OTHER);
		}
		/* A quote inside a cell speaks against the quote, or the escape. */
		known -= r->stray;
	}
	return cells ? fmax((double)known / (double)cells, NOTHING) : NOTHING;
}

static double
pattern_score(const struct look *l)
{
	size_t lengths[SCORED_MOST], counts[SCORED_MOST], patterns = 0;
	double sum = 0;
	for (size_t i = 0; i < l->record_count && i < SCORED_MOST; i++) {
		size_t k = 0;
		if (l->records[i].blank)
			continue;
		while (k < patterns && lengths[k] != l->records[i].count)
			k++;
		if (k == patterns) {
			lengths[patterns] = l->records[i].count;
			counts[patterns++] = 0;
		}
		counts[k]++;
	}
	for (size_t k = 0; k < patterns; k++)
		sum += (double)counts[k] *
		       fmax(NOTHING, (double)(lengths[k] - 1) / (double)lengths[k]);
	return patterns ? sum / (double)patterns : 0;
}

/* Marks that are also in dates, paths, times and formulas: they are delimiters only when all rows
 * agree. */
static bool
is_rare(const struct csv_syntax *s)
{
	return s->delimiter.n == 1 && memchr(":#&*=!/", s->delimiter.p[0], 7);
}

/* Every other cell is empty: two of these marks are one delimiter. */
static bool
is_half(const struct look *l)
{
	size_t pairs = 0;
	for (size_t i = 0; i < l->record_count; i++) {
		const struct record *r = &l->records[i];
		for (size_t k = 1; k < r->count; k += 2, pairs++)
			if (l->fields[r->first + k].length > 0 || l->fields[r->first + k].quoted ||
			    r->count % 2 == 0)
				return false;
	}
	return pairs > 1;
}

/* Spaces stand between words: most lines must have some before they are delimiters. */
static bool
is_spaced(const struct look *l, const struct csv_syntax *s)
{
	size_t with = 0, all = 0;
	if (s->delimiter.p[0] != ' ')
		return true;
	for (size_t i = 0; i < l->record_count; i++) {
		all += !l->records[i].blank;
		with += l->records[i].count > 1 && l->records[i].full > 1;
	}
	return with * 5 >= all * 4;
}

static bool
has_one_length(const struct look *l)
{
	for (size_t i = 1; i < l->record_count; i++)
		if (l->records[i].count != l->records[0].count)
			return false;
	return true;
}

static double
score(struct look *l, const struct csv_syntax *s)
{
	split_sample(l, s, SCORED_MOST);
	if (is_rare(s) && (l->record_count < 3 || !has_one_length(l)))
		return 0;
	if (!is_spaced(l, s))
		return 0;
	if (is_half(l))
		return 0;
	double pattern = pattern_score(l);
	return pattern > 0 ? pattern * type_score(l) : 0;
}

/* ---- which candidates there are ---- */

/* In the order in which they are preferred. */
static const char *const delimiters[] = {",", ";", "\t", "|", "\x1f", "\x1e", "\x01", "~", "^", ":",
    "#", "&", "*", "=", "!", "/", "\xc2\xa6", "\xc2\xa7", " ", ", ", "; ", " | ", "| ", " ; ",
    " , ", "||", "::", ";;", ",,", "~~", "^^", "|~|", "<>", "=>", "\t\t", "  "};
static const char quotes[] = {'"', '\'', '`'};

/* The quote is followed or led by what a quote is led or followed by, somewhere. */
static bool
quotes_something(const struct look *l, const struct csv_syntax *s, char quote)
{
	bool at_start = true;
	for (size_t i = 0; i < l->sample.n; i++) {
		char c = l->sample.p[i];
		if (c == quote && at_start)
			return true;
		if (c == '\n' || c == '\r') {
			at_start = true;
		} else if (csv_at_delimiter(s, l->sample.p + i, l->sample.p + l->sample.n)) {
			at_start = true;
			i += s->delimiter.n - 1;
		} else {
			at_start &= c == ' ';
		}
	}
	return false;
}

static bool
occurs_before(const struct look *l, char c, int quote)
{
	for (size_t i = 0; i + 1 < l->sample.n; i++)
		if (l->sample.p[i] == c && l->sample.p[i + 1] == quote)
			return true;
	return false;
}

/* The byte never stands alone: it was written twice by who took it for the quote. */
static bool
has_pairs_only(const struct look *l, char c)
{
	size_t pairs = 0;
	for (size_t i = 0; i < l->sample.n; i++) {
		if (l->sample.p[i] != c)
			continue;
		if (i + 1 == l->sample.n || l->sample.p[i + 1] != c)
			return false;
		pairs++;
		i++;
	}
	return pairs > 0;
}

struct best {
	struct csv_syntax syntax;
	double score;
	size_t quoted; /* fields with quotes around them */
};

static size_t
quoted_fields(const struct look *l)
{
	size_t quoted = 0;
	for (size_t i = 0; i < l->field_count; i++)
		quoted += l->fields[i].quoted;
	return quoted;
}

/* A later candidate must be better by more than rounding; or as good, with cells in quotes again
 * and again where the best has none. */
static void
try(struct look *l, struct best *best, const struct csv_syntax *s)
{
	double is = score(l, s);
	size_t quoted = quoted_fields(l);
	if (is > best->score * 1.0001 ||
	    (is > best->score * 0.9999 && best->quoted == 0 && quoted > 1 &&
		str_equal(s->delimiter, best->syntax.delimiter)))
		*best = (struct best){*s, is, quoted};
}

static void
try_escapes(struct look *l, struct best *best, struct csv_syntax *s)
{
	if (l->options->escape) {
		s->escape = l->options->escape;
		try(l, best, s);
		return;
	}
	/* A NUL before a quote has no other reason to be there. */
	bool nul = s->quote > 0 && occurs_before(l, '\0', s->quote);
	bool twice = s->quote > 0 && s->quote != '"' && has_pairs_only(l, '"');
	s->escape = nul ? CSV_NUL : twice ? '"' : s->quote > 0 ? s->quote : CSV_NONE;
	try(l, best, s);
	if (s->quote > 0 && !twice && occurs_before(l, '\\', s->quote)) {
		s->escape = '\\';
		try(l, best, s);
	}
}

static void
try_quotes(struct look *l, struct best *best, struct csv_syntax *s)
{
	if (l->options->quote) {
		s->quote = l->options->quote;
		try_escapes(l, best, s);
		return;
	}
	for (size_t i = 0; i < sizeof quotes; i++) {
		/* The usual one is there even when nothing needs it. */
		if (i > 0 && !quotes_something(l, s, quotes[i]))
			continue;
		s->quote = quotes[i];
		try_escapes(l, best, s);
	}
}

static bool
occurs(struct str sample, struct str what)
{
	return sample.n >= what.n && memmem(sample.p, sample.n, what.p, what.n) != NULL;
}

static struct csv_syntax
find_syntax(struct look *l)
{
	const struct csv_options *o = l->options;
	struct best best = {
	    {STR(","), o->quote ? o->quote : '"', o->escape ? o->escape : '"'}, 0, 0};
	if (o->delimiter.n)
		best.syntax.delimiter = o->delimiter;
	struct csv_syntax s = best.syntax;
	if (o->delimiter.n) {
		try_quotes(l, &best, &s);
		return best.syntax;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(delimiters); i++) {
		s.delimiter = str_of(delimiters[i]);
		if (occurs(l->sample, s.delimiter))
			try_quotes(l, &best, &s);
	}
	return best.syntax;
}

/* ---- comments ---- */

/* Lines that begin so and are no rows: they have other cells than the rest. */
static struct str
find_comment(struct look *l, const struct csv_syntax *s)
{
	static const char *const marks[] = {"#", "//", "--", "%", ";;"};
	if (l->options->comments_set)
		return l->options->comment;
	split_sample(l, s, RECORDS_MOST);
	for (size_t m = 0; m < ARRAY_LENGTH(marks); m++) {
		struct str mark = str_of(marks[m]);
		size_t with = 0, others = 0, like = 0;
		size_t width = 0;
		if (s->delimiter.n && s->delimiter.p[0] == mark.p[0])
			continue;
		for (size_t i = 0; i < l->record_count; i++) {
			const struct record *r = &l->records[i];
			if (begins_with((struct str){l->sample.p + r->start, r->length}, mark))
				with++;
			else if (!r->blank) {
				others++;
				width = r->count > width ? r->count : width;
			}
		}
		for (size_t i = 0; i < l->record_count; i++)
			like += begins_with((struct str){l->sample.p + l->records[i].start,
						l->records[i].length},
				    mark) &&
				l->records[i].count == width;
		if (with > 0 && others > 0 && width > 1 && like * 2 < with)
			return mark;
	}
	return (struct str){0};
}

/* ---- the shape of the table ---- */

/* The length of most rows, where longer ones weigh more; of the first of several blocks between
 * blank lines that is a table for itself. */
static size_t
width_between(const struct look *l, size_t from, size_t to)
{
	size_t best = 0, weight = 0;
	for (size_t i = from; i < to; i++) {
		size_t count = l->records[i].count, same = 0;
		if (l->records[i].blank || count == best)
			continue;
		for (size_t k = from; k < to; k++)
			same += !l->records[k].blank && l->records[k].count == count;
		size_t is = count > 1 ? same * count : 1;
		if (is > weight || (is == weight && count > best)) {
			weight = is;
			best = count;
		}
	}
	return best;
}

static size_t
rows_of_width(const struct look *l, size_t from, size_t to, size_t width)
{
	size_t rows = 0;
	for (size_t i = from; i < to; i++)
		rows += !l->records[i].blank && l->records[i].count == width;
	return rows;
}

/* The end of the block of records that begins at `from`, and is ended by a blank line. */
static size_t
block_end(const struct look *l, size_t from)
{
	while (from < l->record_count && !l->records[from].blank)
		from++;
	return from;
}

static size_t
find_width(const struct look *l)
{
	size_t all = width_between(l, 0, l->record_count);
	for (size_t from = 0; from < l->record_count;) {
		size_t to = block_end(l, from);
		size_t width = to > from ? width_between(l, from, to) : 0;
		size_t rows = width > 1 ? rows_of_width(l, from, to, width) : 0;
		if (rows >= 2 && rows * 2 >= to - from)
			return width;
		from = to + 1;
	}
	return all;
}

static struct str
text_at(const struct look *l, const struct record *r, size_t k)
{
	return k < r->count ? str_trim(field_text(l, &l->fields[r->first + k])) : (struct str){0};
}

/* What stands below the same labels once more, and more or fewer of them, is another table. */
static void
leave_out_others(struct look *l)
{
	size_t first = 0;
	while (first < l->record_count && l->records[first].full < 2)
		first++;
	for (size_t i = first + 1; i < l->record_count; i++) {
		const struct record *a = &l->records[first], *b = &l->records[i];
		size_t shared = a->count < b->count ? a->count : b->count, k = 0;
		while (k < shared && text_at(l, a, k).n &&
		       str_equal(text_at(l, a, k), text_at(l, b, k)))
			k++;
		if (shared >= 2 && k == shared && a->count != b->count && i > first + 1) {
			l->record_count = i;
			return;
		}
	}
}

static void
find_classes(struct look *l, struct dialect *d, size_t from)
{
	uint32_t(*counts)[CLASS_OTHER + 1] = arena_array(l->arena, d->width, sizeof *counts);
	uint8_t *classes = arena_array(l->arena, d->width, sizeof *classes);
	for (size_t i = from; i < l->record_count; i++)
		for (size_t k = 0; k < d->width && l->records[i].count == d->width; k++)
			counts[k]
			      [dialect_class(field_text(l, &l->fields[l->records[i].first + k]))]++;
	for (size_t k = 0; k < d->width; k++) {
		uint32_t most = 0, all = 0;
		for (int c = CLASS_NUMBER; c <= CLASS_OTHER; c++) {
			all += counts[k][c];
			if (counts[k][c] > most) {
				most = counts[k][c];
				classes[k] = (uint8_t)c;
			}
		}
		if (is_typed(classes[k]) && most * 4 < all * 3)
			classes[k] = CLASS_WORDS;
	}
	d->classes = classes;
}

/* A line before the table: it says one thing, or nothing, where a row says several. */
static bool
is_thin(const struct record *r, size_t width)
{
	if (r->blank)
		return true;
	if (width < 2)
		return false;
	if (r->count == width)
		return r->full == 0 || (width > 2 && r->full == 1);
	return r->full <= 1 || (r->count < width && r->full * 3 <= width);
}

static enum cell_class
class_at(const struct look *l, const struct record *r, size_t k)
{
	return k < r->count ? dialect_class(field_text(l, &l->fields[r->first + k])) : CLASS_EMPTY;
}

static bool
is_nothing_word(struct str s)
{
	static const char *const words[] = {
	    "-", "--", "n/a", "na", "nan", "null", "none", "nil", "?", ".", "..", "x"};
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (str_equal_nocase(s, str_of(words[i])))
			return true;
	return false;
}

/* 1900 to 2100: what stands over columns of years. */
static bool
is_year(struct str s)
{
	return s.n == 4 && is_digit(s.p[1]) && is_digit(s.p[2]) && is_digit(s.p[3]) &&
	       ((s.p[0] == '1' && s.p[1] == '9') || (s.p[0] == '2' && s.p[1] == '0'));
}

/* How much the record looks like labels over the columns: how many columns have values of a kind
 * and a word in its place, and how many have a value of their kind there. */
struct likeness {
	size_t words, values, years;
};

static struct likeness
compare(const struct look *l, const struct dialect *d, const struct record *r)
{
	struct likeness is = {0};
	for (size_t k = 0; k < d->width && k < r->count; k++) {
		enum cell_class c = class_at(l, r, k);
		struct str text = text_at(l, r, k);
		if (is_year(text) && d->classes[k] == CLASS_NUMBER)
			is.years++;
		else if (is_typed(c) && c != CLASS_LINK)
			is.values++;
		else if (c != CLASS_EMPTY && is_typed(d->classes[k]) && !is_typed(c) &&
			 !is_nothing_word(text))
			is.words++;
	}
	return is;
}

static bool
has_twins(const struct look *l, const struct record *r)
{
	for (size_t i = 0; i < r->count; i++)
		for (size_t k = 0; k < i && i < 200; k++)
			if (text_at(l, r, i).n && str_equal(text_at(l, r, i), text_at(l, r, k)))
				return true;
	return false;
}

static bool
is_same_row(const struct look *l, const struct record *a, const struct record *b)
{
	if (a->count != b->count)
		return false;
	for (size_t k = 0; k < a->count; k++)
		if (!str_equal(text_at(l, a, k), text_at(l, b, k)))
			return false;
	return true;
}

/* Where no column has a kind: labels are not among the values below them. */
static bool
is_among_rows(const struct look *l, size_t at)
{
	const struct record *r = &l->records[at];
	size_t again = 0, below = at + 1;
	/* The same labels once more are a header of several rows. */
	while (below < l->record_count && is_same_row(l, r, &l->records[below]))
		below++;
	for (size_t k = 0; k < r->count; k++)
		for (size_t i = below; i < l->record_count; i++)
			if (text_at(l, r, k).n &&
			    str_equal(text_at(l, r, k), text_at(l, &l->records[i], k))) {
				again++;
				break;
			}
	return again * 2 > r->count;
}

/* There are words over columns of another kind. */
static bool
is_header_by_kind(const struct look *l, const struct dialect *d, size_t at)
{
	struct likeness is = compare(l, d, &l->records[at]);
	return is.words > 0 && is.values + is.years <= is.words / 3;
}

static bool
is_header(const struct look *l, const struct dialect *d, size_t at)
{
	const struct record *r = &l->records[at];
	struct likeness is = compare(l, d, r);
	if (is.years >= 2 && is.values == 0)
		return true;
	if (is.words > 0)
		return is.values + is.years <= is.words / 3;
	if (is.values + is.years > 0)
		return false;
	return !(has_twins(l, r) && is_among_rows(l, at)) &&
	       !(r->count > 1 && is_among_rows(l, at));
}

/* Another row of the header: words where the columns have values, in more than one place; or the
 * first row once more. */
static bool
is_header_too(const struct look *l, const struct dialect *d, size_t first, size_t at)
{
	const struct record *r = &l->records[at];
	size_t typed = 0;
	if (r->blank || r->count != d->width)
		return false;
	if (is_same_row(l, &l->records[first], r))
		return true;
	for (size_t k = 0; k < d->width; k++)
		typed += is_typed(d->classes[k]);
	struct likeness is = compare(l, d, r);
	return typed >= 2 && is.values + is.years == 0 && is.words * 2 > typed && is.words >= 2;
}

/* A line that is a header all the same: it is only written otherwise than the rows, and what
 * follows are rows.  Words and spaces between them are no sign of that when the next line may be a
 * header. */
static bool
is_odd_header(const struct look *l, struct dialect *d, size_t at)
{
	const struct record *r = &l->records[at];
	struct csv_repair repair = {
	    .split = {.fields = arena_array(l->arena, d->width, sizeof(struct csv_field)),
		.max = d->width}};
	struct str text = {l->sample.p + r->start, l->sample.n - r->start};
	if (r->blank || d->width < 2 || at + 1 >= l->record_count ||
	    l->records[at + 1].count != d->width || is_header_by_kind(l, d, at + 1) ||
	    !csv_repair(&repair, d, d->width, true, text) ||
	    (str_is(repair.syntax.delimiter, " ") && is_header(l, d, at + 1)))
		return false;
	for (size_t i = 0; i < d->width; i++) {
		const struct csv_field *f = &repair.split.fields[i];
		enum cell_class c = dialect_class((struct str){text.p + f->start, f->length});
		if (c == CLASS_EMPTY || is_typed(c))
			return false;
	}
	return true;
}

/* Where the first line stands that has the table's length, when those from `from` on are shorter
 * and it is a header; else `from`. */
static size_t
skip_short(struct look *l, struct dialect *d, size_t from)
{
	size_t n = from;
	while (n < l->record_count && n < PREAMBLE_MOST && l->records[n].count < d->width)
		n++;
	if (n == from || n + 1 >= l->record_count || l->records[n].count != d->width)
		return from;
	find_classes(l, d, n + 1);
	return is_header_by_kind(l, d, n) ? n : from;
}

/* A header of which most labels are empty looks like a title; but a title stands over a header. */
static bool
is_bare_header(struct look *l, struct dialect *d, size_t at)
{
	if (at + 2 >= l->record_count || l->records[at].count != d->width ||
	    l->records[at].full == 0)
		return false;
	find_classes(l, d, at + 2);
	return !is_header(l, d, at + 1);
}

static size_t
find_preamble(struct look *l, struct dialect *d)
{
	size_t n = 0;
	find_classes(l, d, l->record_count > 1 ? 1 : 0);
	while (n < l->record_count && n < PREAMBLE_MOST && is_thin(&l->records[n], d->width) &&
	       !is_odd_header(l, d, n))
		n++;
	/* There must be something behind it. */
	if (n == l->record_count || n == PREAMBLE_MOST) {
		for (n = 0; n < l->record_count && l->records[n].blank;)
			n++;
		return n;
	}
	if (n > 0 && is_bare_header(l, d, n - 1))
		return n - 1;
	return is_odd_header(l, d, n) ? n : skip_short(l, d, n);
}

static void
find_header(struct look *l, struct dialect *d, size_t first)
{
	d->header_rows = 0;
	if (first >= l->record_count) {
		d->header_rows = 1;
		return;
	}
	/* By what stands below what may be labels. */
	find_classes(l, d, first + 1 < l->record_count ? first + 1 : first);
	if (first + 1 == l->record_count) {
		d->header_rows = compare(l, d, &l->records[first]).values == 0;
		return;
	}
	if (!is_header(l, d, first))
		return;
	d->header_rows = 1;
	while (d->header_rows < HEADER_ROWS_MOST && first + d->header_rows + 1 < l->record_count &&
	       is_header_too(l, d, first, first + d->header_rows))
		d->header_rows++;
}

static uint64_t
lines_before(struct str sample, size_t at)
{
	uint64_t lines = 0;
	for (size_t i = 0; i < at; i++)
		lines += sample.p[i] == '\r' ||
			 (sample.p[i] == '\n' && (i == 0 || sample.p[i - 1] != '\r'));
	return lines;
}

/* Where the line behind `lines` others begins. */
static size_t
offset_of_line(struct str sample, uint64_t lines)
{
	size_t i = 0;
	while (lines > 0 && i < sample.n) {
		if (sample.p[i] == '\r' && i + 1 < sample.n && sample.p[i + 1] == '\n')
			i++;
		lines -= sample.p[i] == '\n' || sample.p[i] == '\r';
		i++;
	}
	return i;
}

/* Up to the last line that is there whole. */
static struct str
whole_lines(struct str sample, bool whole)
{
	size_t n = sample.n;
	if (whole)
		return sample;
	while (n > 0 && sample.p[n - 1] != '\n' && sample.p[n - 1] != '\r')
		n--;
	return n > 0 ? (struct str){sample.p, n} : sample;
}

void
dialect_find(struct dialect *out, const struct csv_options *options, struct str sample, bool whole,
    struct arena *a)
{
	struct look l = {.options = options, .arena = a};
	if (sample.n > DIALECT_BYTES) {
		sample.n = DIALECT_BYTES;
		whole = false;
	}
	size_t given = options->skip.set ? offset_of_line(sample, options->skip.count) : 0;
	l.sample = whole_lines((struct str){sample.p + given, sample.n - given}, whole);
	l.fields = arena_array(a, FIELDS_MOST, sizeof *l.fields);
	l.records = arena_array(a, RECORDS_MOST, sizeof *l.records);
	l.comment = options->comment;
	*out = (struct dialect){.syntax = find_syntax(&l)};
	l.comment = out->comment = find_comment(&l, &out->syntax);
	split_sample(&l, &out->syntax, RECORDS_MOST);
	leave_out_others(&l);
	out->width = find_width(&l);
	size_t first = options->skip.set ? 0 : find_preamble(&l, out);
	out->skip = options->skip.set        ? options->skip.count
		    : first < l.record_count ? lines_before(l.sample, l.records[first].start)
					     : 0;
	find_header(&l, out, first);
	if (options->header_rows.set)
		out->header_rows = options->header_rows.count;
	find_classes(&l, out, first + out->header_rows);
}
