/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of everything here is that of the vendor's runtime, transfer for
 * transfer: it is the one order of which somebody has seen that chips like it.
 */
#include "runtime/edgetpu/chip.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "runtime/edgetpu/registers.h"

/* A stalled endpoint 0 works again with the next request; the vendor's runtime
   asks as often, without a pause. */
#define TRIES 5

#define NS_PER_MS 1000000

/*
 * A conversation in which the first failure is the one that counts: once it is
 * over, everything else said in it does nothing.
 */
struct talk {
	struct usb_device *usb;
	struct atoll_error *err;
	bool goes_on;  /* after a failure, unless the device does not answer at all */
	bool is_over;
	int result;
};

const char *chip_register_name(uint32_t address)
{
	static const struct { uint32_t address; const char *text; } names[] = {
#define X(name, number, text) { number, text },
		CHIP_REGISTERS(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].address == address)
			return names[i].text;
	return "register";
}

/* True when the first failure was told and this one need not be. */
static bool is_told(struct talk *talk, int r)
{
	bool is_first = talk->result == 0;

	if (is_first)
		talk->result = r;
	if (!talk->goes_on)
		talk->is_over = true;
	return !is_first;
}

/* `bytes` has room for 8. */
static bool request(struct talk *talk, uint8_t type, uint32_t address, uint8_t *bytes)
{
	struct usb_device *usb = talk->usb;
	bool is_wide = chip_register_is_wide(address);
	const struct usb_setup setup = {
		.request_type = type,
		.request = is_wide ? CHIP_REQUEST_64 : CHIP_REQUEST_32,
		.value = (uint16_t)(address & 0xffff),
		.index = (uint16_t)(address >> 16),
		.length = is_wide ? 8 : 4,
	};
	int r = 0;

	if (talk->is_over)
		return false;
	for (int i = 0; i < TRIES && r != -ENODEV; i++) {
		r = usb->bus->ops->control(usb, &setup, bytes, CHIP_CONTROL_MS);
		if (r == setup.length)
			return true;
		if (r >= 0)
			r = -EIO; /* cut short */
	}
	if (r == -ENODEV || r == -ETIMEDOUT)
		talk->is_over = true;
	if (!is_told(talk, r))
		atoll_error_set(talk->err, r, "chip: %s %s (0x%05" PRIx32 "): %s",
				type == CHIP_REQUEST_READ ? "read" : "write",
				chip_register_name(address), address, usb_status_text(r));
	return false;
}

/* False, and 0, when it cannot be read. */
static bool read_into(struct talk *talk, uint32_t address, uint64_t *value)
{
	uint8_t bytes[8] = { 0 };
	bool is_read = request(talk, CHIP_REQUEST_READ, address, bytes);

	*value = 0;
	for (int i = 7; is_read && i >= 0; i--)
		*value = *value << 8 | bytes[i];
	return is_read;
}

static void write_to(struct talk *talk, uint32_t address, uint64_t value)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	(void)request(talk, CHIP_REQUEST_WRITE, address, bytes); /* `talk` remembers */
}

static void change(struct talk *talk, uint32_t address, uint32_t clear, uint32_t set)
{
	uint64_t value;

	if (read_into(talk, address, &value))
		write_to(talk, address, (value & ~(uint64_t)clear) | set);
}

/* Until the bits of `mask` are `value`, or with `is_equal` false until they are not.
   The first look is at once: nearly always it is the last. */
static uint64_t wait_for(struct talk *talk, uint32_t address, uint64_t mask, uint64_t value,
			 bool is_equal)
{
	struct usb_bus *bus = talk->usb->bus;
	int64_t end_ns = bus->ops->clock_ns(bus) + (int64_t)CHIP_POLL_MS * NS_PER_MS;
	uint64_t now;

	while (read_into(talk, address, &now)) {
		if (((now & mask) == value) == is_equal)
			return now;
		if (bus->ops->clock_ns(bus) >= end_ns) {
			if (!is_told(talk, -ETIMEDOUT))
				atoll_error_set(talk->err, -ETIMEDOUT,
						"chip: %s (0x%05" PRIx32 ") is still 0x%" PRIx64
						" after %d ms, bits 0x%" PRIx64
						" should %sbe 0x%" PRIx64,
						chip_register_name(address), address, now,
						CHIP_POLL_MS, mask, is_equal ? "" : "not ",
						value);
			return now;
		}
		bus->ops->sleep_ms(bus, 1);
	}
	return 0;
}

