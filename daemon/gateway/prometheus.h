/* The gateway's numbers as a text file for Prometheus' node exporter (--collector.textfile). Format:
 * prometheus.io/docs/instrumenting/exposition_formats, text 0.0.4; base units, counters end in
 * _total. */
#ifndef CORRIDORD_GATEWAY_PROMETHEUS_H
#define CORRIDORD_GATEWAY_PROMETHEUS_H

#include "gateway/health.h"

/* Replaces the file at config->gateway.prometheus as a whole; nothing when that is NULL. 0 or
 * negative errno. */
int prometheus_write(const struct config *config, const struct health *health,
		     const struct health_view *view, const struct instant *now);

#endif
