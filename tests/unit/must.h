/*
 * must.h: what a test does on its way, which works, or is refused with this code; the err is the
 * test program's own `e`.
 */
#ifndef ROWHOUSE_TESTS_MUST_H
#define ROWHOUSE_TESTS_MUST_H

#define MUST(worked)                                                                               \
	do {                                                                                       \
		err_clear(&e);                                                                     \
		if (!(worked))                                                                     \
			fail_msg("%s", e.message);                                                 \
	} while (0)

#define MUST_NOT(worked, why)                                                                      \
	do {                                                                                       \
		err_clear(&e);                                                                     \
		assert_false(worked);                                                              \
		assert_int_equal(e.code, ERR_##why);                                               \
	} while (0)

#endif
