/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/state.h"

#include <errno.h>
#include <string.h>

/*
 * The registers: most just hold what was written last. Addresses 0x1xxxx are the
 * system's, 32 bits wide, and always answer; 0x4xxxx are the core's, 64 bits wide,
 * and are there only while the core is awake.
 */

/* scu_ctrl_3. Bits 3, 4 and 6 change with the power state, as the recorded
   conversations show; what they mean is not known. */
#define POWER_STATE 0x300u
#define POWER_ASLEEP 0x258u
#define FORCE_SLEEP_SHIFT 22
#define FORCE_SLEEP_ON 3u
#define FORCE_SLEEP_OFF 2u

/* omc0_dc */
#define SENSOR_ENABLE 1u
#define SENSOR_DATA_SHIFT 16
#define SENSOR_DATA (0x3ffu << SENSOR_DATA_SHIFT)
#define CLEAR_SHUTDOWN (1u << 28)
#define CLEAR_WARNING (1u << 29)
#define SHUTDOWN_SEEN (1u << 30)
#define WARNING_SEEN (1u << 31)
#define SENSOR_CLOCK (1u << 7)  /* in omc0_d0 */
#define SENSOR_POWER 7u         /* in omc0_d8 */

#define SCRATCH_BYTE 0x00ff0000u     /* all of omc0_00 that can be written */
#define BOOT_FAILURES (3u << 16)     /* cleared by writing 1: scu_ctr_7, */
#define SELF_TEST (7u << 16)         /* rambist_ctrl_1 */

uint64_t *emulator_core(struct emulator *emulator, uint32_t address)
{
	return &emulator->core[(address - CORE_BEGIN) / 8];
}

uint32_t *emulator_system(struct emulator *emulator, uint32_t address)
{
	return &emulator->system[(address - SYSTEM_BEGIN) / 4];
}

void emulator_registers_power_on(struct emulator *emulator, bool is_asleep)
{
	static const struct { uint32_t address, value; } initial[] = {
		{ REG_OMC0_00, 0x0000089a },
		{ REG_SCU_CTRL_0, 0x000f0959 },
		{ REG_SCU_CTRL_2, 0x00110000 },
		{ REG_SCU_CTRL_3, 0x80050410 },
		{ REG_RAMBIST, 0x0070007f },
		{ REG_SCU_CTR_7, 0x000c003f },
		{ REG_OMC0_D4, 0x00000001 },
		{ REG_OMC0_DC, 0x03ff0000 },
	};

	memset(emulator->system, 0, sizeof(emulator->system));
	memset(emulator->core, 0, sizeof(emulator->core));
	for (size_t i = 0; i < sizeof(initial) / sizeof(initial[0]); i++)
		*emulator_system(emulator, initial[i].address) = initial[i].value;
	/* What a real one held after a program had used and left it. */
	if (is_asleep)
		*emulator_system(emulator, REG_SCU_CTRL_3) = 0x50c5025c;
}

bool emulator_is_awake(struct emulator *emulator)
{
	return !(*emulator_system(emulator, REG_SCU_CTRL_3) & POWER_STATE);
}

bool emulator_is_running(struct emulator *emulator, uint32_t *address)
{
	static const uint32_t run_controls[] = {
		0x44018, 0x44158, 0x44198, 0x441d8, 0x44218, /* scalar core */
		0x400c0, 0x40110, 0x40150, 0x40190, 0x401d0, 0x40210, /* tiles */
		0x40250, 0x40298, 0x402e0, 0x40328,
	};

	for (size_t i = 0; i < sizeof(run_controls) / sizeof(run_controls[0]); i++) {
		*address = run_controls[i];
		if (*emulator_core(emulator, *address) != 1)
			return false;
	}
	return true;
}

uint32_t emulator_enabled_word(struct emulator *emulator)
{
	uint32_t enabled = *emulator_core(emulator, REG_FATAL_CONTROL) & 1;

	for (uint32_t i = 0; i < 4; i++)
		if (*emulator_core(emulator, REG_TOP_LEVEL_CONTROL + 16 * i) & 1)
			enabled |= 2u << i;
	return emulator->word & enabled;
}

static void reset_core(struct emulator *emulator)
{
	memset(emulator->core, 0, sizeof(emulator->core));
	emulator->word = 0;
	emulator->events = 0;
	emulator_drop_item(emulator);
	emulator_drop_run(emulator);
	emulator_forget_parameters(emulator);
}

static void write_power(struct emulator *emulator, uint32_t value)
{
	uint32_t *power = emulator_system(emulator, REG_SCU_CTRL_3);
	uint32_t read_only = POWER_STATE | POWER_ASLEEP;
	uint32_t force = value >> FORCE_SLEEP_SHIFT & 3;

	*power = (value & ~read_only) | (*power & read_only);
	if (force == FORCE_SLEEP_ON && !emulator_is_flawed(emulator, FLAW_NO_SLEEP)) {
		*power |= POWER_ASLEEP;
		reset_core(emulator);
	} else if (force == FORCE_SLEEP_OFF && !emulator_is_awake(emulator) &&
		   !emulator_is_flawed(emulator, FLAW_NO_WAKE)) {
		*power &= ~read_only;
	}
}

