# overlays: device-tree overlays for the functions of the Dev Board Mini's header, one
# each. Leans on dtc.
packages += device-tree-compiler
overlays += \
	overlays/gpio-i2c-1.dts \
	overlays/gpio-i2c-2.dts \
	overlays/gpio-i2s.dts \
	overlays/gpio-pwm.dts \
	overlays/gpio-spi.dts \
	overlays/gpio-uart-1.dts \
	overlays/i2c-1.dts \
	overlays/i2c-2.dts \
	overlays/i2s-0.dts \
	overlays/i2s-3.dts \
	overlays/pwm-a.dts \
	overlays/pwm-b.dts \
	overlays/pwm-c.dts \
	overlays/spi.dts \
	overlays/uart-1.dts
