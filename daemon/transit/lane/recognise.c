/* Whether a party of the consignment is recognised here, by the lists that its answer came with. */
#include "transit/lane/private.h"

struct recognition lane_recognise(const struct lane *lane, const struct passage_binding *binding,
				  size_t party)
{
	const struct consignment *consignment = binding->dossier->consignment;
	const struct operator_record *holder = &binding->dossier->operators[party];
	const char *country = lane->site->country ? lane->site->country : "";
	const struct recognition_query query = {
		.authorisations = holder->authorisations,
		.authorisation_count = holder->authorisation_count,
		.searched = holder->searched,
		.consignment = binding->dossier->list,
		.only_state = consignment->parties[party].number ? NULL : country,
		.role = consignment->parties[party].role,
		.flow = consignment->flow,
		.state = country,
		.policy = lane->site->policy,
		.at_utc_ns = lane->teller->now.utc_ns,
		.clock = lane->teller->now.clock,
	};

	return recognition_decide(&query, &binding->answer->arrangements);
}
