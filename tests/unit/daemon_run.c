// SPDX-License-Identifier: BSD-3-Clause
//
// See daemon_run.h.
#include "daemon_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <err.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake_dp.h"

#define WAIT_TURNS 500
#define WAIT_TURN_US 10000

static const char config_text[] =
	"{\"op25b-dp\":1,\"cores\":[0],\"pairs\":[{\"subscriber\":\"net_null0\","
	"\"network\":\"net_null1\"}],\"run_dir\":\"%s\",\"state_dir\":\"%s/state\"}";

#define POLICY_OF(name)                                                                            \
	"{\"op25b\":1,\"name\":\"" name "\",\"tz\":\"Asia/Tokyo\","                                \
	"\"sets\":{\"relay\":[\"203.0.113.25/32\"]},"                                              \
	"\"pools\":{\"flets\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/25\"]}},"               \
	"\"default\":\"permit\",\"stages\":[{\"id\":\"" name "-stage\",\"pools\":[\"flets\"],"     \
	"\"from\":\"always\",\"port25\":[{\"to\":\"relay\",\"do\":\"permit\"},"                    \
	"{\"to\":\"any\",\"do\":\"drop\"}]}]}"

const char daemon_policy_a[] = POLICY_OF("a");
const char daemon_policy_b[] = POLICY_OF("b");

void daemon_print_dated(char text[1024])
{
	time_t at = time(NULL) + 2;
	char when[40];

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S+00:00", gmtime(&at));
	snprintf(text, 1024,
		 "{\"op25b\":1,\"name\":\"dated\",\"pools\":{\"flets\":{\"kind\":\"dynamic\","
		 "\"v4\":[\"198.51.100.0/25\"]}},\"default\":\"permit\",\"stages\":["
		 "{\"id\":\"watch\",\"pools\":[\"flets\"],\"from\":\"always\",\"port25\":["
		 "{\"to\":\"any\",\"do\":\"monitor\",\"as\":\"drop\"}]},"
		 "{\"id\":\"block\",\"pools\":[\"flets\"],\"from\":\"%s\",\"port25\":["
		 "{\"to\":\"any\",\"do\":\"drop\"}]}]}",
		 when);
}

void file_write(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	if (!out || fputs(text, out) < 0 || fclose(out))
		err(1, "%s", path);
}

char *file_read(const char *path)
{
	FILE *in = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	if (!in || !text) {
		free(text);
		if (in)
			fclose(in);
		return NULL;
	}
	if (!fread(text, 1, (1 << 20) - 1, in))
		text[0] = '\0';
	fclose(in);
	return text;
}

void daemon_prepare(struct daemon_run *r, const char *program)
{
	char path[128], text[512];

	*r = (struct daemon_run){.program = program};
	snprintf(r->dir, sizeof(r->dir), "/tmp/op25bd-test-XXXXXX");
	if (!mkdtemp(r->dir))
		err(1, "mkdtemp");
	snprintf(r->socket, sizeof(r->socket), "%s/op25bd.sock", r->dir);
	snprintf(r->file, sizeof(r->file), "%s/policy.json", r->dir);
	snprintf(path, sizeof(path), "%s/dataplane.json", r->dir);
	snprintf(text, sizeof(text), config_text, r->dir, r->dir);
	file_write(path, text);
}

static void exec_daemon(const struct daemon_run *r)
{
	char config[128];
	// A box of a test has no time server.
	const char *argv[12] = {r->program, "--trust-clock", "--config", config};
	size_t n = 4, i;

	// A test that fails leaves no process behind.
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(config, sizeof(config), "%s/dataplane.json", r->dir);
	if (access(r->file, F_OK) == 0) {
		argv[n++] = "--policy";
		argv[n++] = r->file;
	}
	for (i = 0; i < 4 && r->extra[i]; i++)
		argv[n++] = r->extra[i];
	if (i == 0) {
		argv[n++] = "--metrics";
		argv[n++] = "none";
	}
	setenv("FAKE_GUARD", r->dir, 1);
	execv(r->program, (char **)argv);
	err(127, "%s", r->program);
}

bool daemon_start(struct daemon_run *r)
{
	int i;

	fflush(NULL);
	r->pid = fork();
	if (r->pid == 0)
		exec_daemon(r);
	for (i = 0; i < WAIT_TURNS; i++) {
		struct reply reply = daemon_ask(r, "/v1/status", NULL);
		bool answers = reply.status == 200;

		reply_free(&reply);
		if (answers)
			return true;
		if (waitpid(r->pid, NULL, WNOHANG) == r->pid) {
			r->pid = 0;
			return false;
		}
		usleep(WAIT_TURN_US);
	}
	return false;
}

int daemon_stop(struct daemon_run *r)
{
	int status = 0;

	if (!r->pid)
		return -1;
	kill(r->pid, SIGTERM);
	waitpid(r->pid, &status, 0);
	r->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void daemon_kill(struct daemon_run *r)
{
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	r->pid = 0;
}

void daemon_clean(struct daemon_run *r)
{
	static const char *const files[] = {"state/policy.json",
					    "state/state.json",
					    "state/image",
					    "state/filler",
					    "state/events.jsonl",
					    "state/events.1.jsonl",
					    "state",
					    "dataplane.json",
					    "policy.json",
					    "op25bd.sock",
					    "op25bd.lock",
					    "dp.sock",
					    "fail",
					    "pins"};
	char path[160];
	size_t i;

	if (r->pid)
		daemon_kill(r);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", r->dir, files[i]);
		remove(path);
	}
	if (rmdir(r->dir))
		warn("%s is left", r->dir);
}

