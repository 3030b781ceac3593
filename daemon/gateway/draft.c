#include "gateway/draft.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "bus/advice.h"
#include "outbound/uplink.h"

static int make_buses(const struct draft_basis *basis, struct draft *draft, FILE *told)
{
	const struct config *config = draft->config;
	int err = 0;

	draft->buses = calloc(config->bus_count + 1, sizeof(draft->buses[0]));
	if (!draft->buses)
		return -ENOMEM;
	for (size_t i = 0; i < config->bus_count; i++) {
		int bus_err = 0;

		if (draft->same.buses[i] == CONFIG_NEW)
			bus_err = bus_new(config, &config->buses[i], basis->captures, told,
					  &draft->buses[i]);
		if (bus_err < 0)
			err = bus_err;
	}
	if (err == 0 && !advice_on_lines(config, told))
		err = -EINVAL;
	return err;
}

/* A connection that stands is not given up for one whose files are wrong. */
static int judge_connection(const struct draft_basis *basis, struct draft *draft, FILE *told)
{
	int differs = config_connection_differs(basis->old, draft->config);

	draft->connection = differs > 0;
	if (differs <= 0)
		return differs;
	if (uplink_check_hosts(&draft->config->uplink) < 0) {
		fprintf(told, "uplink: host cannot be used, the log says why\n");
		return -EINVAL;
	}
	if (uplink_check_files(&draft->config->uplink) != -EINVAL)
		return 0;
	fprintf(told, "uplink: the files of tls are not what they have to be: corridord -n says "
		      "which and why\n");
	return -EINVAL;
}

static int judge(const struct draft_basis *basis, struct draft *draft, FILE *told)
{
	int err = config_load(basis->path, told, &draft->config);

	if (err < 0)
		return err;
	if (config_needs_restart(basis->base, draft->config, told))
		return -EINVAL;
	err = config_compare(basis->old, draft->config, &draft->same);
	if (err == 0)
		err = judge_connection(basis, draft, told);
	if (err == 0)
		err = make_buses(basis, draft, told);
	return err < 0 ? err : config_hash(draft->config, draft->hash);
}

void draft_read(const struct draft_basis *basis, struct draft *draft)
{
	FILE *told = open_memstream(&draft->told, &draft->told_bytes);

	draft->err = told ? judge(basis, draft, told) : -ENOMEM;
	if (told && fclose(told) != 0)
		draft->err = -ENOMEM;
}

void draft_drop(struct draft *draft)
{
	for (size_t i = 0; draft->buses && i < draft->config->bus_count; i++)
		bus_free(draft->buses[i]);
	free(draft->buses);
	config_same_free(&draft->same);
	config_free(draft->config);
	free(draft->told);
	*draft = (struct draft){0};
	malloc_trim(0);
}
