/* Which requests a set of points becomes, and what refusals make of it. */
#include "rig/modbus_rig.h"

static struct modbus_plan *planned(struct modbus_rig *rig)
{
	create_bus(rig);
	return plan_of(rig);
}

static void assert_read(const struct modbus_plan *plan, size_t read, int function, int address,
			int count)
{
	assert_true(read < plan->read_count);
	const struct modbus_request *request = &plan->reads[read].request;
	assert_int_equal(request->function, function);
	assert_int_equal(request->address, address);
	assert_int_equal(request->count, count);
}

static void neighbours_are_read_in_one_request(void **state)
{
	struct modbus_rig *rig = *state;

	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, 1);
	add_point(rig, MODBUS_HOLDING, 104, MODBUS_U16);
	add_point(rig, MODBUS_HOLDING, 100, MODBUS_U16);
	add_point(rig, MODBUS_HOLDING, 101, MODBUS_U32);
	const struct modbus_plan *plan = planned(rig);
	assert_int_equal(plan->read_count, 1);
	assert_read(plan, 0, 3, 100, 5);
}

static void hole_is_crossed_up_to_its_limit(void **state)
{
	struct modbus_rig *rig = *state;

	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, 1)->max_hole = 4;
	add_point(rig, MODBUS_HOLDING, 100, MODBUS_U16);
	add_point(rig, MODBUS_HOLDING, 105, MODBUS_U16); /* four between */
	add_point(rig, MODBUS_HOLDING, 111, MODBUS_U16); /* five between */
	const struct modbus_plan *plan = planned(rig);
	assert_int_equal(plan->read_count, 2);
	assert_read(plan, 0, 3, 100, 6);
	assert_read(plan, 1, 3, 111, 1);
}

static void bits_have_a_hole_limit_of_their_own(void **state)
{
	struct modbus_rig *rig = *state;

	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, 1)->max_hole_bits = 10;
	add_point(rig, MODBUS_DISCRETE, 0, MODBUS_AUTO);
	add_point(rig, MODBUS_DISCRETE, 11, MODBUS_AUTO);
	add_point(rig, MODBUS_DISCRETE, 23, MODBUS_AUTO);
	const struct modbus_plan *plan = planned(rig);
	assert_int_equal(plan->read_count, 2);
	assert_read(plan, 0, 2, 0, 12);
	assert_read(plan, 1, 2, 23, 1);
}

static void tables_are_never_mixed(void **state)
{
	struct modbus_rig *rig = *state;

	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, 1);
	add_point(rig, MODBUS_HOLDING, 1, MODBUS_U16);
	add_point(rig, MODBUS_INPUT, 1, MODBUS_U16);
	add_point(rig, MODBUS_COIL, 1, MODBUS_BOOL);
	add_point(rig, MODBUS_DISCRETE, 1, MODBUS_BOOL);
	const struct modbus_plan *plan = planned(rig);
	assert_int_equal(plan->read_count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_read(plan, i, (int)i + 1, 1, 1);
}

static void maximum_is_kept_and_no_value_is_split(void **state)
{
	struct modbus_rig *rig = *state;

	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, 1)->max_registers = 5;
	for (int address = 0; address < 12; address += 2)
		add_point(rig, MODBUS_HOLDING, address, MODBUS_U32);
	const struct modbus_plan *plan = planned(rig);
	assert_int_equal(plan->read_count, 3);
	for (int i = 0; i < 3; i++)
		assert_read(plan, (size_t)i, 3, 4 * i, 4);
}

static void address_base_is_taken_off(void **state)
{
	struct modbus_rig *rig = *state;

	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, 1)->address_base = 1;
	add_point(rig, MODBUS_INPUT, 1, MODBUS_U16);
	add_point(rig, MODBUS_INPUT, 65536, MODBUS_U16);
	const struct modbus_plan *plan = planned(rig);
	assert_read(plan, 0, 4, 0, 1);
	assert_read(plan, 1, 4, 65535, 1);
}

static void overlapping_points_share_a_request(void **state)
{
	struct modbus_rig *rig = *state;

	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, 1);
	add_point(rig, MODBUS_HOLDING, 10, MODBUS_STRING)->length = 10;
	add_point(rig, MODBUS_HOLDING, 12, MODBUS_U16);
	add_point(rig, MODBUS_HOLDING, 12, MODBUS_U32);
	add_point(rig, MODBUS_HOLDING, 12, MODBUS_U16)->bit = 3;
	const struct modbus_plan *plan = planned(rig);
	assert_int_equal(plan->read_count, 1);
	assert_read(plan, 0, 3, 10, 10);
}

static void splitting_ends_with_one_place_in_each_request(void **state)
{
	struct modbus_rig *rig = *state;

	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, 1);
	for (int address = 0; address < 7; address++) {
		add_point(rig, MODBUS_HOLDING, address, MODBUS_U16);
		add_point(rig, MODBUS_HOLDING, address, MODBUS_U16)->bit = address;
	}
	create_bus(rig);
	struct modbus_plan *plan = plan_of(rig);
	assert_int_equal(plan->read_count, 1);
	for (size_t i = 0; i < plan->read_count;)
		i += modbus_plan_split(plan, i) ? 0 : 1;
	assert_int_equal(plan->read_count, 7);
	for (int i = 0; i < 7; i++) {
		assert_read(plan, (size_t)i, 3, i, 1);
		assert_int_equal(plan->reads[i].item_count, 2);
	}
	modbus_plan_reset(plan);
	assert_int_equal(plan->read_count, 1);
	assert_read(plan, 0, 3, 0, 7);
}

