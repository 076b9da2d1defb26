// SPDX-License-Identifier: BSD-3-Clause
//
// See port.h.
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "channels.h"
#include "eal.h"
#include "log.h"
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#define QUEUE_DESCRIPTORS 1024u
#define POOL_CACHE 256u
#define WORKER_BUFFERS                                                                             \
	(2 * POOL_CACHE)        // what a worker has at hand: a full cache is half as much again
#define DEVICE_ENDING_BYTES 32u // what tells the devices of a port apart
// IEEE 802.3as: envelope frames of up to 2000 bytes. DPDK's default of 1500 lets many a NIC discard
// full frames with two VLAN tags, or with PPPoE and one.
#define ENVELOPE_MTU (2000u - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN)

// How frames are spread over workers. Any spreading will do: one subscriber's frames, and the two
// directions of a connection, may meet any workers, because limits are kept by compare-and-swap in
// one slot for all, and nothing else is remembered from frame to frame. Ports are used where the
// NIC can: a subscriber behind whose address many more live is not bound to one worker then.
// Fragments have no ports and may go to another worker than the rest of their connection, which
// only matters to their order. What a NIC cannot read through, PPPoE or a second tag for many, all
// goes to queue 0.
#define SPREAD_BY (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP)

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

// net_memif says how long a frame may be, but no MTU, and refuses one that goes beyond.
static uint32_t max_mtu(const struct rte_eth_dev_info *info)
{
	const uint32_t around = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;

	if (info->max_mtu == UINT16_MAX && info->max_rx_pktlen > around)
		return RTE_MIN(info->max_rx_pktlen - around, ENVELOPE_MTU);
	return RTE_MIN(info->max_mtu, ENVELOPE_MTU);
}

static struct rte_eth_conf port_conf(const struct rte_eth_dev_info *info, uint32_t queues)
{
	struct rte_eth_conf conf = {.rxmode.mtu = max_mtu(info)};

	conf.rx_adv_conf.rss_conf.rss_hf =
		queues > 1 ? SPREAD_BY & info->flow_type_rss_offloads : 0;
	conf.rxmode.mq_mode =
		conf.rx_adv_conf.rss_conf.rss_hf ? RTE_ETH_MQ_RX_RSS : RTE_ETH_MQ_RX_NONE;
	// What is sent is of one pool, answers too, nobody else holds it, and a frame that a NIC
	// may bring is in one buffer (ENVELOPE_MTU): a driver that wants to know gives buffers back
	// in bulk, without looking at each.
	conf.txmode.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	return conf;
}

static int set_up_queues(struct port *p, uint16_t eth, const struct rte_eth_dev_info *info,
			 uint32_t queues, struct rte_mempool *pool)
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
	p->held_buffers += queues * (rx_count + tx_count);
	return error;
}

static bool check_queues(const struct port *p, const struct rte_eth_dev_info *info, uint32_t queues)
{
	if (info->max_rx_queues < queues || info->max_tx_queues < queues) {
		log_line("port %s has %u receive and %u transmit queues, but there are %u workers: "
			 "name fewer cores, or give the device more queues",
			 p->name, info->max_rx_queues, info->max_tx_queues, queues);
		return false;
	}
	if (queues > 1 && !(info->flow_type_rss_offloads & SPREAD_BY))
		log_line("port %s: its driver does not spread frames over queues (no RSS): unless "
			 "the other end does, all come to queue 0, and so to worker 0",
			 p->name);
	return true;
}

bool port_start(struct port *p, uint16_t eth, uint32_t queues, struct rte_mempool *pool)
{
	struct port_device *device = &p->device[p->device_count++];
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	int error = rte_eth_dev_info_get(eth, &info);

	*device = (struct port_device){.eth = eth};
	if (!error && !check_queues(p, &info, queues))
		return false;
	if (!error) {
		conf = port_conf(&info, queues);
		error = rte_eth_dev_configure(eth, (uint16_t)queues, (uint16_t)queues, &conf);
	}
	if (!error)
		error = set_up_queues(p, eth, &info, queues, pool);
	if (!error)
		error = rte_eth_dev_start(eth);
	if (error) {
		log_line("port %s does not start: %s", p->name, rte_strerror(-error));
		return false;
	}
	device->is_started = true;
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
	struct rte_eth_stats now, sum = {0};
	uint32_t i;

	for (i = 0; i < p->device_count; i++) {
		if (rte_eth_stats_get(p->device[i].eth, &now))
			return;
		sum.imissed += now.imissed;
		sum.ierrors += now.ierrors;
		sum.rx_nombuf += now.rx_nombuf;
	}
	__atomic_store_n(&to->rx_missed_packets, sum.imissed, __ATOMIC_RELAXED);
	__atomic_store_n(&to->rx_error_packets, sum.ierrors, __ATOMIC_RELAXED);
	__atomic_store_n(&to->rx_nobuf_packets, sum.rx_nombuf, __ATOMIC_RELAXED);
}

