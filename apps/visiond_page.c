/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/visiond_page.h"

/* The assembler reads the file: no tool that turns bytes into C, and the same for
   every machine. The Makefile knows that this file depends on it. */
__asm__(".pushsection .rodata\n"
	"visiond_page_first:\n"
	".incbin \"apps/web/index.html\"\n"
	"visiond_page_last:\n"
	".byte 0\n"
	".popsection\n"
	".globl visiond_page_first, visiond_page_last\n"
	".hidden visiond_page_first, visiond_page_last\n");