/* No matter how the plan comes to be split, no read's answer looks like the probe's. */
static void assert_probe_is_alone(const struct modbus_rig *rig, int unit)
{
	const struct modbus_bus *bus = rig->instance;
	const struct modbus_request *probe = &bus->link.probe[unit];
	struct modbus_shapes shapes = {0};

	for (size_t i = 0; i < rig->setup.device_count; i++)
		if (bus->devices[i].conf->unit == unit)
			modbus_plan_shapes(&bus->devices[i].plan, &shapes);
	assert_int_equal(probe->unit, unit);
	assert_true(probe->count > 0 && probe->address + probe->count <= 65536);
	assert_false(
		shapes.taken[probe->function][modbus_data_bytes(probe->function, probe->count)]);
}

static void probe_is_the_beginning_of_a_read_where_that_is_unlike_any(void **state)
{
	struct modbus_rig *rig = *state;

	modbus_rig_begin(rig, &modbus_rtu_driver);
	add_device(rig, 7);
	add_point(rig, MODBUS_HOLDING, 100, MODBUS_U32);
	add_point(rig, MODBUS_HOLDING, 102, MODBUS_U32);
	create_bus(rig);
	const struct modbus_request *probe = &link_of(rig)->probe[7];
	assert_int_equal(probe->address, 100);
	assert_int_equal(probe->count, 1);
	assert_probe_is_alone(rig, 7);
}

static void probe_is_unlike_the_reads_of_every_device_of_the_unit(void **state)
{
	struct modbus_rig *rig = *state;

	modbus_rig_begin(rig, &modbus_rtu_driver);
	add_device(rig, 7);
	add_point(rig, MODBUS_HOLDING, 65535, MODBUS_U16);
	add_device(rig, 7);
	add_point(rig, MODBUS_HOLDING, 100, MODBUS_U32);
	add_device(rig, 8);
	for (int i = 0; i < 20; i++)
		add_point(rig, MODBUS_DISCRETE, i, MODBUS_AUTO);
	create_bus(rig);
	assert_probe_is_alone(rig, 7);
	assert_probe_is_alone(rig, 8);
}

static void probe_goes_to_another_table_when_all_lengths_are_taken(void **state)
{
	struct modbus_rig *rig = *state;

	modbus_rig_begin(rig, &modbus_rtu_driver);
	add_device(rig, 7)->max_registers = 3;
	for (int i = 0; i < 3; i++)
		add_point(rig, MODBUS_HOLDING, i, MODBUS_U16);
	create_bus(rig);
	const struct modbus_request *probe = &link_of(rig)->probe[7];
	assert_int_equal(probe->function, MODBUS_READ_INPUT);
	assert_probe_is_alone(rig, 7);
}

static void device_without_points_has_an_empty_plan(void **state)
{
	struct modbus_rig *rig = *state;

	modbus_rig_begin(rig, &modbus_rtu_driver);
	add_device(rig, 7);
	assert_int_equal(planned(rig)->read_count, 0);
	assert_int_equal(poll_device(rig, 0), 0);
}

/* ---- what is no plan at all ------------------------------------------------------- */

static void expect_complaint(struct modbus_rig *rig, size_t device, size_t point, const char *what)
{
	void *instance = NULL;

	assert_int_equal(rig->driver->create(&rig->setup, &instance, &rig->complaint), -EINVAL);
	assert_null(instance);
	assert_string_equal(rig->complaint.message, what);
	assert_true(rig->complaint.device == device);
	assert_true(rig->complaint.point == point);
}

struct point_case {
	struct modbus_point_conf conf;
	const char *what;
};

static char *long_word[] = {(char[]){"NONE"}, (char[]){"NOREAD"}};
static char *blank_word[] = {(char[]){"NO "}};

#define STRING_WITHOUT(words)                                                            \
	{                                                                                \
		.table = MODBUS_INPUT, .address = 1, .type = MODBUS_STRING, .length = 2, \
		.bit = -1, .none_text = {                                                \
			words,                                                           \
			COUNT(words)                                                     \
		}                                                                        \
	}