void port_stop(struct port *p)
{
	while (p->device_count > 0) {
		const struct port_device *device = &p->device[--p->device_count];

		if (device->is_started)
			rte_eth_dev_stop(device->eth);
		rte_eth_dev_close(device->eth);
	}
	*p = (struct port){0};
}

// The name of a device string, which ends at its first comma.
static int name_bytes(const char *devargs)
{
	return (int)strcspn(devargs, ",");
}

// PCI devices were probed when EAL started; all others are made here.
static bool probe(const char *devargs, char name[OP25B_MAX_NAME_BYTES], uint16_t *eth)
{
	int error = 0;

	if (!eal_is_pci(devargs, name, OP25B_MAX_NAME_BYTES)) {
		snprintf(name, OP25B_MAX_NAME_BYTES, "%.*s", name_bytes(devargs), devargs);
		error = rte_dev_probe(devargs);
	}
	if (!error && rte_eth_dev_get_port_by_name(name, eth) == 0)
		return true;
	if (error == -E2BIG)
		log_line("no port from \"%s\": this DPDK takes no more than 127 characters",
			 devargs);
	else
		log_line("no port from \"%s\": %s", devargs,
			 error ? rte_strerror(-error) : "no driver took the device");
	return false;
}

// A device of one queue for each worker. net_af_xdp can serve several queues by one device, but
// only those that the kernel calls "combined", which leaves out veth, and in DPDK 22.11 it closes
// such a device wrongly.
static bool start_by_queue(struct port *p, const char *devargs, uint32_t workers,
			   struct rte_mempool *pool)
{
	char text[CONFIG_MAX_DEVARGS_BYTES + DEVICE_ENDING_BYTES], name[OP25B_MAX_NAME_BYTES];
	int n = name_bytes(devargs);
	uint16_t eth;
	uint32_t i;

	snprintf(p->name, sizeof(p->name), "%.*s", n, devargs);
	for (i = 0; i < workers; i++) {
		if (i == 0)
			snprintf(text, sizeof(text), "%s", devargs);
		else
			snprintf(text, sizeof(text), "%.*s_q%u%s,start_queue=%u", n, devargs, i,
				 devargs + n, i);
		if (!probe(text, name, &eth) || !port_start(p, eth, 1, pool))
			return false;
	}
	return true;
}

static bool start_port(struct port *p, const struct config_port *config, uint32_t workers,
		       struct rte_mempool *pool)
{
	struct channels channels;
	uint16_t eth;

	if (!config_port_has_guard(config))
		return probe(config->devargs, p->name, &eth) && port_start(p, eth, workers, pool);
	if (channels_read(config->iface, &channels) &&
	    !channels_suit(config->iface, &channels, workers))
		return false;
	return start_by_queue(p, config->devargs, workers, pool);
}

static bool check_device_count(const struct dataplane_config *c)
{
	uint32_t i, need = 0;

	for (i = 0; i < 2 * c->pair_count; i++) {
		const struct config_pair *pair = &c->pairs[i / 2];

		need += config_port_has_guard(i % 2 ? &pair->network : &pair->subscriber)
				? c->core_count
				: 1;
	}
	if (need <= RTE_MAX_ETHPORTS)
		return true;
	log_line("%u devices would be needed, one for each core and kernel interface; DPDK takes "
		 "%u: name fewer cores or pairs",
		 need, RTE_MAX_ETHPORTS);
	return false;
}

static void check_buffers(const struct ports *ports, const struct dataplane_config *c)
{
	uint32_t i, need = c->core_count * WORKER_BUFFERS;

	for (i = 0; i < ports->count; i++)
		need += ports->port[i].held_buffers;
	if (c->buffers < need)
		log_line("memory.buffers is %u, but the queues of all ports and workers can hold "
			 "%u: frames that find none left are lost",
			 c->buffers, need);
}

bool ports_start(struct ports *ports, const struct dataplane_config *c, struct rte_mempool *pool)
{
	uint32_t i;

	ports->count = 0;
	if (!check_device_count(c))
		return false;
	for (i = 0; i < 2 * c->pair_count; i++) {
		const struct config_pair *pair = &c->pairs[i / 2];
		const struct config_port *config = i % 2 ? &pair->network : &pair->subscriber;

		ports->port[i] = (struct port){0};
		ports->count++;
		if (!start_port(&ports->port[i], config, c->core_count, pool))
			return false;
		log_line("pair %u %s: %s%s", i / 2, i % 2 ? "network" : "subscriber",
			 config->devargs,
			 config_port_has_guard(config)
				 ? ""
				 : " (no kernel interface: NO guard when op25b-dp is down)");
	}
	check_buffers(ports, c);
	return true;
}

void ports_stop(struct ports *ports)
{
	while (ports->count > 0)
		port_stop(&ports->port[--ports->count]);
}
