// SPDX-License-Identifier: BSD-3-Clause
//
// See eal.h.
#include "eal.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_pci.h>

#define EAL_MAX_ARGS 64u
#define EAL_CPUS_BYTES 8192u

struct eal_args {
	char *argv[EAL_MAX_ARGS]; // each on the heap: EAL keeps and permutes pointers
	int argc;
};

static void add_arg(struct eal_args *a, const char *text)
{
	char *copy = strdup(text);

	if (!copy || a->argc + 1 >= (int)EAL_MAX_ARGS)
		abort(); // at start-up, and the list is ours
	a->argv[a->argc++] = copy;
	a->argv[a->argc] = NULL;
}

bool eal_is_pci(const char *devargs, char *name, uint32_t bytes)
{
	char head[64];
	struct rte_pci_addr addr;

	snprintf(head, sizeof(head), "%.*s", (int)strcspn(devargs, ","), devargs);
	if (rte_pci_addr_parse(head, &addr))
		return false;
	rte_pci_device_name(&addr, name, bytes);
	return true;
}

static uint64_t free_mib(const char *size, uint64_t page_mib)
{
	unsigned long long pages = 0;
	char path[96];
	FILE *in;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%s/free_hugepages", size);
	in = fopen(path, "re");
	if (!in)
		return 0;
	if (fscanf(in, "%llu", &pages) != 1)
		pages = 0;
	fclose(in);
	return pages * page_mib;
}

// Decides between hugepages and ordinary memory. Returns false if the engineer insists on what is
// not there.
static bool choose_memory(const struct dataplane_config *c, bool no_huge, bool *is_huge)
{
	uint64_t have = free_mib("2048kB", 2) + free_mib("1048576kB", 1024);

	*is_huge = !no_huge && c->hugepages != HUGEPAGES_NO && have >= c->memory_mib;
	if (*is_huge || no_huge || c->hugepages == HUGEPAGES_NO)
		return true;
	if (c->hugepages == HUGEPAGES_YES) {
		log_line("memory.hugepages is \"yes\", but %llu MiB of hugepages are free and "
			 "memory.mib asks for %u",
			 (unsigned long long)have, c->memory_mib);
		return false;
	}
	log_line("ordinary memory: %llu MiB of hugepages are free, %u are wanted",
		 (unsigned long long)have, c->memory_mib);
	return true;
}

static bool is_worker_cpu(const struct dataplane_config *c, uint32_t cpu)
{
	uint32_t i;

	for (i = 0; i < c->core_count; i++) {
		if (c->cores[i] == cpu)
			return true;
	}
	return false;
}

// The main thread may run where no worker does: building tables it would take milliseconds from a
// worker, and that one's frames would be lost. Workers on every CPU there is have to share.
static void choose_main_cpus(const struct dataplane_config *c, const cpu_set_t *allowed,
			     cpu_set_t *chosen)
{
	uint32_t i;

	CPU_ZERO(chosen);
	for (i = 0; i < CPU_SETSIZE; i++) {
		if (CPU_ISSET(i, allowed) && !is_worker_cpu(c, i))
			CPU_SET(i, chosen);
	}
	if (CPU_COUNT(chosen) == 0)
		*chosen = *allowed;
}

// "0@(0,1),1@2,2@3": the main lcore on the CPUs chosen for it, worker i on cores[i].
static bool add_lcores(struct eal_args *a, const struct dataplane_config *c)
{
	char text[EAL_CPUS_BYTES];
	uint32_t i, used = 0;
	cpu_set_t allowed, chosen;

	if (sched_getaffinity(0, sizeof(allowed), &allowed)) {
		log_line("cannot read the CPUs this process may use: %m");
		return false;
	}
	choose_main_cpus(c, &allowed, &chosen);
	used += (uint32_t)snprintf(text, sizeof(text), "0@(");
	for (i = 0; i < CPU_SETSIZE; i++) {
		if (CPU_ISSET(i, &chosen))
			used += (uint32_t)snprintf(text + used, sizeof(text) - used, "%u,", i);
	}
	used += (uint32_t)snprintf(text + used - 1, sizeof(text) - used + 1, ")") - 1;
	for (i = 0; i < c->core_count; i++) {
		if (c->cores[i] >= CPU_SETSIZE || !CPU_ISSET(c->cores[i], &allowed)) {
			log_line("cores[%u]: CPU %u does not exist, or this process may not use it",
				 i, c->cores[i]);
			return false;
		}
		used += (uint32_t)snprintf(text + used, sizeof(text) - used, ",%u@%u",
					   eal_worker_lcore(i), c->cores[i]);
	}
	add_arg(a, "--lcores");
	add_arg(a, text);
	add_arg(a, "--main-lcore");
	add_arg(a, "0");
	return true;
}

// Only the PCI devices named in the configuration are touched.
static void add_pci(struct eal_args *a, const struct dataplane_config *c)
{
	bool found = false;
	char name[32];
	uint32_t i;

	for (i = 0; i < 2 * c->pair_count; i++) {
		const struct config_pair *pair = &c->pairs[i / 2];
		const char *devargs = i % 2 ? pair->network.devargs : pair->subscriber.devargs;

		if (!eal_is_pci(devargs, name, sizeof(name)))
			continue;
		found = true;
		add_arg(a, "-a");
		add_arg(a, devargs);
	}
	if (!found) {
		add_arg(a, "--no-pci");
		// Without hardware nothing needs physical addresses: see pool_flags() in port.c.
		add_arg(a, "--iova-mode=va");
	}
}

static bool add_args(struct eal_args *a, const struct dataplane_config *c, bool no_huge)
{
	char mib[16];
	bool is_huge;

	if (!choose_memory(c, no_huge, &is_huge))
		return false;
	add_arg(a, "op25b-dp");
	add_arg(a, "--no-telemetry");
	add_arg(a, "--log-level=warning");
	// No files and no secondary processes: nothing of a dead process can be in the way of the
	// next one. EAL refuses --in-memory together with --no-huge; --no-shconf is what it would
	// mean.
	if (is_huge) {
		add_arg(a, "--in-memory");
	} else {
		add_arg(a, "--no-huge");
		add_arg(a, "--no-shconf");
	}
	snprintf(mib, sizeof(mib), "%u", c->memory_mib);
	add_arg(a, "-m");
	add_arg(a, mib);
	if (!add_lcores(a, c))
		return false;
	add_pci(a, c);
	return true;
}

bool eal_start(const struct dataplane_config *c, bool no_huge)
{
	struct eal_args a = {.argc = 0};
	char *owned[EAL_MAX_ARGS];
	bool is_ok;
	int i;

	is_ok = add_args(&a, c, no_huge);
	memcpy(owned, a.argv, sizeof(owned));
	if (is_ok && rte_eal_init(a.argc, a.argv) < 0) {
		log_line("DPDK does not start: %s (its own words are above)",
			 rte_strerror(rte_errno));
		is_ok = false;
	}
	for (i = 0; i < a.argc; i++)
		free(owned[i]);
	return is_ok;
}
