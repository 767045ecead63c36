/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tell when a button between a pin of the header and ground is pressed and let go.
 *
 *	cc -o watch_button watch_button.c $(pkg-config --cflags --libs atoll)
 *	watch_button 18
 */
#include <atoll/board/gpio.h>
#include <err.h>
#include <inttypes.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	/* Pressed is low; contacts bounce, so a level counts once it stayed for 20 ms. */
	struct atoll_gpio_options button = {
		.direction = ATOLL_GPIO_IN, .bias = ATOLL_GPIO_PULL_UP, .is_active_low = true,
		.edges = ATOLL_GPIO_BOTH_EDGES, .debounce_ms = 20,
	};
	struct atoll_error why;
	struct atoll_gpio_edge edge;
	int64_t pressed_ns = 0;

	if (argc != 2)
		errx(2, "PIN");
	struct atoll_board *board = atoll_board_detect(NULL, &why);
	struct atoll_header *header = board ? atoll_header_open(board, &why) : NULL;
	const struct atoll_pin *pin = header ? atoll_header_find(header, argv[1], &why) : NULL;

	if (!pin)
		errx(1, "%s", why.text);
	if (!pin->chip)
		errx(1, "pin %u is %s, not a GPIO", pin->number, pin->name);
	struct atoll_gpio_line line = { pin->chip, pin->line };
	struct atoll_gpio *gpio = atoll_gpio_open(NULL, &line, 1, &button, &why);

	if (!gpio)
		errx(1, "%s", why.text);
	while (atoll_gpio_edge(gpio, -1, &edge, &why) >= 0) {
		if (edge.is_rising)
			pressed_ns = edge.time_ns;
		else
			printf("pressed for %" PRId64 " ms\n",
			       (edge.time_ns - pressed_ns) / 1000000);
		fflush(stdout);
	}
	errx(1, "%s", why.text);
}