static void wait_until(struct talk *talk, uint32_t address, uint64_t mask, uint64_t value)
{
	(void)wait_for(talk, address, mask, value, true); /* `talk` remembers */
}

static const struct {
	const char *text;
	uint32_t clocks; /* in scu_ctrl_3 */
} clock_table[] = {
	[EDGETPU_CLOCK_LOW]    = { "low", CHIP_IN(28, 0xf) },
	[EDGETPU_CLOCK_MEDIUM] = { "medium", CHIP_IN(28, 0x6) },
	[EDGETPU_CLOCK_HIGH]   = { "high", CHIP_IN(28, 0x5) },
	[EDGETPU_CLOCK_MAX]    = { "max", CHIP_IN(28, 0x0) },
};

#define CLOCKS_COUNT (sizeof(clock_table) / sizeof(clock_table[0]))

ATOLL_API const char *edgetpu_clock_text(enum edgetpu_clock clock)
{
	return (size_t)clock < CLOCKS_COUNT ? clock_table[clock].text : "?";
}

ATOLL_API int edgetpu_clock_read(const char *text, enum edgetpu_clock *clock)
{
	for (size_t i = 0; i < CLOCKS_COUNT; i++)
		if (strcmp(text, clock_table[i].text) == 0) {
			*clock = (enum edgetpu_clock)i;
			return 0;
		}
	return -EINVAL;
}

/* Chunks above a packet make devices on USB 2 fail, says the vendor's driver. */
uint32_t chip_output_chunk(enum usb_speed speed)
{
	return speed == USB_SUPER ? 1024 : 256;
}

/* The core is in reset while it sleeps: registers of its own forget everything. One
   that was told to and did not is told again. */
static void fall_asleep(struct talk *talk)
{
	uint64_t power;

	if (!read_into(talk, SCU_CTRL_3, &power) ||
	    (power & (FORCE_SLEEP | POWER_STATE)) == (FORCE_SLEEP_ENTER | POWER_STATE_ASLEEP))
		return;
	write_to(talk, SCU_CTRL_3, power | FORCE_SLEEP_ENTER);
	wait_until(talk, SCU_CTRL_3, POWER_STATE, POWER_STATE_ASLEEP);
	write_to(talk, GCBB_CREDIT0, CREDITS_CLEAR);
	write_to(talk, GCBB_CREDIT0, 0);
}

/* A write to a register of tiles goes to all of them from then on. */
static void choose_all_tiles(struct talk *talk)
{
	write_to(talk, TILE_CONFIG0, TILES_ALL);
	wait_until(talk, TILE_CONFIG0, ~UINT64_C(0), TILES_ALL);
}

static void set_run_controls(struct talk *talk, uint64_t value)
{
	static const uint32_t scalar_core[] = {
		SCALAR_CORE_RUN, AV_DATA_POP_RUN, PARAMETER_POP_RUN, INFEED_RUN, OUTFEED_RUN,
	};
	static const uint32_t tiles[] = {
		OP_RUN, NARROW_TO_WIDE_RUN, WIDE_TO_NARROW_RUN,
		MESH0_RUN, MESH1_RUN, MESH2_RUN, MESH3_RUN,
		RING_CONSUMER0_RUN, RING_CONSUMER1_RUN, RING_PRODUCER_RUN,
	};

	for (size_t i = 0; i < sizeof(scalar_core) / sizeof(scalar_core[0]); i++)
		write_to(talk, scalar_core[i], value);
	choose_all_tiles(talk);
	for (size_t i = 0; i < sizeof(tiles) / sizeof(tiles[0]); i++)
		write_to(talk, tiles[i], value);
}

static void set_top_interrupts(struct talk *talk, uint64_t value)
{
	write_to(talk, TOP_INT_0_CONTROL, value);
	write_to(talk, TOP_INT_1_CONTROL, value);
	write_to(talk, TOP_INT_2_CONTROL, value);
	write_to(talk, TOP_INT_3_CONTROL, value);
}