/* The sensor counts down from 662 at 0.55 degrees, four to a degree. */
static uint32_t temperature_data(struct emulator *emulator)
{
	int32_t data = 662 - (emulator->millidegrees - 550) / 250;

	return (uint32_t)(data < 0 ? 0 : data > 0x3ff ? 0x3ff : data) << SENSOR_DATA_SHIFT;
}

static uint32_t read_system(struct emulator *emulator, uint32_t address)
{
	uint32_t value = *emulator_system(emulator, address);

	if (address == REG_OMC0_DC && value & SENSOR_ENABLE &&
	    *emulator_system(emulator, REG_OMC0_D0) & SENSOR_CLOCK &&
	    (*emulator_system(emulator, REG_OMC0_D8) & SENSOR_POWER) == SENSOR_POWER)
		value = (value & ~SENSOR_DATA) | temperature_data(emulator);
	return value;
}

static void write_thermal(struct emulator *emulator, uint32_t value)
{
	uint32_t *thermal = emulator_system(emulator, REG_OMC0_DC);
	uint32_t read_only = SHUTDOWN_SEEN | WARNING_SEEN | SENSOR_DATA;
	uint32_t cleared = (value & CLEAR_SHUTDOWN ? SHUTDOWN_SEEN : 0) |
			   (value & CLEAR_WARNING ? WARNING_SEEN : 0);

	*thermal = (value & ~(read_only | CLEAR_SHUTDOWN | CLEAR_WARNING)) |
		   (*thermal & read_only & ~cleared);
}

static void write_system(struct emulator *emulator, uint32_t address, uint32_t value)
{
	uint32_t *at = emulator_system(emulator, address);

	switch (address) {
	case REG_SCU_CTRL_3:
		write_power(emulator, value);
		break;
	case REG_OMC0_DC:
		write_thermal(emulator, value);
		break;
	case REG_OMC0_00:
		*at = (*at & ~SCRATCH_BYTE) | (value & SCRATCH_BYTE);
		break;
	case REG_SCU_CTR_7:
		*at = (value & ~BOOT_FAILURES) | (*at & ~value & BOOT_FAILURES);
		break;
	case REG_RAMBIST:
		*at = (value & ~SELF_TEST) | (*at & ~value & SELF_TEST);
		break;
	default:
		*at = value;
	}
}

static void write_core(struct emulator *emulator, uint32_t address, uint64_t value)
{
	uint64_t *at = emulator_core(emulator, address);

	switch (address) {
	case REG_FATAL_CONTROL + 8: /* writing 0 acknowledges */
	case REG_TOP_LEVEL_CONTROL + 8:
	case REG_TOP_LEVEL_CONTROL + 24:
	case REG_TOP_LEVEL_CONTROL + 40:
	case REG_TOP_LEVEL_CONTROL + 56:
		*at &= value;
		break;
	default:
		*at = value;
	}
}

static uint64_t load(const uint8_t *data, uint32_t bytes)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < bytes; i++)
		value |= (uint64_t)data[i] << (8 * i);
	return value;
}

static void store(uint8_t *data, uint32_t bytes, uint64_t value)
{
	for (uint32_t i = 0; i < bytes; i++)
		data[i] = (uint8_t)(value >> (8 * i));
}

/* What forbids this access; NULL: nothing. */
static const char *objection(struct emulator *emulator, const struct usb_setup *setup,
			     uint32_t address, uint32_t bytes)
{
	bool is_system = address >= SYSTEM_BEGIN && address < SYSTEM_END;
	bool is_core = address >= CORE_BEGIN && address < CORE_END;

	if (!is_system && !is_core)
		return "there is no such register";
	if (bytes != (is_core ? 8 : 4))
		return "registers are 32 bits wide at 0x1xxxx, 64 bits at 0x4xxxx";
	if (setup->length != bytes)
		return "the length does not fit the request";
	if (address % bytes)
		return "not aligned";
	if (is_core && !emulator_is_awake(emulator))
		return "the core is asleep";
	return NULL;
}

int emulator_register(struct emulator *emulator, const struct usb_setup *setup, uint8_t *data)
{
	uint32_t address = (uint32_t)setup->index << 16 | setup->value;
	bool is_read = setup->request_type == 0xc0;
	uint32_t bytes = setup->request == 0 ? 8 : 4;
	const char *why;

	if ((!is_read && setup->request_type != 0x40) || setup->request > 1)
		return emulator_complain(emulator, "vendor request %u of type 0x%02x",
					 setup->request, setup->request_type);
	if (!emulator->is_application)
		return emulator_complain(emulator, "register 0x%05x in the boot ROM", address);
	why = objection(emulator, setup, address, bytes);
	if (why)
		return emulator_complain(emulator, "register 0x%05x: %s of %u bits: %s",
					 address, is_read ? "read" : "write", 8 * bytes, why);
	if (address >= CORE_BEGIN) {
		if (is_read)
			store(data, 8, *emulator_core(emulator, address));
		else
			write_core(emulator, address, load(data, 8));
	} else {
		if (is_read)
			store(data, 4, read_system(emulator, address));
		else
			write_system(emulator, address, (uint32_t)load(data, 4));
	}
	return (int)bytes;
}
