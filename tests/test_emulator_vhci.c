/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/emulator/vhci.h"

/* A folder as the module makes one, of two controllers with two ports of each kind. */
#define HEADING "hub port sta spd dev      sockfd local_busid\n"
static char folder[] = "/tmp/atoll-vhci-XXXXXX";
static char root[64];

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void make_folder(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void ports(const char *first, const char *second)
{
	write_file("vhci_hcd.0/status", first);
	write_file("vhci_hcd.0/status.1", second);
}

static const char all_free[] = HEADING
	"hs  0000 004 000 00000000 000000 0-0\n" "hs  0001 004 000 00000000 000000 0-0\n"
	"ss  0002 004 000 00000000 000000 0-0\n" "ss  0003 004 000 00000000 000000 0-0\n";
static const char more_free[] = HEADING
	"hs  0004 004 000 00000000 000000 0-0\n" "hs  0005 004 000 00000000 000000 0-0\n"
	"ss  0006 004 000 00000000 000000 0-0\n" "ss  0007 004 000 00000000 000000 0-0\n";
static const char all_taken[] = HEADING
	"hs  0000 006 003 00010001 000003 1-1\n" "hs  0001 006 003 00010001 000004 1-1\n"
	"ss  0002 006 005 00010001 000005 1-1\n" "ss  0003 005 005 00010001 000006 1-1\n";

static int begin(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(root, sizeof(root), "%s/vhci_hcd.0", folder);
	make_folder("vhci_hcd.0");
	make_folder("vhci_hcd.0/usb7");
	make_folder("vhci_hcd.0/usb8");
	make_folder("vhci_hcd.1");
	make_folder("vhci_hcd.1/usb9");
	write_file("vhci_hcd.0/usb7/speed", "480\n");
	write_file("vhci_hcd.0/usb8/speed", "5000\n");
	write_file("vhci_hcd.1/usb9/speed", "480\n");
	write_file("vhci_hcd.0/attach", "");
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
	(void)status, (void)kind, (void)at;
	return remove(path);
}

static int finish(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void the_first_free_port_of_the_right_hub_is_taken(void **state)
{
	(void)state;
	ports(all_free, more_free);
	assert_int_equal(vhci_port(root, USB_HIGH, -1, NULL), 0);
	assert_int_equal(vhci_port(root, USB_SUPER, -1, NULL), 2);
	ports(all_taken, more_free);
	assert_int_equal(vhci_port(root, USB_HIGH, -1, NULL), 4);
	assert_int_equal(vhci_port(root, USB_SUPER, -1, NULL), 6);
}

static void a_port_can_be_wished_for(void **state)
{
	struct atoll_error err;

	(void)state;
	ports(all_free, more_free);
	assert_int_equal(vhci_port(root, USB_HIGH, 5, &err), 5);
	assert_int_equal(vhci_port(root, USB_HIGH, 2, &err), -EAGAIN);
	ports(all_taken, more_free);
	assert_int_equal(vhci_port(root, USB_HIGH, 1, &err), -EAGAIN);
	assert_string_equal(err.text, "vhci-hcd: port 1 is still in use");
}

/* The kernel frees the port first and forgets the device a little later. */
static void a_port_whose_device_is_not_forgotten_yet_is_not_free(void **state)
{
	struct atoll_error err;

	(void)state;
	ports(all_free, more_free);
	make_folder("vhci_hcd.0/usb7/7-1");
	assert_int_equal(vhci_port(root, USB_HIGH, -1, NULL), 1);
	assert_int_equal(vhci_port(root, USB_HIGH, 0, NULL), -EAGAIN);
	assert_int_equal(vhci_port(root, USB_SUPER, -1, NULL), 2);
	make_folder("vhci_hcd.0/usb8/8-2");
	assert_int_equal(vhci_port(root, USB_SUPER, 3, NULL), -EAGAIN);
	make_folder("vhci_hcd.1/usb9/9-1");
	assert_int_equal(vhci_port(root, USB_HIGH, 4, &err), -EAGAIN);
	assert_int_equal(vhci_port(root, USB_HIGH, 5, &err), 5);
}

static void no_port_and_no_module_are_told_apart(void **state)
{
	struct atoll_error err;

	(void)state;
	ports(all_taken, "");
	assert_int_equal(vhci_port(root, USB_SUPER, -1, &err), -EBUSY);
	assert_string_equal(err.text, "vhci-hcd: no port for SuperSpeed is free");
	assert_int_equal(vhci_port("/nowhere/vhci_hcd.0", USB_HIGH, -1, &err), -ENOENT);
	assert_non_null(strstr(err.text, "modprobe vhci-hcd"));
}

static void the_kernel_is_told_port_socket_device_and_speed(void **state)
{
	char path[128], *text;
	size_t size;

	(void)state;
	assert_int_equal(vhci_attach(root, 2, 11, 0x10003, USB_SUPER, NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/attach", root);
	text = check_read(path, &size);
	assert_string_equal(text, "2 11 65539 5");
	free(text);
	assert_int_equal(vhci_attach("/nowhere", 0, 0, 0, USB_HIGH, NULL), -ENOENT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_free_port_of_the_right_hub_is_taken),
		cmocka_unit_test(a_port_can_be_wished_for),
		cmocka_unit_test(a_port_whose_device_is_not_forgotten_yet_is_not_free),
		cmocka_unit_test(no_port_and_no_module_are_told_apart),
		cmocka_unit_test(the_kernel_is_told_port_socket_device_and_speed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, begin, finish) != 0;
}