/* Heat, memory self-test, PLL, bus errors, shutdown: what raises the above. */
static void set_sources(struct talk *talk, bool is_on)
{
	change(talk, OMC0_D4, WARNING_ON, is_on ? WARNING_ON : 0);
	if (is_on) {
		change(talk, RAMBIST_CTRL_1, RAMBIST_MASK | RAMBIST_STATUS, 0);
		change(talk, SCU_CTR_7, BOOT_FAILURE_MASK | BOOT_FAILURE_STATUS, 0);
	} else {
		change(talk, RAMBIST_CTRL_1, 0, RAMBIST_MASK);
		change(talk, SCU_CTR_7, 0, BOOT_FAILURE_MASK);
	}
	write_to(talk, SLV_ABM_EN, is_on ? BUS_MONITOR_ON : 0);
	write_to(talk, MST_ABM_EN, is_on ? BUS_MONITOR_ON : 0);
	write_to(talk, SLV_ERROR_MASK, is_on ? BUS_ERRORS_UNMASKED : 0);
	write_to(talk, MST_ERROR_MASK, is_on ? BUS_ERRORS_UNMASKED : 0);
	change(talk, OMC0_D8, SHUTDOWN_ON, is_on ? SHUTDOWN_ON : 0);
}

static void check_identity(struct talk *talk)
{
	uint64_t id;

	if (!read_into(talk, OMC0_00, &id) || (id & CHIP_ID) == CHIP_ID_EDGETPU)
		return;
	if (!is_told(talk, -EPROTO))
		atoll_error_set(talk->err, -EPROTO,
				"chip: it says it is 0x%04x, an Edge TPU says 0x%04x",
				(unsigned)(id & CHIP_ID), CHIP_ID_EDGETPU);
}

/* Through sleep, because only a core that comes out of reset is known. */
static void leave_sleep(struct talk *talk, enum edgetpu_clock clock)
{
	uint64_t gating;

	change(talk, SCU_CTRL_0, INACTIVE_PHY_MODES, 0);
	if (read_into(talk, SCU_CTRL_2, &gating) &&
	    (gating & CORE_GATING) == CORE_GATING_HARDWARE)
		change(talk, SCU_CTRL_2, CORE_GATING, CORE_GATING_NONE);
	fall_asleep(talk);
	change(talk, SCU_CTRL_3, FORCE_SLEEP | CLOCKS,
	       FORCE_SLEEP_LEAVE | clock_table[clock].clocks);
	wait_until(talk, SCU_CTRL_3, POWER_STATE, POWER_STATE_RUNNING);
	wait_until(talk, SCALAR_CORE_RUN, ~UINT64_C(0), RUN_CONTROL_IDLE);
}

int chip_wake(struct usb_device *usb, enum edgetpu_clock clock, struct atoll_error *err)
{
	struct talk talk = { .usb = usb, .err = err };

	if ((size_t)clock >= CLOCKS_COUNT)
		return atoll_error_set(err, -EINVAL, "chip: clock %d: there is none", (int)clock);

	leave_sleep(&talk, clock);
	write_to(&talk, IDLE_REGISTER, IDLE_COUNTER);
	choose_all_tiles(&talk);
	write_to(&talk, DEEP_SLEEP, DEEP_SLEEP_DELAYS);
	change(&talk, SCU_CTRL_2, CORE_GATING, CORE_GATING_HARDWARE);
	check_identity(&talk);

	write_to(&talk, DESCR_EP, DESCR_EP_INTERRUPTS);
	write_to(&talk, MULTI_BO_EP, MULTI_BO_EP_SINGLE);
	write_to(&talk, OUTFEED_CHUNK_LENGTH,
		 chip_output_chunk(usb->speed) / OUTFEED_CHUNK_UNIT);
	set_run_controls(&talk, RUN_CONTROL_RUN);

	write_to(&talk, FATAL_INT_CONTROL, 1);
	set_top_interrupts(&talk, 1);
	set_sources(&talk, true);
	return talk.result;
}

int chip_sleep(struct usb_device *usb, struct atoll_error *err)
{
	struct talk talk = { .usb = usb, .err = err, .goes_on = true };

	set_top_interrupts(&talk, 0);
	set_sources(&talk, false);
	write_to(&talk, FATAL_INT_CONTROL, 0);
	set_run_controls(&talk, RUN_CONTROL_HALT);
	fall_asleep(&talk);
	return talk.result;
}

