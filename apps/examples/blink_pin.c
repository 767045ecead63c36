/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blink a light on a pin of the header, ten times.
 *
 *	cc -o blink_pin blink_pin.c $(pkg-config --cflags --libs atoll)
 *	blink_pin 16
 */
#include <atoll/board/gpio.h>
#include <err.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct atoll_gpio_options output = { .consumer = "blink", .direction = ATOLL_GPIO_OUT };
	struct atoll_error why;

	if (argc != 2)
		errx(2, "PIN");
	struct atoll_board *board = atoll_board_detect(NULL, &why);
	struct atoll_header *header = board ? atoll_header_open(board, &why) : NULL;
	const struct atoll_pin *pin = header ? atoll_header_find(header, argv[1], &why) : NULL;

	if (!pin)
		errx(1, "%s", why.text);
	if (!pin->chip)
		errx(1, "pin %u is %s, not a GPIO", pin->number, pin->name);
	if (pin->cautions)
		errx(1, "pin %u is better left alone", pin->number);
	struct atoll_gpio_line line = { pin->chip, pin->line };
	struct atoll_gpio *gpio = atoll_gpio_open(NULL, &line, 1, &output, &why);

	if (!gpio)
		errx(1, "%s", why.text);
	for (int i = 0; i < 20; i++) {
		if (atoll_gpio_set(gpio, 1, i % 2 == 0, &why) < 0)
			errx(1, "%s", why.text);
		usleep(500000);
	}
	atoll_gpio_close(gpio);
	atoll_header_close(header);
	atoll_board_free(board);
	return 0;
}
