#include "transit/sensor/contact.h"

static const struct contact_manner manners[CONTACT_USES] = {
	[CONTACT_OTHER] = {"other", {"normal", "abnormal"}, SEVERITY_MAJOR},
	[CONTACT_MAINS] = {"mains", {"present", "lost"}, SEVERITY_MAJOR},
	[CONTACT_DOOR] = {"door", {"closed", "open"}, SEVERITY_WARNING},
	[CONTACT_PANIC] = {"panic", {"released", "pressed"}, SEVERITY_CRITICAL},
	[CONTACT_INTRUSION] = {"intrusion", {"clear", "detected"}, SEVERITY_CRITICAL},
};

static const enum event_id not_normal[] = {
	[SEVERITY_INFO] = EVENT_CONTACT_INFO,	      [SEVERITY_WARNING] = EVENT_CONTACT_WARNING,
	[SEVERITY_MINOR] = EVENT_CONTACT_MINOR,	      [SEVERITY_MAJOR] = EVENT_CONTACT_MAJOR,
	[SEVERITY_CRITICAL] = EVENT_CONTACT_CRITICAL,
};

const struct contact_manner *contact_manner(enum contact_use use)
{
	return &manners[use];
}

static void observe(const struct sensor *sensor, struct jw *json)
{
	const struct contact *contact = (const struct contact *)sensor;

	observe_point(json, "input", contact->input);
	jw_text(json, "use", manners[contact->conf->use].use);
}

void contact_init(struct contact *contact, const struct contact_conf *conf, const char *lane,
		  const struct point *const *points)
{
	*contact = (struct contact){.conf = conf, .input = point_ref(points, conf->input)};
	sensor_init(&contact->sensor, "contact", lane, conf->name);
	contact->sensor.observe = observe;
}

static struct verdict verdict_of(const struct contact *contact)
{
	const struct contact_conf *conf = contact->conf;
	bool closed;

	if (!point_truth(contact->input, &closed))
		return verdict_unknown(EVENT_CONTACT_UNKNOWN, contact->input);
	if (closed == conf->normal)
		return (struct verdict){.event = EVENT_CONTACT_NORMAL,
					.word = conf->words[CONTACT_NORMAL]};
	return (struct verdict){.event = not_normal[conf->severity],
				.word = conf->words[CONTACT_NOT_NORMAL]};
}

void contact_judge(struct contact *contact, struct teller *teller)
{
	struct verdict verdict;

	if (!contact->input)
		return;
	verdict = verdict_of(contact);
	if (sensor_take(&contact->sensor, &verdict, false, contact->input->changed_mono_ns, teller))
		sensor_tell_state(&contact->sensor, teller);
	sensor_put_if_touched(&contact->sensor, teller);
}