static size_t collect(char *data, size_t size, size_t count, void *arg)
{
	struct reply *reply = arg;
	char *grown = realloc(reply->text, reply->bytes + size * count + 1);

	if (!grown)
		err(1, "answer");
	reply->text = grown;
	memcpy(reply->text + reply->bytes, data, size * count);
	reply->bytes += size * count;
	reply->text[reply->bytes] = '\0';
	return size * count;
}

struct reply daemon_ask_method(const struct daemon_run *r, const char *method, const char *path,
			       const char *body)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	CURL *curl = curl_easy_init();
	struct reply reply = {0};
	char url[1024];

	snprintf(url, sizeof(url), "http://localhost%s", path);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, r->socket);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (body)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	if (curl_easy_perform(curl) == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	reply.json = reply.text ? json_loads(reply.text, 0, NULL) : NULL;
	return reply;
}

struct reply daemon_ask(const struct daemon_run *r, const char *path, const char *body)
{
	return daemon_ask_method(r, body ? "POST" : "GET", path, body);
}

void reply_free(struct reply *reply)
{
	json_decref(reply->json);
	free(reply->text);
	*reply = (struct reply){0};
}

json_t *daemon_status(const struct daemon_run *r, const char *path, json_t **root)
{
	struct reply reply = daemon_ask(r, "/v1/status", NULL);
	json_t *value = reply.json;
	char copy[128], *key, *rest = copy;

	*root = json_incref(reply.json);
	reply_free(&reply);
	snprintf(copy, sizeof(copy), "%s", path);
	while (value && (key = strsep(&rest, ".")))
		value = json_object_get(value, key);
	return value;
}

bool daemon_wait_status(const struct daemon_run *r, const char *path, const char *text)
{
	bool same = false;
	int i;

	for (i = 0; i < WAIT_TURNS && !same; i++) {
		json_t *root, *value = daemon_status(r, path, &root);
		char *now = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

		same = now && !strcmp(now, text);
		if (!same && i == WAIT_TURNS - 1)
			warnx("%s is %s, not %s", path, now ? now : "nothing", text);
		free(now);
		json_decref(root);
		if (!same)
			usleep(WAIT_TURN_US);
	}
	return same;
}

int daemon_set_up(void **state)
{
	struct daemon_fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	daemon_prepare(&f->run, *state);
	f->dp = fake_dp_start(f->run.dir, 1);
	*state = f;
	return 0;
}

int daemon_tear_down(void **state)
{
	struct daemon_fixture *f = *state;
	int code = f->run.pid ? daemon_stop(&f->run) : 0;

	if (f->dp)
		fake_dp_stop(f->dp);
	daemon_clean(&f->run);
	free(f);
	return code;
}

void daemon_assert_load(const struct daemon_run *r, const char *text, long status)
{
	struct reply reply = daemon_ask(r, "/v1/policy?source=here.json", text);

	if (reply.status != status)
		print_error("answer: %s\n", reply.text ? reply.text : "none");
	assert_int_equal(reply.status, status);
	reply_free(&reply);
}

void daemon_assert_policy(const struct daemon_run *r, const char *name)
{
	struct reply reply = daemon_ask(r, "/v1/policy", NULL);

	assert_int_equal(reply.status, 200);
	assert_string_equal(json_string_value(json_object_get(reply.json, "name")), name);
	reply_free(&reply);
}

void daemon_assert_saved(const struct daemon_run *r, const char *text)
{
	char path[128], *saved;

	snprintf(path, sizeof(path), "%s/state/policy.json", r->dir);
	saved = file_read(path);
	assert_non_null(saved);
	assert_string_equal(saved, text);
	free(saved);
}

unsigned daemon_guard_publications(const struct daemon_run *r, uint64_t *generation)
{
	unsigned publications = 0;
	char path[128], *text;
	uint64_t checksum;

	snprintf(path, sizeof(path), "%s/pins", r->dir);
	text = file_read(path);
	*generation = 0;
	if (text)
		sscanf(text, "%" SCNu64 " %" SCNu64 " %u", generation, &checksum, &publications);
	free(text);
	return publications;
}

static void *load_in_background(void *arg)
{
	struct daemon_loading *l = arg;
	struct reply reply = daemon_ask(l->run, "/v1/policy", l->text);

	l->status = reply.status;
	reply_free(&reply);
	return NULL;
}

void daemon_load_begin(struct daemon_loading *l, const struct daemon_run *r, const char *text)
{
	*l = (struct daemon_loading){.run = r, .text = text};
	if (pthread_create(&l->thread, NULL, load_in_background, l))
		errx(1, "pthread_create");
}

long daemon_load_end(struct daemon_loading *l)
{
	pthread_join(l->thread, NULL);
	return l->status;
}
