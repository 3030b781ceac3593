#include "base/utf8.h"

#include <string.h>

/* What has no ink or turns the direction of writing: people see another text than is compared.
 * (Unicode: default ignorable, bidirectional controls, line and paragraph ends, fillers.) */
static bool is_unseen(uint32_t character)
{
	static const struct {
		uint32_t first, last;
	} unseen[] = {
		{0x00AD, 0x00AD},   {0x034F, 0x034F},	{0x061C, 0x061C}, {0x115F, 0x1160},
		{0x17B4, 0x17B5},   {0x180B, 0x180F},	{0x200B, 0x200F}, {0x2028, 0x202E},
		{0x2060, 0x206F},   {0x2800, 0x2800},	{0x3164, 0x3164}, {0xFE00, 0xFE0F},
		{0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},	{0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3},
		{0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
	};

	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (character <= unseen[i].last)
			return character >= unseen[i].first;
	return false;
}

uint32_t utf8_code(const char *text, size_t bytes)
{
	const unsigned char *byte = (const unsigned char *)text;
	uint32_t code = bytes == 1 ? byte[0] : byte[0] & (0x7Fu >> bytes);

	for (size_t i = 1; i < bytes; i++)
		code = code << 6 | (byte[i] & 0x3Fu);
	return code;
}

void utf8_write(uint32_t code, char ret_text[UTF8_BYTES])
{
	static const unsigned char leads[] = {0x00, 0xC0, 0xE0, 0xF0};
	size_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;

	ret_text[more + 1] = '\0';
	for (size_t i = more; i > 0; i--, code >>= 6)
		ret_text[i] = (char)(0x80 | (code & 0x3F));
	ret_text[0] = (char)(leads[more] | code);
}

/* Table 3-7 of Unicode, without controls. */
size_t utf8_sequence(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	unsigned char first = byte[0], low = 0x80, high = 0xBF;
	size_t bytes = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;

	if (first < 0x80)
		return first >= 0x20 && first != 0x7F;
	if (first < 0xC2 || first > 0xF4)
		return 0;
	if (first == 0xC2 || first == 0xE0)
		low = 0xA0; /* C1 controls; over-long forms */
	else if (first == 0xF0)
		low = 0x90;
	else if (first == 0xED)
		high = 0x9F; /* surrogates */
	else if (first == 0xF4)
		high = 0x8F;
	if (byte[1] < low || byte[1] > high)
		return 0;
	for (size_t i = 2; i < bytes; i++)
		if (byte[i] < 0x80 || byte[i] > 0xBF)
			return 0;
	return bytes;
}

size_t utf8_character(const char *text)
{
	size_t bytes = utf8_sequence(text);

	return bytes > 1 && is_unseen(utf8_code(text, bytes)) ? 0 : bytes;
}

bool utf8_is_printable(const char *text)
{
	while (*text) {
		size_t bytes = utf8_character(text);

		if (bytes == 0)
			return false;
		text += bytes;
	}
	return true;
}

size_t utf8_print(char *out, size_t size, const char *text)
{
	size_t used = 0;

	while (*text) {
		size_t bytes = utf8_character(text);
		size_t taken = bytes > 0 ? bytes : 1;

		if (used + taken >= size)
			break;
		if (bytes > 0)
			memmove(out + used, text, bytes);
		else
			out[used] = '?';
		used += taken;
		text += taken;
	}
	out[used] = '\0';
	return used;
}

size_t utf8_cut(const char *text, size_t bytes)
{
	size_t last = bytes > 0 ? bytes - 1 : 0;
	size_t whole;

	while (last > 0 && ((unsigned char)text[last] & 0xC0) == 0x80)
		last--;
	whole = utf8_character(text + last);
	return whole > 0 && last + whole <= bytes ? bytes : last;
}
