// SPDX-License-Identifier: BSD-3-Clause
//
// See client.h.
#include "client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENT_CONNECT_TIMEOUT_S 3
#define CLIENT_TIMEOUT_S 30 // a load waits for its hosts

struct collected {
	char *text;
	size_t bytes;
};

static size_t collect(char *data, size_t size, size_t count, void *arg)
{
	struct collected *c = arg;
	char *grown = realloc(c->text, c->bytes + size * count + 1);

	if (!grown)
		return 0;
	c->text = grown;
	memcpy(c->text + c->bytes, data, size * count);
	c->bytes += size * count;
	c->text[c->bytes] = '\0';
	return size * count;
}

static CURLcode perform(CURL *curl, const char *socket_path, const char *path,
			const struct client_body *body, struct collected *c)
{
	// Without Expect: the body is sent at once; the daemon is on the same machine.
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	CURLcode code;
	char *url;

	headers = curl_slist_append(headers, "Content-Type: application/json");
	if (asprintf(&url, "http://localhost%s", path) < 0)
		abort();
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CLIENT_CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)CLIENT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (body) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->text);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->bytes);
	}
	code = curl_easy_perform(curl);
	curl_slist_free_all(headers);
	free(url);
	return code;
}

// Says why the daemon's answer is none that was hoped for.
static void say_refusal(const struct command_args *a, const struct client_answer *answer)
{
	const json_t *errors = json_object_get(answer->json, "errors");
	const char *reason = json_string_value(json_object_get(answer->json, "reason"));
	char text[128];

	snprintf(text, sizeof(text), "op25bd answers with HTTP status %ld", answer->status);
	if (errors)
		a->out->refused(errors);
	else
		a->out->failed(reason ? reason : text);
}

// Without a connection it is the system that knows why; libcurl's words differ by release.
static void say_unreachable(const struct command_args *a, CURLcode code, long os_errno)
{
	const char *why = curl_easy_strerror(code);
	char text[512];

	if (code == CURLE_COULDNT_CONNECT && os_errno)
		why = strerror((int)os_errno);
	snprintf(text, sizeof(text), "no answer from op25bd on %s: %s", a->socket_path, why);
	a->out->failed(text);
}

enum exit_code client_ask(const struct command_args *a, const char *path,
			  const struct client_body *body, struct client_answer *answer)
{
	CURL *curl = curl_easy_init();
	struct collected c = {0};
	long os_errno = 0;
	CURLcode code;

	*answer = (struct client_answer){0};
	if (!curl) {
		a->out->failed("libcurl cannot be started");
		return EXIT_REFUSED;
	}
	code = perform(curl, a->socket_path, path, body, &c);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_errno);
	curl_easy_cleanup(curl);
	answer->text = c.text;
	answer->json = c.text ? json_loadb(c.text, c.bytes, 0, NULL) : NULL;
	if (code != CURLE_OK) {
		say_unreachable(a, code, os_errno);
		return EXIT_UNREACHABLE;
	}
	if (answer->status == 200 && answer->json)
		return EXIT_OK;
	say_refusal(a, answer);
	return EXIT_REFUSED;
}

void client_answer_free(struct client_answer *answer)
{
	json_decref(answer->json);
	free(answer->text);
	*answer = (struct client_answer){0};
}

char *client_escape(const char *text)
{
	return curl_easy_escape(NULL, text, 0);
}
