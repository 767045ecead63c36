/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EMULATOR_STATE_H
#define ATOLL_RUNTIME_EMULATOR_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/emulator/emulator.h"

/*
 * What the emulated device is made of, for the files of this room.
 *
 *	emulator.c      the device: personalities, power, endpoints, interrupts
 *	descriptors.c   standard requests
 *	dfu.c           the boot ROM
 *	registers.c     the registers and what happens when they are written
 *	stream.c        items on endpoint 0x01, answers on 0x81, events on 0x82
 *	taught.c        the programs it knows and whose parameters it holds
 *
 * Functions here are called with the lock held, but for those that say otherwise.
 */

/* Numbers of the device side are written down here anew, and not shared with the
   driver: what is wrong in one of the two is then found by the other. */
enum {
	SYSTEM_BEGIN = 0x10000,  SYSTEM_END = 0x20000, /* 32-bit registers */
	CORE_BEGIN = 0x40000,    CORE_END = 0x50000,   /* 64-bit registers */

	REG_OMC0_00 = 0x1a000,
	REG_OMC0_D0 = 0x1a0d0,
	REG_OMC0_D4 = 0x1a0d4,
	REG_OMC0_D8 = 0x1a0d8,
	REG_OMC0_DC = 0x1a0dc,
	REG_SCU_CTRL_0 = 0x1a30c,
	REG_SCU_CTRL_2 = 0x1a314,
	REG_SCU_CTRL_3 = 0x1a318,
	REG_SCU_CTR_7 = 0x1a33c,
	REG_RAMBIST = 0x1a704,

	REG_HIB_ERROR = 0x486f0,
	REG_HIB_FIRST_ERROR = 0x48700,
	REG_OUTFEED_CHUNK = 0x4c058,
	REG_FATAL_CONTROL = 0x4c060, /* each followed by its status, 8 further on */
	REG_TOP_LEVEL_CONTROL = 0x4c070, /* of four, 16 apart */
	REG_DESCRIPTORS = 0x4c148,
	REG_MULTI_ENDPOINT = 0x4c160,
};

/* Bits of hib_error_status that we have a use for. */
#define HIB_INBOUND_PAGE_FAULT (1u << 0)
#define HIB_PARAMETERS_INVALID (1u << 11)

#define DFU_BLOCK 256u
#define DFU_MEMORY 32768u /* what hosts read back of a real one */

struct emulator_taught {
	struct emulator_taught *next;
	const struct edgetpu_package *package;
	struct emulator_program *program;
	bool is_resident;  /* what `package->caching` brought is on the chip */
};

/* What a fault script can make wrong inside the device. */
enum emulator_flaw {
	FLAW_VERIFY,    /* firmware is read back with a wrong byte */
	FLAW_NO_SLEEP,
	FLAW_NO_WAKE,
	FLAW_NO_EVENT,  /* a completion is not announced */
	FLAWS
};
enum emulator_often { NEVER, ONCE, ALWAYS };

struct emulator {
	pthread_mutex_t lock;
	struct emulator_options options;
	bool is_application;
	bool will_detach;
	uint8_t configuration;
	uint32_t halted;           /* a bit for each endpoint, see halt_bit */

	struct {
		uint8_t memory[DFU_MEMORY];
		uint32_t size;
		uint16_t block;    /* the next */
		uint8_t state, status;
		bool is_complete;
	} dfu;

	uint32_t system[(SYSTEM_END - SYSTEM_BEGIN) / 4];
	uint64_t core[(CORE_END - CORE_BEGIN) / 8];
	uint32_t word;             /* for endpoint 0x83 */
	int32_t millidegrees;
	enum emulator_often flaw[FLAWS];

	struct emulator_taught *taught;
	uint64_t token;            /* of the parameters on the chip, 0: none */

	struct {                   /* the item that comes in on endpoint 0x01 */
		uint8_t header[8];
		uint32_t header_bytes;
		uint32_t tag, size, bytes;
		uint8_t *room;     /* for one that comes in pieces */
		uint32_t room_bytes;
	} item;

