/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/tpud_emulators.h"

#include <errno.h>

#include "runtime/edgetpu/firmware.h"
#include "runtime/emulator/bus.h"
#include "runtime/emulator/emulator.h"
#include "runtime/emulator/program.h"

/* One that was unplugged wants firmware, and is content with any. */
static uint8_t image[512];
static const struct edgetpu_firmware firmware = {
	.bytes = image, .size = sizeof(image), .origin = "made up for emulated devices" };

static int teach(void *bus, const struct usb_place *place, const struct program *program,
		 struct atoll_error *err)
{
	struct emulator *emulator = emulator_bus_at(bus, place);
	struct emulator_program *answers;
	struct atoll_error why;

	if (!emulator)
		return atoll_error_set(err, -ENODEV, "no emulated device there");
	answers = emulator_program_new(EMULATOR_BEST, program->package, program->twin, &why);
	if (!answers)
		return atoll_error_set(err, why.code, "emulator: %s", why.text);
	return emulator_teach(emulator, program->package, answers, err);
}

static void unteach(void *bus, const struct usb_place *place, const struct program *program)
{
	struct emulator *emulator = emulator_bus_at(bus, place);

	if (emulator)
		emulator_unteach(emulator, program->package);
}

static int plug_in(struct usb_bus *bus, struct atoll_error *err)
{
	const struct emulator_options options = { .speed = USB_SUPER };
	struct emulator *emulator = emulator_new(&options, err);
	struct atoll_error why = { .code = -ENOMEM };

	if (!emulator)
		return -ENOMEM;
	if (emulator_bus_plug(bus, emulator, &why).ports > 0)
		return 0;
	return atoll_error_set(err, why.code, "%s", why.text);
}

int tpud_emulators_new(uint32_t count, uint64_t bytes_per_second,
		       struct engine_tpu_options *tpu, struct atoll_error *err)
{
	const struct emulator_bus_options options = { .bytes_per_second = bytes_per_second };
	struct usb_bus *bus = emulator_bus_new(&options, err);

	if (!bus)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		if (plug_in(bus, err) < 0) {
			bus->ops->free(bus);
			return -ENOMEM;
		}
	tpu->bus = bus;
	tpu->name = "emu";
	tpu->firmware = &firmware;
	tpu->teach = teach;
	tpu->unteach = unteach;
	tpu->teacher = bus;
	return 0;
}
