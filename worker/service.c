/*
 * service.c: all domains, and how they share what runs at once.
 *
 * One loop, one thread (and those of the connector, which only resolve names). A turn: look after
 * every domain's limits of time and connections; give free places to those who have something to
 * claim, in turn; wait for events.
 */
#include "service.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "account.h"
#include "domain.h"
#include "languages.h"
#include "log.h"
#include "notify.h"
#include "version.h"

/* How often the domain file is looked at when the kernel tells of no change. */
#define FILE_POLL_US INT64_C(30000000)

/* To report what was ended, and to say goodbye. */
#define FAREWELL_US INT64_C(5000000)

typedef struct Service
{
	WkShared shared;
	WkNetworks denied;
	ShcWatch signals;
	ShcDomainSource *source;
	ShcWatch source_watch;
	const WkServiceEvents *events;
	WkDomain *domains;
	WkDomain *next_claim;	   /* whose turn it is; NULL: the first */
	bool have_domains_changed; /* perhaps: they are to be looked at */
	int64_t source_at;
	bool was_ready;		 /* programs could run, and the service manager was told */
	int64_t stop_at;	 /* monotonic: then what runs is ended; 0: not stopping */
	int64_t farewell_at; /* then nobody waits any more */
} Service;

/* ---- the zygote's events ---- */

static WkRun *
find_run(const Service *service, int64_t serial)
{
	for (const WkDomain *domain = service->domains; domain != NULL; domain = domain->next)
	{
		WkRun *run = wk_domain_find_run(domain, serial);

		if (run != NULL)
			return run;
	}
	return NULL;
}

static void
on_ready(void *owner)
{
	Service *service = owner;

	shc_info("programs can run");
	if (!service->was_ready)
		shc_notify_manager("READY=1");
	service->was_ready = true;
}

static void
on_started(void *owner, int64_t serial, int pidfd)
{
	WkRun *run = find_run(owner, serial);

	if (run != NULL)
		wk_run_started(run, pidfd);
	else if (pidfd >= 0)
		close(pidfd);
}

static void
on_failed(void *owner, int64_t serial, int error)
{
	WkRun *run = find_run(owner, serial);
	char why[128];

	snprintf(why, sizeof(why), "no process could be started: %s", strerror(error));
	if (run != NULL)
		wk_run_no_child(run, why);
}

static void
on_ended(void *owner, const WkZygoteMessage *message)
{
	WkRun *run = find_run(owner, message->serial);

	if (run != NULL)
		wk_run_child_ended(run, message);
}

static void
on_lost(void *owner)
{
	Service *service = owner;

	for (WkDomain *domain = service->domains; domain != NULL; domain = domain->next)
		wk_domain_lose_children(domain);
}

static const WkSpawnerEvents spawner_events = {.ready = on_ready,
											   .started = on_started,
											   .failed = on_failed,
											   .ended = on_ended,
											   .lost = on_lost};

/* ---- the domains ---- */

/* The domain that the source means, unless it is another database by now. */
static WkDomain *
find_domain(const Service *service, const ShcDomain *wanted)
{
	for (WkDomain *domain = service->domains; domain != NULL; domain = domain->next)
		if (!domain->is_leaving && strcmp(domain->name, wanted->name) == 0 &&
			strcmp(domain->uri, wanted->uri) == 0)
			return domain;
	return NULL;
}

static bool
is_wanted(const ShcDomains *wanted, const WkDomain *domain)
{
	for (int i = 0; i < wanted->n; i++)
		if (strcmp(wanted->item[i].name, domain->name) == 0 &&
			strcmp(wanted->item[i].uri, domain->uri) == 0)
			return true;
	return false;
}

static void
add_domain(Service *service, const ShcDomain *wanted)
{
	WkDomain *domain = wk_domain_new(&service->shared, wanted->name, wanted->uri);
	WkDomain **link = &service->domains;

	if (domain == NULL)
	{
		shc_error("domain %s: out of memory", wanted->name);
		return;
	}
	while (*link != NULL)
		link = &(*link)->next;
	*link = domain;
}

static void
read_domains(Service *service, int64_t now)
{
	ShcDomains wanted = {0};

	service->source_at = now + FILE_POLL_US;
	service->have_domains_changed = false;
	if (!shc_domain_source_poll(service->source, &wanted))
		return;
	/* A name may mean another database from now on. */
	wk_modules_free(&service->shared.modules);
	for (WkDomain *domain = service->domains; domain != NULL; domain = domain->next)
		if (!domain->is_leaving && !is_wanted(&wanted, domain))
			wk_domain_leave(domain);
	for (int i = 0; i < wanted.n; i++)
		if (find_domain(service, &wanted.item[i]) == NULL)
			add_domain(service, &wanted.item[i]);
	shc_domains_free(&wanted);
}

