/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake_header.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct atoll_header *fake_header;
static struct atoll_board *board;

static const char described[] =
	"[board]\n"
	"id = fake\n"
	"name = Fake\n"
	"[gpiochip.fake]\n"
	"label = fake\n"
	"lines = 64\n"
	"[header]\n"
	"rows = 4\n"
	"columns = 2\n"
	"[pins]\n"
	"1 = power 3.3V\n"
	"2 = gpio TX line=fake:2 cautions=console\n"
	"3 = gpio A line=fake:3\n"
	"4 = gpio B line=fake:4\n"
	"5 = gpio C line=fake:5\n"
	"6 = gpio D line=fake:6 cautions=input-only\n"
	"7 = gpio E line=fake:7 role=pwm.a\n"
	"8 = gpio F line=fake:8 cautions=shared\n"
	"[pwm.a]\n"
	"device = fake.pwm\n"
	"channel = 0\n"
	"pin = 7\n";

int fake_header_open(void **state)
{
	char folder[] = "/tmp/atoll-board-XXXXXX", path[sizeof(folder) + 16];
	struct atoll_error err = { .text = "no folder" };
	FILE *file = NULL;

	(void)state;
	if (mkdtemp(folder)) {
		(void)snprintf(path, sizeof(path), "%s/fake.conf", folder);
		file = fopen(path, "w");
	}
	if (file && fputs(described, file) >= 0 && fclose(file) == 0)
		board = atoll_board_load(path, &err);
	if (board)
		fake_header = atoll_header_open(board, &err);
	if (!fake_header)
		(void)fprintf(stderr, "%s\n", err.text);
	(void)unlink(path);
	(void)rmdir(folder); /* it is in memory now */
	return fake_header ? 0 : -1;
}

int fake_header_close(void **state)
{
	(void)state;
	atoll_header_close(fake_header);
	atoll_board_free(board);
	return 0;
}

const struct atoll_pin *fake_pin(uint32_t number)
{
	return atoll_header_pin(fake_header, number);
}
