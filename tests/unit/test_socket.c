/* test_socket.c: what the processes that accept connections are handed. */
#include "process/socket.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

/* Two processes of nginx wait at one socket.  The one that comes second for a connection must be
 * told so: if its accept() blocked, all it serves already would stand still with it. */
static void
does_not_block(void **state)
{
	(void)state;
	struct listener l;
	struct err e = {0};
	unsigned port = 0;
	assert_true(listen_tcp(&l, &port, &e));
	assert_in_range(port, 1, 65535);
	assert_true(fcntl(l.fd, F_GETFL) & O_NONBLOCK);
	listener_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(does_not_block),
	};
	return cmocka_run_group_tests_name("socket", tests, NULL, NULL);
}
