/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_VIRTUAL_H
#define ATOLL_TESTS_VIRTUAL_H

#include "board/header.h"

/*
 * The header of the virtual board, for all tests of a program.
 *
 *	return cmocka_run_group_tests(tests, virtual_open, virtual_close) != 0;
 *
 * Pins 1 and 6 are power and ground, 8 is the console's, 3 is I2C, 15, 32 and 33 have
 * PWM, 36 is input only, 38 shared, 40 without pull resistors; 7, 11, 12, 13, 16, 18, 22
 * and 26 are free.
 */
extern struct atoll_header *virtual_header;

int virtual_open(void **state);
int virtual_close(void **state);

#endif