/* "fatal error 0x21 (first 0x1): inbound page fault, ..." */
static int tell_fatal(const struct chip_trouble *trouble, struct atoll_error *err)
{
	static const char *const names[] = {
		"inbound page fault", "extended page fault", "CSR parity",
		"AXI write response", "AXI read response",
		"bad instruction queue configuration", "bad input queue configuration",
		"bad parameter queue configuration", "bad output queue configuration",
		"instruction queue invalid", "input queue invalid",
		"parameter queue invalid", "output queue invalid",
		"DMA of no length", "uncorrectable table data",
	};
	char text[512] = ""; /* more than all of them */
	size_t used = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (trouble->error_status >> i & 1)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 used ? ", " : ": ", names[i]);
	return atoll_error_set(err, -EIO,
			       "chip: fatal error 0x%" PRIx64 " (first 0x%" PRIx64 ")%s",
			       trouble->error_status, trouble->first_error, text);
}

/* True when the chip can go on. */
static bool look_at_fatal(struct talk *talk, struct chip_trouble *trouble)
{
	if (!read_into(talk, HIB_ERROR_STATUS, &trouble->error_status))
		return true; /* not known to be fatal, and the failure is told */
	if (trouble->error_status == 0) {
		write_to(talk, FATAL_INT_STATUS, 0);
		return true;
	}
	trouble->is_fatal = true;
	(void)read_into(talk, HIB_FIRST_ERROR_STATUS, &trouble->first_error);
	return false;
}

static void answer_bus_error(struct talk *talk, uint32_t response, uint32_t monitor)
{
	uint64_t value;

	if (!read_into(talk, response, &value) || value != 1)
		return;
	write_to(talk, monitor, 0);
	write_to(talk, monitor, BUS_MONITOR_ON);
}

int chip_interrupt(struct usb_device *usb, uint32_t word, struct chip_trouble *trouble,
		   struct atoll_error *err)
{
	struct talk talk = { .usb = usb, .err = err };

	*trouble = (struct chip_trouble){
		.word = word,
		.is_too_hot = word & INTERRUPT_SHUTDOWN,
		.is_bus = word & INTERRUPT_BUS,
		.is_memory = word & INTERRUPT_MEMORY,
		.is_hot = word & INTERRUPT_WARNING,
	};

	if (word & INTERRUPT_FATAL && !look_at_fatal(&talk, trouble))
		return tell_fatal(trouble, err);
	if (trouble->is_too_hot) {
		change(&talk, OMC0_DC, 0, SHUTDOWN_CLEAR);
		write_to(&talk, TOP_INT_0_STATUS, 0);
	}
	if (trouble->is_bus) {
		answer_bus_error(&talk, SLV_WRITE_ERROR, SLV_ABM_EN);
		answer_bus_error(&talk, SLV_READ_ERROR, SLV_ABM_EN);
		answer_bus_error(&talk, MST_WRITE_ERROR, MST_ABM_EN);
		answer_bus_error(&talk, MST_READ_ERROR, MST_ABM_EN);
		write_to(&talk, TOP_INT_1_STATUS, 0);
	}
	if (trouble->is_memory) {
		change(&talk, RAMBIST_CTRL_1, 0, 0); /* what is set is cleared by this */
		change(&talk, SCU_CTR_7, 0, 0);
		write_to(&talk, TOP_INT_2_STATUS, 0);
	}
	if (trouble->is_hot) {
		change(&talk, OMC0_DC, 0, WARNING_CLEAR);
		write_to(&talk, TOP_INT_3_STATUS, 0);
	}
	return talk.result;
}

/* The sensor needs 100 us between power and use, says the vendor's driver for
   microcontrollers, which is also where the formula is from. */
static void start_sensor(struct talk *talk)
{
	struct usb_bus *bus = talk->usb->bus;

	change(talk, OMC0_D0, SENSOR_ADR | SENSOR_TREF_TSLOPE_SETTING,
	       SENSOR_ADR_USED | SENSOR_CLOCK_ON);
	change(talk, OMC0_D8, 0, SENSOR_POWER);
	bus->ops->sleep_ms(bus, 1);
	change(talk, OMC0_DC, 0, SENSOR_ON);
}

int chip_temperature(struct usb_device *usb, int32_t *millidegrees, struct atoll_error *err)
{
	struct talk talk = { .usb = usb, .err = err };
	uint64_t now;

	if (read_into(&talk, OMC0_DC, &now) && !(now & SENSOR_ON))
		start_sensor(&talk);
	now = wait_for(&talk, OMC0_DC, SENSOR_DATA, SENSOR_DATA, false);
	if (talk.result == 0)
		*millidegrees = (662 - (int32_t)((now & SENSOR_DATA) >> SENSOR_DATA_SHIFT)) *
				250 + 550;
	return talk.result;
}
