// SPDX-License-Identifier: BSD-3-Clause
//
// op25bd: the control daemon. argv, the one static struct, start and end in visible order. One
// thread, one event loop. It never touches a frame: with it dead, the last policy stays in force,
// and it takes nothing down when it ends.
#include <err.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "api.h"
#include "ports.h"

#define EXIT_USAGE 2
#define WATCH_MS 100 // how often the heartbeats of op25b-dp are looked at

static struct daemon {
	struct dataplane_config config;
	struct policy_clock clock;
	struct publish publish;
	struct schedule schedule;
	struct gates gates;
	struct stats stats;
	struct snapshot_sources sources;
	struct api_listen listen;
	struct event_base *base;
	struct event *hup, *term, *interrupt, *watch;
	struct link *link;
	struct guard *guard;
	struct api *api;
	const char *config_path;
	int lock_fd;
	bool no_guard;
	char socket_path[CONFIG_MAX_PATH_BYTES + 16];
	char dp_path[CONFIG_MAX_PATH_BYTES + 16];
} daemon_state = {.lock_fd = -1};

static const char usage_text[] =
	"usage: op25bd --config dataplane.json [--policy FILE] [--metrics ADDR:PORT|none]\n"
	"              [--at TIME | --trust-clock] [--no-guard]\n"
	"\n"
	"  --config FILE         the engineer's configuration, shared with op25b-dp\n"
	"  --policy FILE         policy to read at the first start and on SIGHUP\n"
	"  --metrics ADDR:PORT   where /metrics is served (default 127.0.0.1:9625), or none\n"
	"  --at TIME             freeze the policy clock at TIME: replay and rehearsal\n"
	"  --trust-clock         follow the wall clock also while the kernel calls it "
	"unsynchronised\n"
	"  --no-guard            do not put the guard on the kernel interfaces\n"
	"  --help, --version\n";

static void usage(const char *message, const char *value)
{
	fprintf(stderr, "op25bd: %s%s\n%s", message, value, usage_text);
	exit(EXIT_USAGE);
}

static void read_arguments(struct daemon *d, int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"policy", required_argument, NULL, 'p'},
		{"metrics", required_argument, NULL, 'm'},
		{"at", required_argument, NULL, 'a'},
		{"no-guard", no_argument, NULL, 'n'},
		{"trust-clock", no_argument, NULL, 't'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	const char *metrics = "127.0.0.1:9625";
	int64_t at_s;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c')
			d->config_path = optarg;
		else if (option == 'p')
			d->publish.policy_file = optarg;
		else if (option == 'm')
			metrics = optarg;
		else if (option == 'a')
			d->clock.frozen_at = optarg;
		else if (option == 'n')
			d->no_guard = true;
		else if (option == 't')
			d->clock.trusted = true;
		else if (option == 'h')
			exit(printf("%s", usage_text) < 0);
		else if (option == 'V')
			exit(printf("op25bd " OP25B_VERSION "\n") < 0);
		else
			exit(EXIT_USAGE);
	}
	if (optind < argc)
		usage("unexpected argument: ", argv[optind]);
	if (!d->config_path)
		usage("--config is missing", "");
	if (!api_listen_read(metrics, &d->listen))
		usage("--metrics takes ADDR:PORT or none, not ", metrics);
	if (d->clock.frozen_at && !time_read(d->clock.frozen_at, "UTC", &at_s))
		usage("--at takes 2008-03-31, 2008-03-31T12:00:00 or "
		      "2008-03-31T12:00:00+09:00, not ",
		      d->clock.frozen_at);
}

static void read_config(struct daemon *d)
{
	struct diag diag;
	bool good;

	diag_init(&diag, d->config_path);
	good = config_read(d->config_path, &d->config, &diag);
	diag_print(&diag, stderr);
	diag_free(&diag);
	if (!good)
		exit(1);
	snprintf(d->socket_path, sizeof(d->socket_path), "%s/op25bd.sock", d->config.run_dir);
	snprintf(d->dp_path, sizeof(d->dp_path), "%s/dp.sock", d->config.run_dir);
}

// Makes the folders, and sees to it that there is one op25bd per run_dir.
static void take_lock(struct daemon *d)
{
	char path[CONFIG_MAX_PATH_BYTES + 16];

	if (mkdir(d->config.run_dir, 0755) && errno != EEXIST)
		err(1, "run_dir %s", d->config.run_dir);
	if (mkdir(d->config.state_dir, 0750) && errno != EEXIST)
		err(1, "state_dir %s", d->config.state_dir);
	snprintf(path, sizeof(path), "%s/op25bd.lock", d->config.run_dir);
	d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (d->lock_fd < 0)
		err(1, "%s", path);
	if (flock(d->lock_fd, LOCK_EX | LOCK_NB))
		errx(1, "%s is held: another op25bd runs on this run_dir", path);
}

