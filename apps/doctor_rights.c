/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-tpu doctor: nodes, groups, udev rules, the daemon's socket. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/doctor.h"
#include "apps/tpu_rule.h"

#define BOTH 0060 /* a group may read and write */

#define RULE_HELP "write the one in atoll-tpu(1), PERMISSIONS, to " \
	"/etc/udev/rules.d/60-edgetpu.rules"

void doctor_look_at_rules(struct doctor *doctor)
{
	struct tpu_rule running, waiting;
	bool has_running = tpu_rule_find("", USB_APPLICATION_VENDOR, USB_APPLICATION_PRODUCT,
					 &running);
	bool has_waiting = tpu_rule_find("", USB_DFU_VENDOR, USB_DFU_PRODUCT, &waiting);

	if (has_running && has_waiting)
		doctor_good(doctor, "udev rule", "%s", running.path);
	else if (has_running)
		doctor_note(doctor, "udev rule", "%s leaves out 1a6e:089a, without firmware, "
			    "which only root can use then: " RULE_HELP, running.path);
	else if (has_waiting)
		doctor_note(doctor, "udev rule", "%s leaves out 18d1:9302, with firmware, "
			    "which only root can use then: " RULE_HELP, waiting.path);
	else
		doctor_note(doctor, "udev rule",
			    "none is for Edge TPUs, so that only root can use them: "
			    RULE_HELP);
}

static const char *my_name(void)
{
	const struct passwd *me = getpwuid(geteuid());

	return me ? me->pw_name : "USER";
}

/* In the group's list; in this login or not yet. */
static bool is_listed(const struct group *group)
{
	for (char **member = group->gr_mem; *member; member++)
		if (strcmp(*member, my_name()) == 0)
			return true;
	return false;
}

/* What we may not use is for a group, in which we could be. */
static bool is_for_group(struct doctor *doctor, enum doctor_status status, const char *about,
			 const char *path, const struct stat *info)
{
	const struct group *group = getgrgid(info->st_gid);

	if ((info->st_mode & BOTH) != BOTH || info->st_gid == 0 || !group)
		return false;
	if (is_listed(group))
		doctor_bad(doctor, status, about,
			   "%s is for the group %s, which %s has joined since this login: "
			   "log out and in again, or run \"newgrp %s\" in this shell",
			   path, group->gr_name, my_name(), group->gr_name);
	else
		doctor_bad(doctor, status, about,
			   "%s is for the group %s: run \"adduser %s %s\" as root, then "
			   "log out and in again",
			   path, group->gr_name, my_name(), group->gr_name);
	return true;
}

static void refused(struct doctor *doctor, const char *about, const char *node,
		    const struct usb_found *found)
{
	struct stat info;
	struct tpu_rule rule;

	if (stat(node, &info) == 0 &&
	    is_for_group(doctor, DOCTOR_PERMISSION, about, node, &info))
		return;
	if (!tpu_rule_find("", found->vendor, found->product, &rule))
		doctor_bad(doctor, DOCTOR_PERMISSION, about,
			   "%s is only for root, and no udev rule is for %04x:%04x: "
			   RULE_HELP ", or run this as root",
			   node, found->vendor, found->product);
	else if (rule.is_for_seat)
		doctor_bad(doctor, DOCTOR_PERMISSION, about, "%s is only for who sits at this "
			   "machine, says %s: " RULE_HELP ", which is for a group", node,
			   rule.path);
	else
		doctor_bad(doctor, DOCTOR_PERMISSION, about,
			   "%s is only for root, though there is %s: "
			   "run \"udevadm control --reload\" and "
			   "\"udevadm trigger --subsystem-match=usb\" as root, "
			   "or plug it in again",
			   node, rule.path);
}

/* Opening a node does nothing to its device. */
bool doctor_may_open(struct doctor *doctor, const char *about, const struct usb_found *found)
{
	char node[TPU_NODE_TEXT];
	int fd = open(tpu_node(found, node), O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		(void)close(fd); /* nothing was done with it */
		doctor_good(doctor, about, "%s may be used", node);
		return true;
	}
	if (errno == EACCES)
		refused(doctor, about, node, found);
	else if (errno == EPERM)
		doctor_bad(doctor, DOCTOR_PERMISSION, about, "%s is kept from this container: "
			   "give it the devices of /dev/bus/usb, major number 189", node);
	else
		doctor_bad(doctor, DOCTOR_PERMISSION, about, "%s: %s: in a container, give it "
			   "/dev/bus/usb; elsewhere, plug the device in again", node,
			   strerror(errno));
	return false;
}

void doctor_look_at_daemon(struct doctor *doctor)
{
	static const char about[] = "atoll-tpud";
	const char *path = doctor->socket;
	struct stat info;

	if (doctor->is_served)
		doctor_good(doctor, about, "listens on %s", path);
	else if (stat(path, &info) < 0 && errno != EACCES)
		doctor_good(doctor, about, "does not run, nor need it while one program at a "
			    "time uses a device");
	else if (stat(path, &info) < 0)
		doctor_bad(doctor, DOCTOR_DAEMON, about, "%s is in a folder that %s may not "
			   "enter: ask root to open it", path, my_name());
	else if (!S_ISSOCK(info.st_mode))
		doctor_bad(doctor, DOCTOR_DAEMON, about, "%s is no socket: remove it, or set "
			   "ATOLL_TPU_SOCKET to that of atoll-tpud", path);
	else if (access(path, W_OK) == 0)
		doctor_bad(doctor, DOCTOR_DAEMON, about,
			   "nobody listens on %s: run \"systemctl restart atoll-tpud\" "
			   "as root, or remove the file",
			   path);
	else if (!is_for_group(doctor, DOCTOR_DAEMON, about, path, &info))
		doctor_bad(doctor, DOCTOR_DAEMON, about, "%s is not for %s: set \"group\" and "
			   "\"mode\" in /etc/atoll/tpud.conf", path, my_name());
}
