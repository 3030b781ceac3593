/* Bad configurations whose form is wrong: marks, blocks, characters, words. What is told about
 * each, to the letter; above all that one mistake is not told as several. */
#include "config_bad.h"

#define LONG_SHOWN "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" /* 60 */
#define LONG	   LONG_SHOWN LONG_SHOWN LONG_SHOWN

static const struct bad bads[] = {
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
		.told = "main.conf:2: unexpected \";\", nothing stands between two options, and a comment begins with #\n",
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
		.name = "a file that ends early does not make the rest look missing",
		.main = SITE "lane \"l\" { seal \"s\" { id = \"d.p\" } }\n"
			     "meter \"m\" { value = = }\n" DEVICE,
		.told = "main.conf:3: meter \"m\": unexpected \"=\", is something missing before it?\n",
	},
	{
		.name = "no value before the next option",
		.main = SITE "journal {\n"
			     "    quota =\n"
			     "    keep = 90d\n"
			     "}\n",
		.told = "main.conf:4: journal: unexpected \"keep\", is something missing before it?\n",
	},
	{
		.name = "a second equal sign",
		.main = SITE "journal { quota == 2GiB keep = 5 }\n",
		.told = "main.conf:2: journal: unexpected \"=\", is something missing before it?\n"
			"main.conf:2: journal: keep = \"5\": the unit is missing, expected ns, us, ms, s, min, h or d after the number\n",
	},
	{
		.name = "no value in a list",
		.main = "checkpoint { id = c } gateway { id = g } uplink { host = {} window = {} }\n",
		.told = "main.conf:1: uplink: option \"host\" has 0 values, expected at least one\n"
			"main.conf:1: uplink: option \"window\" has 0 values, expected one\n",
	},
	{
		.name = "a map without quotes",
		.main = SITE TCP
		"    point \"p\" { table = holding address = 1 map = {16=open, 17=closed} }\n"
		"}\n"
		"lane \"l\" { barrier \"b\" { status = d.p } }\n",
		.told = "main.conf:3: device \"d\" point \"p\": unexpected \"=\", a text with it needs quotes\n",
	},
	{
		.name = "an equal sign before a block",
		.main = SITE "journal = { quota = 1 }\n"
			     "registry = 5\n"
			     "lane = { }\n",
		.told = "main.conf:2: after \"journal\" expected \"{\"\n"
			"main.conf:2: journal: quota = \"1\": the unit is missing, expected B, KiB, MiB, GiB or TiB after the number\n"
			"main.conf:3: after \"registry\" expected \"{\"\n"
			"main.conf:4: this lane has no name, expected: lane \"name\" { ... }\n",
	},
	{
		.name = "a comment in a word",
		.main = SITE "journal { path = /var/lib/*.db }\n"
			     "meter \"m\" { unit = a//b }\n",
		.told = "main.conf:2: unexpected \"/*\", a text with it needs quotes\n"
			"main.conf:3: unexpected \"//\", a text with it needs quotes\n"
			"main.conf:3: meter \"m\": option \"value\" is missing. The point that is reported.\n",
	},
	{
		.name = "a brace that is never opened",
		.main = "checkpoint id = c name = 1 }\n"
			"gateway { id = g }\n"
			"uplink { host = h }\n",
		.told = "main.conf:1: after \"checkpoint\" expected \"{\"\n",
	},
	{
		.name = "a device without its last brace, and what follows",
		.main = SITE TCP
		"    point \"p\" { table = holding address = 1 }\n"
		"device \"e\" { driver = modbus-tcp host = x unit = 1 address_base = 0\n"
		"    point \"p\" { table = holding address = 1 } }\n"
		"device \"f\" { driver = modbus-tcp host = x unit = 300 address_base = 0\n"
		"    point \"p\" { table = holding address = 1 } }\n"
		"meter \"m\" { value = d.p }\n"
		"meter \"n\" { value = e.p }\n"
		"meter \"o\" { value = f.q }\n"
		"journal { qouta = 1GiB }\n",
		.told = "main.conf:2: the \"{\" in this line has no \"}\"\n"
			"main.conf:4: device \"d\": block \"device\" does not belong here, but outside of other blocks: is a \"}\" missing before it?\n"
			"main.conf:6: device \"f\": unit = \"300\": out of range, expected 0 to 255\n"
			"main.conf:10: meter \"o\": value = \"f.q\": there is no such point, did you mean \"f.p\"?\n"
			"main.conf:11: journal: unknown option \"qouta\", did you mean \"quota\"?\n",
	},
	{
		.name = "two braces missing",
		.main = SITE "lane \"l\" {\n"
			     "    seal \"s\" { id = d.p\n" DEVICE "meter \"m\" { value = d.p }\n",
		.told = "main.conf:2: the \"{\" in this line has no \"}\"\n"
			"main.conf:3: the \"{\" in this line has no \"}\"\n"
			"main.conf:4: lane \"l\" seal \"s\": block \"device\" does not belong here, but outside of other blocks: is a \"}\" missing before it?\n",
	},
	{
		.name = "a list without its brace",
		.main = "checkpoint { id = c } gateway { id = g }\n"
			"uplink {\n"
			"    host = {\"a\", \"b\"\n"
			"    window = many\n"
			"}\n",
		.told = "main.conf:3: the \"{\" in this line has no \"}\"\n"
			"main.conf:4: uplink: window = \"many\": not a whole number, expected 1 to 1000 messages\n",
	},
	{
		.name = "a device that ends too early",
		.main = SITE "device \"d\" { driver = modbus-tcp host = x unit = 1 }\n"
			     "    address_base = 0\n"
			     "    point \"p\" { table = holding address = 1 }\n"
			     "    point \"q\" { table = holding address = 2 }\n"
			     "}\n"
			     "meter \"m\" { value = d.p unti = V }\n",
		.told = "main.conf:3: option \"address_base\" does not belong here, but in the block \"device\"\n"
			"main.conf:6: \"}\" without a block or list that it could end\n"
			"main.conf:7: meter \"m\": unknown option \"unti\", did you mean \"unit\"?\n",
	},
	{
		.name = "a text that swallows a brace",
		.main = "checkpoint { id = \"c }\n"
			"gateway { id = 'g }\n"
			"uplink { host = {\"h} }\n",
		.told = "main.conf:1: this text does not end, expected \" before the end of the line\n"
			"main.conf:2: this text does not end, expected ' before the end of the line\n"
			"main.conf:3: this text does not end, expected \" before the end of the line\n",
	},
	{
		.name = "what a misspelt block holds is told, and what needs it is not",
		.main = SITE
		"devise \"d\" { driver = modbus-tcp host = x unti = 1 address_base = 0\n"
		"    point \"p\" { table = holding address = 1 } }\n"
		"bsu \"b\" { driver = modbus-tcp host = x }\n"
		"device \"e\" { bus = b unit = 1 address_base = 0\n"
		"    pont \"p\" { table = holding address = 1 } }\n"
		"lane \"l\" { seel \"s\" { id = d.p } }\n"
		"lane \"m\" { seal \"s\" { id = e.p status = d.p } }\n",
		.told = "main.conf:2: unknown block \"devise\", did you mean \"device\"?\n"
			"main.conf:2: device \"d\": unknown option \"unti\", did you mean \"unit\"?\n"
			"main.conf:4: unknown block \"bsu\", did you mean \"bus\"?\n"
			"main.conf:6: device \"e\": unknown block \"pont\", did you mean \"point\"?\n"
			"main.conf:7: lane \"l\": unknown block \"seel\", did you mean \"seal\"?\n",
	},
	{
		.name = "a misspelt option is not missing, nor is a block",
		.main = "chekpoint { id = c }\n"
			"gateway { ID = g }\n"
			"uplink { hots = h }\n",
		.told = "main.conf:1: unknown block \"chekpoint\", did you mean \"checkpoint\"?\n"
			"main.conf:2: gateway: unknown option \"ID\", did you mean \"id\"?\n"
			"main.conf:3: uplink: unknown option \"hots\", did you mean \"host\"?\n",
	},
	{
		.name = "what needs a device without a name",
		.main = SITE "device { driver = modbus-tcp host = x unit = 1 address_base = 0\n"
			     "    point \"p\" { table = holding address = 1 } }\n"
			     "meter \"m\" { value = d.p }\n",
		.told = "main.conf:2: this device has no name, expected: device \"name\" { ... }\n",
	},
	{
		.name = "a file of another program",
		.main = "[checkpoint]\n"
			"id: c\n"
			"gateway:\n"
			"  id: g\n"
			"uplink:\n",
		.told = "main.conf:1: option \"[checkpoint]\" stands outside of all blocks, did you mean \"checkpoint\"?\n"
			"main.conf:2: option \"id:\" stands outside of all blocks\n"
			"main.conf:3: option \"gateway:\" stands outside of all blocks, did you mean \"gateway\"?\n"
			"main.conf:4: option \"id:\" stands outside of all blocks\n"
			"main.conf:5: option \"uplink:\" stands outside of all blocks, did you mean \"uplink\"?\n",
	},
	{
		.name = "a file in JSON",
		.main = "{ \"checkpoint\": { \"id\": \"c\" } }\n",
		.told = "main.conf:1: unexpected \"{\", is something missing before it?\n",
	},
	{
		.name = "a quoted name is a name",
		.main = SITE "\"journal\" { \"quota\" = 1 }\n"
			     "\"uplink|port\" = 5\n",
		.told = "main.conf:2: journal: quota = \"1\": the unit is missing, expected B, KiB, MiB, GiB or TiB after the number\n"
			"main.conf:3: option \"uplink|port\" stands outside of all blocks, did you mean \"uplink\"?\n",
	},
	{
		.name = "a name beyond all measure",
		.main = SITE "journal { " LONG LONG " = 1 }\n",
		.told = "main.conf:2: journal: unknown option \"" LONG_SHOWN "\"\n",
	},
	{
		.name = "a file in UTF-16",
		.main = "\xff\xfeg\0a\0t\0e\0w\0a\0y\0 \0{\0 \0i\0d\0 \0=\0 \0g\0 \0}\0\n\0",
		.main_bytes = 40,
		.told = "main.conf: is UTF-16, expected a file saved as UTF-8: iconv -f UTF-16 -t UTF-8 makes one of it\n",
	},
	{
		.name = "a file in UTF-16 without a mark, the high byte first",
		.main = "\0#\x04\x12\x04\x3e\x04\x40\0\n\0g\0a\0t\0e\0w\0a\0y\0 \0{\0 \0}\0\n",
		.main_bytes = 34,
		.told = "main.conf: is UTF-16, expected a file saved as UTF-8: iconv -f UTF-16 -t UTF-8 makes one of it\n",
	},
	{
		.name = "a file that a loss of power has cut off",
		.main = SITE "journal { qouta\0\0\0\0\0\0\0\0\0",
		.main_bytes = sizeof(SITE "journal { qouta\0\0\0\0\0\0\0\0") - 1,
		.told = "main.conf:2: a NUL byte: the file is damaged, or no text; expected a text file\n",
	},
	{
		.name = "a file of nothing but NULs",
		.main = "\0\0\0\0\0\0\0\0",
		.main_bytes = 8,
		.told = "main.conf:1: a NUL byte: the file is damaged, or no text; expected a text file\n",
	},
	{
		.name = "what comes again and again is told once, with the lines",
		.main = SITE "journal {\n"
			     "    path = \"/a\x01\"; # \x01\n"
			     "    fallback = \"/b\xe4\";\n"
			     "    keep = 1;\n"
			     "}\n"
			     "lane \"l\" { direction = both; passage_stuck = \"1h\x01\";\n"
			     "    passage_gap = 1s; };\n"
			     "# \xe4\n",
		.told = "main.conf:3: byte 0x01 is a control character, expected text (also in line 7)\n"
			"main.conf:3: unexpected \";\", nothing stands between two options, and a comment begins with # (also in lines 4, 5, 7 and 1 more)\n"
			"main.conf:4: byte 0xe4 is not UTF-8, expected a file saved as UTF-8 (also in line 9)\n"
			"main.conf:5: journal: keep = \"1\": the unit is missing, expected ns, us, ms, s, min, h or d after the number\n"
			"main.conf:7: lane \"l\": has no sensor, expected a barrier or a seal\n"
			"main.conf:7: lane \"l\": passage_stuck = \"1h \": the unit is unknown, expected ns, us, ms, s, min, h or d\n",
	},
	{
		.name = "lines that end as on old Macintoshes",
		.main = "# a site\rcheckpoint { id = c }\rgateway { id = g } uplink { host = h }\r"
			"journal { qouta = 1 }\r",
		.told = "main.conf:4: journal: unknown option \"qouta\", did you mean \"quota\"?\n",
	},
	{
		.name = "curly quotes",
		.main = "checkpoint { id = “c” name = ‘Red “Bridge’ }\n"
			"gateway { id = „g“ }\n"
			"uplink { host = {«a», ＂b＂, \"c\"} window = “x” }\n",
		.told = "main.conf:1: these are curly quotes, write \" (also in lines 2, 3)\n"
			"main.conf:3: uplink: window = \"x\": not a whole number, expected 1 to 1000 messages\n",
	},
	{
		.name = "a curly quote at one end",
		.main = "checkpoint { id = \"c” name = \"Red” country = \"GE\" }\n"
			"gateway { id = \"g” }\n"
			"uplink { host = “h\" }\n",
		.told = "main.conf:1: these are curly quotes, write \" (also in lines 2, 3)\n",
	},
	{
		.name = "a curly quote without an end",
		.main = SITE "journal { path = “/a }\n",
		.told = "main.conf:2: these are curly quotes, write \"\n",
	},
	{
		.name = "no-break blanks, and what cannot be seen",
		.main = "checkpoint\u00a0{ id\u2007=\u00a0c }\n"
			"gateway {\u3000id = g\u200b }\n"
			"up\u00adlink { host = h }\n"
			"\ufeffjournal { keep = 1 }\n",
		.told = "main.conf:1: this is a no-break blank (U+00A0), write a plain one (also in line 2)\n"
			"main.conf:2: there is a character that cannot be seen (U+200B), remove it (also in lines 3, 4)\n"
			"main.conf:4: journal: keep = \"1\": the unit is missing, expected ns, us, ms, s, min, h or d after the number\n",
	},
	{
		.name = "letters and marks that look like others",
		.main = "сheckpoint { id = c }\n"
			"gateway ｛ id ＝ g }\n"
			"uplink { hοst = h }\n"
			"device \"d\" { driver = modbus–tcp host = x unit = 1 address_base = 0\n"
			"    point \"p\" { table = input address = 1 o\ufb00set = 1 ｝ }\n"
			"# всё это комментарий: “«–\n",
		.told = "main.conf:1: this \"c\" is a Cyrillic letter (U+0441), write a plain one\n"
			"main.conf:2: this \"{\" is a full-width character (U+FF5B), write a plain one (also in line 5)\n"
			"main.conf:3: this \"o\" is a Greek letter (U+03BF), write a plain one\n"
			"main.conf:4: this \"-\" is a long dash (U+2013), write a plain one\n"
			"main.conf:5: this \"ff\" is a ligature (U+FB00), write a plain one\n",
	},
	{
		.name = "letters that look like others, in quotes",
		.main = SITE
		"device \"d\" { driver = \"modbus-tcp\u00a0\" host = x }\n"
		"bus \"b\" { driver = \"modbus-rtu\" port = /dev/ttyS0 parity = \"еven\" }\n"
		"meter \"wаtt\" { value = \"d‑1.p\" }\n",
		.told = "main.conf:2: device \"d\": driver = \"modbus-tcp\u00a0\": there is no such driver, expected one of modbus-rtu, modbus-tcp, modbus-rtu-tcp, gpio, line, mqtt-in, http-in, replay, did you mean \"modbus-tcp\"?; this is a no-break blank (U+00A0), write a plain one\n"
			"main.conf:2: device \"d\": has no point, expected a profile or a point block\n"
			"main.conf:3: bus \"b\": parity = \"еven\": expected none, even or odd; this \"e\" is a Cyrillic letter (U+0435), write a plain one\n"
			"main.conf:4: meter \"wаtt\": not a name, expected 1 to 63 of a-z, 0-9 and \"-\"; this \"a\" is a Cyrillic letter (U+0430), write a plain one\n"
			"main.conf:4: meter \"wаtt\": value = \"d‑1.p\": there is no such point; this \"-\" is a long dash (U+2011), write a plain one\n",
	},
	{
		.name = "words in another alphabet need quotes",
		.main = "checkpoint { id = c name = Красный мост у реки }\n"
			"gateway { id = \"ворота\" } uplink { host = h }\n",
		.told = "main.conf:1: unexpected \"н\", a text with it needs quotes\n"
			"main.conf:2: gateway: id = \"ворота\": not a name, expected a-z, 0-9 and \"-\" only\n",
	},
	{
		.name = "words for parity",
		.main = SITE
		"bus \"a\" { driver = modbus-rtu port = /dev/ttyS0 parity = \"E\" }\n"
		"bus \"b\" { driver = modbus-rtu port = /dev/ttyS0 parity = Even }\n"
		"bus \"c\" { driver = modbus-rtu port = /dev/ttyS0 parity = 8N1 }\n"
		"bus \"d\" { driver = modbus-rtu port = /dev/ttyS0 parity = \"нечет\" }\n"
		"bus \"e\" { driver = modbus-rtu port = /dev/ttyS0 parity = mark }\n",
		.told = "main.conf:2: bus \"a\": parity = \"E\": expected none, even or odd, did you mean \"even\"?\n"
			"main.conf:3: bus \"b\": parity = \"Even\": expected none, even or odd, did you mean \"even\"?\n"
			"main.conf:4: bus \"c\": parity = \"8N1\": expected none, even or odd, did you mean \"none\"?\n"
			"main.conf:5: bus \"d\": parity = \"нечет\": expected none, even or odd, did you mean \"odd\"?\n"
			"main.conf:6: bus \"e\": parity = \"mark\": expected none, even or odd\n",
	},
	{
		.name = "words for other choices",
		.main = SITE TCP
		"    point \"p\" { table = 4x address = 1 type = FLOAT32 order = big invert = ja }\n"
		"    point \"q\" { table = h address = 2 type = u invert = 1 }\n"
		"}\n"
		"lane \"l\" { direction = in seal \"s\" { id = d.p } }\n",
		.told = "main.conf:3: device \"d\" point \"p\": invert = \"ja\": expected true or false, did you mean \"yes\"?\n"
			"main.conf:3: device \"d\" point \"p\": table = \"4x\": expected holding, input, coil or discrete, did you mean \"holding\"?\n"
			"main.conf:3: device \"d\" point \"p\": type = \"FLOAT32\": expected auto, bool, u16, s16, u32, s32, u64, s64, f32, f64, string, bcd16 or bcd32, did you mean \"f32\"?\n"
			"main.conf:3: device \"d\" point \"p\": order = \"big\": expected abcd, cdab, badc or dcba, did you mean \"abcd\"?\n"
			"main.conf:4: device \"d\" point \"q\": invert = \"1\": expected true or false, did you mean \"true\"?\n"
			"main.conf:4: device \"d\" point \"q\": table = \"h\": expected holding, input, coil or discrete, did you mean \"holding\"?\n"
			"main.conf:4: device \"d\" point \"q\": type = \"u\": expected auto, bool, u16, s16, u32, s32, u64, s64, f32, f64, string, bcd16 or bcd32\n"
			"main.conf:6: lane \"l\": direction = \"in\": expected entry, exit or both, did you mean \"entry\"?\n",
	},
	{
		.name = "options as others call them",
		.main = SITE
		"bus \"b\" { driver = modbus-rtu port = /dev/ttyS0 baudrate = 9600 }\n"
		"device \"d\" { bus = b slave = 1 address_base = 0 poll_interval = 1s\n"
		"    point \"p\" { table = coil register = 1 } }\n",
		.told = "main.conf:2: bus \"b\": unknown option \"baudrate\", did you mean \"baud\"?\n"
			"main.conf:3: device \"d\": unknown option \"slave\", did you mean \"unit\"?\n"
			"main.conf:3: device \"d\": unknown option \"poll_interval\", did you mean \"poll\"?\n"
			"main.conf:4: device \"d\" point \"p\": unknown option \"register\", did you mean \"address\"?\n",
	},
};

int main(void)
{
	return run_bads(bads, sizeof(bads) / sizeof(bads[0]));
}
