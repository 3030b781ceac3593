/* The seam over the libgpiod that is installed, as far as it goes without a GPIO chip. */
#include "rig/unit.h"

#include "gpio/lines.h"

static void a_device_that_is_no_gpio_chip_is_not_opened(void **state)
{
	struct gpio_chip *chip = NULL;

	(void)state;
	assert_true(gpio_chip_open("/dev/null", &chip) < 0);
	assert_null(chip);
}

static void a_path_that_does_not_exist_says_so(void **state)
{
	struct gpio_chip *chip = NULL;

	(void)state;
	assert_int_equal(gpio_chip_open("/dev/gpiochip-of-nobody", &chip), -ENOENT);
	assert_null(chip);
}

static void nothing_can_be_closed_and_released(void **state)
{
	(void)state;
	gpio_chip_close(NULL);
	gpio_held_release(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_that_is_no_gpio_chip_is_not_opened),
		cmocka_unit_test(a_path_that_does_not_exist_says_so),
		cmocka_unit_test(nothing_can_be_closed_and_released),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
