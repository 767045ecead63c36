/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_REGISTERS_H
#define ATOLL_RUNTIME_EDGETPU_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The registers of an Edge TPU that a driver on USB touches, and their fields.
 *
 *	write(OUTFEED_CHUNK_LENGTH, 1024 / OUTFEED_CHUNK_UNIT);
 *	puts(chip_register_name(OUTFEED_CHUNK_LENGTH));     "outfeed_chunk_length"
 *
 * A register is read and written by a vendor request to the device on endpoint 0:
 * its address is in wIndex (upper half) and wValue (lower half), the data is
 * little-endian.
 *
 * How we know: (c) written or read in a published capture of a real device, (r)
 * seen in the traffic of the vendor's runtime, (s) only from the public sources of
 * the vendor's drivers.
 */
#define CHIP_REQUEST_WRITE 0x40 /* bmRequestType: vendor, to the device */
#define CHIP_REQUEST_READ 0xc0
#define CHIP_REQUEST_64 0       /* bRequest */
#define CHIP_REQUEST_32 1

/* X(name in C, address, name for people) */
#define CHIP_REGISTERS(X) \
	/* System control: 32 bits, answers even while the core sleeps. */ \
	X(GCBB_CREDIT0, 0x1907c, "gcbb_credit0")                    /* c */ \
	X(OMC0_00, 0x1a000, "omc0_00")                              /* c */ \
	X(OMC0_D0, 0x1a0d0, "omc0_d0")                              /* s */ \
	X(OMC0_D4, 0x1a0d4, "omc0_d4")                              /* c */ \
	X(OMC0_D8, 0x1a0d8, "omc0_d8")                              /* c */ \
	X(OMC0_DC, 0x1a0dc, "omc0_dc")                              /* r */ \
	X(SCU_CTRL_0, 0x1a30c, "scu_ctrl_0")                        /* c */ \
	X(SCU_CTRL_2, 0x1a314, "scu_ctrl_2")                        /* c */ \
	X(SCU_CTRL_3, 0x1a318, "scu_ctrl_3")                        /* c */ \
	X(SCU_CTR_7, 0x1a33c, "scu_ctr_7")                          /* c */ \
	X(SLV_ABM_EN, 0x1a500, "slv_abm_en")                        /* c */ \
	X(SLV_WRITE_ERROR, 0x1a540, "slv_write_err_resp")           /* s */ \
	X(SLV_READ_ERROR, 0x1a544, "slv_read_err_resp")             /* s */ \
	X(SLV_ERROR_MASK, 0x1a558, "slv_err_resp_isr_mask")         /* c */ \
	X(MST_ABM_EN, 0x1a600, "mst_abm_en")                        /* c */ \
	X(MST_WRITE_ERROR, 0x1a640, "mst_write_err_resp")           /* s */ \
	X(MST_READ_ERROR, 0x1a644, "mst_read_err_resp")             /* s */ \
	X(MST_ERROR_MASK, 0x1a658, "mst_err_resp_isr_mask")         /* c */ \
	X(RAMBIST_CTRL_1, 0x1a704, "rambist_ctrl_1")                /* c */ \
	/* Tiles: from here on 64 bits, not while the core sleeps. */ \
	X(DEEP_SLEEP, 0x40020, "deepSleep")                         /* c */ \
	X(OP_RUN, 0x400c0, "opRunControl")                          /* c */ \
	X(WIDE_TO_NARROW_RUN, 0x40110, "wideToNarrowRunControl")    /* c */ \
	X(NARROW_TO_WIDE_RUN, 0x40150, "narrowToWideRunControl")    /* c */ \
	X(RING_CONSUMER0_RUN, 0x40190, "ringBusConsumer0RunControl") /* c */ \
	X(RING_CONSUMER1_RUN, 0x401d0, "ringBusConsumer1RunControl") /* c */ \
	X(RING_PRODUCER_RUN, 0x40210, "ringBusProducerRunControl")  /* c */ \
	X(MESH0_RUN, 0x40250, "meshBus0RunControl")                 /* c */ \
	X(MESH1_RUN, 0x40298, "meshBus1RunControl")                 /* c */ \
	X(MESH2_RUN, 0x402e0, "meshBus2RunControl")                 /* c */ \
	X(MESH3_RUN, 0x40328, "meshBus3RunControl")                 /* c */ \
	/* Scalar core. */ \
	X(SCALAR_CORE_RUN, 0x44018, "scalarCoreRunControl")         /* c */ \
	X(AV_DATA_POP_RUN, 0x44158, "avDataPopRunControl")          /* c */ \
	X(PARAMETER_POP_RUN, 0x44198, "parameterPopRunControl")     /* c */ \
	X(INFEED_RUN, 0x441d8, "infeedRunControl")                  /* c */ \
	X(OUTFEED_RUN, 0x44218, "outfeedRunControl")                /* c */ \
	/* Host interface. */ \
	X(HIB_ERROR_STATUS, 0x486f0, "hib_error_status")            /* s */ \
	X(HIB_FIRST_ERROR_STATUS, 0x48700, "hib_first_error_status") /* s */ \
	X(TILE_CONFIG0, 0x48788, "tileconfig0")                     /* c */ \
	X(IDLE_REGISTER, 0x4a000, "idleRegister")                   /* c */ \
	/* USB. */ \
	X(OUTFEED_CHUNK_LENGTH, 0x4c058, "outfeed_chunk_length")    /* c */ \
	X(FATAL_INT_CONTROL, 0x4c060, "fatal_err_int_control")      /* c */ \
	X(FATAL_INT_STATUS, 0x4c068, "fatal_err_int_status")        /* s */ \
	X(TOP_INT_0_CONTROL, 0x4c070, "top_level_int_0_control")    /* c */ \
	X(TOP_INT_0_STATUS, 0x4c078, "top_level_int_0_status")      /* r */ \
	X(TOP_INT_1_CONTROL, 0x4c080, "top_level_int_1_control")    /* c */ \
	X(TOP_INT_1_STATUS, 0x4c088, "top_level_int_1_status")      /* s */ \
	X(TOP_INT_2_CONTROL, 0x4c090, "top_level_int_2_control")    /* c */ \
	X(TOP_INT_2_STATUS, 0x4c098, "top_level_int_2_status")      /* s */ \
	X(TOP_INT_3_CONTROL, 0x4c0a0, "top_level_int_3_control")    /* c */ \
	X(TOP_INT_3_STATUS, 0x4c0a8, "top_level_int_3_status")      /* r */ \
	X(DESCR_EP, 0x4c148, "descr_ep")                            /* c */ \
	X(MULTI_BO_EP, 0x4c160, "multi_bo_ep")                      /* c */

