/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "apps/visiond_guard.h"

static const struct visiond_guard open_to_this_machine = { .host = "127.0.0.5" };
static const struct visiond_guard with_token = {
	.token = "correct-horse-battery", .host = "192.0.2.7",
};

static unsigned judge(const struct visiond_guard *guard, struct visiond_asked asked)
{
	const char *why = NULL;
	unsigned status = visiond_guard_judge(guard, &asked, &why);

	assert_true((status == 200) == (why == NULL));
	return status;
}

#define ASK(guard, ...) judge(&(guard), (struct visiond_asked){ __VA_ARGS__ })

static void without_a_token_the_names_of_this_machine_are_enough(void **state)
{
	static const char *const own[] = {
		"localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:80", "[::1]",
		"[::1]:8080", "127.0.0.5:8080",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		assert_int_equal(ASK(open_to_this_machine, .host = own[i]), 200);
}

static void a_name_that_was_made_to_lead_here_is_refused(void **state)
{
	static const char *const others[] = {
		"evil.example", "evil.example:8080", "localhost.evil.example",
		"localhost:8080.evil.example", "127.0.0.1.evil.example", "127.0.0.12",
		"", "127.0.0.", "::1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(ASK(open_to_this_machine, .host = others[i]), 403);
	assert_int_equal(ASK(open_to_this_machine, .host = NULL), 403);
}

static void the_token_opens_in_the_header_or_the_address(void **state)
{
	(void)state;
	assert_int_equal(ASK(with_token, .host = "camera.example",
			     .token = "correct-horse-battery"), 200);
	assert_int_equal(ASK(with_token, .host = "camera.example",
			     .authorization = "Bearer correct-horse-battery"), 200);
	assert_int_equal(ASK(with_token, .authorization = "bearer correct-horse-battery"), 200);
}

static void without_the_token_nothing_opens(void **state)
{
	static const char *const wrong[] = {
		"", "correct-horse-batterx", "Correct-horse-battery", "correct-horse-batter",
		"correct-horse-battery ", "xorrect-horse-battery",
	};

	(void)state;
	assert_int_equal(ASK(with_token, .host = "localhost"), 401);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(ASK(with_token, .token = wrong[i]), 401);
	assert_int_equal(ASK(with_token, .authorization = "Basic correct-horse-battery"), 401);
	assert_int_equal(ASK(with_token, .authorization = "correct-horse-battery"), 401);
	assert_int_equal(ASK(with_token, .authorization = "Bearer"), 401);
}

static void other_pages_may_lead_to_the_page_and_to_nothing_else(void **state)
{
	static const char *const strange[] = { "cross-site", "same-site", "anything" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(ASK(open_to_this_machine, .host = "localhost",
				     .fetch_site = strange[i], .fetch_mode = "navigate",
				     .is_page = true), 200);
		assert_int_equal(ASK(open_to_this_machine, .host = "localhost",
				     .fetch_site = strange[i], .fetch_mode = "no-cors",
				     .is_page = true), 403);
		assert_int_equal(ASK(open_to_this_machine, .host = "localhost",
				     .fetch_site = strange[i], .fetch_mode = "navigate"), 403);
		assert_int_equal(ASK(with_token, .token = "correct-horse-battery",
				     .fetch_site = strange[i], .fetch_mode = "cors"), 403);
	}
	assert_int_equal(ASK(open_to_this_machine, .host = "localhost",
			     .fetch_site = "same-origin", .fetch_mode = "cors"), 200);
	assert_int_equal(ASK(open_to_this_machine, .host = "localhost", .fetch_site = "none",
			     .fetch_mode = "navigate"), 200);
}

static void changes_come_from_our_own_page_or_from_no_page_at_all(void **state)
{
	static const char *const strange[] = {
		"http://evil.example", "null", "http://localhost:8081", "http://localhost",
		"localhost:8080", "",
	};

	(void)state;
	assert_int_equal(ASK(open_to_this_machine, .host = "localhost:8080",
			     .is_change = true), 200);
	assert_int_equal(ASK(open_to_this_machine, .host = "localhost:8080",
			     .origin = "http://localhost:8080", .is_change = true), 200);
	/* Through somebody's TLS in front of us. */
	assert_int_equal(ASK(with_token, .host = "camera.example",
			     .origin = "https://camera.example", .is_change = true,
			     .token = "correct-horse-battery"), 200);
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++)
		assert_int_equal(ASK(open_to_this_machine, .host = "localhost:8080",
				     .origin = strange[i], .is_change = true), 403);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_token_the_names_of_this_machine_are_enough),
		cmocka_unit_test(a_name_that_was_made_to_lead_here_is_refused),
		cmocka_unit_test(the_token_opens_in_the_header_or_the_address),
		cmocka_unit_test(without_the_token_nothing_opens),
		cmocka_unit_test(other_pages_may_lead_to_the_page_and_to_nothing_else),
		cmocka_unit_test(changes_come_from_our_own_page_or_from_no_page_at_all),
	};

	return CHECK_RUN(tests);
}
