/* The tables of the Modbus cards' options; they fill the structs of conf.h. */
#ifndef CORRIDORD_MODBUS_OPTIONS_H
#define CORRIDORD_MODBUS_OPTIONS_H

#include "config/option.h"

extern const struct conf_option modbus_line_options[]; /* bus of modbus-rtu */
extern const struct conf_option modbus_tcp_options[]; /* bus of modbus-tcp */
extern const struct conf_option modbus_rtu_tcp_options[]; /* bus of modbus-rtu-tcp */
extern const struct conf_option modbus_device_options[];
extern const struct conf_option modbus_point_options[];

#endif
