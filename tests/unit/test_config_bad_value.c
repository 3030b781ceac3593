/* Values that are no durations, sizes, numbers, words or texts of an option. */
#include "config_bad.h"

#define LONG_SHOWN "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" /* 60 */
#define LONG	   LONG_SHOWN LONG_SHOWN LONG_SHOWN LONG_SHOWN "xxxxxxxxxxxxxxxx" /* 256 */

static const struct bad bads[] = {
	{
		.name = "a duration without a unit",
		.main = SITE
		"device \"d\" { driver = modbus-tcp host = x poll = 100 unit = 1 address_base = 0\n"
		"    point \"p\" { table = holding address = 1 }\n"
		"}\n",
		.told = "main.conf:2: device \"d\": poll = \"100\": the unit is missing, expected ns, us, ms, s, min, h or d after the number\n",
	},
	{
		.name = "a duration with an unknown unit",
		.main = SITE
		"device \"d\" { driver = modbus-tcp host = x poll = 100msec unit = 1 address_base = 0\n"
		"    point \"p\" { table = holding address = 1 }\n"
		"}\n",
		.told = "main.conf:2: device \"d\": poll = \"100msec\": the unit is unknown, expected ns, us, ms, s, min, h or d\n",
	},
	{
		.name = "a duration that is none",
		.main = SITE
		"device \"d\" { driver = modbus-tcp host = x poll = fast unit = 1 address_base = 0\n"
		"    point \"p\" { table = holding address = 1 }\n"
		"}\n",
		.told = "main.conf:2: device \"d\": poll = \"fast\": not a duration, expected 1ms to 1d\n",
	},
	{
		.name = "a duration out of range",
		.main = SITE
		"device \"d\" { driver = modbus-tcp host = x poll = 48h unit = 1 address_base = 0\n"
		"    point \"p\" { table = holding address = 1 }\n"
		"}\n",
		.told = "main.conf:2: device \"d\": poll = \"48h\": out of range, expected 1ms to 1d\n",
	},
	{
		.name = "a duration beyond 64 bits",
		.main = SITE
		"device \"d\" { driver = modbus-tcp host = x poll = 99999999999999999999d unit = 1 address_base = 0\n"
		"    point \"p\" { table = holding address = 1 }\n"
		"}\n",
		.told = "main.conf:2: device \"d\": poll = \"99999999999999999999d\": out of range, expected 1ms to 1d\n",
	},
	{
		.name = "a size without a unit",
		.main = SITE "journal { quota = 2000000000 }\n",
		.told = "main.conf:2: journal: quota = \"2000000000\": the unit is missing, expected B, KiB, MiB, GiB or TiB after the number\n",
	},
	{
		.name = "a size with a decimal unit",
		.main = SITE "journal { quota = 2GB }\n",
		.told = "main.conf:2: journal: quota = \"2GB\": the unit is unknown, expected B, KiB, MiB, GiB or TiB\n",
	},
	{
		.name = "a size too small",
		.main = SITE "journal { quota = 1KiB }\n",
		.told = "main.conf:2: journal: quota = \"1KiB\": out of range, expected 64KiB to 1024TiB\n",
	},
	{
		.name = "a number that is none",
		.main = "checkpoint { id = c } gateway { id = g } uplink { host = h window = many }\n",
		.told = "main.conf:1: uplink: window = \"many\": not a whole number, expected 1 to 1000 messages\n",
	},
	{
		.name = "a number out of range",
		.main = "checkpoint { id = c } gateway { id = g } uplink { host = h port = 70000 }\n",
		.told = "main.conf:1: uplink: port = \"70000\": out of range, expected 1 to 65535\n",
	},
	{
		.name = "a number with a fraction",
		.main = "checkpoint { id = c } gateway { id = g } uplink { host = h window = 2.5 }\n",
		.told = "main.conf:1: uplink: window = \"2.5\": not a whole number, expected 1 to 1000 messages\n",
	},
	{
		.name = "a real that is none",
		.main = SITE TCP "    point \"p\" { table = holding address = 1 scale = \"1,5\" }\n"
				 "}\n",
		.told = "main.conf:3: device \"d\" point \"p\": scale = \"1,5\": not a number\n",
	},
	{
		.name = "a real out of range",
		.main = SITE "bus \"b\" { driver = modbus-tcp host = x down_share = 1.5 }\n",
		.told = "main.conf:2: bus \"b\": down_share = \"1.5\": out of range, expected 0 to 1\n",
	},
	{
		.name = "a truth value that is none",
		.main = SITE TCP "    point \"p\" { table = holding address = 1 invert = maybe }\n"
				 "}\n",
		.told = "main.conf:3: device \"d\" point \"p\": invert = \"maybe\": expected true or false\n",
	},
	{
		.name = "a word that is none of its choices",
		.main = SITE DEVICE
		"lane \"l\" { direction = entyr seal \"s\" { id = \"d.p\" } }\n",
		.told = "main.conf:5: lane \"l\": direction = \"entyr\": expected entry, exit or both, did you mean \"entry\"?\n",
	},
	{
		.name = "a choice of a driver",
		.main = SITE "bus \"b\" { driver = modbus-rtu port = /dev/ttyS0 parity = evn }\n",
		.told = "main.conf:2: bus \"b\": parity = \"evn\": expected none, even or odd, did you mean \"even\"?\n",
	},
	{
		.name = "two values where one is expected",
		.main = SITE "journal { quota = {1GiB, 2GiB} }\n",
		.told = "main.conf:2: journal: option \"quota\" has 2 values, expected one\n",
	},
	{
		.name = "an empty text",
		.main = "checkpoint { id = c } gateway { id = \"\" } uplink { host = h }\n",
		.told = "main.conf:1: gateway: id = \"\": is empty, leave the option out or give it a value\n",
	},
	{
		.name = "a text too long",
		.main = "checkpoint { id = c name = \"" LONG
			"\" } gateway { id = g } uplink { host = h }\n",
		.told = "main.conf:1: checkpoint: name = \"" LONG_SHOWN
			"\"...: 256 bytes are too many, expected at most 255\n",
	},
	{
		.name = "a name with a capital letter",
		.main = "checkpoint { id = c } gateway { id = \"GW 1\" } uplink { host = h }\n",
		.told = "main.conf:1: gateway: id = \"GW 1\": not a name, expected a-z, 0-9 and \"-\" only\n",
	},
	{
		.name = "a map without its equal sign",
		.main = SITE TCP
		"    point \"p\" { table = holding address = 1 map = {\"1:open\"} }\n"
		"}\n",
		.told = "main.conf:3: device \"d\" point \"p\": map = \"1:open\": expected \"number=word\", such as \"16=open\"\n",
	},
	{
		.name = "a map of words",
		.main = SITE TCP
		"    point \"p\" { table = holding address = 1 map = {\"one=open\"} }\n"
		"}\n",
		.told = "main.conf:3: device \"d\" point \"p\": map = \"one=open\": \"one\" is not a whole number, expected \"number=word\"\n",
	},
	{
		.name = "a map with one number twice",
		.main = SITE TCP
		"    point \"p\" { table = holding address = 1 map = {\"1=open\", \"1=closed\"} }\n"
		"}\n",
		.told = "main.conf:3: device \"d\" point \"p\": map = \"1=closed\": 1 already has a word\n",
	},
	{
		.name = "a map without a word",
		.main = SITE TCP "    point \"p\" { table = holding address = 1 map = {\"1=\"} }\n"
				 "}\n",
		.told = "main.conf:3: device \"d\" point \"p\": map = \"1=\": expected a word of 1 to 63 bytes after the \"=\"\n",
	},
	{
		.name = "what a bit or a text cannot mean",
		.main = SITE TCP
		"    point \"a\" { table = holding address = 1 bit = 3 none = {0xFFFF} expect = {1} }\n"
		"    point \"b\" { table = holding address = 2 bit = 3 none = {0x10000} expect = {2} }\n"
		"    point \"c\" { table = holding address = 3 type = bool none = {65535} }\n"
		"    point \"d\" { table = discrete address = 4 none = {1} }\n"
		"    point \"e\" { table = holding address = 5 type = string length = 4 none = {0} } }\n",
		.told = "main.conf:4: device \"d\" point \"b\": option \"none\" 65536 is no number of 16 bits\n"
			"main.conf:4: device \"d\" point \"b\": option \"expect\" 2 is no number of 1 bit\n"
			"main.conf:6: device \"d\" point \"d\": option \"none\" has no effect: the value is true or false, expected a number, or a bit of one\n"
			"main.conf:7: device \"d\" point \"e\": option \"none\" has no effect: the value is a text, expected \"none_text\"\n",
	},
};

int main(void)
{
	return run_bads(bads, sizeof(bads) / sizeof(bads[0]));
}