enum chip_register {
#define X(name, address, text) name = (address),
	CHIP_REGISTERS(X)
#undef X
};

/* 64 bits wide, and not to be touched while the core sleeps (c). */
static inline bool chip_register_is_wide(uint32_t address)
{
	return address >= 0x40000;
}

/* "scu_ctrl_3", ...; "register" for one that is not in the list. */
const char *chip_register_name(uint32_t address);

/* A field of `bits` bits, the lowest of them bit `at`: its mask, and a value in it. */
#define CHIP_FIELD(at, bits) (((UINT32_C(1) << (bits)) - 1) << (at))
#define CHIP_IN(at, value) ((uint32_t)(value) << (at))

/* omc0_00 (s): what the chip is. */
#define CHIP_ID CHIP_FIELD(0, 16)
#define CHIP_ID_EDGETPU 0x089a

/* gcbb_credit0 (c): written and taken back, to clear the credits of the bridge. */
#define CREDITS_CLEAR 0xf

/* scu_ctrl_0 (c): the physical layers of PCIe and USB when idle. */
#define INACTIVE_PHY_MODES CHIP_FIELD(8, 6)

/* scu_ctrl_2 (c): gating of the core's clock. */
#define CORE_GATING CHIP_FIELD(18, 2)
#define CORE_GATING_HARDWARE CHIP_IN(18, 1)
#define CORE_GATING_NONE CHIP_IN(18, 2)

