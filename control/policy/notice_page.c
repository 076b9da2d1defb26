// SPDX-License-Identifier: BSD-3-Clause
//
// Writes the blocks of a notice: as plain text, one statement a line, or as one page of HTML that
// needs nothing else. Texts come from a file: what could steer a terminal or a browser is taken out
// here, and nowhere else.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notice_internal.h"

#define REPLACEMENT "\xef\xbf\xbd" // U+FFFD
#define LAST_INVISIBLE 0x9f

// Of U+0080 to U+009F, in UTF-8 0xc2 0x80 to 0xc2 0x9f, and of the marks that turn the direction of
// writing (U+202A to U+202E, U+2066 to U+2069). Returns their bytes, 0 if text begins with none.
static size_t control_bytes(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	if ((c[0] < 0x20 && c[0] != '\n') || c[0] == 0x7f)
		return 1;
	if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= LAST_INVISIBLE)
		return 2;
	if (c[0] == 0xe2 && c[1] == 0x80 && c[2] >= 0xaa && c[2] <= 0xae)
		return 3;
	if (c[0] == 0xe2 && c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9)
		return 3;
	return 0;
}

// A tab is only a space; of the rest the reader should see that something was there.
static size_t put_control(FILE *out, const char *text)
{
	const size_t bytes = control_bytes(text);

	if (bytes)
		fputs(*text == '\t' || *text == '\r' ? " " : REPLACEMENT, out);
	return bytes;
}

// indent: what lines after the first begin with.
static void put_text(FILE *out, const char *text, const char *indent)
{
	size_t bytes;

	while (*text) {
		bytes = put_control(out, text);
		if (bytes) {
			text += bytes;
			continue;
		}
		fputc(*text, out);
		if (*text++ == '\n')
			fputs(indent, out);
	}
	fputc('\n', out);
}

static bool starts_after_space(enum block_kind kind, enum block_kind before)
{
	if (kind == BLOCK_HEADING || kind == BLOCK_SUBHEADING)
		return true;
	return (kind == BLOCK_PARAGRAPH || kind == BLOCK_QUESTION || kind == BLOCK_QUOTE) &&
	       before != BLOCK_HEADING && before != BLOCK_SUBHEADING &&
	       (kind != BLOCK_QUOTE || before == BLOCK_PARAGRAPH);
}

static void write_text(const struct notice *n, FILE *out)
{
	// How a block of each kind begins, and its further lines.
	static const char *const first[] = {
		[BLOCK_TITLE] = "",     [BLOCK_HEADING] = "■ ", [BLOCK_SUBHEADING] = "□ ",
		[BLOCK_PARAGRAPH] = "", [BLOCK_ITEM] = "- ",    [BLOCK_QUOTE] = "  | ",
		[BLOCK_LINK] = "  ",    [BLOCK_QUESTION] = "",
	};
	static const char *const further[] = {
		[BLOCK_TITLE] = "",     [BLOCK_HEADING] = "",  [BLOCK_SUBHEADING] = "",
		[BLOCK_PARAGRAPH] = "", [BLOCK_ITEM] = "  ",   [BLOCK_QUOTE] = "  | ",
		[BLOCK_LINK] = "  ",    [BLOCK_QUESTION] = "",
	};
	size_t i;

	for (i = 0; i < n->block_count; i++) {
		const struct block *b = &n->blocks[i];

		if (i && starts_after_space(b->kind, b[-1].kind))
			fputc('\n', out);
		fputs(first[b->kind], out);
		put_text(out, b->text, further[b->kind]);
	}
}

// line_break: what a new line becomes.
static void put_html(FILE *out, const char *text, const char *line_break)
{
	size_t bytes;

	for (; *text; text += bytes) {
		bytes = put_control(out, text);
		if (bytes)
			continue;
		bytes = 1;
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		case '\n':
			fputs(line_break, out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

static void put_element(FILE *out, const char *name, const char *text)
{
	fprintf(out, "<%s>", name);
	put_html(out, text, strcmp(name, "title") ? "<br>" : " ");
	fprintf(out, "</%s>\n", name);
}

static void put_link(FILE *out, const char *url)
{
	fputs("<p><a href=\"", out);
	put_html(out, url, "");
	fputs("\">", out);
	put_html(out, url, "");
	fputs("</a></p>\n", out);
}

static void put_block(FILE *out, const struct block *b)
{
	static const char *const elements[] = {
		[BLOCK_TITLE] = "h1",    [BLOCK_HEADING] = "h2", [BLOCK_SUBHEADING] = "h3",
		[BLOCK_PARAGRAPH] = "p", [BLOCK_ITEM] = "li",    [BLOCK_QUOTE] = "blockquote",
		[BLOCK_QUESTION] = "h3",
	};

	if (b->kind == BLOCK_LINK)
		put_link(out, b->text);
	else
		put_element(out, elements[b->kind], b->text);
}

static void write_html(const struct notice *n, FILE *out)
{
	static const char style[] =
		"body{font-family:sans-serif;line-height:1.7;max-width:48em;margin:2em auto;"
		"padding:0 1em;color:#222;background:#fff}"
		"h1{font-size:1.4em}h2{font-size:1.2em;border-bottom:1px solid #999;"
		"margin-top:2em}h3{font-size:1em}"
		"blockquote{margin:.5em 1em;padding-left:1em;border-left:3px solid #999}";
	bool in_list = false;
	size_t i;

	fprintf(out,
		"<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
		policy_notice_languages[n->lang]);
	put_element(out, "title", n->blocks[0].text);
	fprintf(out, "<style>%s</style>\n</head>\n<body>\n<main>\n", style);
	for (i = 0; i < n->block_count; i++) {
		const bool is_item = n->blocks[i].kind == BLOCK_ITEM;

		if (is_item != in_list)
			fputs(is_item ? "<ul>\n" : "</ul>\n", out);
		in_list = is_item;
		put_block(out, &n->blocks[i]);
	}
	fprintf(out, "%s</main>\n</body>\n</html>\n", in_list ? "</ul>\n" : "");
}

char *notice_page(const struct notice *n, bool is_html)
{
	char *page = NULL;
	size_t bytes;
	FILE *out = open_memstream(&page, &bytes);

	if (!out)
		abort();
	if (is_html)
		write_html(n, out);
	else
		write_text(n, out);
	if (fclose(out))
		abort();
	return page;
}
