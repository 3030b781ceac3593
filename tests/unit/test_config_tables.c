/* The tables of options, and the manual that is made of them. */
#include "config_good.h"

#include "config/schema.h"

static void check_row(const struct conf_option *row)
{
	bool several = row->type == CONF_LIST || row->type == CONF_MAP;

	assert_non_null(row->help);
	assert_true(strlen(row->help) > 0);
	assert_int_equal(row->name[strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789_")],
			 '\0');
	assert_true(row->type != CONF_CHOICE || row->choices != NULL);
	assert_true(row->min <= row->max);
	assert_false(row->required && row->def != NULL);
	assert_false(several && row->def != NULL);
}

static void check_table(const struct conf_option *table)
{
	const struct conf_option *row;

	for (row = table; row->name != NULL; row++) {
		check_row(row);
		assert_ptr_equal(conf_option_by_name(table, row->name), row); /* no name twice */
	}
}

static void check_kind(const struct conf_kind *kind)
{
	size_t i;

	for (i = 0; kind->tables[i] != NULL; i++)
		check_table(kind->tables[i]);
	for (i = 0; kind->children[i] != NULL; i++)
		check_kind(kind->children[i]);
}

static void every_option_is_declared_well(void **state)
{
	size_t i;

	(void)state;
	check_kind(&conf_main_file);
	check_kind(&conf_profile_file);
	for (i = 0; drivers[i] != NULL; i++) {
		check_table(driver_options(drivers[i], DRIVER_BUS));
		check_table(driver_options(drivers[i], DRIVER_DEVICE));
		check_table(driver_options(drivers[i], DRIVER_POINT));
	}
}

static void demand(void *data, const char *name)
{
	char row[80];

	snprintf(row, sizeof(row), ".BR %s \"", name);
	if (strstr(data, row) == NULL)
		fail_msg("%s is not in the manual", name);
}

static void drop_escapes(char *roff)
{
	char *to = roff;

	for (; *roff != '\0'; roff++)
		if (*roff != '\\')
			*to++ = *roff;
	*to = '\0';
}

static void the_manual_has_every_option(void **state)
{
	char *manual;
	size_t bytes, i;
	FILE *out = open_memstream(&manual, &bytes);

	(void)state;
	config_print_manual(out);
	fclose(out);
	drop_escapes(manual);
	for (i = 0; conf_main_file.children[i] != NULL; i++)
		conf_kind_names(conf_main_file.children[i], manual, demand);
	for (i = 0; drivers[i] != NULL; i++)
		assert_non_null(strstr(manual, drivers[i]->summary));
	free(manual);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_is_declared_well),
		cmocka_unit_test(the_manual_has_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
