/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_FAKE_HEADER_H
#define ATOLL_TESTS_FAKE_HEADER_H

#include "board/header.h"

/*
 * A header of eight pins on the chip of fake_gpio.h, for all tests of a program: pin N is
 * line N there.
 *
 *	return cmocka_run_group_tests(tests, fake_header_open, fake_header_close) != 0;
 *
 * Pin 1 is power, 2 is the console's, 6 an input only, 7 has PWM, 8 is shared; 3, 4 and 5
 * are free, and called A, B and C.
 */
extern struct atoll_header *fake_header;

int fake_header_open(void **state);
int fake_header_close(void **state);

const struct atoll_pin *fake_pin(uint32_t number);

#endif
