/* Bad configurations: everything that is told about each, to the letter. */
#include "config_bad.h"

static const struct bad
	bads[] =
		{
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
				.name = "maps and chatter that have no effect",
				.main = SITE TCP
				"    point \"k\" { table = coil address = 2 map = {\"1=on\", \"2=off\"} }\n"
				"    point \"l\" { table = holding address = 9 bits = \"4-7\" map = {\"16=on\"} }\n"
				"    point \"m\" { table = holding address = 9 map = {\"255=on\"}\n"
				"        none = {255} counted = true }\n"
				"    point \"n\" { table = holding address = 9 counted = true chatter_edges = 5 }\n"
				"    point \"o\" { table = holding address = 9 chatter_window = 5s } }\n",
				.told = "main.conf:3: device \"d\" point \"k\": option \"map\" has 2, and the value is a bit, expected 0 and 1\n"
					"main.conf:4: device \"d\" point \"l\": option \"map\" 16 is no number of 4 bits\n"
					"main.conf:5: device \"d\" point \"m\": option \"map\" excludes \"counted\", a word has none\n"
					"main.conf:5: device \"d\" point \"m\": option \"map\" has 255, which is one of \"none\"\n"
					"main.conf:7: device \"d\" point \"n\": option \"chatter_edges\" has no effect: changes of a counter are no chatter, expected no \"counted\"\n"
					"main.conf:8: device \"d\" point \"o\": option \"chatter_window\" has no effect without \"chatter_edges\"\n",
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
				.told = "main.conf:1: checkpoint: aeo_benefits = \"free_coffee\": not a benefit, expected words such as priority_lane or AEOS:priority_lane\n",
			},
			{
				.name = "a benefit of no type",
				.main = "checkpoint { id = c aeo_benefits = {\":priority_lane\"} }\n"
					"gateway { id = g } uplink { host = h }\n",
				.told = "main.conf:1: checkpoint: aeo_benefits = \":priority_lane\": no type of an authorisation before the colon, or more than 15 of them\n",
			},
			{
				.name = "a type with a benefit that is none",
				.main = "checkpoint { id = c aeo_benefits = {\"AEOS:free_coffee\"} }\n"
					"gateway { id = g } uplink { host = h }\n",
				.told = "main.conf:1: checkpoint: aeo_benefits = \"AEOS:free_coffee\": not a benefit, expected words such as priority_lane or AEOS:priority_lane\n",
			},
			{
				.name = "a party of no role",
				.main = "checkpoint { id = c aeo_parties = {\"driver\"} }\n"
					"gateway { id = g } uplink { host = h }\n",
				.told = "main.conf:1: checkpoint: aeo_parties = \"driver\": not a role of a party, expected words such as carrier\n",
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
				.main = SITE
				"device \"d\" { driver = modbus-tcp unit = 1 address_base = 0\n"
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
				.main = SITE DEVICE DEVICE
				"lane \"l\" { seal \"s\" { id = \"d.p\" } }\n",
				.file[0] = {"conf.d/x.conf",
					    "lane \"l\" { seal \"s\" { id = \"d.p\" } }\n"},
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
				.main = SITE
				"bus \"lane-bus\" { driver = modbus-tcp host = x }\n"
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
				.told = "main.conf:2: device \"d\": driver = \"modbus-tpc\": there is no such driver, expected one of modbus-rtu, modbus-tcp, modbus-rtu-tcp, gpio, line, mqtt-in, http-in, replay, did you mean \"modbus-tcp\"?\n",
			},
			{
				.name = "a point that is not there",
				.main = SITE DEVICE "lane \"l\" { seal \"s\" { id = \"d.o\" } }\n"
						    "meter \"m\" { value = \"e.p\" }\n",
				.told = "main.conf:5: lane \"l\" seal \"s\": id = \"d.o\": there is no such point, did you mean \"d.p\"?\n"
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
				.main = SITE TCP
				"    point \"p\" { table = holding address = 1 bias = pull-up }\n"
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
				.main = SITE DEVICE
				"lane \"gateway\" { seal \"s\" { id = \"d.p\" } }\n"
				"lane \"registry\" { seal \"s\" { id = \"d.p\" } }\n"
				"meter \"daemon\" { value = \"d.q\" }\n",
				.told = "main.conf:5: lane \"gateway\": this name is used by the gateway itself, take another\n"
					"main.conf:6: lane \"registry\": this name is used by the gateway itself, take another\n"
					"main.conf:7: meter \"daemon\": this name is used by the gateway itself, take another\n",
			},
			{
				.name = "a barrier that sees nothing",
				.main = SITE DEVICE
				"lane \"l\" { barrier \"b\" { presence = \"d.q\" } }\n",
				.told = "main.conf:5: lane \"l\" barrier \"b\": sees nothing, expected \"status\", \"closed_limit\" or \"open_limit\"\n",
			},
			{
				.name = "a seal that sees nothing",
				.main = SITE DEVICE
				"lane \"l\" { seal \"s\" { battery = \"d.q\" } }\n",
				.told = "main.conf:5: lane \"l\" seal \"s\": sees nothing, expected \"status\", \"opened\" or \"id\"\n",
			},
			{
				.name = "a status whose words are not those of the sensor",
				.main = SITE TCP
				"    point \"p\" { table = holding address = 1 map = {\"1=opne\", \"2=closed\"} }\n"
				"}\n"
				"lane \"l\" { barrier \"b\" { status = \"d.p\" } }\n",
				.told = "main.conf:5: lane \"l\" barrier \"b\": status = \"d.p\": its map has the word \"opne\", expected closed, opening, open, closing, fault or unknown\n",
			},
			{
				.name = "a time of 16 bits",
				.main = SITE DEVICE
				"lane \"l\" { seal \"s\" { id = d.p sealed_at = d.q } }\n",
				.told = "main.conf:5: lane \"l\" seal \"s\": sealed_at = \"d.q\": is a whole number, expected a number of seconds, of 32 bits or more\n",
			},
			{
				.name = "kinds of values that a role does not take",
				.main = SITE "device \"d\" { driver = modbus-tcp host = x unit = 1 address_base = 0\n"
					     "    point \"text\" { table = holding address = 1 type = string length = 4 }\n"
					     "    point \"bit\" { table = coil address = 1 }\n"
					     "    point \"word\" { table = holding address = 9 map = {\"0=intact\", \"1=open\"} }\n"
					     "    point \"u16\" { table = holding address = 10 }\n"
					     "    point \"u32\" { table = holding address = 11 type = u32 }\n"
					     "    point \"f32\" { table = holding address = 13 type = f32 }\n"
					     "    point \"count\" { table = holding address = 15 counted = true }\n"
					     "    point \"volt\" { table = holding address = 16 scale = 0.1 }\n"
					     "    point \"four\" { table = holding address = 17 bits = \"4-7\" } }\n"
					     "lane \"l\" { plate = d.u16 container = d.word presence = d.count document = d.text\n"
					     "    barrier \"b\" { status = d.bit presence = d.u32 passed = d.text arm_broken = d.u16 }\n"
					     "    barrier \"c\" { open_limit = d.bit closed_limit = d.bit presence = d.u16 passed = d.u16 }\n"
					     "    seal \"s\" { id = d.u16 status = d.u32 battery = d.text sealed_at = d.word\n"
					     "        open_counter = d.volt tamper_counter = d.f32 }\n"
					     "    seal \"t\" { id = d.u32 opened = d.bit tampered = d.bit battery = d.count\n"
					     "        open_counter = d.count tamper_counter = d.count sealed_at = d.volt } }\n"
					     "meter \"m\" { value = d.bit }\n"
					     "meter \"n\" { value = d.count }\n"
					     "meter \"o\" { value = d.four }\n",
				.told = "main.conf:12: lane \"l\": presence = \"d.count\": is a counter, expected a bit, or a register that is 0 or 1\n"
					"main.conf:12: lane \"l\": plate = \"d.u16\": is a whole number, expected a text\n"
					"main.conf:12: lane \"l\": container = \"d.word\": is a word of its map, expected a text\n"
					"main.conf:13: lane \"l\" barrier \"b\": status = \"d.bit\": is true or false, expected a point with a map, or a text\n"
					"main.conf:13: lane \"l\" barrier \"b\": presence = \"d.u32\": is a whole number, expected a bit, or a register that is 0 or 1\n"
					"main.conf:13: lane \"l\" barrier \"b\": passed = \"d.text\": is a text, expected a bit, or a register that is 0 or 1\n"
					"main.conf:14: lane \"l\" barrier \"c\": open_limit = \"d.bit\": is \"closed_limit\" already, expected another point\n"
					"main.conf:14: lane \"l\" barrier \"c\": passed = \"d.u16\": is \"presence\" already, expected another point\n"
					"main.conf:15: lane \"l\" seal \"s\": id = \"d.u16\": is a whole number, expected a text, or a whole number of 32 bits or more\n"
					"main.conf:15: lane \"l\" seal \"s\": status = \"d.u32\": is a whole number, expected a point with a map, or a text\n"
					"main.conf:15: lane \"l\" seal \"s\": battery = \"d.text\": is a text, expected a number\n"
					"main.conf:15: lane \"l\" seal \"s\": sealed_at = \"d.word\": is a word of its map, expected a number of seconds, of 32 bits or more\n"
					"main.conf:16: lane \"l\" seal \"s\": open_counter = \"d.volt\": is a scaled number, expected a whole number without scale and offset\n"
					"main.conf:16: lane \"l\" seal \"s\": tamper_counter = \"d.f32\": is a real number, expected a whole number without scale and offset\n"
					"main.conf:17: lane \"l\" seal \"t\": battery = \"d.count\": is a counter, expected a number\n"
					"main.conf:17: lane \"l\" seal \"t\": tampered = \"d.bit\": is \"opened\" already, expected another point\n"
					"main.conf:18: lane \"l\" seal \"t\": tamper_counter = \"d.count\": is \"open_counter\" already, expected another point\n"
					"main.conf:19: meter \"m\": value = \"d.bit\": is true or false, expected a number\n",
			},
			{
				.name = "options that have no effect on a point's values",
				.main = SITE TCP
				"    point \"a\" { table = coil address = 1 scale = 2 none = {1} counted = true }\n"
				"    point \"b\" { table = holding address = 1 type = f32 map = {\"0=closed\"} expect = {1} }\n"
				"    point \"c\" { table = holding address = 4 type = string length = 4 min = 1 invert = true }\n"
				"    point \"e\" { table = holding address = 9 scale = 0 }\n"
				"    point \"f\" { table = holding address = 9 type = s16 none = {0xFFFF, -32768, 70000} }\n"
				"    point \"g\" { table = holding address = 9 min = 5 max = 4 none = {x} }\n"
				"    point \"h\" { table = holding address = 9 bits = \"7-4\" }\n"
				"    point \"i\" { table = holding address = 9 bits = 4 }\n"
				"    point \"j\" { table = holding address = 9 map = {\"1=on\"} max = 4 } }\n",
				.told = "main.conf:3: device \"d\" point \"a\": option \"scale\" has no effect: the value is true or false, expected a number\n"
					"main.conf:3: device \"d\" point \"a\": option \"none\" has no effect: the value is true or false, expected a number, or a bit of one\n"
					"main.conf:3: device \"d\" point \"a\": option \"counted\" has no effect: the value is true or false, expected a whole number\n"
					"main.conf:4: device \"d\" point \"b\": option \"expect\" has no effect: the value is a real number, expected a whole number or a bit\n"
					"main.conf:4: device \"d\" point \"b\": option \"map\" has no effect: the value is a real number, expected a whole number or a bit\n"
					"main.conf:5: device \"d\" point \"c\": option \"min\" has no effect: the value is a text, expected a number\n"
					"main.conf:5: device \"d\" point \"c\": option \"invert\" has no effect: the value is a text, expected a bit\n"
					"main.conf:6: device \"d\" point \"e\": scale = \"0\": every number would be the same, expected another\n"
					"main.conf:7: device \"d\" point \"f\": option \"none\" 70000 is no number of 16 bits\n"
					"main.conf:8: device \"d\" point \"g\": none = \"x\": not a whole number, such as 255, -1 or 0xFFFF\n"
					"main.conf:8: device \"d\" point \"g\": option \"min\" is above \"max\", nothing lies between them\n"
					"main.conf:9: device \"d\" point \"h\": bits = \"7-4\": expected the first and the last, such as \"4-7\", from 0 to 15\n"
					"main.conf:10: device \"d\" point \"i\": bits = \"4\": expected the first and the last, such as \"4-7\", from 0 to 15\n"
					"main.conf:11: device \"d\" point \"j\": option \"map\" excludes \"max\", a word has none\n",
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
				.main = SITE DEVICE
				"lane \"Entry 1\" { seal \"s\" { id = \"d.p\" } }\n",
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
				.told = "main.conf:1: uplink: topic_root = \"a/+/b\": not a topic, expected levels between \"/\", none empty, without \"+\", \"#\" and \".\", not beginning with \"$\"\n",
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
					"main.conf:1: uplink: password_credential = \"a/b\": not the name of a credential, expected one without \"/\"\n"
					"main.conf:1: uplink: option \"password_file\" would send the password where all on the way can read it: add a block tls, or cleartext = true\n",
			},
			{
				.name = "a password in the clear",
				.main = "checkpoint { id = c } gateway { id = g } uplink { host = {localhost, \"127.1.2.3:1\", \"[::1]:2\", \"10.0.0.1\"}\n"
					"username = u password_credential = p }\n",
				.told = "main.conf:2: uplink: option \"password_credential\" would send the password where all on the way can read it: add a block tls, or cleartext = true\n",
			},
			{
				.name = "a dot in the topics",
				.main = "checkpoint { id = c } gateway { id = g } uplink { host = h topic_root = corridor/v1.2 }\n",
				.told = "main.conf:1: uplink: topic_root = \"corridor/v1.2\": not a topic, expected levels between \"/\", none empty, without \"+\", \"#\" and \".\", not beginning with \"$\"\n",
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
				.file[0] =
					{"profiles/boom.conf",
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
				.file[0] =
					{"profiles/boom.conf",
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
				.main = SITE
				"device \"d\" {\n"
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
				.file[0] = {"conf.d/20-b.conf",
					    "device \"x\" { driver = modbus-tcp }\n"
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
				.name = "contacts that say what cannot be",
				.main = SITE DEVICE
				"contact \"a\" { input = d.p words = {\"ok\"} }\n"
				"contact \"b\" { input = d.q words = {\"ok\", \"Not ok\"}\n"
				"    severity = bad use = fire }\n"
				"contact \"c\" { input = d.q words = {\"unknown\", \"lost\"} }\n"
				"contact \"d\" { use = mains }\n"
				"contact \"daemon\" { input = d.q }\n"
				"meter \"e\" { value = d.q }\n"
				"contact \"e\" { input = d.q }\n",
				.told = "main.conf:5: contact \"a\": input = \"d.p\": is a text, expected a bit, or a register that is 0 or 1\n"
					"main.conf:5: contact \"a\": option \"words\" expected two different words, the normal one first\n"
					"main.conf:6: contact \"b\": words = \"Not ok\": expected a word of 1 to 23 letters a to z, not \"unknown\"\n"
					"main.conf:7: contact \"b\": use = \"fire\": expected other, mains, door, panic or intrusion\n"
					"main.conf:7: contact \"b\": severity = \"bad\": expected info, warning, minor, major or critical\n"
					"main.conf:8: contact \"c\": words = \"unknown\": expected a word of 1 to 23 letters a to z, not \"unknown\"\n"
					"main.conf:9: contact \"d\": option \"input\" is missing. The point that is read.\n"
					"main.conf:10: contact \"daemon\": this name is used by the gateway itself, take another\n"
					"main.conf:12: contact \"e\": a meter has this name, in main.conf:11\n",
			},
};

int main(void)
{
	return run_bads(bads, sizeof(bads) / sizeof(bads[0]));
}