/* scu_ctrl_3 (c). Clocks: core 500 MHz shifted right by bits 29..28, AXI at half
   its 250 MHz by bit 30, the USB controller's processor at half its 500 by bit 31. */
#define POWER_STATE CHIP_FIELD(8, 2)
#define POWER_STATE_RUNNING CHIP_IN(8, 0)
#define POWER_STATE_ASLEEP CHIP_IN(8, 2)
#define FORCE_SLEEP CHIP_FIELD(22, 2)
#define FORCE_SLEEP_ENTER CHIP_IN(22, 3)
#define FORCE_SLEEP_LEAVE CHIP_IN(22, 2)
#define CLOCKS CHIP_FIELD(28, 4)

/* Run controls (c). */
#define RUN_CONTROL_IDLE 0
#define RUN_CONTROL_RUN 1
#define RUN_CONTROL_HALT 2

/* tileconfig0 (c): to which tiles the registers of tiles belong. */
#define TILES_ALL 0x7f

/* deepSleep (c): to sleep after 2, awake after 30, of a unit unknown. */
#define DEEP_SLEEP_DELAYS 0x1e02

/* idleRegister (c). */
#define IDLE_COUNTER 1

/* descr_ep (c): of the 16-byte descriptors, one bit each, only 4 to 7, the
   interrupts of the scalar core. */
#define DESCR_EP_INTERRUPTS 0xf0

/* multi_bo_ep (c): everything to the chip by way of endpoint 0x01. */
#define MULTI_BO_EP_SINGLE 0

/* outfeed_chunk_length (c) counts in these bytes. */
#define OUTFEED_CHUNK_UNIT 8

/* omc0_d0 (s): the clock of the temperature sensor. */
#define SENSOR_CLOCK_ON CHIP_IN(7, 1)
#define SENSOR_ADR CHIP_FIELD(8, 5)
#define SENSOR_ADR_USED CHIP_IN(8, 0xc)
#define SENSOR_TREF_TSLOPE_SETTING CHIP_FIELD(16, 12)

/* omc0_d4, omc0_d8 (c): interrupts when hot, and when too hot. */
#define WARNING_ON CHIP_IN(31, 1)
#define SHUTDOWN_ON CHIP_IN(31, 1)

/* omc0_d8 (s): the sensor's band gap, reference and converter. */
#define SENSOR_POWER CHIP_FIELD(0, 3)

/* omc0_dc: (s), the clearing bits (r). A measurement of all ones is none. */
#define SENSOR_ON CHIP_IN(0, 1)
#define SENSOR_DATA_SHIFT 16
#define SENSOR_DATA CHIP_FIELD(SENSOR_DATA_SHIFT, 10)
#define SHUTDOWN_CLEAR CHIP_IN(28, 1)
#define WARNING_CLEAR CHIP_IN(29, 1)

/* rambist_ctrl_1 (c): status bits clear when written. */
#define RAMBIST_STATUS CHIP_FIELD(16, 3)
#define RAMBIST_MASK CHIP_FIELD(20, 3)

/* scu_ctr_7 (c): loss of the PLL's lock, failure of USB; clear when written. */
#define BOOT_FAILURE_STATUS CHIP_FIELD(16, 2)
#define BOOT_FAILURE_MASK CHIP_FIELD(18, 2)

/* slv_abm_en, mst_abm_en and their masks (c). */
#define BUS_MONITOR_ON 1
#define BUS_ERRORS_UNMASKED 3

/* The word of endpoint 0x83 (s; 1 and 4 r). */
#define INTERRUPT_FATAL CHIP_IN(0, 1)
#define INTERRUPT_SHUTDOWN CHIP_IN(1, 1)
#define INTERRUPT_BUS CHIP_IN(2, 1)
#define INTERRUPT_MEMORY CHIP_IN(3, 1)
#define INTERRUPT_WARNING CHIP_IN(4, 1)

#endif
