/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/compile_page.h"

/* Read by the assembler, as visiond_page.c does. */
__asm__(".pushsection .rodata\n"
	"page_style:\n"
	".incbin \"apps/web/compile.css\"\n"
	".byte 0\n"
	".popsection\n"
	".globl page_style\n"
	".hidden page_style\n");
