#include "modbus/options.h"

#include "modbus/conf.h"
#include "modbus/decode.h"

#define BUS(member)    offsetof(struct modbus_bus_conf, member)
#define DEVICE(member) offsetof(struct modbus_device_conf, member)
#define POINT(member)  offsetof(struct modbus_point_conf, member)

static const struct conf_choice bauds[] = {
	{"1200", 1200},	    {"2400", 2400},	{"4800", 4800},	    {"9600", 9600},
	{"19200", 19200},   {"38400", 38400},	{"57600", 57600},   {"115200", 115200},
	{"230400", 230400}, {"460800", 460800}, {"921600", 921600}, {0},
};

static const struct conf_choice parities[] = {
	{"none", 'N'},
	{"even", 'E'},
	{"odd", 'O'},
	{0},
};

static const struct conf_choice tables[] = {
	{"holding", MODBUS_HOLDING},
	{"input", MODBUS_INPUT},
	{"coil", MODBUS_COIL},
	{"discrete", MODBUS_DISCRETE},
	{0},
};

static const struct conf_choice types[] = {
	{"auto", MODBUS_AUTO},	   {"bool", MODBUS_BOOL},
	{"u16", MODBUS_U16},	   {"s16", MODBUS_S16},
	{"u32", MODBUS_U32},	   {"s32", MODBUS_S32},
	{"u64", MODBUS_U64},	   {"s64", MODBUS_S64},
	{"f32", MODBUS_F32},	   {"f64", MODBUS_F64},
	{"string", MODBUS_STRING}, {"bcd16", MODBUS_BCD16},
	{"bcd32", MODBUS_BCD32},   {0},
};

static const struct conf_choice orders[] = {
	{"abcd", MODBUS_ABCD},
	{"cdab", MODBUS_CDAB},
	{"badc", MODBUS_BADC},
	{"dcba", MODBUS_DCBA},
	{0},
};

static const char gap_help[] =
	"Least silence before a request; on a serial line never less than 3.5 characters.";
static const char guard_help[] =
	"For this long after a timeout a late answer is reckoned with: longer than any device is "
	"ever late. 0: ten times the timeout of the device.";
static const char echo_help[] =
	"The adapter hears what it sends: each request comes back before its answer.";
static const char host_help[] =
	"Address of the device or gateway, or its name (which needs a resolver).";
static const char connect_help[] =
	"A connection that takes longer is given up (of a name with several addresses each gets "
	"an equal part of this); so is one whose peer acknowledges nothing for this long.";

/* Rows that two cards have in common. */
#define GAP_OPTION                                                                         \
	{                                                                                  \
		.name = "gap", .type = CONF_DURATION, .offset = BUS(gap_ns), .def = "0ms", \
		.max = NS_PER_S, .help = gap_help                                          \
	}
#define GUARD_OPTION                                                                    \
	{                                                                               \
		.name = "late_reply_guard", .type = CONF_DURATION,                      \
		.offset = BUS(late_reply_guard_ns), .def = "0ms", .max = 60 * NS_PER_S, \
		.help = guard_help                                                      \
	}
#define ECHO_OPTION                                                                     \
	{                                                                               \
		.name = "echo", .type = CONF_BOOL, .offset = BUS(echo), .def = "false", \
		.help = echo_help                                                       \
	}
#define HOST_OPTION                                                                       \
	{                                                                                 \
		.name = "host", .type = CONF_TEXT, .offset = BUS(host), .required = true, \
		.help = host_help                                                         \
	}
#define PORT_OPTION                                                                                \
	{                                                                                          \
		.name = "port", .type = CONF_INT, .offset = BUS(tcp_port), .def = "502", .min = 1, \
		.max = 65535, .help = "TCP port."                                                  \
	}
#define CONNECT_OPTION                                                                  \
	{                                                                               \
		.name = "connect_timeout", .type = CONF_DURATION,                       \
		.offset = BUS(connect_timeout_ns), .def = "3s", .min = 100 * NS_PER_MS, \
		.max = 60 * NS_PER_S, .help = connect_help                              \
	}

const struct conf_option modbus_line_options[] = {
	{.name = "port",
	 .type = CONF_PATH,
	 .offset = BUS(line),
	 .required = true,
	 .help = "Device of the serial line, best by its place: /dev/serial/by-path/..."},
	{.name = "baud",
	 .type = CONF_CHOICE,
	 .offset = BUS(baud),
	 .def = "9600",
	 .choices = bauds,
	 .unit = "baud",
	 .help = "Speed of the line."},
	{.name = "parity",
	 .type = CONF_CHOICE,
	 .offset = BUS(parity),
	 .def = "even",
	 .choices = parities,
	 .help = "Parity bit."},
	{.name = "data_bits",
	 .type = CONF_INT,
	 .offset = BUS(data_bits),
	 .def = "8",
	 .min = 8,
	 .max = 8,
	 .help = "Data bits of a character. Always 8: with 7 a frame of Modbus RTU does not pass."},
	{.name = "stop_bits",
	 .type = CONF_INT,
	 .offset = BUS(stop_bits),
	 .def = "1",
	 .min = 1,
	 .max = 2,
	 .help = "Stop bits of a character; 2 is usual without parity."},
	{.name = "rs485",
	 .type = CONF_BOOL,
	 .offset = BUS(rs485),
	 .def = "false",
	 .help = "Let the kernel switch the transmitter of an RS-485 port. Adapters that "
		 "switch by themselves need it off."},
	GAP_OPTION,
	GUARD_OPTION,
	ECHO_OPTION,
	{0},
};

