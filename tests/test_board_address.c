/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "board/address.h"

static void addresses_are_read_to_their_end(void **state)
{
	static const char *const good[] = {
		"127.0.0.1:8080", "localhost:1", "127.9.9.9:65535", "[::1]:0", "0.0.0.0:80",
		"*:80", "[fe80::1]:80",
	};
	static const char *const bad[] = {
		"", ":", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
		"127.0.0.1:80 ", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0:80", "::1:80",
		"[::1:80", "[]:80", "example.com:80", "on",
		"[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd]:80",
	};
	struct atoll_address address;
	struct atoll_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(atoll_address_read(good[i], 80, &address, &err), 0);
		assert_true(address.is_loopback == (i < 4));
		assert_true(address.bytes > 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(atoll_address_read(bad[i], 80, &address, &err), -EINVAL);
	assert_non_null(strstr(err.text, "[::1]:80"));
}

static void an_address_is_written_as_it_is_read(void **state)
{
	static const char *const texts[] = { "127.0.0.1:8080", "[::1]:1", "[::]:80" };
	struct atoll_address address;
	char text[ATOLL_ADDRESS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(atoll_address_read(texts[i], 80, &address, NULL), 0);
		assert_string_equal(atoll_address_text(&address, text), texts[i]);
	}
}

static void two_cannot_listen_in_one_place_and_the_second_is_told(void **state)
{
	struct atoll_address address;
	struct atoll_error err;
	char text[ATOLL_ADDRESS_TEXT];
	int fd;

	(void)state;
	assert_int_equal(atoll_address_read("127.0.0.1:0", 80, &address, &err), 0);
	fd = atoll_address_listen(&address, &err);
	assert_true(fd >= 0);
	assert_true(address.in.sin_port != 0);
	assert_int_equal(atoll_address_listen(&address, &err), -EADDRINUSE);
	assert_non_null(strstr(err.text, atoll_address_text(&address, text)));
	assert_int_equal(close(fd), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_to_their_end),
		cmocka_unit_test(an_address_is_written_as_it_is_read),
		cmocka_unit_test(two_cannot_listen_in_one_place_and_the_second_is_told),
	};

	return CHECK_RUN(tests);
}
