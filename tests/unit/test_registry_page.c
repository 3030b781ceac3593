/* The examples of doc/registry.md, read as a gateway reads them. */
#include "rig/unit.h"

#include <unistd.h>

#include "registry/file.h"

#define PAGE	    "doc/registry.md"
#define PAGE_BYTES  65536
#define BLOCK_BYTES 4096

struct block {
	char label[32]; /* "json aeo", empty: none */
	char text[BLOCK_BYTES];
};

static char *read_page(void)
{
	char *page = calloc(1, PAGE_BYTES);
	FILE *file = fopen(PAGE, "re");

	assert_non_null(page);
	assert_non_null(file);
	assert_true(fread(page, 1, PAGE_BYTES, file) < PAGE_BYTES);
	fclose(file);
	return page;
}

/* The next block between fences; false: there is no more. */
static bool next_block(const char **at, struct block *ret_block)
{
	const char *fence = strstr(*at, "\n```"), *line, *end;

	if (!fence)
		return false;
	line = strchr(fence + 4, '\n');
	assert_non_null(line);
	end = strstr(line, "\n```");
	assert_non_null(end);
	snprintf(ret_block->label, sizeof(ret_block->label), "%.*s", (int)(line - fence - 4),
		 fence + 4);
	assert_true(end - line < BLOCK_BYTES);
	snprintf(ret_block->text, sizeof(ret_block->text), "%.*s\n", (int)(end - line - 1),
		 line + 1);
	*at = end + 4;
	return true;
}

static bool kind_of(const char *label, enum registry_kind *ret_kind)
{
	return strncmp(label, "json ", 5) == 0 && registry_kind_by_name(label + 5, ret_kind);
}

static void complain(void *data, const struct registry_complaint *complaint)
{
	(void)data;
	fail_msg("line %d: %s", complaint->line, complaint->text);
}

/* How many records a list of that text has. */
static int read_list(const char *suffix, const char *text)
{
	const struct registry_file_sink sink = {.complain = complain};
	char path[] = "/tmp/registry-page-XXXXXX.jsonl";
	int fd, count;
	FILE *file;

	strcpy(path + strlen(path) - 6, suffix);
	fd = mkstemps(path, (int)strlen(suffix));
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	count = registry_file_read(path, &sink);
	unlink(path);
	return count;
}

static void each_record_of_the_page_is_taken(void **state)
{
	char *page = read_page();
	const char *at = page;
	bool seen[REGISTRY_KINDS] = {false};
	struct block block;
	size_t kind;

	(void)state;
	while (next_block(&at, &block)) {
		struct registry_complaint complaint = {0};
		struct registry_record *record;
		enum registry_kind named;

		if (!kind_of(block.label, &named))
			continue;
		if (registry_record_read(named, block.text, strlen(block.text), &record,
					 &complaint) < 0)
			fail_msg("%s: %s", block.label, complaint.text);
		registry_record_free(record);
		seen[named] = true;
	}
	for (kind = 0; kind < REGISTRY_KINDS; kind++)
		assert_true(seen[kind]);
	free(page);
}

/* Its head, then each record of that kind on a line of its own. */
static void a_list_of_the_records_of_the_page_is_taken(void **state)
{
	char *page = read_page();
	const char *at = page;
	struct block block;
	size_t lists = 0;

	(void)state;
	while (next_block(&at, &block)) {
		char list[2 * BLOCK_BYTES + 200];
		enum registry_kind kind;
		char *c;

		if (!kind_of(block.label, &kind))
			continue;
		for (c = block.text; *c; c++)
			if (*c == '\n' && c[1])
				*c = ' ';
		snprintf(list, sizeof(list),
			 "{\"list\":{\"kind\":\"%s\",\"version\":\"1\",\"as_of\":\"2026-03-01\","
			 "\"records\":1}}\n%s",
			 block.label + 5, block.text);
		assert_int_equal(read_list(".jsonl", list), 1);
		lists++;
	}
	assert_int_equal(lists, REGISTRY_KINDS);
	free(page);
}

static void the_heads_and_the_rows_of_the_page_are_taken(void **state)
{
	char *page = read_page();
	const char *at = page;
	size_t heads = 0, rows = 0;
	struct block block;

	(void)state;
	while (next_block(&at, &block)) {
		if (strcmp(block.label, "json list") == 0) {
			char *records = strstr(block.text, ", \"records\": 2");

			assert_non_null(records); /* none follow here */
			memset(records, ' ', strlen(", \"records\": 2"));
			assert_int_equal(read_list(".jsonl", block.text), 0);
			heads++;
		} else if (block.text[0] == '#') {
			assert_int_equal(read_list(".csv", block.text), 2);
			rows++;
		}
	}
	assert_int_equal(heads, 1);
	assert_int_equal(rows, 1);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_record_of_the_page_is_taken),
		cmocka_unit_test(a_list_of_the_records_of_the_page_is_taken),
		cmocka_unit_test(the_heads_and_the_rows_of_the_page_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
