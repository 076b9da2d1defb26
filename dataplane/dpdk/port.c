// SPDX-License-Identifier: BSD-3-Clause
//
// See port.h.
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "eal.h"
#include "log.h"
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#define QUEUE_DESCRIPTORS 1024u
#define POOL_CACHE 256u
// IEEE 802.3as: envelope frames of up to 2000 bytes. DPDK's default of 1500 lets many a NIC discard
// full frames with two VLAN tags, or with PPPoE and one.
#define ENVELOPE_MTU (2000u - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN)

_Static_assert(2000u <= RTE_MBUF_DEFAULT_DATAROOM, "an envelope frame fits into one buffer");

// net_af_xdp in DPDK 22.11 takes the pool for packed, while an ordinary pool pads at page ends: its
// memory would then end before its last buffers and receiving would stop for ever. Buffers that may
// cross a page are packed. Hardware that addresses memory physically cannot take them: there, which
// is only without an IOMMU, the pool is an ordinary one.
static unsigned int pool_flags(void)
{
	return rte_eal_iova_mode() == RTE_IOVA_PA && rte_eal_has_hugepages()
		       ? 0
		       : RTE_MEMPOOL_F_NO_IOVA_CONTIG;
}

static bool pool_fill(struct rte_mempool *pool)
{
	struct rte_pktmbuf_pool_private private = {.mbuf_data_room_size =
							   RTE_MBUF_DEFAULT_BUF_SIZE};

	if (rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), NULL))
		return false;
	rte_pktmbuf_pool_init(pool, &private);
	if (rte_mempool_populate_default(pool) < 0)
		return false;
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	return true;
}

struct rte_mempool *port_pool_create(uint32_t buffers)
{
	const uint32_t bytes = sizeof(struct rte_mbuf) + RTE_MBUF_DEFAULT_BUF_SIZE;
	struct rte_mempool *pool = rte_mempool_create_empty(
		"op25b_buffers", buffers, bytes, POOL_CACHE,
		sizeof(struct rte_pktmbuf_pool_private), SOCKET_ID_ANY, pool_flags());

	if (pool && pool_fill(pool))
		return pool;
	rte_mempool_free(pool);
	log_line("memory.mib does not hold %u packet buffers of %u bytes", buffers, bytes);
	return NULL;
}

// The largest MTU that the device takes, up to that of envelope frames. Some drivers (net_memif)
// tell their limit only by the length of a frame.
static uint32_t port_mtu(const struct rte_eth_dev_info *info)
{
	uint32_t overhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN, limit;

	if (info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu)
		overhead = info->max_rx_pktlen - info->max_mtu;
	limit = RTE_MIN(info->max_rx_pktlen - overhead, (uint32_t)info->max_mtu);
	return RTE_MIN(limit, ENVELOPE_MTU);
}

static struct rte_eth_conf port_conf(const struct rte_eth_dev_info *info, uint32_t queues)
{
	struct rte_eth_conf conf = {.rxmode.mtu = port_mtu(info)};

	// One subscriber's frames may meet any worker, so any spreading will do.
	conf.rx_adv_conf.rss_conf.rss_hf =
		queues > 1 ? RTE_ETH_RSS_IP & info->flow_type_rss_offloads : 0;
	conf.rxmode.mq_mode =
		conf.rx_adv_conf.rss_conf.rss_hf ? RTE_ETH_MQ_RX_RSS : RTE_ETH_MQ_RX_NONE;
	return conf;
}

static int set_up_queues(uint16_t eth, const struct rte_eth_dev_info *info, uint32_t queues,
			 struct rte_mempool *pool)
{
	// Not shorter than the driver's own choice: net_af_xdp gives the kernel 2048 buffers a
	// queue. A shorter ring is full before they are used up, and frames that find the ring full
	// are missing in what the driver counts as lost; those that find no buffer are not.
	uint16_t rx_count = RTE_MAX(QUEUE_DESCRIPTORS, info->default_rxportconf.ring_size);
	uint16_t tx_count = QUEUE_DESCRIPTORS, i;
	int error = rte_eth_dev_adjust_nb_rx_tx_desc(eth, &rx_count, &tx_count);

