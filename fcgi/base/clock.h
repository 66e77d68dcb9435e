/* clock.h: the two clocks.  Stored times are microseconds since 1970 UTC; deadlines are monotonic.
 */
#ifndef ROWHOUSE_CLOCK_H
#define ROWHOUSE_CLOCK_H

#include "base/base.h"

int64_t clock_now_us(void);       /* wall clock, for what is stored and shown */
int64_t clock_monotonic_ms(void); /* for deadlines and durations only */

#define CLOCK_TEXT_BYTES 32
/* 2024-03-14T15:30:00Z, and with microseconds 2024-03-14T15:30:00.123456Z (RFC 3339). */
void clock_format(char out[CLOCK_TEXT_BYTES], int64_t us);
void clock_format_us(char out[CLOCK_TEXT_BYTES], int64_t us);
/* Thu, 14 Mar 2024 15:30:00 GMT (RFC 9110, IMF-fixdate). */
void clock_format_http(char out[CLOCK_TEXT_BYTES], int64_t us);
/* Such a text as the first two, with any zone, or a day alone, which is its midnight UTC; false: it
 * is none. */
bool clock_parse(int64_t *us, struct str text) MUST_CHECK;

#endif