const struct conf_option modbus_tcp_options[] = {
	HOST_OPTION,
	PORT_OPTION,
	CONNECT_OPTION,
	{0},
};

const struct conf_option modbus_rtu_tcp_options[] = {
	HOST_OPTION, PORT_OPTION, CONNECT_OPTION, GAP_OPTION, GUARD_OPTION, ECHO_OPTION, {0},
};

const struct conf_option modbus_device_options[] = {
	{.name = "unit",
	 .type = CONF_INT,
	 .offset = DEVICE(unit),
	 .required = true,
	 .min = 0,
	 .max = 255,
	 .help = "Number of the device: 1 to 247; over TCP also 0 and 255, the device itself."},
	{.name = "address_base",
	 .type = CONF_INT,
	 .offset = DEVICE(address_base),
	 .required = true,
	 .min = 0,
	 .max = 1,
	 .help = "What the device's manual calls the first register: 0 or 1."},
	{.name = "max_registers",
	 .type = CONF_INT,
	 .offset = DEVICE(max_registers),
	 .def = "125",
	 .min = 1,
	 .max = 125,
	 .help = "Most registers in one request."},
	{.name = "max_bits",
	 .type = CONF_INT,
	 .offset = DEVICE(max_bits),
	 .def = "2000",
	 .min = 1,
	 .max = 2000,
	 .help = "Most coils or discrete inputs in one request."},
	{.name = "max_hole",
	 .type = CONF_INT,
	 .offset = DEVICE(max_hole),
	 .def = "8",
	 .min = 0,
	 .max = 124,
	 .unit = "registers",
	 .help = "Registers that no point wants may be read to join two requests, up to this."},
	{.name = "max_hole_bits",
	 .type = CONF_INT,
	 .offset = DEVICE(max_hole_bits),
	 .def = "64",
	 .min = 0,
	 .max = 1999,
	 .unit = "bits",
	 .help = "The same for coils and discrete inputs."},
	{.name = "timeout",
	 .type = CONF_DURATION,
	 .offset = DEVICE(timeout_ns),
	 .def = "500ms",
	 .min = 5 * NS_PER_MS,
	 .max = 60 * NS_PER_S,
	 .help = "Within this the whole answer must have come; on a serial line the time "
		 "of the bytes themselves is added."},
	{.name = "retries",
	 .type = CONF_INT,
	 .offset = DEVICE(retries),
	 .def = "1",
	 .min = 0,
	 .max = 10,
	 .help = "Further attempts of a request before the poll fails."},
	{0},
};

const struct conf_option modbus_point_options[] = {
	{.name = "table",
	 .type = CONF_CHOICE,
	 .offset = POINT(table),
	 .required = true,
	 .choices = tables,
	 .help = "Where the device keeps the value."},
	{.name = "address",
	 .type = CONF_INT,
	 .offset = POINT(address),
	 .required = true,
	 .min = 0,
	 .max = 65536,
	 .help = "First register or bit of the value, counted from the device's address_base "
		 "(without a leading 3 or 4 for the table)."},
	{.name = "type",
	 .type = CONF_CHOICE,
	 .offset = POINT(type),
	 .def = "auto",
	 .choices = types,
	 .help = "What the bits mean. auto: bool of a coil or discrete input, u16 of a register."},
	{.name = "order",
	 .type = CONF_CHOICE,
	 .offset = POINT(order),
	 .def = "abcd",
	 .choices = orders,
	 .help = "Order of the bytes: abcd most significant first, cdab words reversed, badc "
		 "bytes swapped in each word, dcba both. A string is abcd when its first character "
		 "is the high byte of its first register, badc when it is the low byte; cdab and "
		 "dcba begin at its last register."},
	{.name = "length",
	 .type = CONF_INT,
	 .offset = POINT(length),
	 .def = "0",
	 .min = 0,
	 .max = MODBUS_STRING_REGISTERS,
	 .unit = "registers",
	 .help = "Length of a string, two characters a register. It ends at the first NUL; blanks "
		 "around it and ends of line are dropped."},
	{.name = "none_text",
	 .type = CONF_LIST,
	 .offset = POINT(none_text),
	 .help = "Words that a string holds when nothing was read, such as {\"NOREAD\"}: the point is "
		 "then out of range."},
	{.name = "bit",
	 .type = CONF_INT,
	 .offset = POINT(bit),
	 .def = "-1",
	 .min = -1,
	 .max = 15,
	 .help = "One bit of a 16-bit register as a bool, 0 the least significant; -1: all."},
	{.name = "bits",
	 .type = CONF_RANGE,
	 .offset = POINT(bits),
	 .min = 0,
	 .max = 15,
	 .help = "Several bits of a 16-bit register as a number, from the least significant on."},
	{0},
};