static void
remove_left(Service *service)
{
	WkDomain **link = &service->domains;

	while (*link != NULL)
	{
		WkDomain *domain = *link;

		if (!domain->has_left)
		{
			link = &domain->next;
			continue;
		}
		*link = domain->next;
		if (service->next_claim == domain)
			service->next_claim = domain->next;
		wk_domain_free(domain);
	}
}

/* ---- sharing ---- */

static int
count_claimants(const Service *service)
{
	int n = 0;

	for (const WkDomain *domain = service->domains; domain != NULL; domain = domain->next)
		n += wk_domain_can_claim(domain);
	return n;
}

/* Gives free places to the domains that want some, beginning with the one behind the last. */
static void
share_places(Service *service)
{
	int claimants = count_claimants(service);
	WkDomain *domain = service->next_claim;

	if (!service->shared.spawner.is_ready || service->stop_at != 0)
		return;
	while (claimants > 0 && service->shared.busy < service->shared.slots)
	{
		int free_places = service->shared.slots - service->shared.busy;

		if (domain == NULL)
			domain = service->domains;
		if (wk_domain_can_claim(domain))
		{
			wk_domain_claim(domain, (free_places + claimants - 1) / claimants);
			claimants--;
		}
		domain = domain->next;
	}
	service->next_claim = domain;
}

/* ---- stopping ---- */

static void
begin_stop(Service *service, int signal_number)
{
	int64_t now = shc_monotonic_us();

	if (service->stop_at != 0)
	{
		service->stop_at = now; /* a second signal does not wait */
		return;
	}
	shc_info("stopping on signal %d", signal_number);
	shc_notify_manager("STOPPING=1");
	/* Nobody would take what it tells. */
	shc_loop_unwatch(&service->shared.loop, &service->source_watch);
	service->stop_at = now + service->shared.config->shutdown_timeout;
	service->farewell_at = INT64_MAX;
	for (WkDomain *domain = service->domains; domain != NULL; domain = domain->next)
		wk_domain_leave(domain);
}

/* Returns when to look again. */
static int64_t
go_on_stopping(Service *service, int64_t now)
{
	if (now < service->stop_at)
		return service->stop_at;
	if (service->farewell_at == INT64_MAX)
	{
		service->farewell_at = now + FAREWELL_US;
		for (WkDomain *domain = service->domains; domain != NULL; domain = domain->next)
			wk_domain_cancel(domain, "the worker was stopped");
	}
	return service->farewell_at;
}

static void
signal_ready(ShcWatch *watch, uint32_t events)
{
	Service *service = (Service *) ((char *) watch - offsetof(Service, signals));
	struct signalfd_siginfo info;

	(void) events;
	if (read(watch->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGHUP)
	{
		begin_stop(service, (int) info.ssi_signo);
		return;
	}
	shc_notify_manager("RELOADING=1");
	service->events->reload(service->events->context);
	service->have_domains_changed = true;
	shc_notify_manager("READY=1");
}

static void
source_ready(ShcWatch *watch, uint32_t events)
{
	Service *service = (Service *) ((char *) watch - offsetof(Service, source_watch));

	(void) events;
	service->have_domains_changed = true;
}

/* ---- the loop ---- */

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Everything that depends on the time. Returns when to be called next, at the latest. */
static int64_t
tick(Service *service)
{
	int64_t now = shc_monotonic_us();
	int64_t next = wk_spawner_tick(&service->shared.spawner);

	next = earlier(next, wk_connector_tick(service->shared.connector));
	if (service->stop_at != 0)
		next = earlier(next, go_on_stopping(service, now));
	else if (now >= service->source_at || service->have_domains_changed)
		read_domains(service, now);
	if (service->stop_at == 0 && service->source->file.path != NULL)
		next = earlier(next, service->source_at);
	for (WkDomain *domain = service->domains; domain != NULL; domain = domain->next)
		next = earlier(next, wk_domain_tick(domain));
	remove_left(service);
	share_places(service);
	return next;
}

static bool
is_over(const Service *service)
{
	return service->stop_at != 0 &&
		   (service->domains == NULL || shc_monotonic_us() >= service->farewell_at);
}

static void
serve(Service *service)
{
	while (!is_over(service))
	{
		int64_t next = tick(service);

		if (!is_over(service))
			shc_loop_turn(&service->shared.loop, next, false);
	}
}

/* ---- start ---- */

static bool
open_signals(Service *service)
{
	int fd = shc_signals_open(SFD_NONBLOCK);

	service->signals = (ShcWatch){.fd = -1, .ready = signal_ready};
	return fd >= 0 && shc_loop_watch(&service->shared.loop, &service->signals, fd, EPOLLIN);
}

static bool
watch_source(Service *service)
{
	service->source_watch = (ShcWatch){.fd = -1, .ready = source_ready};
	return service->source->fd < 0 || shc_loop_watch(&service->shared.loop, &service->source_watch,
													 service->source->fd, EPOLLIN);
}

/* A version 4 UUID (RFC 9562). */
static bool
make_uuid(char out[37])
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != (ssize_t) sizeof(b))
		return false;
	b[6] = (unsigned char) ((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char) ((b[8] & 0x3f) | 0x80);
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
			 b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
			 b[14], b[15]);
	srandom((unsigned) b[0] << 16 | (unsigned) b[1] << 8 | b[2]);
	return true;
}

