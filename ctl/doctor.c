/* corridorctl doctor: what only a look at this machine can tell, and what the daemon says is wrong. */
#include <stdlib.h>
#include <string.h>

#include "ctl/doctor_machine.h"
#include "ctl/doctor_unit.h"
#include "ctl/findings.h"
#include "ctl/program.h"
#include "ctl/reach.h"
#include "ctl/text.h"
#include "frames/host.h"

#define MQTT_PORT 1883

/* ---- the configuration --------------------------------------------------------------------- */

/* Each line of the check: a note, a mistake, or that it is good. */
static void look_at_configuration(struct doctor *doctor)
{
	int code = 0;
	char *said = program_says("-n", doctor->conf, &code), *rest = said, *line;

	if (!said) {
		doctor_say(doctor, FAULT, "configuration",
			   "corridord cannot be run: is it installed?");
		return;
	}
	while ((line = strsep(&rest, "\n"))) {
		const char *note = strstr(line, "note: ");

		if (!*line)
			continue;
		if (note)
			doctor_say(doctor, WARNING, "configuration", "%s",
				   note == line ? line + strlen("note: ") : line);
		else
			doctor_say(doctor, code == 0 ? FINE : FAULT, "configuration", "%s", line);
	}
	free(said);
}

/* ---- the brokers ---------------------------------------------------------------------------- */

struct broker {
	struct doctor *doctor;
	const char *name;
	int port;
};

static void tell_address(void *data, const char *address, const char *why)
{
	const struct broker *broker = data;

	if (why)
		doctor_say(broker->doctor, WARNING, broker->name, "%s port %d: %s", address,
			   broker->port, why);
	else
		doctor_say(broker->doctor, FINE, broker->name, "%s port %d takes connections",
			   address, broker->port);
}

static void look_at_broker(struct doctor *doctor, const char *text, int default_port)
{
	struct uplink_host host;
	struct broker broker = {.doctor = doctor, .name = text};
	const char *why;

	if (uplink_host_parse(text, default_port, &host) < 0)
		return;
	broker.port = host.port;
	why = reach_host(host.name, host.port, &broker, tell_address);
	if (why)
		doctor_say(doctor, FAULT, text, "%s", why);
}

static void look_at_brokers(struct doctor *doctor, const char *printed)
{
	char value[4096], text[256];
	const char *rest = value;
	int port = MQTT_PORT;

	if (program_value(printed, "uplink", "port", value, sizeof(value)))
		port = (int)strtol(value, NULL, 10);
	if (!program_value(printed, "uplink", "host", value, sizeof(value)))
		return;
	while (program_next_text(&rest, text, sizeof(text)))
		look_at_broker(doctor, text, port);
}

/* ---- the daemon ------------------------------------------------------------------------------ */

static void look_at_daemon(struct doctor *doctor)
{
	struct view view = {0};
	json_t *findings;
	const json_t *finding;
	size_t i;

	if (!doctor->ctl->link) {
		doctor_say(doctor, FAULT, "daemon",
			   "%s: nobody answers: systemctl status corridord", doctor->ctl->socket);
		return;
	}
	if (view_fetch(doctor->ctl->link, &view) < 0) {
		doctor_say(doctor, FAULT, "daemon", "%s", link_error(doctor->ctl->link));
	} else {
		findings = findings_of(&view);
		json_array_foreach(findings, i, finding) doctor_say(
			doctor,
			strcmp(text_of(finding, "severity"), "fault") == 0 ? FAULT : WARNING,
			"daemon", "%s", text_of(finding, "what"));
		if (json_array_size(findings) == 0)
			doctor_say(doctor, FINE, "daemon", "runs, and all is well");
		json_decref(findings);
	}
	view_free(&view);
}

int ctl_doctor(struct ctl *ctl)
{
	struct doctor doctor = {.ctl = ctl, .verdicts = json_array()};
	const char *given = ctl_optional(ctl);
	char *printed;
	int code;

	doctor.conf = given ? given : ctl->conf;
	look_at_configuration(&doctor);
	printed = program_says("--print-config", doctor.conf, &code);
	doctor_look_at_machine(&doctor, printed && code == 0 ? printed : NULL);
	if (printed && code == 0) {
		doctor_look_at_unit(&doctor, printed);
		look_at_brokers(&doctor, printed);
	}
	free(printed);
	look_at_daemon(&doctor);
	if (ctl->json)
		ctl_print_json(ctl, doctor.verdicts);
	else
		fprintf(ctl->out, "%u faults, %u warnings.\n", doctor.faults, doctor.warnings);
	json_decref(doctor.verdicts);
	return doctor.faults ? CTL_FAULTS : doctor.warnings ? CTL_WARNINGS : CTL_FINE;
}
