// SPDX-License-Identifier: BSD-3-Clause
//
// The workers of op25b-dp as a table: what each received, how busy it is, and where its time goes.
#include <stdio.h>

#include "output.h"

static long long int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

// The price of a frame; a dash if none was measured.
static void price(long long cycles, long long packets)
{
	if (packets > 0)
		printf(" %9.1f", (double)cycles / (double)packets);
	else
		printf(" %9s", "-");
}

static void worker_row(size_t index, const json_t *worker)
{
	long long packets = int_of(worker, "sampled_packets"), all = 0;
	const char *step;
	json_t *cycles;

	printf("%-8zu %14lld %14lld %14lld", index, int_of(worker, "rx_packets"),
	       int_of(worker, "busy_polls"), int_of(worker, "idle_polls"));
	json_object_foreach(json_object_get(worker, "step_cycles"), step, cycles)
	{
		price(json_integer_value(cycles), packets);
		all += json_integer_value(cycles);
	}
	price(all, packets);
	putchar('\n');
}

static void head_row(const json_t *worker)
{
	const char *step;
	json_t *cycles;

	printf("\n%-8s %14s %14s %14s", "worker", "rx_packets", "busy_polls", "idle_polls");
	json_object_foreach(json_object_get(worker, "step_cycles"), step, cycles)
	{
		printf(" %9s", step);
	}
	printf(" %9s\n", "all");
}

void text_workers(const json_t *dataplane)
{
	const json_t *list = json_object_get(dataplane, "workers");
	json_t *worker;
	size_t i;

	if (!json_array_size(list))
		return;
	head_row(json_array_get(list, 0));
	json_array_foreach((json_t *)list, i, worker)
	{
		worker_row(i, worker);
	}
	printf("(receive to all: ticks a frame, of a counter of %.3f GHz)\n",
	       (double)int_of(dataplane, "tsc_hz") / 1e9);
}
