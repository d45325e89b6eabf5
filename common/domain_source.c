/*
 * domain_source.c: where the domains come from: the domain file, or Primus.
 */
#include "domain_source.h"

#include <poll.h>
#include <stdlib.h>

#include "log.h"

static bool
is_set(const char *value)
{
	return value[0] != '\0';
}

static bool
check(const ShcDomainSourceConf *conf)
{
	if (!is_set(conf->file) && !is_set(conf->primus->uri))
		shc_warning("neither domainfile nor primus.uri is set: no domain is served");
	if (!is_set(conf->file) || !is_set(conf->primus->uri))
		return true;
	shc_error("domainfile and primus.uri are both set: the domains come from one of them");
	return false;
}

bool
shc_domain_source_open(ShcDomainSource *source, const ShcDomainSourceConf *conf)
{
	char *path;

	*source = (ShcDomainSource){.file.watch_fd = -1, .fd = -1};
	if (!check(conf))
		return false;
	source->is_known = !is_set(conf->file) && !is_set(conf->primus->uri);
	if (is_set(conf->file))
	{
		path = shc_conf_find(conf->file);
		if (path == NULL)
			return false;
		shc_domain_file_open(&source->file, path);
		source->fd = source->file.watch_fd;
	}
	if (is_set(conf->primus->uri))
	{
		source->primus = shc_primus_start(conf->primus, conf->application, conf->timeout);
		if (source->primus == NULL)
			return false;
		source->fd = shc_primus_fd(source->primus);
	}
	return true;
}

void
shc_domain_source_close(ShcDomainSource *source)
{
	shc_primus_stop(source->primus);
	shc_domain_file_close(&source->file);
	*source = (ShcDomainSource){.file.watch_fd = -1, .fd = -1};
}

bool
shc_domain_source_poll(ShcDomainSource *source, ShcDomains *out)
{
	bool good = source->primus != NULL		? shc_primus_take(source->primus, out)
				: source->file.path != NULL ? shc_domain_file_poll(&source->file, out)
											: false;

	source->is_known = source->is_known || good;
	return good;
}

void
shc_domain_source_wait(const ShcDomainSource *source, int64_t limit)
{
	struct pollfd news = {.fd = source->fd, .events = POLLIN};

	if (source->primus != NULL)
		(void) poll(&news, 1, (int) (limit / 1000));
}

bool
shc_domain_source_read(const ShcDomainSourceConf *conf, ShcDomains *out)
{
	char *path = NULL;
	bool good = true;

	*out = (ShcDomains){.n = 0};
	if (!check(conf))
		return false;
	if (is_set(conf->primus->uri))
		good = shc_primus_read(conf->primus, conf->application, conf->timeout, out);
	else if (is_set(conf->file))
	{
		path = shc_conf_find(conf->file);
		good = path != NULL && shc_domains_read(path, out);
	}
	free(path);
	return good;
}