	for (i = 0; !error && i < queues; i++) {
		error = rte_eth_rx_queue_setup(eth, i, rx_count, SOCKET_ID_ANY, NULL, pool);
		if (!error)
			error = rte_eth_tx_queue_setup(eth, i, tx_count, SOCKET_ID_ANY, NULL);
	}
	return error;
}

static bool check_queues(const struct port *p, const struct rte_eth_dev_info *info, uint32_t queues)
{
	if (info->max_rx_queues >= queues && info->max_tx_queues >= queues)
		return true;
	log_line("port %s has %u receive and %u transmit queues, but there are %u workers: name "
		 "fewer cores, or give the device more queues",
		 p->name, info->max_rx_queues, info->max_tx_queues, queues);
	return false;
}

bool port_start(struct port *p, uint16_t eth, uint32_t queues, struct rte_mempool *pool)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	int error = rte_eth_dev_info_get(eth, &info);

	p->eth = eth;
	if (!error && !check_queues(p, &info, queues))
		return false;
	if (!error) {
		conf = port_conf(&info, queues);
		error = rte_eth_dev_configure(eth, (uint16_t)queues, (uint16_t)queues, &conf);
	}
	if (!error)
		error = set_up_queues(eth, &info, queues, pool);
	if (!error)
		error = rte_eth_dev_start(eth);
	if (error) {
		log_line("port %s does not start: %s", p->name, rte_strerror(-error));
		return false;
	}
	p->is_started = true;
	// Hardware may go on counting from an earlier process; op25bd adds up processes by itself.
	rte_eth_stats_reset(eth);
	error = rte_eth_promiscuous_enable(eth);
	if (error && error != -ENOTSUP)
		log_line("port %s: promiscuous mode is refused (%s): frames to other stations may "
			 "not arrive",
			 p->name, rte_strerror(-error));
	return true;
}

void port_read_losses(const struct port *p, struct op25b_stats_port *to)
{
	struct rte_eth_stats now;

	if (rte_eth_stats_get(p->eth, &now))
		return;
	__atomic_store_n(&to->rx_missed_packets, now.imissed, __ATOMIC_RELAXED);
	__atomic_store_n(&to->rx_error_packets, now.ierrors, __ATOMIC_RELAXED);
	__atomic_store_n(&to->rx_nobuf_packets, now.rx_nombuf, __ATOMIC_RELAXED);
}

void port_stop(struct port *p)
{
	if (p->is_started)
		rte_eth_dev_stop(p->eth);
	if (p->eth != RTE_MAX_ETHPORTS)
		rte_eth_dev_close(p->eth);
	*p = (struct port){.eth = RTE_MAX_ETHPORTS};
}

// PCI devices were probed when EAL started; all others are made here.
static bool probe(struct port *p, const char *devargs)
{
	int error = 0;

	p->eth = RTE_MAX_ETHPORTS;
	if (!eal_is_pci(devargs, p->name, sizeof(p->name))) {
		snprintf(p->name, sizeof(p->name), "%.*s", (int)strcspn(devargs, ","), devargs);
		error = rte_dev_probe(devargs);
	}
	if (!error && rte_eth_dev_get_port_by_name(p->name, &p->eth) == 0)
		return true;
	log_line("no port from \"%s\": %s", devargs,
		 error ? rte_strerror(-error) : "no driver took the device");
	return false;
}

bool ports_start(struct ports *ports, const struct dataplane_config *c, struct rte_mempool *pool)
{
	uint32_t i;

	ports->count = 0;
	for (i = 0; i < 2 * c->pair_count; i++) {
		const struct config_pair *pair = &c->pairs[i / 2];
		const struct config_port *config = i % 2 ? &pair->network : &pair->subscriber;
		struct port *p = &ports->port[i];

		*p = (struct port){.eth = RTE_MAX_ETHPORTS};
		ports->count++;
		if (!probe(p, config->devargs) || !port_start(p, p->eth, c->core_count, pool))
			return false;
		log_line("pair %u %s: %s%s", i / 2, i % 2 ? "network" : "subscriber",
			 config->devargs,
			 config_port_has_guard(config)
				 ? ""
				 : " (no kernel interface: NO guard when op25b-dp is down)");
	}
	return true;
}

void ports_stop(struct ports *ports)
{
	while (ports->count > 0)
		port_stop(&ports->port[--ports->count]);
}
