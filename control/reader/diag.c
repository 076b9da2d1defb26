// SPDX-License-Identifier: BSD-3-Clause
//
// See diag.h. Out of memory while telling an operator what is wrong ends the process: nothing
// useful is left to be done, and nothing has been changed yet.
#include "diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

void diag_init(struct diag *d, const char *source)
{
	*d = (struct diag){.source = diag_text(source)};
}

void diag_free(struct diag *d)
{
	size_t i;

	for (i = 0; i < d->count; i++) {
		free(d->rows[i].place);
		free(d->rows[i].text);
	}
	free(d->rows);
	free(d->source);
	*d = (struct diag){0};
}

static char *without_controls(char *text)
{
	char *c;

	for (c = text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	return text;
}

char *diag_text(const char *text)
{
	char *copy = without_controls(must(strdup(text))), *c;
	json_t *value = json_string(copy);

	for (c = copy; !value && *c; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	json_decref(value);
	return copy;
}

static void diag_add(struct diag *d, enum diag_severity severity, const char *place,
		     const char *fmt, va_list args)
{
	struct diag_row *row;

	if (severity == DIAG_ERROR)
		d->error_count++;
	if (d->count >= DIAG_MAX_ROWS) {
		d->left_off++;
		return;
	}
	d->rows = must(realloc(d->rows, (d->count + 1) * sizeof(*d->rows)));
	row = &d->rows[d->count++];
	row->severity = severity;
	row->place = without_controls(must(strdup(place)));
	if (vasprintf(&row->text, fmt, args) < 0)
		abort();
	without_controls(row->text);
}

void diag_error(struct diag *d, const char *place, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	diag_add(d, DIAG_ERROR, place, fmt, args);
	va_end(args);
}

void diag_warning(struct diag *d, const char *place, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	diag_add(d, DIAG_WARNING, place, fmt, args);
	va_end(args);
}

void diag_print(const struct diag *d, FILE *out)
{
	size_t i;

	for (i = 0; i < d->count; i++) {
		const struct diag_row *row = &d->rows[i];

		// A syntax error's place is line:column and follows the file name without a space,
		// as compilers do.
		fprintf(out, "%s:%s%s%s %s%s\n", d->source,
			!row->place[0] || (row->place[0] >= '0' && row->place[0] <= '9') ? "" : " ",
			row->place, row->place[0] ? ":" : "",
			row->severity == DIAG_WARNING ? "warning: " : "", row->text);
	}
	if (d->left_off)
		fprintf(out, "%s: and %zu more\n", d->source, d->left_off);
}

// Text as a JSON string. The JSON parser cuts what it quotes, perhaps inside a UTF-8 character.
static json_t *text_json(const char *text)
{
	char *copy = diag_text(text);
	json_t *value = must(json_string(copy));

	free(copy);
	return value;
}

static json_t *row_json(const struct diag *d, enum diag_severity severity, const char *place,
			const char *text)
{
	return must(json_pack("{s:s, s:o, s:o, s:o}", "severity",
			      severity == DIAG_WARNING ? "warning" : "error", "source",
			      text_json(d->source), "place", text_json(place), "text",
			      text_json(text)));
}

json_t *diag_json(const struct diag *d)
{
	json_t *list = must(json_array());
	char more[64];
	size_t i;

	for (i = 0; i < d->count; i++)
		json_array_append_new(
			list, row_json(d, d->rows[i].severity, d->rows[i].place, d->rows[i].text));
	snprintf(more, sizeof(more), "and %zu more", d->left_off);
	if (d->left_off)
		json_array_append_new(list, row_json(d, DIAG_ERROR, "", more));
	return list;
}
