// SPDX-License-Identifier: BSD-3-Clause
//
// Mutations of a policy for libFuzzer. Half of them on the text, for the reader; half on the
// document, so that what comes out is JSON and the policy's own rules are reached: a value takes
// another's place, is doubled, taken out, or a string or number is changed.
#include <jansson.h>
#include <string.h>

#include "fuzz.h"
#include "policy_words.h"

#define MOST_NODES 4096u
#define STRING_BYTES 128u

// A place in the document that has a value.
struct node {
	json_t *parent;  // object or array
	const char *key; // of an object
	size_t index;    // of an array
	json_t *value;
};

struct nodes {
	struct node item[MOST_NODES];
	size_t count;
};

// Children come behind their parent in the list, so that it is complete when its end is reached.
static void nodes_find(struct nodes *n, json_t *root)
{
	struct node item = {.value = root};
	size_t i;

	n->count = 0;
	for (i = 0; i <= n->count; i++) {
		json_t *value = i ? n->item[i - 1].value : root;

		item.parent = value;
		if (json_is_object(value)) {
			json_object_foreach(value, item.key, item.value)
			{
				if (n->count < MOST_NODES)
					n->item[n->count++] = item;
			}
		} else if (json_is_array(value)) {
			json_array_foreach(value, item.index, item.value)
			{
				if (n->count < MOST_NODES)
					n->item[n->count++] = item;
			}
		}
	}
}

static void node_set(const struct node *n, json_t *value)
{
	if (json_is_object(n->parent))
		json_object_set_new(n->parent, n->key, value);
	else
		json_array_set_new(n->parent, n->index, value);
}

static json_t *change_string(const json_t *value)
{
	char text[STRING_BYTES];
	size_t bytes = json_string_length(value);

	if (bytes > sizeof(text) / 2)
		bytes = sizeof(text) / 2;
	memcpy(text, json_string_value(value), bytes);
	bytes = LLVMFuzzerMutate((uint8_t *)text, bytes, sizeof(text));
	return json_stringn(text, bytes);
}

// A word of the language, or what a value of it may look like.
static const char *pick_word(uint32_t random)
{
	const uint32_t lists = sizeof(policy_words) / sizeof(policy_words[0]) - 1;
	const char *const *list = policy_words[random % lists];
	uint32_t count = 0;

	while (list[count])
		count++;
	return list[random / lists % count];
}

static const char *pick_key(uint32_t random)
{
	const uint32_t tables = sizeof(policy_keys) / sizeof(policy_keys[0]) - 1;
	const struct reader_key *table = policy_keys[random % tables];
	uint32_t count = 0;

	while (table[count].name)
		count++;
	return table[random / tables % count].name;
}

static json_t *change_scalar(const json_t *value, uint32_t random)
{
	static const json_int_t numbers[] = {0,   1,     2,          31,         32,      33,
					     63,  64,    65,         128,        129,     255,
					     256, 65536, 2147483647, 4294967295, 1 << 20, -1};
	size_t count = sizeof(numbers) / sizeof(numbers[0]);

	if (json_is_string(value) && random % 8)
		return random % 8 < 4 ? change_string(value) : json_string(pick_word(random / 8));
	if (random % 4 == 0)
		return json_boolean(random & 8);
	return json_integer(numbers[random / 8 % count]);
}

static void mutate_document(struct nodes *n, uint32_t *random)
{
	struct node *to = &n->item[fuzz_random(random) % n->count];
	struct node *from = &n->item[fuzz_random(random) % n->count];

	switch (fuzz_random(random) % 8) {
	case 0:
		if (json_is_object(to->parent))
			json_object_del(to->parent, to->key);
		else
			json_array_remove(to->parent, to->index);
		break;
	case 1:
		if (json_is_array(to->parent))
			json_array_insert_new(to->parent, to->index, json_deep_copy(to->value));
		break;
	case 2:
		if (json_is_object(to->parent) && json_is_object(from->parent))
			json_object_set_new(to->parent, from->key, json_deep_copy(from->value));
		else if (json_is_object(to->parent))
			json_object_set_new(to->parent, pick_key(fuzz_random(random)),
					    json_deep_copy(from->value));
		break;
	case 3:
	case 4:
		node_set(to, json_deep_copy(from->value));
		break;
	default:
		if (!json_is_object(to->value) && !json_is_array(to->value))
			node_set(to, change_scalar(to->value, fuzz_random(random)));
		break;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most_bytes, unsigned int seed)
{
	static struct nodes nodes;
	uint32_t random = seed;
	json_t *root = NULL;
	size_t written = 0;

	if (fuzz_random(&random) % 2)
		root = json_loadb((const char *)data, bytes, 0, NULL);
	if (root)
		nodes_find(&nodes, root);
	if (root && nodes.count) {
		mutate_document(&nodes, &random);
		written = json_dumpb(root, (char *)data, most_bytes, JSON_COMPACT);
	}
	json_decref(root);
	if (written == 0 || written > most_bytes)
		return LLVMFuzzerMutate(data, bytes, most_bytes);
	return written;
}
