/* Bad configurations: everything that is told about each, to the letter. */
#include "config_folder.h"

/* What a site needs, in the first line of main.conf. */
#define SITE "checkpoint { id = c } gateway { id = g } uplink { host = h }\n"

/* A device in four lines, or its first one. */
#define TCP    "device \"d\" { driver = modbus-tcp host = x unit = 1 address_base = 0\n"
#define DEVICE TCP "    point \"p\" { table = holding address = 1 }\n}\n"

#define LONG_SHOWN "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" /* 60 */
#define LONG	   LONG_SHOWN LONG_SHOWN LONG_SHOWN LONG_SHOWN "xxxxxxxxxxxxxxxx" /* 256 */

struct bad {
	const char *name;
	const char *main; /* main.conf */
	struct {
		const char *path, *text;
	} file[2]; /* and others */
	const char *told;
};

static const struct bad bads[] = {
	{
		.name = "an unknown option names the nearest",
		.main = SITE "journal { qouta = 2GiB }\n",
		.told = "main.conf:2: journal: unknown option \"qouta\", did you mean \"quota\"?\n",
	},
	{
		.name = "an unknown option that resembles none",
		.main = SITE "journal { colour = \"red\" }\n",
		.told = "main.conf:2: journal: unknown option \"colour\"\n",
	},
	{
		.name = "registry files that are no lists",
		.main = SITE
		"registry { files = {\"/a.csv\", \"b.csv\", \"/c.txt\", \"/a.csv\"} }\n",
		.told = "main.conf:2: registry: files = \"b.csv\": not a list, expected the full path of a .jsonl or .csv file\n"
			"main.conf:2: registry: files = \"/c.txt\": not a list, expected the full path of a .jsonl or .csv file\n"
			"main.conf:2: registry: files = \"/a.csv\": is there twice\n",
	},
	{
		.name = "a registry twice, and an age without a unit",
		.main = SITE "registry { max_age = 7 }\nregistry { }\n",
		.told = "main.conf:2: registry: max_age = \"7\": the unit is missing, expected ns, us, ms, s, min, h or d after the number\n"
			"main.conf:3: registry: is there twice, first in main.conf:2\n",
	},
	{
		.name = "an unknown list",
		.main = SITE "journal { paths = {\"/a\", \"/b\"} }\n",
		.told = "main.conf:2: journal: unknown option \"paths\", did you mean \"path\"?\n",
	},
	{
		.name = "an unknown block names the nearest",
		.main = SITE DEVICE "lane \"l\" {\n"
				    "    barier \"b\" { status = \"d.p\" }\n"
				    "    seal \"s\" { id = \"d.p\" }\n"
				    "}\n",
		.told = "main.conf:6: lane \"l\": unknown block \"barier\", did you mean \"barrier\"?\n",
	},
	{
		.name = "an unknown block at the top",
		.main = SITE "gatewy { id = \"g\" }\n",
		.told = "main.conf:2: unknown block \"gatewy\", did you mean \"gateway\"?\n",
	},
	{
		.name = "a block in the wrong place",
		.main = SITE DEVICE "lane \"l\" {\n"
				    "    seal \"s\" { id = \"d.p\" }\n"
				    "    point \"x\" { scale = 2 }\n"
				    "}\n",
		.told = "main.conf:7: lane \"l\": block \"point\" does not belong here, but in the block \"device\"\n",
	},
	{
		.name = "an option outside of all blocks",
		.main = SITE "poll = 1s\n",
		.told = "main.conf:2: option \"poll\" does not belong here, but in the block \"device\"\n",
	},
	{
		.name = "a benefit that is none",
		.main = "checkpoint { id = c aeo_benefits = {\"free_coffee\"} }\n"
			"gateway { id = g } uplink { host = h }\n",
		.told = "main.conf:1: checkpoint: aeo_benefits = \"free_coffee\": not a benefit, expected words such as priority_lane\n",
	},
	{
		.name = "a sensor with the name of the lane's passages",
		.main = SITE DEVICE "lane \"l\" {\n"
				    "    seal \"passage\" { id = \"d.p\" }\n"
				    "}\n",
		.told = "main.conf:6: lane \"l\" seal \"passage\": this name is used by the gateway itself, take another\n",
	},
	{
		.name = "a capital letter matters",
		.main = SITE "journal { Quota = 2GiB }\n",
		.told = "main.conf:2: journal: unknown option \"Quota\", did you mean \"quota\"?\n",
	},
	{
		.name = "all unknown names of one file",
		.main = SITE "journal {\n"
			     "    a = 1\n"
			     "    b = {1, 2}\n"
			     "    c { d = 1 }\n"
			     "    quota = 1\n"
			     "}\n"
			     "e \"f\" { }\n",
		.told = "main.conf:3: journal: unknown option \"a\"\n"
			"main.conf:4: journal: unknown option \"b\"\n"
			"main.conf:5: journal: unknown block \"c\"\n"
			"main.conf:6: journal: quota = \"1\": the unit is missing, expected B, KiB, MiB, GiB or TiB after the number\n"
			"main.conf:8: unknown block \"e\"\n",
	},
	{
		.name = "a text that does not end",
		.main = SITE "journal { path = \"/var/lib\n"
			     "    quota = 2GiB }\n"
			     "journal { }\n",
		.told = "main.conf:2: this text does not end, expected \" before the end of the line\n"
			"main.conf:4: journal: is there twice, first in main.conf:2\n",
	},
	{
		.name = "a text in single quotes that does not end",
		.main = SITE "journal { path = '/var/lib }\n",
		.told = "main.conf:2: this text does not end, expected ' before the end of the line\n",
	},
	{
		.name = "a block that does not end",
		.main = SITE "journal {\n"
			     "    quota = 2GiB\n"
			     "\n"
			     "gateway { id = \"g2\" }\n",
		.told = "main.conf:2: the \"{\" in this line has no \"}\"\n"
			"main.conf:5: journal: block \"gateway\" does not belong here, but outside of other blocks: is a \"}\" missing before it?\n",
	},
	{
		.name = "a brace too many",
		.main = SITE "journal { quota = 2GiB } }\n",
		.told = "main.conf:2: \"}\" without a block or list that it could end\n",
	},
	{
		.name = "a comment that does not end",
		.main = SITE "/* what follows\n"
			     "journal { quota = 2GiB }\n",
		.told = "main.conf:2: this comment does not end, expected \"*/\"\n",
	},
	{
		.name = "no equal sign",
		.main = SITE "journal { quota 2GiB }\n",
		.told = "main.conf:2: journal: after \"quota\" expected \"=\"\n",
	},
	{
		.name = "no value",
		.main = SITE "journal { quota = }\n",
		.told = "main.conf:2: journal: unexpected \"}\", is something missing before it?\n",
	},
	{
		.name = "no value at the end of the file",
		.main = SITE "journal",
		.told = "main.conf:2: the file ends in the middle of an option or block\n",
	},
	{
		.name = "no comma in a list",
		.main = "checkpoint { id = c } gateway { id = g }\n"
			"uplink { host = {\"a\" \"b\"} }\n",
		.told = "main.conf:2: uplink: unexpected \"b\", is something missing before it?\n",
	},
	{
		.name = "a block without its name",
		.main = SITE "lane { direction = entry }\n",
		.told = "main.conf:2: this lane has no name, expected: lane \"name\" { ... }\n",
	},
	{
		.name = "a name where there is none",
		.main = SITE "journal \"main\" { quota = 2GiB }\n",
		.told = "main.conf:2: after \"journal\" expected \"{\"\n",
	},
	{
		.name = "a semicolon",
		.main = SITE "journal { quota = 2GiB; keep = 90d; }\n",
		.told = "main.conf:2: unexpected \";\", nothing stands between two options\n",
	},
	{
		.name = "a character that needs quotes",
		.main = SITE "journal { path = /var/lib/a*b }\n",
		.told = "main.conf:2: unexpected \"*\", a text with it needs quotes\n",
	},
	{
		.name = "a backslash in a text",
		.main = SITE "journal { path = \"C:\\journal\" }\n",
		.told = "main.conf:2: a single \"\\\" in a text, expected \"\\\\\" or \"\\\"\"\n",
	},
	{
		.name = "bytes that are no UTF-8",
		.main = SITE "checkpoint { name = \"Red \xe9"
			     " Bridge\" }\n",
		.told = "main.conf:2: byte 0xe9 is not UTF-8, expected a file saved as UTF-8\n"
			"main.conf:2: checkpoint: is there twice, first in main.conf:1\n",
	},
	{
		.name = "a control character",
		.main = SITE "journal { path = \"/a\x07"
			     "b\" }\n",
		.told = "main.conf:2: byte 0x07 is a control character, expected text\n",
	},
	{
		.name = "comments do not shift the lines",
		.main = "# one\n"
			"# two\n"
			"/* three\n"
			"   four */\n"
			"// five\n"
			"checkpoint { id = c } gateway { id = g } uplink { host = h }\n"
			"journal { quota = 1 } # seven\n"
			"journal { # eight\n"
			"}\n",
		.told = "main.conf:7: journal: quota = \"1\": the unit is missing, expected B, KiB, MiB, GiB or TiB after the number\n"
			"main.conf:8: journal: is there twice, first in main.conf:7\n",
	},
	{
		.name = "the environment is not looked at",
		.main = "checkpoint { id = c } gateway { id = \"${HOME}\" } uplink { host = h }\n",
		.told = "main.conf:1: gateway: id = \"${HOME}\": not a name, expected a-z, 0-9 and \"-\" only\n",
	},
	{
		.name = "a path of libconfuse as a name",
		.main = SITE "\"uplink|port\" = 5\n"
			     "\"uplink|tls\" { ca = /x }\n"
			     "\"lane=a|direction\" = exit\n",
		.told = "main.conf:2: option \"port\" does not belong here\n"
			"main.conf:3: block \"tls\" does not belong here\n"
			"main.conf:4: no sub-section 'a' in 'lane'\n",
	},
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
		.name = "nothing at all",
		.main = "",
		.told = "main.conf: block \"checkpoint\" is missing\n"
			"main.conf: block \"gateway\" is missing\n"
			"main.conf: block \"uplink\" is missing\n",
	},
	{
		.name = "a required option is missing",
		.main = "checkpoint { id = c } gateway { id = g } uplink {  }\n",
		.told = "main.conf:1: uplink: option \"host\" is missing. MQTT brokers, tried in turn: name, name:port, [IPv6]:port.\n",
	},
	{
		.name = "a required option of a driver is missing",
		.main = SITE "device \"d\" { driver = modbus-tcp unit = 1 address_base = 0\n"
			     "    point \"p\" { table = holding }\n"
			     "}\n",
		.told = "main.conf:2: device \"d\": option \"host\" is missing. Address of the device or gateway, or its name (which needs a resolver).\n"
			"main.conf:3: device \"d\" point \"p\": option \"address\" is missing. First register or bit of the value, counted from the device's address_base (without a leading 3 or 4 for the table).\n",
	},
	{
		.name = "an option twice",
		.main = SITE "journal {\n"
			     "    keep = 1d\n"
			     "    keep = 2d\n"
			     "}\n",
		.told = "main.conf:4: journal: option \"keep\" is given twice, first in line 3\n",
	},
	{
		.name = "a single block twice",
		.main = SITE "journal { }\n"
			     "journal { }\n",
		.file[0] = {"conf.d/x.conf", "gateway { id = \"other\" }\n"},
		.told = "main.conf:3: journal: is there twice, first in main.conf:2\n"
			"conf.d/x.conf:1: gateway: is there twice, first in main.conf:1\n",
	},
	{
		.name = "a name twice",
		.main = SITE DEVICE DEVICE "lane \"l\" { seal \"s\" { id = \"d.p\" } }\n",
		.file[0] = {"conf.d/x.conf", "lane \"l\" { seal \"s\" { id = \"d.p\" } }\n"},
		.told = "main.conf:5: device \"d\": is there twice, first in main.conf:2\n"
			"conf.d/x.conf:1: lane \"l\": is there twice, first in main.conf:8\n",
	},
	{
		.name = "a point twice",
		.main = SITE TCP "    point \"p\" { table = holding address = 1 }\n"
				 "    point \"p\" { table = holding address = 2 }\n"
				 "}\n",
		.told = "main.conf:4: device \"d\" point \"p\": is there twice, first in main.conf:3\n",
	},
	{
		.name = "a barrier and a seal of one name",
		.main = SITE DEVICE "lane \"l\" {\n"
				    "    barrier \"a\" { status = \"d.p\" }\n"
				    "    seal \"a\" { id = \"d.p\" }\n"
				    "}\n",
		.told = "main.conf:7: lane \"l\" seal \"a\": a barrier of this lane has this name, in line 6\n",
	},
	{
		.name = "a bus and a device of one name",
		.main = SITE "bus \"d\" { driver = modbus-tcp host = x }\n" DEVICE,
		.told = "main.conf:3: device \"d\": a bus has this name, in main.conf:2\n",
	},
	{
		.name = "a bus that is not there",
		.main = SITE "bus \"lane-bus\" { driver = modbus-tcp host = x }\n"
			     "device \"d\" { bus = lane-buss unit = 1 address_base = 0\n"
			     "    point \"p\" { table = holding address = 1 }\n"
			     "}\n",
		.told = "main.conf:3: device \"d\": bus = \"lane-buss\": there is no such bus, did you mean \"lane-bus\"?\n",
	},
	{
		.name = "a driver that is not there",
		.main = SITE
		"device \"d\" { driver = modbus-tpc host = x unit = 1 address_base = 0\n"
		"    point \"p\" { table = holding address = 1 }\n"
		"}\n",
		.told = "main.conf:2: device \"d\": driver = \"modbus-tpc\": there is no such driver, expected one of modbus-rtu, modbus-tcp, modbus-rtu-tcp, gpio, replay, did you mean \"modbus-tcp\"?\n",
	},
	{
		.name = "a point that is not there",
		.main = SITE DEVICE "lane \"l\" { seal \"s\" { id = \"d.q\" } }\n"
				    "meter \"m\" { value = \"e.p\" }\n",
		.told = "main.conf:5: lane \"l\" seal \"s\": id = \"d.q\": there is no such point, did you mean \"d.p\"?\n"
			"main.conf:6: meter \"m\": value = \"e.p\": there is no such point, did you mean \"d.p\"?\n",
	},
	{
		.name = "a point without its device",
		.main = SITE DEVICE "lane \"l\" { seal \"s\" { id = \"p\" } }\n",
		.told = "main.conf:5: lane \"l\" seal \"s\": id = \"p\": not a point, expected \"device.point\"\n",
	},
	{
		.name = "a profile that is not there",
		.main = SITE
		"device \"d\" { driver = modbus-tcp host = x unit = 1 profile = boon }\n"
		"lane \"l\" { seal \"s\" { id = \"d.any\" } }\n",
		.file[0] = {"profiles/boom.conf", ""},
		.told = "main.conf:2: device \"d\": profile = \"boon\": there is no such file in profiles or " DATADIR
			"/profiles, did you mean \"boom\"?\n",
	},
	{
		.name = "a profile whose name is a path",
		.main = SITE
		"device \"d\" { driver = modbus-tcp host = x unit = 1 profile = \"../boom\" }\n",
		.told = "main.conf:2: device \"d\": profile = \"../boom\": not a profile, expected a-z, 0-9 and \"-\" only\n",
	},
	{
		.name = "an option of another driver",
		.main = SITE
		"device \"d\" { driver = modbus-tcp host = x chip = \"c\" baud = 9600 unit = 1 address_base = 0\n"
		"    point \"p\" { table = holding address = 1 }\n"
		"}\n",
		.told = "main.conf:2: device \"d\": option \"chip\" is not one of driver \"modbus-tcp\", it is one of \"gpio\"\n"
			"main.conf:2: device \"d\": option \"baud\" is not one of driver \"modbus-tcp\", it is one of \"modbus-rtu\"\n",
	},
	{
		.name = "an option of another driver in a point",
		.main = SITE TCP "    point \"p\" { table = holding address = 1 bias = pull-up }\n"
				 "}\n",
		.told = "main.conf:3: device \"d\" point \"p\": option \"bias\" is not one of driver \"modbus-tcp\", it is one of \"gpio\"\n",
	},
	{
		.name = "an option of the bus in a device",
		.main = SITE
		"bus \"b\" { driver = modbus-rtu port = /dev/ttyS0 }\n"
		"device \"d\" { bus = b baud = 9600 reopen_min = 1s unit = 1 address_base = 0\n"
		"    point \"p\" { table = holding address = 1 }\n"
		"}\n",
		.told = "main.conf:3: device \"d\": option \"baud\" belongs in the block of the bus, \"b\"\n"
			"main.conf:3: device \"d\": option \"reopen_min\" belongs in the block of the bus, \"b\"\n",
	},
	{
		.name = "an option of a device in the bus",
		.main = SITE "bus \"b\" { driver = modbus-tcp host = x\n"
			     "    unit = 1 }\n",
		.told = "main.conf:3: bus \"b\": option \"unit\" does not belong here, but in the block \"device\"\n",
	},
	{
		.name = "a bus of a driver that has none",
		.main = SITE "bus \"b\" { driver = gpio }\n",
		.told = "main.conf:2: bus \"b\": driver = \"gpio\": has no buses, name this driver in each device instead\n",
	},
	{
		.name = "a poll of a driver that reports by itself",
		.main = SITE "device \"io\" { driver = gpio poll = 1s\n"
			     "    point \"x\" { line = \"L\" bias = disabled }\n"
			     "}\n",
		.told = "main.conf:2: device \"io\": option \"poll\" has no meaning for driver \"gpio\", which reports by itself\n",
	},
	{
		.name = "a device with neither bus nor driver",
		.main = SITE "device \"d\" { unit = 1 address_base = 0\n"
			     "    point \"p\" { table = holding address = 1 }\n"
			     "}\n",
		.told = "main.conf:2: device \"d\": has neither \"bus\" nor \"driver\", expected one of them\n",
	},
	{
		.name = "a device with both bus and driver",
		.main = SITE
		"bus \"b\" { driver = modbus-tcp host = x }\n"
		"device \"d\" { driver = modbus-tcp bus = b host = x unit = 1 address_base = 0\n"
		"    point \"p\" { table = holding address = 1 }\n"
		"}\n",
		.told = "main.conf:3: device \"d\": has both \"bus\" and \"driver\", expected one of them\n",
	},
	{
		.name = "a device without points",
		.main = SITE
		"device \"d\" { driver = modbus-tcp host = x unit = 1 address_base = 0 }\n",
		.told = "main.conf:2: device \"d\": has no point, expected a profile or a point block\n",
	},
	{
		.name = "a lane without sensors",
		.main = SITE "lane \"l\" { }\n",
		.told = "main.conf:2: lane \"l\": has no sensor, expected a barrier or a seal\n",
	},
	{
		.name = "a lane with a name of the gateway",
		.main = SITE DEVICE "lane \"gateway\" { seal \"s\" { id = \"d.p\" } }\n"
				    "lane \"registry\" { seal \"s\" { id = \"d.p\" } }\n"
				    "meter \"daemon\" { value = \"d.p\" }\n",
		.told = "main.conf:5: lane \"gateway\": this name is used by the gateway itself, take another\n"
			"main.conf:6: lane \"registry\": this name is used by the gateway itself, take another\n"
			"main.conf:7: meter \"daemon\": this name is used by the gateway itself, take another\n",
	},
	{
		.name = "a barrier that sees nothing",
		.main = SITE DEVICE "lane \"l\" { barrier \"b\" { presence = \"d.p\" } }\n",
		.told = "main.conf:5: lane \"l\" barrier \"b\": sees nothing, expected \"status\", \"closed_limit\" or \"open_limit\"\n",
	},
	{
		.name = "a seal that sees nothing",
		.main = SITE DEVICE "lane \"l\" { seal \"s\" { battery = \"d.p\" } }\n",
		.told = "main.conf:5: lane \"l\" seal \"s\": sees nothing, expected \"status\", \"opened\" or \"id\"\n",
	},
	{
		.name = "a status whose words are not those of the sensor",
		.main = SITE TCP
		"    point \"p\" { table = holding address = 1 map = {\"1=opne\", \"2=closed\"} }\n"
		"}\n"
		"lane \"l\" { barrier \"b\" { status = \"d.p\" } seal \"s\" { id = \"d.p\" } }\n",
		.told = "main.conf:5: lane \"l\" barrier \"b\": status = \"d.p\": its map has the word \"opne\", expected closed, opening, open, closing, fault or unknown\n",
	},
	{
		.name = "batteries the wrong way round",
		.main = SITE DEVICE
		"lane \"l\" { seal \"s\" { id = \"d.p\" battery_low = 5 battery_critical = 10 } }\n",
		.told = "main.conf:5: lane \"l\" seal \"s\": \"battery_critical\" (10) is above \"battery_low\" (5)\n",
	},
	{
		.name = "a map that is scaled",
		.main = SITE TCP
		"    point \"p\" { table = holding address = 1 scale = 2 map = {\"1=a\"} }\n"
		"}\n",
		.told = "main.conf:3: device \"d\" point \"p\": option \"map\" excludes \"scale\", a word has none\n",
	},
	{
		.name = "every change is chatter",
		.main = SITE TCP
		"    point \"p\" { table = holding address = 1 chatter_edges = 1 }\n"
		"}\n",
		.told = "main.conf:3: device \"d\" point \"p\": chatter_edges = \"1\": every change would be chatter, expected 0 or at least 2\n",
	},
	{
		.name = "a meter without a value",
		.main = SITE "meter \"m\" { unit = \"V\" }\n",
		.told = "main.conf:2: meter \"m\": option \"value\" is missing. The point that is reported.\n",
	},
	{
		.name = "a block with a bad name",
		.main = SITE DEVICE "lane \"Entry 1\" { seal \"s\" { id = \"d.p\" } }\n",
		.told = "main.conf:5: lane \"Entry 1\": not a name, expected 1 to 63 of a-z, 0-9 and \"-\"\n",
	},
	{
		.name = "a country and an office that are none",
		.main = "checkpoint { id = c country = Georgia office = \"ge000600\" } gateway { id = g } uplink { host = h }\n",
		.told = "main.conf:1: checkpoint: country = \"Georgia\": not a country, expected two capital letters\n"
			"main.conf:1: checkpoint: office = \"ge000600\": not a customs office, expected two capital letters and six more or digits\n",
	},
	{
		.name = "a gateway called registry",
		.main = "checkpoint { id = c } gateway { id = registry } uplink { host = h }\n",
		.told = "main.conf:1: gateway: id = \"registry\": is a topic of its own, take another\n",
	},
	{
		.name = "hosts that are none",
		.main = "checkpoint { id = c } gateway { id = g } uplink { host = {\"a\", \"b:port\", \"[::1\", \"tcp://c\"} }\n",
		.told = "main.conf:1: uplink: host = \"b:port\": not a host, expected name, name:port or [IPv6]:port\n"
			"main.conf:1: uplink: host = \"[::1\": not a host, expected name, name:port or [IPv6]:port\n"
			"main.conf:1: uplink: host = \"tcp://c\": not a host, expected name, name:port or [IPv6]:port\n",
	},
	{
		.name = "a topic root with a wildcard",
		.main = "checkpoint { id = c } gateway { id = g } uplink { host = h topic_root = \"a/+/b\" }\n",
		.told = "main.conf:1: uplink: topic_root = \"a/+/b\": not a topic, expected levels between \"/\", none empty, without \"+\" and \"#\", not beginning with \"$\"\n",
	},
	{
		.name = "values that are stale before they are read again",
		.main = SITE
		"device \"d\" { driver = modbus-tcp host = x poll = 5s stale_after = 2s unit = 1 address_base = 0\n"
		"    point \"p\" { table = holding address = 1 stale_after = 1s }\n"
		"    point \"q\" { table = holding address = 2 stale_after = 0 }\n"
		"}\n",
		.told = "main.conf:2: device \"d\": \"poll\" (5s) is longer than \"stale_after\" (2s)\n"
			"main.conf:3: device \"d\" point \"p\": \"poll\" (5s) is longer than \"stale_after\" (1s)\n",
	},
	{
		.name = "waits the wrong way round",
		.main = "checkpoint { id = c } gateway { id = g } uplink { host = h retry_min = 1min retry_max = 10s }\n",
		.told = "main.conf:1: uplink: \"retry_min\" (1min) is longer than \"retry_max\" (10s)\n",
	},
	{
		.name = "a certificate without its key",
		.main = "checkpoint { id = c } gateway { id = g } uplink { host = h tls { cert = /c.pem } }\n",
		.told = "main.conf:1: uplink tls: option \"cert\" needs \"key\" beside it\n",
	},
	{
		.name = "a password without a user, and twice",
		.main = "checkpoint { id = c } gateway { id = g } uplink { host = h password_file = /p password_credential = \"a/b\" }\n",
		.told = "main.conf:1: uplink: option \"password_credential\" excludes \"password_file\", give one of them\n"
			"main.conf:1: uplink: option \"password_file\" needs \"username\" beside it\n"
			"main.conf:1: uplink: password_credential = \"a/b\": not the name of a credential, expected one without \"/\"\n",
	},
	{
		.name = "a password in the file",
		.main = "checkpoint { id = c } gateway { id = g } uplink { host = h username = u password = \"secret\" }\n",
		.told = "main.conf:1: uplink: unknown option \"password\", did you mean \"password_file\"?\n",
	},
	{
		.name = "a profile for another driver",
		.main = SITE "device \"d\" { driver = gpio profile = boom }\n",
		.file[0] = {"profiles/boom.conf",
			    "profile \"boom\" { driver = modbus address_base = 0\n"
			    "    point \"p\" { line = \"L\" bias = disabled }\n"
			    "}\n"},
		.told = "main.conf:2: device \"d\": profile = \"boom\": is for driver \"modbus\", and this device has \"gpio\"\n"
			"profiles/boom.conf:1: profile \"boom\": option \"address_base\" is not one of driver \"gpio\", it is one of \"modbus-rtu\"\n",
	},
	{
		.name = "what is wrong in a profile is told once",
		.main = SITE
		"device \"d\" { driver = modbus-tcp host = x unit = 1 profile = boom }\n"
		"device \"e\" { driver = modbus-tcp host = x unit = 1 profile = boom }\n",
		.file[0] = {"profiles/boom.conf",
			    "profile \"boom\" { driver = modbus adress_base = 0\n"
			    "    address_base = 2\n"
			    "    point \"p\" { table = holding address = 1 poll = 3s }\n"
			    "    point \"q\" { table = holdin }\n"
			    "}\n"},
		.told = "profiles/boom.conf:1: profile \"boom\": unknown option \"adress_base\", did you mean \"address_base\"?\n"
			"profiles/boom.conf:2: profile \"boom\": address_base = \"2\": out of range, expected 0 to 1\n"
			"profiles/boom.conf:3: profile \"boom\" point \"p\": option \"poll\" does not belong here, but in the block \"device\"\n"
			"profiles/boom.conf:4: profile \"boom\" point \"q\": table = \"holdin\": expected holding, input, coil or discrete, did you mean \"holding\"?\n"
			"profiles/boom.conf:4: profile \"boom\" point \"q\": option \"address\" is missing. First register or bit of the value, counted from the device's address_base (without a leading 3 or 4 for the table).\n",
	},
	{
		.name = "a profile under another name",
		.main = SITE
		"device \"d\" { driver = modbus-tcp host = x unit = 1 profile = boom }\n",
		.file[0] = {"profiles/boom.conf",
			    "profile \"bom\" { driver = modbus address_base = 0\n"
			    "    point \"p\" { table = holding address = 1 }\n"
			    "}\n"},
		.told = "profiles/boom.conf:1: profile \"bom\": expected the name of the file, \"boom\"\n",
	},
	{
		.name = "a profile file with other things",
		.main = SITE
		"device \"d\" { driver = modbus-tcp host = x unit = 1 profile = boom }\n",
		.file[0] = {"profiles/boom.conf", "gateway { id = \"x\" }\n"},
		.told = "profiles/boom.conf: expected a block: profile \"boom\" { ... }\n"
			"profiles/boom.conf:1: block \"gateway\" does not belong here, but outside of other blocks: is a \"}\" missing before it?\n",
	},
	{
		.name = "an empty profile file",
		.main = SITE
		"device \"d\" { driver = modbus-tcp host = x unit = 1 profile = boom }\n",
		.file[0] = {"profiles/boom.conf", "# nothing\n"},
		.told = "profiles/boom.conf: expected a block: profile \"boom\" { ... }\n",
	},
	{
		.name = "a profile without points",
		.main = SITE
		"device \"d\" { driver = modbus-tcp host = x unit = 1 profile = boom }\n",
		.file[0] = {"profiles/boom.conf",
			    "profile \"boom\" { driver = modbus address_base = 0 }\n"},
		.told = "main.conf:2: device \"d\": has no point, expected a profile or a point block\n",
	},
	{
		.name = "a profile in the main file",
		.main = SITE "profile \"boom\" { driver = modbus }\n",
		.told = "main.conf:2: block \"profile\" does not belong here, but in a file of its own, profiles/NAME.conf\n",
	},
	{
		.name = "a device that is wrong over its profile",
		.main = SITE "device \"d\" {\n"
			     "    driver = modbus-tcp host = x unit = 1 profile = boom\n"
			     "    timeout = 5\n"
			     "    point \"p\" { adress = 2 table = inputs }\n"
			     "}\n",
		.file[0] = {"profiles/boom.conf",
			    "profile \"boom\" { driver = modbus address_base = 0\n"
			    "    point \"p\" { table = holding address = 1 }\n"
			    "}\n"},
		.told = "main.conf:4: device \"d\": timeout = \"5\": the unit is missing, expected ns, us, ms, s, min, h or d after the number\n"
			"main.conf:5: device \"d\" point \"p\": unknown option \"adress\", did you mean \"address\"?\n"
			"main.conf:5: device \"d\" point \"p\": table = \"inputs\": expected holding, input, coil or discrete, did you mean \"input\"?\n",
	},
	{
		.name = "every error of every file in one run",
		.main = SITE "journal { quota = 2 qouta = 1 }\n"
			     "lane \"l\" { barrier \"b\" { status = \"d.p\" } }\n",
		.file[0] = {"conf.d/20-b.conf", "device \"x\" { driver = modbus-tcp }\n"
						"lane { }\n"},
		.file[1] = {"conf.d/10-a.conf", "gateway { id = \"\n"
						"bus \"b\" { drivr = gpio }\n"},
		.told = "main.conf:2: journal: unknown option \"qouta\", did you mean \"quota\"?\n"
			"main.conf:2: journal: quota = \"2\": the unit is missing, expected B, KiB, MiB, GiB or TiB after the number\n"
			"conf.d/10-a.conf:1: this text does not end, expected \" before the end of the line\n"
			"conf.d/10-a.conf:1: gateway: is there twice, first in main.conf:1\n"
			"conf.d/10-a.conf:2: gateway: block \"bus\" does not belong here, but outside of other blocks: is a \"}\" missing before it?\n"
			"conf.d/20-b.conf:1: device \"x\": option \"host\" is missing. Address of the device or gateway, or its name (which needs a resolver).\n"
			"conf.d/20-b.conf:1: device \"x\": option \"unit\" is missing. Number of the device: 1 to 247; over TCP also 0 and 255, the device itself.\n"
			"conf.d/20-b.conf:1: device \"x\": option \"address_base\" is missing. What the device's manual calls the first register: 0 or 1.\n"
			"conf.d/20-b.conf:2: this lane has no name, expected: lane \"name\" { ... }\n",
	},
	{
		.name = "a file that ends early does not make the rest look missing",
		.main = SITE "lane \"l\" { seal \"s\" { id = \"d.p\" } }\n"
			     "meter \"m\" { value = = }\n" DEVICE,
		.told = "main.conf:3: meter \"m\": unexpected \"=\", is something missing before it?\n",
	},
};

static void is_told(void **state)
{
	const struct bad *bad = *state;
	struct folder folder;
	struct config *config = NULL;
	char *told;
	size_t i;

	folder_open(&folder);
	folder_write(&folder, "main.conf", bad->main);
	for (i = 0; i < 2 && bad->file[i].path != NULL; i++)
		folder_write(&folder, bad->file[i].path, bad->file[i].text);
	assert_int_equal(folder_load(&folder, "main.conf", &told, &config), -EINVAL);
	assert_null(config);
	assert_string_equal(told, bad->told);
	free(told);
	folder_close(&folder);
}

int main(void)
{
	enum { COUNT = sizeof(bads) / sizeof(bads[0]) };
	struct CMUnitTest tests[COUNT];
	size_t i;

	for (i = 0; i < COUNT; i++)
		tests[i] = (struct CMUnitTest){.name = bads[i].name,
					       .test_func = is_told,
					       .initial_state = (void *)(uintptr_t)&bads[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
