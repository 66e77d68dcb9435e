/* encoding_guess.c: see encoding_guess.h. */
#include "formats/encoding_guess.h"
#include "base/utf8.h"

/* ---- UTF-16 and UTF-32 ---- */

static uint32_t
unit32(const unsigned char *p, bool little)
{
	return little ? (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0]
		      : (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* No other text has only such units: at least one of four bytes is NUL. */
static bool
is_utf32(struct str s, bool little)
{
	for (size_t i = 0; i + 4 <= s.n; i += 4) {
		uint32_t c = unit32((const unsigned char *)s.p + i, little);
		if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			return false;
	}
	return s.n >= 8;
}

struct utf16_look {
	size_t usual; /* units that are ASCII text */
	size_t wrong; /* halves of pairs alone, and control characters */
};

static struct utf16_look
look_at_utf16(struct str s, bool little)
{
	struct utf16_look look = {0};
	bool high = false;
	for (size_t i = 0; i + 2 <= s.n; i += 2) {
		unsigned char first = (unsigned char)s.p[i], second = (unsigned char)s.p[i + 1];
		unsigned unit = little ? second * 256u + first : first * 256u + second;
		bool low = unit >= 0xdc00 && unit < 0xe000;
		look.wrong += low != high;
		high = unit >= 0xd800 && unit < 0xdc00;
		look.wrong += unit < ' ' && unit != '\t' && unit != '\n' && unit != '\r';
		look.usual += unit >= '\t' && unit < 0x7f;
	}
	return look;
}

/* Half the bytes of UTF-16 are no ASCII text, however it is written; some NULs in a text are few.
 */
static bool
is_ascii(struct str s)
{
	size_t ascii = 0;
	for (size_t i = 0; i < s.n; i++)
		ascii += (unsigned char)s.p[i] >= '\t' && (unsigned char)s.p[i] < 0x7f;
	return ascii >= s.n - s.n / 10;
}

/* Delimiters, digits and line ends are in every table; read the other way round they are letters of
 * scripts that nobody mixes. */
static bool
is_utf16(struct str s, bool little)
{
	if (is_ascii(s))
		return false;
	struct utf16_look this = look_at_utf16(s, little), other = look_at_utf16(s, !little);
	return this.usual > s.n / 40 && this.wrong <= s.n / 200 && this.usual > 4 * other.usual;
}

const char *
encoding_guess_wide(struct str s)
{
	if (s.n < 4 || !memchr(s.p, 0, s.n))
		return NULL;
	return is_utf32(s, true)    ? "utf-32le"
	       : is_utf32(s, false) ? "utf-32be"
	       : is_utf16(s, true)  ? "utf-16le"
	       : is_utf16(s, false) ? "utf-16be"
				    : NULL;
}

/* ---- UTF-8 ---- */

/* The beginning of a character. */
static bool
is_cut_character(struct str s)
{
	for (size_t i = 1; i < s.n; i++)
		if (((unsigned char)s.p[i] & 0xc0) != 0x80)
			return false;
	return s.n < 4 && (unsigned char)s.p[0] >= 0xc2;
}

/* Most files are, and all of them are looked at. */
static bool
is_all_ascii(struct str s)
{
	uint64_t all = 0, eight;
	size_t i = 0;
	for (; i + sizeof eight <= s.n; i += sizeof eight) {
		memcpy(&eight, s.p + i, sizeof eight);
		all |= eight;
	}
	for (; i < s.n; i++)
		all |= (unsigned char)s.p[i];
	return (all & 0x8080808080808080) == 0;
}

enum utf8_look
encoding_guess_utf8(struct str s, bool cut)
{
	size_t characters = 0, wrong = 0;
	if (is_all_ascii(s))
		return UTF8_ASCII;
	while (s.n > 0) {
		size_t good = utf8_valid(s.p, s.n);
		for (size_t i = 0; i < good; i++)
			characters += ((unsigned char)s.p[i] & 0xc0) == 0xc0;
		s.p += good;
		s.n -= good;
		if (s.n > 0 && cut && is_cut_character(s))
			break;
		if (s.n > 0) {
			wrong++;
			s.p++;
			s.n--;
		}
	}
	/* Bytes of another encoding look like a character of UTF-8 very seldom. */
	return wrong == 0 && characters == 0 ? UTF8_ASCII
	       : characters > wrong          ? UTF8_YES
	       : wrong > 0                   ? UTF8_NO
					     : UTF8_YES;
}

/* ---- code pages ---- */

enum script { SCRIPT_NONE, SCRIPT_LATIN, SCRIPT_GREEK, SCRIPT_CYRILLIC };

/* Letters beyond ASCII, the most frequent first, small ones only. */
struct language {
	const char *pages; /* the code pages it is written in */
	const uint16_t *letters;
};

#define WESTERN "windows-1252 iso-8859-15 macintosh "
#define CENTRAL "windows-1250 iso-8859-2 "
#define CYRILLIC "windows-1251 koi8-r iso-8859-5 "
/* clang-format off */
static const struct language languages[] = {
	{WESTERN, u"éèàêçôîûâùœëïü"}, /* French */
	{WESTERN, u"üäößé"}, /* German */
	{WESTERN, u"óíáñéúü"}, /* Spanish */
	{WESTERN, u"ãçáéíóêõúâàô"}, /* Portuguese */
	{WESTERN, u"àèùòéì"}, /* Italian */
	{WESTERN, u"äöåé"}, /* Swedish, Finnish */
	{WESTERN, u"øåæé"}, /* Danish, Norwegian */
	{WESTERN, u"íáðéóúþæýö"}, /* Icelandic */
	{WESTERN, u"éüöäèóáíàçñãêßåøôâúæîëõïûòùìœ"}, /* names from everywhere */
	{CENTRAL, u"łóążęśćńź"}, /* Polish */
	{CENTRAL, u"íáéěýžčřšůúóťďň"}, /* Czech */
	{CENTRAL, u"áíýčéžšúľťôóďňäĺŕ"}, /* Slovak */
	{CENTRAL, u"éáöőóüíúű"}, /* Hungarian */
	{CENTRAL, u"ăşţîâ"}, /* Romanian */
	{CENTRAL, u"čšžćđ"}, /* Croatian, Slovene */
	{CYRILLIC, u"оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфёъ"}, /* Russian */
	{CYRILLIC, u"оаниівтерсклудмпязьгбчхцйжїшюєщфґ"}, /* Ukrainian */
	{CYRILLIC, u"аиоетнрвслкдпмзъугчбщжцяхюшйфь"}, /* Bulgarian */
	{CYRILLIC, u"аиоенрстујкдвмплзбгшжћцчфђхљњџ"}, /* Serbian */
	{"windows-1253 iso-8859-7 ", u"αοιετσνηυρπκμλςωδγόίχθάέφβήξύώζψ"}, /* Greek */
	{"windows-1254 iso-8859-9 ", u"ıüşğçöâ"}, /* Turkish */
	{"windows-1257 ", u"ėšųžąįčūę"}, /* Lithuanian */
	{"windows-1257 ", u"āīēšūņļžķģč"}, /* Latvian */
	{"windows-1257 ", u"äõüöšž"}, /* Estonian */
};
/* clang-format on */

/* What a character costs; the text whose characters cost least is the right one. */
#define COST_OF_RANK(i) (7 + 60 * (i) / ((i) + 24)) /* close to 10 ln(rank) */
#define COST_OTHER_LETTER 70
#define COST_USUAL_SIGN 25
#define COST_SIGN 45
#define COST_NOTHING 120
#define COST_SIGN_IN_WORD 40
#define COST_CAPITAL_IN_WORD 30
#define COST_TWO_SCRIPTS 40
#define COST_RARE_PAGE 60 /* once: any but windows-1252 */

static const uint16_t usual_signs[] =
    u"\u00a0\u00a3\u00a7\u00a9\u00ab\u00ae\u00b0\u00b1\u00b2\u00b3\u00b7\u00ba\u00aa"
    u"\u00bb\u00bd\u00d7\u20ac\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u2022\u2026\u2116\u2122";

struct letter {
	enum script script;
	bool capital;
	uint16_t small; /* the letter itself, when it is small */
};

static struct letter
latin_letter(uint16_t c)
{
	struct letter l = {SCRIPT_LATIN, false, c};
	if (c == 0x130 || c == 0x178) {
		l.capital = true;
		l.small = c == 0x130 ? 'i' : 0xff;
	} else if (c < 0xdf) {
		l.capital = true;
		l.small = (uint16_t)(c + 0x20);
	} else if (c >= 0x100) {
		/* Pairs, the capital first: on odd numbers between these. */
		bool odd = (c >= 0x139 && c <= 0x148) || c >= 0x179;
		l.capital = c != 0x131 && (c % 2 == 1) == odd && c != 0x138;
		l.small = (uint16_t)(c + l.capital);
	}
	return l;
}

static struct letter
letter_of(uint16_t c)
{
	struct letter none = {0};
	if (c == 0xd7 || c == 0xf7)
		return none;
	if (c >= 0xc0 && c < 0x180)
		return latin_letter(c);
	if ((c >= 0x386 && c <= 0x3ce) && c != 0x387) {
		static const uint16_t accented[][2] = {{0x386, 0x3ac}, {0x388, 0x3ad},
		    {0x389, 0x3ae}, {0x38a, 0x3af}, {0x38c, 0x3cc}, {0x38e, 0x3cd}, {0x38f, 0x3ce}};
		struct letter l = {SCRIPT_GREEK, c < 0x3ac && c != 0x390, c};
		if (c >= 0x391 && c <= 0x3ab)
			l.small = (uint16_t)(c + 0x20);
		for (size_t i = 0; i < ARRAY_LENGTH(accented); i++)
			if (accented[i][0] == c)
				l.small = accented[i][1];
		return l;
	}
	if (c >= 0x400 && c < 0x460) {
		struct letter l = {SCRIPT_CYRILLIC, c < 0x430, c};
		l.small = (uint16_t)(c < 0x410 ? c + 0x50 : c < 0x430 ? c + 0x20 : c);
		return l;
	}
	if (c == 0x490 || c == 0x491)
		return (struct letter){SCRIPT_CYRILLIC, c == 0x490, 0x491};
	return none;
}

static bool
is_ascii_letter(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A page's bytes once and for all, so that reading a sample is looking up. */
struct page {
	const struct codepage *codepage;
	struct letter letters[256];
};

static void
page_init(struct page *p, const struct codepage *codepage)
{
	p->codepage = codepage;
	for (unsigned c = 0; c < 256; c++)
		p->letters[c] = c >= 0x80 ? letter_of(codepage->above[c - 0x80])
				: is_ascii_letter((unsigned char)c)
				    ? (struct letter){SCRIPT_LATIN, c < 'a', (uint16_t)(c | 0x20)}
				    : (struct letter){0};
}

static uint64_t
cost_of_sign(uint16_t c)
{
	/* Nothing, a control byte, or the sign of no money. */
	if (c < 0xa0 || c == 0xa4)
		return COST_NOTHING;
	for (const uint16_t *p = usual_signs; *p; p++)
		if (*p == c)
			return COST_USUAL_SIGN;
	return COST_SIGN;
}

/* What stands beside each other.  The counts of letters are for what follows. */
static uint64_t
cost_of_words(const struct page *p, struct str s, uint64_t counts[256])
{
	const unsigned char *t = (const unsigned char *)s.p;
	uint64_t cost = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (t[i] < 0x80)
			continue;
		const struct letter *l = &p->letters[t[i]];
		const struct letter *before = &p->letters[i > 0 ? t[i - 1] : 0];
		const struct letter *after = &p->letters[i + 1 < s.n ? t[i + 1] : 0];
		if (l->script == SCRIPT_NONE) {
			uint16_t c = p->codepage->above[t[i] - 0x80];
			cost += cost_of_sign(c);
			if (before->script && after->script && c != 0x2019 && c != 0xa0)
				cost += COST_SIGN_IN_WORD;
			continue;
		}
		counts[t[i]]++;
		if (l->capital && before->script && !before->capital)
			cost += COST_CAPITAL_IN_WORD;
		if ((before->script && before->script != l->script) ||
		    (after->script && after->script != l->script))
			cost += COST_TWO_SCRIPTS;
	}
	return cost;
}

static uint64_t
cost_in_language(const struct page *p, const struct language *language, const uint64_t counts[256])
{
	uint64_t cost = 0;
	for (unsigned c = 0x80; c < 256; c++) {
		uint64_t each = COST_OTHER_LETTER;
		if (counts[c] == 0)
			continue;
		for (size_t i = 0; language->letters[i]; i++)
			if (language->letters[i] == p->letters[c].small)
				each = COST_OF_RANK(i);
		cost += counts[c] * each;
	}
	return cost;
}

static bool
is_written_in(const struct language *language, const char *page)
{
	const char *at = strstr(language->pages, page);
	return at && at[strlen(page)] == ' ';
}

const struct codepage *
encoding_guess_codepage(struct str sample)
{
	const struct codepage *best = &codepages[0];
	uint64_t least = UINT64_MAX;
	for (size_t i = 0; i < CODEPAGES; i++) {
		struct page page;
		uint64_t counts[256] = {0};
		page_init(&page, &codepages[i]);
		uint64_t words = cost_of_words(&page, sample, counts) + (i ? COST_RARE_PAGE : 0);
		for (size_t k = 0; k < ARRAY_LENGTH(languages); k++) {
			if (!is_written_in(&languages[k], codepages[i].name))
				continue;
			uint64_t cost = words + cost_in_language(&page, &languages[k], counts);
			if (cost < least) {
				least = cost;
				best = &codepages[i];
			}
		}
	}
	return best;
}
