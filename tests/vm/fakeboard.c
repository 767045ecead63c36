// SPDX-License-Identifier: GPL-2.0
/*
 * What a board has around its processor, as far as the kernel's own frameworks
 * can be told so: a module for test guests.
 *
 *	cpufreq  policy0, driver "fakeboard": 500, 1000 and 1500 MHz
 *	thermal  zone "cpu-thermal", as warm as the parameter `temp` says
 *	         (thousandths of a degree, writable), passive trip at 85 degrees,
 *	         hot trip at 100
 *	cooling  "fake-fan", states 0 to 3
 *	pwm      one chip of 4 channels; what was set is in debugfs, file pwm
 *	leds     fake:green:status (0 to 255), fake:orange:power (0 or 1)
 *
 * What was set last can be read in /sys/module/fakeboard/parameters: `cur` in
 * kHz, `fan`, `led` with a number for each.
 *
 * Written for Linux 6.1. GPL-2.0 as the functions it calls demand.
 */
#include <linux/cpufreq.h>
#include <linux/leds.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pwm.h>
#include <linux/thermal.h>

#define PASSIVE_MC 85000
#define HOT_MC 100000
#define FAN_MAX 3
#define SWITCH_NS 100000

static int temp = 45000;
module_param(temp, int, 0644);

static unsigned int cur = 1500000;
module_param(cur, uint, 0444);

static unsigned long fan;
module_param(fan, ulong, 0444);

static int led[2];
module_param_array(led, int, NULL, 0444);

static struct cpufreq_frequency_table speeds[] = {
	{ .frequency = 500000 },
	{ .frequency = 1000000 },
	{ .frequency = 1500000 },
	{ .frequency = CPUFREQ_TABLE_END },
};

static int speed_init(struct cpufreq_policy *policy)
{
	cpufreq_generic_init(policy, speeds, SWITCH_NS);
	return 0;
}

static int speed_set(struct cpufreq_policy *policy, unsigned int i)
{
	cur = speeds[i].frequency;
	return 0;
}

static unsigned int speed_get(unsigned int cpu)
{
	return cur;
}

static struct cpufreq_driver cpufreq = {
	.name = "fakeboard",
	.init = speed_init,
	.verify = cpufreq_generic_frequency_table_verify,
	.target_index = speed_set,
	.get = speed_get,
	.attr = cpufreq_generic_attr,
};

static int zone_temp(struct thermal_zone_device *zone, int *mc)
{
	*mc = temp;
	return 0;
}

static int zone_trip_type(struct thermal_zone_device *zone, int trip,
			  enum thermal_trip_type *type)
{
	*type = trip ? THERMAL_TRIP_HOT : THERMAL_TRIP_PASSIVE;
	return 0;
}

static int zone_trip_temp(struct thermal_zone_device *zone, int trip, int *mc)
{
	*mc = trip ? HOT_MC : PASSIVE_MC;
	return 0;
}

static struct thermal_zone_device_ops zone_ops = {
	.get_temp = zone_temp,
	.get_trip_type = zone_trip_type,
	.get_trip_temp = zone_trip_temp,
};

static int fan_max(struct thermal_cooling_device *device, unsigned long *state)
{
	*state = FAN_MAX;
	return 0;
}

static int fan_get(struct thermal_cooling_device *device, unsigned long *state)
{
	*state = fan;
	return 0;
}

static int fan_set(struct thermal_cooling_device *device, unsigned long state)
{
	if (state > FAN_MAX)
		return -EINVAL;
	fan = state;
	return 0;
}

static const struct thermal_cooling_device_ops fan_ops = {
	.get_max_state = fan_max,
	.get_cur_state = fan_get,
	.set_cur_state = fan_set,
};

static int wave_apply(struct pwm_chip *chip, struct pwm_device *device,
		      const struct pwm_state *state)
{
	return state->period ? 0 : -EINVAL;
}

static const struct pwm_ops wave_ops = { .apply = wave_apply, .owner = THIS_MODULE };
static struct pwm_chip waves = { .ops = &wave_ops, .npwm = 4 };

static int light_set(struct led_classdev *light, enum led_brightness brightness);

static struct led_classdev lights[2] = {
	{ .name = "fake:green:status", .max_brightness = 255,
	  .brightness_set_blocking = light_set },
	{ .name = "fake:orange:power", .max_brightness = 1,
	  .brightness_set_blocking = light_set },
};

static int light_set(struct led_classdev *light, enum led_brightness brightness)
{
	led[light - lights] = brightness;
	return 0;
}

static struct platform_device *board;
static struct thermal_zone_device *zone;
static struct thermal_cooling_device *cooler;

static int __init fakeboard_init(void)
{
	int r;

	board = platform_device_register_simple("fakeboard", -1, NULL, 0);
	if (IS_ERR(board))
		return PTR_ERR(board);

	r = cpufreq_register_driver(&cpufreq);
	if (r)
		goto no_cpufreq;

	zone = thermal_zone_device_register("cpu-thermal", 2, 0, NULL, &zone_ops, NULL, 0, 0);
	r = PTR_ERR_OR_ZERO(zone);
	if (r)
		goto no_zone;
	r = thermal_zone_device_enable(zone);
	if (r)
		goto no_cooler;

	cooler = thermal_cooling_device_register("fake-fan", NULL, &fan_ops);
	r = PTR_ERR_OR_ZERO(cooler);
	if (r)
		goto no_cooler;

	waves.dev = &board->dev;
	r = pwmchip_add(&waves);
	if (r)
		goto no_waves;

	r = led_classdev_register(&board->dev, &lights[0]);
	if (r)
		goto no_light;
	r = led_classdev_register(&board->dev, &lights[1]);
	if (r)
		goto no_second_light;
	return 0;

no_second_light:
	led_classdev_unregister(&lights[0]);
no_light:
	pwmchip_remove(&waves);
no_waves:
	thermal_cooling_device_unregister(cooler);
no_cooler:
	thermal_zone_device_unregister(zone);
no_zone:
	cpufreq_unregister_driver(&cpufreq);
no_cpufreq:
	platform_device_unregister(board);
	return r;
}

static void __exit fakeboard_exit(void)
{
	led_classdev_unregister(&lights[1]);
	led_classdev_unregister(&lights[0]);
	pwmchip_remove(&waves);
	thermal_cooling_device_unregister(cooler);
	thermal_zone_device_unregister(zone);
	cpufreq_unregister_driver(&cpufreq);
	platform_device_unregister(board);
}

module_init(fakeboard_init);
module_exit(fakeboard_exit);
MODULE_DESCRIPTION("stand-ins for a board's power, light and fan");
MODULE_LICENSE("GPL");
