// SPDX-License-Identifier: BSD-3-Clause
//
// See mutants.h.
#include "mutants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BITS 8u

static const uint8_t edge_values[] = {0x00, 0xff, 0x7f, 0x80};

static void put(struct mutants *m, uint32_t bytes)
{
	free(m->mutant);
	// Never 0 bytes: malloc(0) may be NULL, which memcpy() need not take.
	m->mutant = malloc(bytes ? bytes : 1);
	if (!m->mutant)
		abort();
	memcpy(m->mutant, m->frame, bytes);
	m->mutant_bytes = bytes;
}

void mutants_start(struct mutants *m, const uint8_t *frame, uint32_t frame_bytes,
		   uint32_t header_bytes)
{
	*m = (struct mutants){
		.frame = frame, .frame_bytes = frame_bytes, .header_bytes = header_bytes};
}

void mutants_stop(struct mutants *m)
{
	free(m->mutant);
	m->mutant = NULL;
}

static bool cut_next(struct mutants *m)
{
	m->mutation = m->next == 0 ? MUTATION_NONE : MUTATION_CUT;
	m->at = m->frame_bytes - m->next++;
	put(m, m->at);
	if (m->at == 0)
		m->next = 0;
	return true;
}

// The frame as it was, but for the byte that was changed last.
static void restore(struct mutants *m)
{
	if (m->mutant_bytes != m->frame_bytes)
		put(m, m->frame_bytes);
	else if (m->at < m->frame_bytes)
		m->mutant[m->at] = m->frame[m->at];
}

static bool is_one_bit(uint8_t value)
{
	return (value & (value - 1)) == 0;
}

// Numbers below 8 are bits, then come the values; what would be the frame itself, or a flipped bit
// once more, is left out.
static bool change_next(struct mutants *m)
{
	while (m->at < m->header_bytes) {
		uint32_t n = m->next++;

		if (n < BITS) {
			m->mutation = MUTATION_FLIP;
			m->value = (uint8_t)n;
			m->mutant[m->at] = (uint8_t)(m->frame[m->at] ^ 1u << n);
			return true;
		}
		if (n < BITS + sizeof(edge_values)) {
			m->mutation = MUTATION_SET;
			m->value = edge_values[n - BITS];
			m->mutant[m->at] = m->value;
			if (!is_one_bit(m->value ^ m->frame[m->at]))
				return true;
			continue;
		}
		m->mutant[m->at] = m->frame[m->at];
		m->at++;
		m->next = 0;
	}
	return false;
}

bool mutants_next(struct mutants *m)
{
	bool has_cuts = !m->mutant || (m->mutation <= MUTATION_CUT && m->at > 0);

	if (has_cuts)
		return cut_next(m);
	restore(m);
	return change_next(m);
}

const char *mutants_text(const struct mutants *m)
{
	static char text[64];

	switch (m->mutation) {
	case MUTATION_CUT:
		snprintf(text, sizeof(text), "cut to %u bytes", m->at);
		break;
	case MUTATION_FLIP:
		snprintf(text, sizeof(text), "bit %u of byte %u flipped", m->value, m->at);
		break;
	case MUTATION_SET:
		snprintf(text, sizeof(text), "byte %u set to 0x%02x", m->at, m->value);
		break;
	default:
		snprintf(text, sizeof(text), "as it is");
	}
	return text;
}
