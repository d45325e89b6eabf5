/*
 * target.c: what the targets share.
 */
#include "target.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load.h"

int
targets_chosen(const Target *chosen[MAX_TARGETS])
{
	static const Target *const all[MAX_TARGETS] = {&target_selfhost, &target_plain, &target_influx,
												   &target_victoria};
	const char *at = settings.targets != NULL ? settings.targets : "selfhost";
	int n = 0;

	while (*at != '\0')
	{
		size_t len = strcspn(at, ",");
		int before = n;

		for (int i = 0; i < MAX_TARGETS && n < MAX_TARGETS; i++)
		{
			if (strlen(all[i]->name) == len && strncmp(all[i]->name, at, len) == 0)
				chosen[n++] = all[i];
		}
		if (n == before)
			fail("unknown target", at);
		at += len + (at[len] == ',');
	}
	return n;
}

void
open_http(Conn *conn, const char *name, const char *address, const char *authorization)
{
	char host[64];
	const char *colon = address != NULL ? strrchr(address, ':') : NULL;

	if (colon == NULL || (size_t) (colon - address) >= sizeof(host))
		fail("no HOST:PORT for", name);
	memcpy(host, address, (size_t) (colon - address));
	host[colon - address] = '\0';
	http_open(&conn->http, host, (int) strtol(colon + 1, NULL, 10), authorization);
}

void
uuid_make(Uuid uuid)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static uint64_t state;
	uint64_t a;
	uint64_t b;

	pthread_mutex_lock(&lock);
	if (state == 0)
	{
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		state = (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
	}
	a = random_next(&state);
	b = random_next(&state);
	pthread_mutex_unlock(&lock);
	snprintf(uuid, UUID_LEN + 1, "%08x-%04x-4%03x-%04x-%012llx", (unsigned) (a >> 32),
			 (unsigned) (a >> 16) & 0xffff, (unsigned) a & 0xfff,
			 ((unsigned) (b >> 48) & 0x3fff) | 0x8000,
			 (unsigned long long) (b & 0xffffffffffffULL));
}

char *
percent_encoded(const char *text)
{
	char *out = malloc(strlen(text) * 3 + 1);
	char *to = out;

	if (out == NULL)
		fail("request", "out of memory");
	for (; *text != '\0'; text++)
	{
		if ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
			(*text >= '0' && *text <= '9'))
			*to++ = *text;
		else
			to += snprintf(to, 4, "%%%02X", (unsigned char) *text);
	}
	*to = '\0';
	return out;
}
