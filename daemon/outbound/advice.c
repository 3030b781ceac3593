/* What is allowed of a connection, and most of the time a mistake. */
#include <stdio.h>

#include "frames/host.h"
#include "outbound/uplink.h"

#define PORT_TLS   8883
#define PORT_PLAIN 1883

static void hint_at_host(const struct uplink_conf *uplink, const char *text, FILE *notes)
{
	struct uplink_host host;

	if (uplink_host_parse(text, (int)uplink->port, &host) < 0)
		return;
	if (uplink->tls && host.port == PORT_PLAIN)
		fprintf(notes, "note: uplink host \"%s\": port 1883 usually speaks no TLS: 8883?\n",
			text);
	if (!uplink->tls && host.port == PORT_TLS)
		fprintf(notes,
			"note: uplink host \"%s\": port 8883 usually speaks TLS: a block tls?\n",
			text);
	else if (!uplink->tls && !uplink_host_is_loopback(&host))
		fprintf(notes,
			"note: uplink host \"%s\": without TLS anybody on the way can read and "
			"change what is said: a block tls\n",
			text);
}

void uplink_advise(const struct uplink_conf *uplink, FILE *notes)
{
	for (size_t i = 0; i < uplink->hosts.count; i++)
		hint_at_host(uplink, uplink->hosts.item[i], notes);
	if (uplink->username && !uplink->password_file && !uplink->password_credential)
		fprintf(notes,
			"note: uplink: username has no password_file or password_credential\n");
}