static void open_guard(struct daemon *d)
{
	char error[GUARD_ERROR_BYTES] = "";
	uint32_t i;

	if (d->no_guard) {
		warnx("--no-guard: nothing judges when op25b-dp is down");
		return;
	}
	d->guard = guard_open(&d->config, error);
	if (!d->guard && error[0])
		errx(1, "guard: %s (--no-guard starts without it)", error);
	if (!d->guard)
		warnx("no port is a kernel interface: there is no guard, and the loss of op25b-dp "
		      "is a loss of link");
	for (i = 0; d->guard && guard_iface(d->guard, i); i++)
		warnx("%s: %s", guard_iface(d->guard, i), guard_iface_note(d->guard, i));
}

static void on_up(void *arg, const struct link_hello *hello)
{
	char misfit[PUBLISH_TEXT_BYTES] = "";
	struct daemon *d = arg;

	gates_count(&d->gates); // the last words of the life before
	if (stats_attach(&d->stats, hello->stats_fd))
		ports_are_those_of(&d->config, d->stats.memory, misfit, sizeof(misfit));
	else
		snprintf(misfit, sizeof(misfit),
			 "op25b-dp handed over no statistics memory of this version, so that its "
			 "ports are not known: restart it with the op25b-dp of this version");
	publish_dataplane_up(&d->publish, hello, misfit);
}

static void on_down(void *arg, const char *why)
{
	struct daemon *d = arg;

	publish_dataplane_down(&d->publish, why);
}

static void on_policy_changed(void *arg)
{
	struct daemon *d = arg;

	gates_policy_changed(&d->gates);
	schedule_arm(&d->schedule);
}

static void on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	bool active = guard_is_active(&d->sources);

	(void)fd;
	(void)what;
	if (active == d->sources.watch.active)
		return;
	d->sources.watch = (struct guard_watch){.active = active, .since_s = time(NULL)};
	warnx(active ? "op25b-dp has no heartbeat: the guard judges"
		     : "op25b-dp has a heartbeat again: it judges");
}

static void on_hup(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	publish_reload(&d->publish);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	event_base_loopbreak(d->base);
}

static void start_events(struct daemon *d)
{
	struct timeval tv = {0, WATCH_MS * 1000};

	d->hup = evsignal_new(d->base, SIGHUP, on_hup, d);
	d->term = evsignal_new(d->base, SIGTERM, on_end, d);
	d->interrupt = evsignal_new(d->base, SIGINT, on_end, d);
	d->watch = event_new(d->base, -1, EV_PERSIST, on_watch, d);
	if (!d->hup || !d->term || !d->interrupt || !d->watch || event_add(d->hup, NULL) ||
	    event_add(d->term, NULL) || event_add(d->interrupt, NULL))
		errx(1, "out of memory");
	if (d->guard && event_add(d->watch, &tv))
		errx(1, "out of memory");
}

// Gates ask many servers at once, and the API goes on meanwhile.
static void raise_file_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

static void start_policy(struct daemon *d)
{
	clock_init(&d->clock);
	d->publish.config = &d->config;
	d->publish.clock = &d->clock;
	d->publish.guard = d->guard;
	d->publish.changed = on_policy_changed;
	d->publish.changed_arg = d;
	d->sources = (struct snapshot_sources){.config = &d->config,
					       .publish = &d->publish,
					       .schedule = &d->schedule,
					       .gates = &d->gates,
					       .stats = &d->stats,
					       .guard = d->guard,
					       .guard_refused = d->no_guard};
	d->link = link_open(d->base, d->dp_path,
			    &(struct link_events){.up = on_up, .down = on_down, .arg = d});
	d->publish.link = d->link;
	gates_init(&d->gates, d->base, &d->publish, &d->stats);
	if (!d->link || !publish_init(&d->publish, d->base) ||
	    !schedule_init(&d->schedule, d->base, &d->publish, &d->gates))
		errx(1, "out of memory");
}

static void start_api(struct daemon *d)
{
	char error[API_ERROR_BYTES];

	d->listen.socket_path = d->socket_path;
	d->api = api_open(d->base, &d->listen, &d->publish, &d->sources, error);
	if (!d->api)
		errx(1, "%s", error);
}

static void end(struct daemon *d)
{
	api_close(d->api);
	event_free(d->watch);
	event_free(d->interrupt);
	event_free(d->term);
	event_free(d->hup);
	gates_count(&d->gates);
	publish_remember(&d->publish);
	gates_free(&d->gates);
	schedule_free(&d->schedule);
	publish_free(&d->publish);
	link_close(d->link);
	stats_free(&d->stats);
	guard_close(d->guard);
	event_base_free(d->base);
	close(d->lock_fd);
	libevent_global_shutdown();
}

int main(int argc, char **argv)
{
	struct daemon *d = &daemon_state;

	read_arguments(d, argc, argv);
	read_config(d);
	take_lock(d);
	signal(SIGPIPE, SIG_IGN);
	open_guard(d);
	d->base = event_base_new();
	if (!d->base)
		errx(1, "no event loop");
	raise_file_limit();
	start_policy(d);
	start_events(d);
	start_api(d);
	event_base_dispatch(d->base);
	end(d);
	return 0;
}