/* As an array of PostgreSQL. */
static void
list_languages(char *out, size_t size)
{
	const WkLanguage *language;
	size_t len = (size_t) snprintf(out, size, "{");

	for (size_t i = 0; (language = wk_any_language_at(i)) != NULL; i++)
		len += (size_t) snprintf(out + len, size - len, "%s%s", i > 0 ? "," : "", language->name);
	snprintf(out + len, size - len, "}");
}

static bool
fill_shared(WkShared *shared, const WkConfig *config)
{
	char host[64] = "";

	shared->config = config;
	shared->slots = wk_config_children(config);
	shared->slots_per_domain = wk_config_children_per_domain(config);
	if (config->name[0] == '\0' && gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	snprintf(shared->name, sizeof(shared->name), "%s",
			 config->name[0] != '\0' ? config->name : host);
	list_languages(shared->languages, sizeof(shared->languages));
	return make_uuid(shared->worker);
}

static bool
start(Service *service, const WkConfig *config)
{
	WkShared *shared = &service->shared;
	int64_t uid;
	int64_t gid;

	if (!fill_shared(shared, config) || !wk_account_find(config->user, &uid, &gid) ||
		!wk_networks_read(&config->denied_networks, &service->denied) ||
		!shc_loop_init(&shared->loop))
		return false;
	shared->connector = wk_connector_new(&shared->loop, &service->denied);
	return shared->connector != NULL && open_signals(service) && watch_source(service) &&
		   wk_spawner_start(&shared->spawner, &shared->loop, uid, gid, &spawner_events, service);
}

static void
clean_up(Service *service)
{
	WkShared *shared = &service->shared;
	int broken_off = 0;

	for (const WkDomain *domain = service->domains; domain != NULL; domain = domain->next)
		for (const WkTaken *taken = domain->taken; taken != NULL; taken = taken->next)
			broken_off++;
	if (shared->spawner.loop != NULL)
		wk_spawner_stop(&shared->spawner);
	on_lost(service);
	while (service->domains != NULL)
	{
		WkDomain *domain = service->domains;

		service->domains = domain->next;
		wk_domain_free(domain);
	}
	wk_connector_free(shared->connector);
	wk_modules_free(&shared->modules);
	wk_networks_free(&service->denied);
	if (service->source_watch.fd >= 0)
		shc_loop_unwatch(&shared->loop, &service->source_watch);
	if (service->signals.fd >= 0)
		close(service->signals.fd);
	if (shared->loop.epoll_fd >= 0)
		shc_loop_close(&shared->loop);
	if (broken_off > 0)
		shc_warning("stopped; the outcome of %d runs was not reported", broken_off);
	else
		shc_info("stopped");
}

int
wk_service_main(const WkConfig *config, ShcDomainSource *source, const WkServiceEvents *events)
{
	static Service service;
	bool good;

	service.source = source;
	service.events = events;
	service.signals.fd = -1;
	service.source_watch.fd = -1;
	service.shared.loop.epoll_fd = -1;
	good = start(&service, config);
	if (good)
	{
		shc_info("selfpwrk " SH_VERSION " starts: %d runs at once, %d for each domain",
				 service.shared.slots, service.shared.slots_per_domain);
		serve(&service);
	}
	clean_up(&service);
	return good ? 0 : 1;
}