static const struct point_case point_cases[] = {
	{{.table = MODBUS_HOLDING, .address = 0, .bit = -1},
	 "address 0 with address_base 1, expected 1 or more"},
	{{.table = MODBUS_HOLDING, .address = 65536, .type = MODBUS_U32, .bit = -1},
	 "address 65536 ends beyond the table, expected at most 65535"},
	{{.table = MODBUS_COIL, .address = 1, .type = MODBUS_U16, .bit = -1},
	 "a coil or discrete input is of type bool, expected no other type"},
	{{.table = MODBUS_COIL, .address = 1, .bit = 2},
	 "bit picks from a register, expected table holding or input"},
	{{.table = MODBUS_INPUT, .address = 1, .type = MODBUS_S16, .bit = 2},
	 "bit picks from a 16-bit register, expected type u16 or none"},
	{{.table = MODBUS_INPUT, .address = 1, .type = MODBUS_F32, .bit = 2},
	 "bit picks from a 16-bit register, expected type u16 or none"},
	{{.table = MODBUS_INPUT, .address = 1, .type = MODBUS_STRING, .bit = -1},
	 "a string needs its length in registers, expected length = 1 to 31"},
	{{.table = MODBUS_INPUT, .address = 1, .type = MODBUS_U16, .length = 3, .bit = -1},
	 "only a string has a length, expected type = \"string\" or no length"},
	{{.table = MODBUS_INPUT, .address = 1, .type = MODBUS_S16, .order = MODBUS_CDAB, .bit = -1},
	 "order cdab reverses registers, and the value has one, expected no order, or badc for "
	 "swapped bytes"},
	{{.table = MODBUS_INPUT, .address = 1, .order = MODBUS_CDAB, .bit = 3},
	 "order cdab reverses registers, and the value has one, expected no order, or badc for "
	 "swapped bytes"},
	{{.table = MODBUS_INPUT, .address = 1, .type = MODBUS_STRING, .length = 11, .bit = -1},
	 "the value takes 11 registers, the device's max_registers is 10"},
	{STRING_WITHOUT(long_word),
	 "none_text has a word that the string is too short for, or one with a blank at an end"},
	{STRING_WITHOUT(blank_word),
	 "none_text has a word that the string is too short for, or one with a blank at an end"},
};

static void impossible_points_are_complained_of_by_name(void **state)
{
	struct modbus_rig *rig = *state;

	for (size_t i = 0; i < COUNT(point_cases); i++) {
		struct modbus_device_conf *conf;

		modbus_rig_begin(rig, &modbus_tcp_driver);
		conf = add_device(rig, 1);
		conf->address_base = 1;
		conf->max_registers = 10;
		add_point(rig, MODBUS_HOLDING, 1, MODBUS_U16);
		*add_point(rig, MODBUS_HOLDING, 1, MODBUS_U16) = point_cases[i].conf;
		expect_complaint(rig, 0, 1, point_cases[i].what);
	}
}

static void units_that_nobody_answers_for_are_complained_of(void **state)
{
	static const int units[] = {0, 248, 255};
	struct modbus_rig *rig = *state;

	for (size_t i = 0; i < COUNT(units); i++) {
		char what[80];

		modbus_rig_begin(rig, i == 1 ? &modbus_rtu_tcp_driver : &modbus_rtu_driver);
		add_device(rig, 1);
		add_device(rig, units[i]);
		snprintf(what, sizeof(what), "unit %d, expected 1 to 247", units[i]);
		expect_complaint(rig, 1, DRIVER_ALL, what);
	}
	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, 250);
	expect_complaint(rig, 0, DRIVER_ALL,
			 "unit 250, expected 1 to 247, or 0 or 255 for the device itself");
}

static void units_that_only_tcp_knows_are_fine_there(void **state)
{
	struct modbus_rig *rig = *state;

	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, 0);
	add_device(rig, 255);
	add_device(rig, 255);
	create_bus(rig);
}

static void tables_of_options_are_sound(void **state)
{
	const struct driver *const cards[] = {&modbus_rtu_driver, &modbus_tcp_driver,
					      &modbus_rtu_tcp_driver};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct conf_block *blocks[] = {&cards[i]->bus, &cards[i]->device,
						     &cards[i]->point};
		assert_true(cards[i]->blocking);
		for (size_t j = 0; j < 3; j++) {
			for (const struct conf_option *o = blocks[j]->options; o->name; o++) {
				assert_true(o->offset < blocks[j]->bytes);
				assert_non_null(o->help);
				assert_int_equal(o->help[strlen(o->help) - 1], '.');
				assert_true(o->type != CONF_CHOICE || o->choices);
				assert_false(o->required && o->def);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		modbus_test(neighbours_are_read_in_one_request),
		modbus_test(hole_is_crossed_up_to_its_limit),
		modbus_test(bits_have_a_hole_limit_of_their_own),
		modbus_test(tables_are_never_mixed),
		modbus_test(maximum_is_kept_and_no_value_is_split),
		modbus_test(address_base_is_taken_off),
		modbus_test(overlapping_points_share_a_request),
		modbus_test(splitting_ends_with_one_place_in_each_request),
		modbus_test(probe_is_the_beginning_of_a_read_where_that_is_unlike_any),
		modbus_test(probe_is_unlike_the_reads_of_every_device_of_the_unit),
		modbus_test(probe_goes_to_another_table_when_all_lengths_are_taken),
		modbus_test(device_without_points_has_an_empty_plan),
		modbus_test(impossible_points_are_complained_of_by_name),
		modbus_test(units_that_nobody_answers_for_are_complained_of),
		modbus_test(units_that_only_tcp_knows_are_fine_there),
		cmocka_unit_test(tables_of_options_are_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