	struct {                   /* the run under way */
		struct emulator_taught *taught; /* NULL: none */
		const struct edgetpu_executable *executable;
		uint32_t hint;     /* the next that is to happen */
		uint32_t outfeeds;
		bool is_fed;       /* the program got something */
	} run;

	struct {                   /* the output DMA under way, for endpoint 0x81 */
		uint8_t *room;
		uint32_t room_bytes;
		uint32_t size, given; /* size 0: none */
	} answer;

	uint8_t event[16];         /* numbers of interrupts, for endpoint 0x82 */
	uint32_t events;

	uint64_t runs, complaints;
	char complaint[192];

	void (*changed)(void *context);
	void *changed_context;
};

/* Counts, remembers, and returns -EPIPE for a stall. */
int emulator_complain(struct emulator *emulator, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Is this wrong now? What was to be wrong once then is not any more. */
bool emulator_is_flawed(struct emulator *emulator, enum emulator_flaw flaw);
/* The core stops, and tells why by bits of its error status. */
void emulator_stop_core(struct emulator *emulator, uint32_t errors);

/* 0x01 to 0x03 and 0x81 to 0x83, in the order of the descriptors; 0 for others. */
uint32_t emulator_halt_bit(uint8_t endpoint);

int emulator_standard(struct emulator *emulator, const struct usb_setup *setup, uint8_t *data);

int emulator_dfu(struct emulator *emulator, const struct usb_setup *setup, uint8_t *data);
void emulator_dfu_reset(struct emulator *emulator);

int emulator_register(struct emulator *emulator, const struct usb_setup *setup, uint8_t *data);
void emulator_registers_power_on(struct emulator *emulator, bool is_asleep);
uint64_t *emulator_core(struct emulator *emulator, uint32_t address);
uint32_t *emulator_system(struct emulator *emulator, uint32_t address);
bool emulator_is_awake(struct emulator *emulator);
/* All units run; else the address of the first that does not. */
bool emulator_is_running(struct emulator *emulator, uint32_t *address);
/* The interrupt word as far as interrupts are enabled. */
uint32_t emulator_enabled_word(struct emulator *emulator);

int emulator_receive(struct emulator *emulator, const uint8_t *bytes, uint32_t size);
/* On 0x81 and 0x82. */
int emulator_answer(struct emulator *emulator, uint8_t endpoint, uint8_t *bytes,
		    uint32_t room);
/* Drop what came in of an item; drop the run and its answers too. */
void emulator_drop_item(struct emulator *emulator);
void emulator_drop_run(struct emulator *emulator);

/* Whose first instructions are these, size alone deciding when `bytes` is NULL. */
struct emulator_taught *emulator_find(struct emulator *emulator, const uint8_t *bytes,
				      uint32_t size,
				      const struct edgetpu_executable **executable);
/* One with the same instructions as the run's and these parameters for `hint`. */
struct emulator_taught *emulator_find_parameters(struct emulator *emulator, uint32_t hint,
						 const uint8_t *bytes,
						 const struct edgetpu_executable **executable);
bool emulator_is_chunk(const struct edgetpu_chunk *chunk, const uint8_t *bytes, uint32_t size);
/* The parameters on the chip, when a run begins, and when one is complete. False:
   what the executable needs is not there. */
bool emulator_needs_are_met(struct emulator *emulator, struct emulator_taught *taught,
			    const struct edgetpu_executable *executable);
void emulator_keep_parameters(struct emulator *emulator, struct emulator_taught *taught);
void emulator_forget_parameters(struct emulator *emulator);

/* From here on without the lock, for the bus, the USB/IP server and fault scripts. */
void emulator_set_flaw(struct emulator *emulator, enum emulator_flaw flaw,
		       enum emulator_often often);
void emulator_halt(struct emulator *emulator, uint8_t endpoint);
/* emulator_interrupt without telling that there is something new. */
void emulator_raise(struct emulator *emulator, uint32_t word);
/* Called, without any lock, when there may be something to read that no transfer
   brought about. */
void emulator_on_change(struct emulator *emulator, void (*changed)(void *context),
			void *context);

#endif
